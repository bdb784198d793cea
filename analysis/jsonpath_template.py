"""Templates of JSONPath, as kubectl has them: text with `{paths}`, `{"literals"}` and `{range path}…{end}`. Pure.

Called by `-o jsonpath` for the text, and by the web provider for the values. A template that cannot be read is a
PathError, and so is a range without its end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.errors import PathError
from analysis.jsonpath import find, shown

_BRACES = re.compile(r"\{((?:[^{}\"']|\"[^\"]*\"|'[^']*')*)\}")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}

Part = tuple[bool, str]
"""Whether it stood in braces, and what."""


def filled(template: str, value: Any) -> str:
    """The text that a template makes of a value; what a path does not find is nothing."""
    text, rest = _run(_parts(template), value)
    if rest:
        raise PathError("jsonpath: {end} without {range}")
    return text


def paths_in(template: str) -> tuple[str, ...]:
    """The paths of a template that is to give values. PathError for one that cannot be read, or where there is none."""
    paths = tuple(part for is_path, part in _parts(template) if is_path)
    if not paths:
        raise PathError(f"jsonpath: {template!r} holds no path: paths stand in braces, as {{$.data.value}}")
    for path in paths:
        if path == "end" or path.startswith("range "):
            raise PathError("jsonpath: {range} gives a text, and no value: name the path itself")
        find(path, None)
    return paths


def results(paths: Iterable[str], value: Any) -> Iterator[Any]:
    """What paths lead to, one after the other. NoDataError where one leads nowhere."""
    for path in paths:
        yield from find(path, value, is_strict=True)


def _parts(template: str) -> list[Part]:
    found: list[Part] = []
    at = 0
    for match in _BRACES.finditer(template):
        found.append((False, template[at : match.start()]))
        found.append((True, match[1].strip()))
        at = match.end()
    rest = template[at:]
    if "{" in rest or "}" in rest:
        raise PathError(f"jsonpath: unclosed brace in {template!r}")
    return [*found, (False, rest)]


def _run(parts: list[Part], value: Any) -> tuple[str, list[Part]]:
    """The text of the parts up to their `{end}`, and what comes from that on."""
    text, ahead = "", list(parts)
    while ahead:
        is_path, part = ahead.pop(0)
        if not is_path:
            text += part
        elif part == "end":
            return text, [(True, "end"), *ahead]
        elif part.startswith("range "):
            said, ahead = _range(part.removeprefix("range "), ahead, value)
            text += said
        else:
            text += _one(part, value)
    return text, []


def _range(path: str, ahead: list[Part], value: Any) -> tuple[str, list[Part]]:
    text, rest = "", _run(ahead, None)[1]
    if not rest:
        raise PathError("jsonpath: {range} without {end}")
    for item in find(path, value):
        text += _run(ahead, item)[0]
    return text, rest[1:]


def _one(part: str, value: Any) -> str:
    if part[:1] in ('"', "'"):
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), part[1:-1])
    return " ".join(shown(found) for found in find(part, value))
