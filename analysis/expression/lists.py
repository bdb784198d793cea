"""Built-in functions on lists and maps. Called through functions.py, one function a row there."""

import math
from collections.abc import Mapping
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.loops import in_order
from analysis.expression.operations import equal, fetch, part
from analysis.expression.values import (
    Byte,
    Keyed,
    Pair,
    Pairs,
    dynamic_name,
    encoded,
    is_integer,
    is_list,
    is_number,
    kind_of,
    shown,
    to_int,
)

DEEPEST = 100
"""How deep lists of lists are followed."""


def length(_: Frame, value: Any) -> int:
    """Elements of a list or map, characters of a string."""
    if isinstance(value, str | Mapping) or is_list(value):
        return len(value)
    raise ExpressionError(f"invalid argument for len (type {dynamic_name(value)})")


def first(_: Frame, value: Any) -> Any:
    """The first element; nil when there is none."""
    return _fetched(value, 0)


def last(_: Frame, value: Any) -> Any:
    """The last element; nil when there is none."""
    return _fetched(value, -1)


def _fetched(value: Any, index: int) -> Any:
    try:
        return fetch(value, index)
    except ExpressionError:
        return None


def get(_: Frame, base: Any, key: Any) -> Any:
    """An element or value; nil when there is none."""
    if base is None:
        return None
    if isinstance(base, str) or is_list(base):
        elements = [Byte(byte) for byte in encoded(base)] if isinstance(base, str) else base
        index = to_int(key)
        return elements[index] if -len(elements) <= index < len(elements) else None
    return fetch(base, key) if isinstance(base, Mapping) else None


def take(_: Frame, value: Any, count: Any) -> Any:
    """The first so many elements."""
    if not is_list(value):
        raise ExpressionError(f"cannot take from {kind_of(value)}")
    if not is_integer(count):
        raise ExpressionError(f"cannot take {kind_of(count)} elements")
    if count < 0:
        raise ExpressionError("reflect.Value.Slice: slice index out of bounds")
    return part(value, value[:count])


def keys(frame: Frame, value: Any) -> list[Any]:
    """A map's keys."""
    found = list(_map(value, "get keys from"))
    frame.grow(len(found))
    return found


def values(frame: Frame, value: Any) -> list[Any]:
    """A map's values."""
    found = list(_map(value, "get values from").values())
    frame.grow(len(found))
    return found


def to_pairs(frame: Frame, value: Any) -> Pairs:
    """A map's keys with their values."""
    if not isinstance(value, Mapping):
        raise ExpressionError(f"cannot transform {kind_of(value)} to pairs")
    frame.grow(len(value))
    return Pairs(Pair(entry) for entry in value.items())


def _map(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ExpressionError(f"cannot {what} {kind_of(value)}")
    return value


def from_pairs(frame: Frame, value: Any) -> Keyed:
    """A map of keys with their values."""
    if not is_list(value):
        raise ExpressionError(f"cannot transform {shown(value)} from pairs")
    frame.grow(len(value))
    found = Keyed(Keyed.PLAIN)
    for pair in value:
        if not is_list(pair):
            raise ExpressionError(f"invalid pair {shown(pair)}")
        if len(pair) != 2:
            raise ExpressionError(f"invalid pair length {shown(pair)}")
        found.put(*pair)
    return found


def reverse(frame: Frame, value: Any) -> list[Any]:
    """From the last to the first."""
    return list(reversed(_made(frame, value, "reverse")))


def uniq(frame: Frame, value: Any) -> list[Any]:
    """Each element once."""
    found: list[Any] = []
    for item in _made(frame, value, "uniq"):
        frame.spend(len(found))
        if not any(equal(item, other) for other in found):
            found.append(item)
    return found


def concat(frame: Frame, *lists: Any) -> list[Any]:
    """One list after the other."""
    return [item for each in lists for item in _made(frame, each, "concat")]


def _made(frame: Frame, value: Any, what: str) -> Any:
    if not is_list(value):
        raise ExpressionError(f"cannot {what} {kind_of(value)}")
    frame.grow(len(value))
    return value


def flatten(frame: Frame, value: Any) -> list[Any]:
    """The elements of lists in the list, and of lists in those."""
    if not is_list(value):
        raise ExpressionError(f"cannot flatten {kind_of(value)}")
    return _flat(frame, value, 0)


def _flat(frame: Frame, value: Any, depth: int) -> list[Any]:
    if depth > DEEPEST:
        raise ExpressionError("recursion depth exceeded")
    frame.grow(len(value))
    found: list[Any] = []
    for item in value:
        found.extend(_flat(frame, item, depth + 1) if is_list(item) else (item,))
    return found


def sort(frame: Frame, value: Any, order: Any = "asc") -> list[Any]:
    """In rising order, or `desc`: falling."""
    if not isinstance(order, str):
        raise ExpressionError(f"sort order argument must be a string (got {dynamic_name(order)})")
    if order not in ("asc", "desc"):
        raise ExpressionError(f"invalid order {order}, expected asc or desc")
    items = list(value) if is_list(value) else []
    frame.grow(len(items))
    if all(map(is_number, items)) and not any(map(math.isnan, items)):  # NaN has no place
        frame.spend(len(items) * 2)
        return sorted(items, reverse=order == "desc")
    return in_order(frame, items, lambda item: item, is_falling=order == "desc")
