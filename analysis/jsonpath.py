r"""JSONPath in kubectl's dialect: `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`, `[0,2]`, `[*]`, `..a`, filters.

Called by jsonpath_template, and by the tables of the embedded API server. What a path does not find is nothing; where
`is_strict` is set, it is a NoDataError in the words of kubectl. A path that cannot be read is a PathError. Pure, and no
path takes more than MOST_STEPS.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from analysis.errors import NoDataError, PathError

MOST_STEPS = 250_000
"""Values that are looked at for one path. Paths like `..*..*` lead to ever more of them, in a value of any size."""


class Look:
    """One search: whether what is missing is an error, and how far it may go on."""

    __slots__ = ("_spent", "is_strict")

    def __init__(self, *, is_strict: bool, spent: list[int] | None = None) -> None:
        self.is_strict = is_strict
        self._spent = [0] if spent is None else spent

    def lenient(self) -> "Look":
        """The same search, where nothing need be found."""
        return Look(is_strict=False, spent=self._spent)

    def spend(self, steps: int = 1) -> None:
        """PathError when it has gone too far."""
        self._spent[0] += steps
        if self._spent[0] > MOST_STEPS:
            raise PathError(f"the JSONPath takes more than {MOST_STEPS:,} steps here: name what is wanted more closely")


Step = Callable[[Any, Look], Iterator[Any]]
"""From one value to those that it leads to."""

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
    """Everything that the path leads to. PathError also for one that leads to far too much."""
    return _found(path, value, Look(is_strict=is_strict))


def _found(path: str, value: Any, look: Look) -> list[Any]:
    found = [value]
    for step in _steps(path):
        found = [inner for outer in found for inner in _counted(step(outer, look), look)]
    return found


def _counted(values: Iterator[Any], look: Look) -> Iterator[Any]:
    for value in values:
        look.spend()
        yield value


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


def _field(name: str, value: Any, look: Look) -> Iterator[Any]:
    if isinstance(value, dict) and name in value:
        yield value[name]
    elif look.is_strict:
        raise NoDataError(f"{name} is not found")


def _at(index: int, value: Any, look: Look) -> Iterator[Any]:
    if isinstance(value, list) and -len(value) <= index < len(value):
        yield value[index]
    elif look.is_strict and isinstance(value, list):
        raise NoDataError(f"array index out of bounds: index {index}, length {len(value)}")
    elif look.is_strict:
        raise NoDataError(f"{shown(value)} is not array or slice")


def _slice(bounds: slice, value: Any, look: Look) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value[bounds]
    elif look.is_strict:
        raise NoDataError(f"{shown(value)} is not array or slice")


def _every(value: Any, _: Look | None = None) -> Iterator[Any]:  # the form of a Step
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _union(parts: tuple[Step, ...], value: Any, look: Look) -> Iterator[Any]:
    for part in parts:
        yield from part(value, look)


def _anywhere(step: Step, value: Any, look: Look) -> Iterator[Any]:
    look.spend()
    yield from step(value, look.lenient())
    for inner in _every(value):
        yield from _anywhere(step, inner, look)


def _filter(text: str) -> Step:
    """The items of a list that a comparison holds for, or for which a path leads anywhere."""
    operator = _OPERATOR.search(text)

    def step(value: Any, look: Look) -> Iterator[Any]:
        for item in _every(value):
            look.spend()
            if operator is None:
                is_wanted = bool(_side(text, item, look))
            else:
                left, right = (_side(part, item, look) for part in (text[: operator.start()], text[operator.end() :]))
                look.spend(len(left) * len(right))
                is_wanted = _holds(operator[0], left, right)
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


def _side(text: str, item: Any, look: Look) -> list[Any]:
    text = text.strip()
    if text.startswith("@"):
        return _found(text, item, look.lenient())
    if text[:1] in ("'", '"'):
        return [text[1:-1]]
    try:
        return [json.loads(text)]
    except ValueError:
        return [text]


def shown(value: Any) -> str:
    """Text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
