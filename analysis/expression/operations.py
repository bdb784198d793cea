"""What operators do to values at run time, with Go's idea of numbers. Called by compiled conditions only.

Integers wrap at 64 bits, `/` and `**` always give floats, comparing with NaN is false, a missing key is nil and an
index out of range is an error.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.types import dynamic_name


def wrap(value: int) -> int:
    """The integer as 64 bits hold it."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def is_number(value: Any) -> bool:
    """An integer or a float; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mismatch(operator: str, left: Any, right: Any) -> ExpressionError:
    return ExpressionError(f"invalid operation: {dynamic_name(left)} {operator} {dynamic_name(right)}")


def _are_numbers(operator: str, left: Any, right: Any) -> None:
    if not (is_number(left) and is_number(right)):
        raise _mismatch(operator, left, right)


def _are_strings(left: Any, right: Any) -> bool:
    return isinstance(left, str) and isinstance(right, str)


def add(left: Any, right: Any) -> Any:
    """Sum of numbers, or one string after the other."""
    if _are_strings(left, right):
        return left + right
    _are_numbers("+", left, right)
    return _exact(left + right)


def subtract(left: Any, right: Any) -> Any:
    """Difference."""
    _are_numbers("-", left, right)
    return _exact(left - right)


def multiply(left: Any, right: Any) -> Any:
    """Product."""
    _are_numbers("*", left, right)
    return _exact(left * right)


def _exact(value: int | float) -> int | float:
    return wrap(value) if isinstance(value, int) else value


def divide(left: Any, right: Any) -> float:
    """Quotient as a float; by zero it is infinite or no number, as in IEEE 754."""
    _are_numbers("/", left, right)
    dividend, divisor = float(left), float(right)
    if divisor != 0:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, math.copysign(1, dividend) * math.copysign(1, divisor))


def remainder(left: Any, right: Any) -> int:
    """Remainder of integers, with the dividend's sign."""
    if not (is_number(left) and is_number(right)) or isinstance(left, float) or isinstance(right, float):
        raise _mismatch("%", left, right)
    if right == 0:
        raise ExpressionError("integer divide by zero")
    size: int = abs(left) % abs(right)
    return -size if left < 0 else size


def power(left: Any, right: Any) -> float:
    """Power as a float."""
    _are_numbers("**", left, right)
    base, exponent = float(left), float(right)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def equal(left: Any, right: Any) -> bool:
    """Equality: numbers by value, lists and maps by their contents, different sorts never."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)


def ordered(operator: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """The comparison for two numbers or two strings; anything else is an error."""

    def run(left: Any, right: Any) -> bool:
        if not _are_strings(left, right):
            _are_numbers(operator, left, right)
        return compare(left, right)

    return run


def contained(left: Any, right: Any) -> bool:
    """`left in right`: an element of a list, a key of a map. Nothing is in nil."""
    if right is None:
        return False
    if isinstance(right, list | tuple):
        return any(equal(left, element) for element in right)
    if isinstance(right, Mapping):
        return isinstance(left, str) and left in right
    raise ExpressionError(f'operator "in" not defined on {dynamic_name(right)}')


def on_strings(operator: str, test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    """A test on two strings; false when one is nil, an error for anything else."""

    def run(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        if not _are_strings(left, right):
            raise _mismatch(operator, left, right)
        return test(left, right)

    return run


def negate(value: Any) -> Any:
    """`-value`."""
    if not is_number(value):
        raise ExpressionError(f"invalid operation: - {dynamic_name(value)}")
    return _exact(-value)


def plus(value: Any) -> Any:
    """`+value`."""
    if not is_number(value):
        raise ExpressionError(f"invalid operation: + {dynamic_name(value)}")
    return value


def truth(value: Any) -> bool:
    """The bool itself; nothing else counts as true or false."""
    if isinstance(value, bool):
        return value
    name = "nil" if value is None else dynamic_name(value)
    raise ExpressionError(f"interface conversion: interface {{}} is {name}, not bool")


def fetch(base: Any, key: Any) -> Any:
    """`base[key]`: element of a list (negative: from its end), value of a map (nil where there is none)."""
    if isinstance(base, Mapping):
        if not isinstance(key, str):
            raise ExpressionError(f"cannot use {dynamic_name(key)} to get an element from {dynamic_name(base)}")
        return base.get(key)
    if isinstance(base, list | tuple):
        return _element(base, key)
    if isinstance(base, str):
        _index(key)
    raise ExpressionError(f"cannot fetch {key} from {dynamic_name(base)}")


def _element(base: list[Any] | tuple[Any, ...], key: Any) -> Any:
    index = _index(key)
    if not -len(base) <= index < len(base):
        raise ExpressionError(f"index out of range: {index} (array length is {len(base)})")
    return base[index]


def _index(key: Any) -> int:
    if not is_number(key):
        raise ExpressionError(f"invalid operation: int({dynamic_name(key)})")
    return int(key) if math.isfinite(key) else 0
