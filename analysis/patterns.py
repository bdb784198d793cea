"""Go's regular expressions (RE2) read by Python's engine. Called where a user's field is one: dryRun, retention.

What RE2 refuses is refused here too, so that a rule means the same under both; what only RE2 knows is translated.
"""

import re
from functools import lru_cache

_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_REFUSED = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9Zz](?<!z)|[*+?}]\+")
_CLASSES = {r"\pL": r"[^\W\d_]", r"\p{L}": r"[^\W\d_]", r"\pN": r"\d", r"\p{N}": r"\d", r"\z": r"\Z"}


@lru_cache(maxsize=512)
def go_pattern(expression: str) -> re.Pattern[str] | None:
    """The compiled pattern; None when Go would refuse it."""
    if _REFUSED.search(expression):
        return None
    text = _QUOTED.sub(lambda match: re.escape(match[1]), expression)
    for go, python in _CLASSES.items():
        text = text.replace(go, python)
    try:
        return re.compile(text)
    except re.error:
        return None
