"""What the built-ins do that look at each element with a predicate. Called by the compiler, one row a function.

Each takes the frame, the list, and what is to be done with each element; the element, its index and what has been
gathered so far stand in the frame, and are put back afterwards.
"""

from collections.abc import Callable, Generator, Mapping
from functools import cmp_to_key
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.operations import add, less, truth
from analysis.expression.values import Byte, Keyed, encoded, is_list, kind_of

Run = Callable[[Frame], Any]
"""A compiled node."""

_NOTHING = object()


def items_of(value: Any) -> Any:
    """The elements of a list; a string's are its bytes."""
    if is_list(value):
        return value
    if isinstance(value, str):
        return [Byte(byte) for byte in encoded(value)]
    if isinstance(value, Mapping):
        # Go counts a map's entries and then fails to take one by its index
        if len(value):
            raise ExpressionError("reflect: call of reflect.Value.Index on map Value")
        return []
    kind = "zero" if value is None else kind_of(value)
    raise ExpressionError(f"reflect: call of reflect.Value.Len on {kind} Value")


def walked(frame: Frame, items: Any, *, backwards: bool = False) -> Generator[Any, None, None]:
    """Each element in turn, put into the frame; what stood there before is put back at the end."""
    item, index, acc = frame.item, frame.index, frame.acc
    places = range(len(items) - 1, -1, -1) if backwards else range(len(items))
    try:
        for place in places:
            frame.spend(1)
            frame.item, frame.index = items[place], place
            yield items[place]
    finally:
        frame.item, frame.index, frame.acc = item, index, acc


def every(frame: Frame, items: Any, body: Run, *, wanted: bool) -> bool:
    """Whether the predicate is `wanted` for all elements; looks no further than the first that differs."""
    walk = walked(frame, items)
    for _ in walk:
        if truth(body(frame)) is not wanted:
            walk.close()
            return False
    return True


def passing(frame: Frame, items: Any, body: Run, mapped: Run | None = None) -> list[Any]:
    """The elements for which the predicate is true, or what `mapped` makes of them."""
    found = [item if mapped is None else mapped(frame) for item in walked(frame, items) if truth(body(frame))]
    frame.grow(len(found))
    return found


def mapping(frame: Frame, items: Any, body: Run) -> list[Any]:
    """What the predicate makes of each element."""
    found = [body(frame) for _ in walked(frame, items)]
    frame.grow(len(found))
    return found


def counted(frame: Frame, items: Any, body: Run, enough: int | None = None) -> int:
    """How many pass; counting stops at `enough`."""
    count = 0
    walk = walked(frame, items)
    for _ in walk:
        count += truth(body(frame))
        if count == enough:
            walk.close()
            break
    return count


def summed(frame: Frame, items: Any, body: Run) -> Any:
    """The sum of what the predicate makes of each element."""
    total: Any = 0
    for _ in walked(frame, items):
        total = add(body(frame), total)
        if isinstance(total, str):
            frame.made(total)
    return total


def found(frame: Frame, items: Any, body: Run, *, backwards: bool = False, taken: Run | None = None) -> Any:
    """The first element (or its `taken`) that passes; NOTHING when none does."""
    walk = walked(frame, items, backwards=backwards)
    for item in walk:
        if truth(body(frame)):
            value = item if taken is None else taken(frame)
            walk.close()
            return value
    return _NOTHING


def or_nil(value: Any, *, throws: bool = False) -> Any:
    """What was found; nothing is nil, or an error."""
    if value is not _NOTHING:
        return value
    if throws:
        raise ExpressionError("reflect: slice index out of range")
    return None


def grouped(frame: Frame, items: Any, body: Run) -> Keyed:
    """The elements by what the predicate makes of them."""
    groups = Keyed(Keyed.GROUPS)
    for item in walked(frame, items):
        key = body(frame)
        group = groups.get(key)
        if group is None:
            groups.put(key, [item])
        else:
            group.append(item)
    return groups


def sorted_by(frame: Frame, items: Any, body: Run, order: Any) -> list[Any]:
    """The elements in the order of what the predicate makes of them."""
    if not isinstance(order, str):
        raise ExpressionError("sortBy order argument must be a string")
    if order not in ("asc", "desc"):
        raise ExpressionError("unknown order, use asc or desc")
    keys = [(body(frame), item) for item in walked(frame, items)]
    frame.grow(len(keys))
    return [item for _, item in in_order(frame, keys, lambda pair: pair[0], is_falling=order == "desc")]


def in_order(frame: Frame, items: list[Any], key: Callable[[Any], Any], *, is_falling: bool) -> list[Any]:
    """The items sorted by their keys, which must compare; equal ones stay as they are."""

    def compare(left: Any, right: Any) -> int:
        frame.spend(1)
        one, other = (key(right), key(left)) if is_falling else (key(left), key(right))
        if less(one, other):
            return -1
        return 1 if less(other, one) else 0

    return sorted(items, key=cmp_to_key(compare))


def reduced(frame: Frame, items: Any, body: Run, start: Run | None) -> Any:
    """What the predicate has gathered in `#acc`; without a start the first element is it."""
    if start is None and not len(items):
        raise ExpressionError("reduce of empty array with no initial value")
    gathered = items[0] if start is None else start(frame)
    for _ in walked(frame, items):
        if start is None and frame.index == 0:
            continue
        frame.acc = gathered
        gathered = body(frame)
        if isinstance(gathered, str):
            frame.made(gathered)
    return gathered
