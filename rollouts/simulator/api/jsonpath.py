r"""JSONPath as printer columns use it: `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[*]`, `[?(@.type=="Ready")]`.

Called by the tables. A path that leads nowhere finds nothing; only a path that cannot be read is an error.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
    \.(?P<field>(?:\\.|[^.\[\\])+)
    | \[(?P<quote>['"])(?P<quoted>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\]
    | \[(?P<index>-?\d+)\]
    | (?P<all>\[\*\]|\.\*)
    | \[\?\(\s*@(?P<path>[^=!<>]+?)\s*(?P<op>==|!=)\s*(?P<value>[^)]+?)\s*\)\]
    """,
    re.VERBOSE,
)


def find(path: str, value: Any) -> list[Any]:
    """Everything that the path leads to. ValueError: no path of the known form."""
    found = [value]
    for step in _steps(path):
        found = [inner for outer in found for inner in step(outer)]
    return found


@cache
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"JSONPath {path!r}: cannot be read from {text[position:]!r} on")
        steps.append(_step(token))
        position = token.end()
    return tuple(steps)


def _step(token: re.Match[str]) -> Step:
    named = token.groupdict()
    if named["all"]:
        return _every
    if named["index"] is not None:
        return _at(int(named["index"]))
    if named["op"]:
        return _where(named["path"], named["op"], _literal(named["value"]))
    return _field(re.sub(r"\\(.)", r"\1", named["field"] or named["quoted"] or ""))


def _field(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _at(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _every(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _where(path: str, op: str, wanted: Any) -> Step:
    def step(value: Any) -> Iterator[Any]:
        for item in _every(value):
            if (wanted in find(path, item)) == (op == "=="):
                yield item

    return step


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text
