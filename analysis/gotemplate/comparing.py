"""eq, ne, lt, le, gt, ge as Go compares: only what is of one sort, and never a map. Called by the functions."""

from collections.abc import Callable, Mapping, Sequence

from analysis.errors import TemplateError
from analysis.gotemplate.values import Value, shown, type_of

_BAD = "invalid type for comparison"


def _sort(value: Value) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case _:
            raise TemplateError(_BAD)


def _is_equal(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return one is other
    if type_of(one) != type_of(other) and not _are_whole(one, other):
        raise _mixed(one, other)
    if isinstance(one, Mapping):
        raise TemplateError(f"non-comparable type {shown(one)}: {type_of(one)}")
    return bool(one == other)


def _are_whole(one: Value, other: Value) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in (one, other))


def _mixed(one: Value, other: Value) -> TemplateError:
    return TemplateError(f"incompatible types for comparison: {type_of(one)} and {type_of(other)}")


def _is_less(one: Value, other: Value) -> bool:
    sorts = _sort(one), _sort(other)
    if sorts[0] != sorts[1]:
        raise _mixed(one, other)
    if sorts[0] == "bool":
        raise TemplateError(_BAD)
    if isinstance(one, str):
        return one.encode() < str(other).encode()
    return bool(one < other)


def _eq(args: Sequence[Value]) -> Value:
    if len(args) < 2:
        raise TemplateError("missing argument for comparison")
    return any(_is_equal(args[0], other) for other in args[1:])


def _at_most(one: Value, other: Value) -> bool:
    return _is_less(one, other) or _is_equal(one, other)


COMPARISONS: Mapping[str, tuple[int, int | None, Callable[[Sequence[Value]], Value]]] = {
    "eq": (1, None, _eq),
    "ne": (2, 2, lambda args: not _is_equal(*args)),
    "lt": (2, 2, lambda args: _is_less(*args)),
    "le": (2, 2, lambda args: _at_most(*args)),
    "gt": (2, 2, lambda args: not _at_most(*args)),
    "ge": (2, 2, lambda args: not _is_less(*args)),
}
