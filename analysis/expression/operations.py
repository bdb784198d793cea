"""What operators do to values at run time, with Go's idea of numbers. Called by compiled conditions only.

Integers wrap at 64 bits, `/` and `**` always give floats, comparing with NaN is false, a missing key is nil and an
index out of range is an error.
"""

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.values import (
    Byte,
    Duration,
    Int64,
    Keyed,
    NoItems,
    Strings,
    asserted_name,
    decoded,
    dynamic_name,
    encoded,
    is_integer,
    is_list,
    is_nil,
    is_number,
    mended,
    shown,
    to_int,
    wrap,
)

Operation = Callable[[Any, Any], Any]


def _mismatch(sign: str, left: Any, right: Any) -> ExpressionError:
    return ExpressionError(f"invalid operation: {dynamic_name(left)} {sign} {dynamic_name(right)}")


def exact(value: int | float) -> int | float:
    """A number as 64 bits hold it."""
    return wrap(int(value)) if isinstance(value, int) else value


def add(left: Any, right: Any) -> Any:
    """Sum of numbers or spans, a later moment, or one string after the other."""
    if is_number(left) and is_number(right):
        return exact(left + right)
    match left, right:
        case str(), str():
            return mended(left + right)
        case datetime(), Duration():
            return later(left, right.nanoseconds)
        case Duration(), datetime():
            return later(right, left.nanoseconds)
        case Duration(), Duration():
            return Duration(wrap(left.nanoseconds + right.nanoseconds))
        case _:
            raise _mismatch("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """Difference of numbers, spans or moments."""
    if is_number(left) and is_number(right):
        return exact(left - right)
    match left, right:
        case datetime(), datetime():
            return between(right, left)
        case datetime(), Duration():
            return later(left, -right.nanoseconds)
        case Duration(), Duration():
            return Duration(wrap(left.nanoseconds - right.nanoseconds))
        case _:
            raise _mismatch("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """Product; of a span and a float: nanoseconds as a float."""
    if is_number(left) and is_number(right):
        return exact(left * right)
    if not any(isinstance(value, Duration) for value in (left, right)):
        raise _mismatch("*", left, right)
    sizes = [value.nanoseconds if isinstance(value, Duration) else value for value in (left, right)]
    if not all(map(is_number, sizes)):
        raise _mismatch("*", left, right)
    return Duration(wrap(sizes[0] * sizes[1])) if all(map(is_integer, sizes)) else float(sizes[0]) * float(sizes[1])


def later(moment: datetime, nanoseconds: int) -> datetime:
    """The moment after so long, in the same zone."""
    try:
        utc = moment.astimezone(UTC) + timedelta(microseconds=nanoseconds / 1000)
        return utc.astimezone(moment.tzinfo)
    except OverflowError:
        raise ExpressionError("the time lies outside of the years 1 to 9999") from None


def between(start: datetime, end: datetime) -> Duration:
    """How long it is from one moment to another; at most what 64 bits hold."""
    nanoseconds = (end - start) // timedelta(microseconds=1) * 1000
    return Duration(max(-(1 << 63), min((1 << 63) - 1, nanoseconds)))


def divide(left: Any, right: Any) -> float:
    """Quotient as a float; by zero it is infinite or no number, as in IEEE 754."""
    if not (is_number(left) and is_number(right)):
        raise _mismatch("/", left, right)
    dividend, divisor = float(left), float(right)
    if divisor != 0:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, math.copysign(1, dividend) * math.copysign(1, divisor))


def remainder(left: Any, right: Any) -> int:
    """Remainder of integers, with the dividend's sign."""
    if not (is_integer(left) and is_integer(right)):
        raise _mismatch("%", left, right)
    if right == 0:
        raise ExpressionError("runtime error: integer divide by zero")
    size: int = abs(left) % abs(right)
    return -size if left < 0 else size


def power(left: Any, right: Any) -> float:
    """Power as a float."""
    for value in (left, right):
        if not is_number(value):
            raise ExpressionError(f"invalid operation: float({dynamic_name(value)})")
    base, exponent = float(left), float(right)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        is_odd = exponent % 2 == 1
        return math.copysign(math.inf, base if is_odd else 1) if base == 0 else math.nan


def equal(left: Any, right: Any) -> bool:
    """Equality: numbers by value, lists and maps by their contents, different sorts never."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if is_nil(left) and is_nil(right):
        return True
    if is_list(left) and is_list(right):
        return _equal_lists(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return dynamic_name(left) == dynamic_name(right) and _equal_maps(left, right)
    return dynamic_name(left) == dynamic_name(right) and bool(left == right)


def _equal_lists(left: Any, right: Any) -> bool:
    # lists of one type each are equal only to the same type, and to lists of anything
    both = {dynamic_name(left), dynamic_name(right)}
    if len(both) > 1 and "[]interface {}" not in both:
        return False
    return len(left) == len(right) and all(map(equal, left, right))


def _equal_maps(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> bool:
    """Deep equality: below a map Go asks for the same types too."""
    return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)


def _same(left: Any, right: Any) -> bool:
    if dynamic_name(left) != dynamic_name(right):
        return False
    if is_list(left):
        return len(left) == len(right) and all(map(_same, left, right))
    return _equal_maps(left, right) if isinstance(left, Mapping) else bool(left == right)


def ordered(sign: str, compare: Operation) -> Operation:
    """The comparison for two numbers, strings, moments or spans; anything else is an error."""

    def run(left: Any, right: Any) -> bool:
        if not (is_number(left) and is_number(right)):
            sort = type(left)
            if sort is not type(right) or sort not in (str, datetime, Duration):
                raise _mismatch(sign, left, right)
        return bool(compare(left, right))

    return run


less = ordered("<", operator.lt)
more = ordered(">", operator.gt)


def contained(left: Any, right: Any) -> bool:
    """`left in right`: an element of a list, a key of a map. Nothing is in nil."""
    if right is None:
        return False
    if is_list(right):
        return any(equal(element, left) for element in right)
    if isinstance(right, Keyed):
        return left in right
    if isinstance(right, Mapping):
        return key_of(left, "string") in right
    raise ExpressionError(f'operator "in" not defined on {dynamic_name(right)}')


def key_of(value: Any, wanted: str) -> Any:
    """The value as a key of a map with such keys; nil stands for the empty one."""
    if value is None:
        return "" if wanted == "string" else 0
    if dynamic_name(value) != wanted:
        raise ExpressionError(
            f"reflect.Value.MapIndex: value of type {dynamic_name(value)} is not assignable to type {wanted}"
        )
    return value


def on_strings(test: Callable[[Any, Any], bool]) -> Operation:
    """A test on two strings; false when one is nil, an error for anything else."""

    def run(left: Any, right: Any) -> bool:
        if is_nil(left) or is_nil(right):
            return False
        one, other = text(left), text(right)
        # bytes, for a character that a slice has cut in two
        return test(one, other) if other.isascii() else test(encoded(one), encoded(other))

    return run


def text(value: Any, wanted: str = "string") -> str:
    """The string itself."""
    if isinstance(value, str):
        return value
    raise ExpressionError(f"interface conversion: interface {{}} is {asserted_name(value)}, not {wanted}")


def negate(value: Any) -> Any:
    """`-value`."""
    if isinstance(value, Duration) or not is_number(value):
        raise ExpressionError(f"invalid operation: - {dynamic_name(value)}")
    return negated(value)


def negated(value: Any) -> Any:
    """The number with the other sign, of the same type."""
    if isinstance(value, Byte):
        return Byte(-value % 256)
    changed = exact(-value)
    return Int64(changed) if isinstance(value, Int64) else changed


def truth(value: Any) -> bool:
    """The bool itself; nothing else counts as true or false."""
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"interface conversion: interface {{}} is {asserted_name(value)}, not bool")


def fetch(base: Any, key: Any) -> Any:
    """`base[key]`: element of a list (negative: from its end), byte of a string, value of a map (nil: none)."""
    if isinstance(base, Keyed):
        return base.get(key, NoItems() if base.name == Keyed.GROUPS else None)
    if isinstance(base, Mapping):
        return base.get(key_of(key, "string"))
    if is_list(base):
        return base[_index(key, len(base))]
    if isinstance(base, str):
        data = encoded(base)
        return Byte(data[_index(key, len(data))])
    raise ExpressionError(f"cannot fetch {shown(key)} from {dynamic_name(base)}")


def _index(key: Any, length: int) -> int:
    index = to_int(key)
    if index < 0:
        index += length
    if not 0 <= index < length:
        raise ExpressionError(f"index out of range: {index} (array length is {length})")
    return index


def cut(base: Any, start: Any, stop: Any) -> Any:
    """`base[start:stop]` of a list or of a string's bytes; bounds are moved to where something is."""
    whole: Any = encoded(base) if isinstance(base, str) else base
    if not (is_list(whole) or isinstance(whole, bytes)):
        raise ExpressionError(f"cannot slice {shown(start)}")
    length = len(whole)
    first, last = _bound(start, length), min(_bound(stop, length), length)
    return part(base, whole[min(first, last) : last])


def len_of(value: Any) -> int:
    """Elements of a list or map, bytes of a string: where a slice without an end ends."""
    if isinstance(value, str):
        return len(encoded(value))
    if is_list(value) or isinstance(value, Mapping):
        return len(value)
    raise ExpressionError(f"invalid argument for len (type {dynamic_name(value)})")


def part(base: Any, found: Any) -> Any:
    """A part of a list or string, as the same sort of list."""
    if isinstance(found, bytes):
        return decoded(found)
    return Strings(found) if isinstance(base, Strings) else found


def _bound(value: Any, length: int) -> int:
    index = to_int(value)
    return max(index + length, 0) if index < 0 else index


OPERATIONS: Mapping[str, Operation] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    "<=": ordered("<=", operator.le),
    ">": more,
    ">=": ordered(">=", operator.ge),
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "**": power,
    "^": power,
    "in": contained,
    "contains": on_strings(lambda left, right: right in left),
    "startsWith": on_strings(lambda left, right: left.startswith(right)),
    "endsWith": on_strings(lambda left, right: left.endswith(right)),
}
"""What each operator does with two values that are both at hand."""
