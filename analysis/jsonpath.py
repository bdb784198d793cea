r"""JSONPath in kubectl's dialect: `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`, `[0,2]`, `[*]`, `..a`, filters.

Called by jsonpath_template, and by the tables of the embedded API server. What a path does not find is nothing; where
`is_strict` is set, it is a NoDataError in the words of kubectl. A path that cannot be read is a PathError. Pure, and no
path takes more than its length and the value's size.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from analysis.errors import NoDataError, PathError

Step = Callable[[Any, bool], Iterator[Any]]
"""From one value to those that it leads to; the flag says whether a missing one is an error."""

_TOKEN = re.compile(
    r"""
    (?P<deep>\.\.(?=[^\s.\[]))
    | \.?(?P<all>\*)
    | \.(?P<field>(?:\\.|[^.\[\]\\\s*])+)
    | \[\?\((?P<filter>(?:"[^"]*"|'[^']*'|[^"'])*?)\)\]
    | \[(?P<inside>(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\]"'])+)\]
    """,
    re.VERBOSE,
)
_PART = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^,"']+""")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(\d*))?")
_OPERATOR = re.compile("==|!=|<=|>=|<|>")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


def find(path: str, value: Any, *, is_strict: bool = False) -> list[Any]:
    """Everything that the path leads to."""
    found = [value]
    for step in _steps(path):
        found = [inner for outer in found for inner in step(outer, is_strict)]
    return found


@lru_cache(maxsize=1000)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").strip()
    text = text[1:] if text[:1] in ("$", "@") else text
    text = text if not text or text[0] in ".[" else f".{text}"
    steps: list[Step] = []
    position, is_deep = 0, False
    while position < len(text) and text[position:] != ".":
        token = _TOKEN.match(text, position)
        if token is None:
            raise PathError(f"JSONPath {path!r}: cannot be read from {text[position:]!r} on")
        position = token.end() - (1 if token["deep"] else 0)
        if token["deep"]:
            is_deep = True
            continue
        steps.append(partial(_anywhere, _step(token, path)) if is_deep else _step(token, path))
        is_deep = False
    return tuple(steps)


def _step(token: re.Match[str], path: str) -> Step:
    if token["all"]:
        return _every
    if token["filter"]:
        return _filter(token["filter"])
    if token["field"]:
        return partial(_field, re.sub(r"\\(.)", r"\1", token["field"]))
    parts = tuple(_bracket(part.strip(), path) for part in _PART.findall(token["inside"]) if part.strip())
    return parts[0] if len(parts) == 1 else partial(_union, parts)


def _bracket(text: str, path: str) -> Step:
    """One part between brackets: a name, an index, a slice or all."""
    if text[0] in "'\"":
        return partial(_field, re.sub(r"\\(.)", r"\1", text[1:-1]))
    if text == "*":
        return _every
    if re.fullmatch(r"-?\d+", text):
        return partial(_at, int(text))
    bounds = _SLICE.fullmatch(text)
    if bounds is None or bounds[3] == "0":
        raise PathError(f"JSONPath {path!r}: [{text}] is no index, slice or name in quotes")
    start, end, step = (int(bound) if bound else None for bound in bounds.groups())
    return partial(_slice, slice(start, end, step))


def _field(name: str, value: Any, is_strict: bool) -> Iterator[Any]:  # the form of a Step
    if isinstance(value, dict) and name in value:
        yield value[name]
    elif is_strict:
        raise NoDataError(f"{name} is not found")


def _at(index: int, value: Any, is_strict: bool) -> Iterator[Any]:  # the form of a Step
    if isinstance(value, list) and -len(value) <= index < len(value):
        yield value[index]
    elif is_strict and isinstance(value, list):
        raise NoDataError(f"array index out of bounds: index {index}, length {len(value)}")
    elif is_strict:
        raise NoDataError(f"{shown(value)} is not array or slice")


def _slice(bounds: slice, value: Any, is_strict: bool) -> Iterator[Any]:  # the form of a Step
    if isinstance(value, list):
        yield from value[bounds]
    elif is_strict:
        raise NoDataError(f"{shown(value)} is not array or slice")


def _every(value: Any, _: bool = False) -> Iterator[Any]:  # the form of a Step
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _union(parts: tuple[Step, ...], value: Any, is_strict: bool) -> Iterator[Any]:  # the form of a Step
    for part in parts:
        yield from part(value, is_strict)


def _anywhere(step: Step, value: Any, _: bool) -> Iterator[Any]:  # the form of a Step
    yield from step(value, False)
    for inner in _every(value):
        yield from _anywhere(step, inner, False)


def _filter(text: str) -> Step:
    """The items of a list that a comparison holds for, or for which a path leads anywhere."""
    operator = _OPERATOR.search(text)

    def step(value: Any, _: bool) -> Iterator[Any]:  # the form of a Step
        for item in _every(value):
            if operator is None:
                is_wanted = bool(_side(text, item))
            else:
                sides = _side(text[: operator.start()], item), _side(text[operator.end() :], item)
                is_wanted = _holds(operator[0], *sides)
            if is_wanted:
                yield item

    return step


def _holds(op: str, left: list[Any], right: list[Any]) -> bool:
    """Whether one of the left compares with one of the right; what cannot be compared does not."""
    if op == "!=":
        return not _holds("==", left, right)
    for one in left:
        for other in right:
            try:
                if _COMPARE[op](one, other):
                    return True
            except TypeError:
                continue
    return False


def _side(text: str, item: Any) -> list[Any]:
    text = text.strip()
    if text.startswith("@"):
        return find(text, item)
    if text[:1] in ("'", '"'):
        return [text[1:-1]]
    try:
        return [json.loads(text)]
    except ValueError:
        return [text]


def shown(value: Any) -> str:
    """Text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
