"""Built-in functions on numbers. Called through functions.py, one function a row there."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.literals import parsed_float, parsed_int
from analysis.expression.operations import less, more, negated
from analysis.expression.values import (
    Duration,
    Int64,
    Month,
    Weekday,
    dynamic_name,
    is_integer,
    is_list,
    is_number,
    shown,
    to_int,
    wrap,
)

DEEPEST = 100
"""How deep lists of lists are followed."""


def absolute(_: Frame, value: Any) -> Any:
    """Without its sign."""
    if not is_number(value):
        raise _invalid("abs", value)
    return negated(value) if value < 0 else value


def _invalid(name: str, value: Any) -> ExpressionError:
    return ExpressionError(f"invalid argument for {name} (type {dynamic_name(value)})")


def rounding(name: str, change: Callable[[float], float]) -> Callable[[Frame, Any], float]:
    """`ceil`, `floor`, `round`: a whole number as a float."""

    def run(_: Frame, value: Any) -> float:
        if not is_number(value):
            raise _invalid(name, value)
        number = float(value)
        return change(number) if math.isfinite(number) else number

    return run


def ceiling(value: float) -> float:
    """The next whole number above."""
    return math.copysign(float(math.ceil(value)), value)


def half_away(value: float) -> float:
    """The nearest whole number; halves go away from zero."""
    whole = math.floor(abs(value))
    return math.copysign(whole + (abs(value) - whole >= 0.5), value)


def integer(_: Frame, value: Any) -> int:
    """A number cut, or a string read."""
    if isinstance(value, str):
        try:
            return parsed_int(value)
        except ExpressionError:
            raise ExpressionError(f"invalid operation: int({value})") from None
    if value is None:
        raise ExpressionError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, Duration):
        return value.nanoseconds
    if isinstance(value, Month | Weekday):
        return int(value)
    return to_int(value)


def floating(_: Frame, value: Any) -> float:
    """A number as a float, or a string read."""
    if isinstance(value, str):
        try:
            return parsed_float(value)
        except ExpressionError:
            raise ExpressionError(f"invalid operation: float({value})") from None
    if not is_number(value):
        raise ExpressionError(f"invalid operation: float({dynamic_name(value)})")
    return float(value)


def as_int(_: Frame, value: Any) -> int:
    """Argo's: a number cut to an integer, or a string read as one."""
    if is_number(value):
        return Int64(to_int(value))
    if isinstance(value, str):
        return Int64(parsed_int(value))
    raise ExpressionError(f"asInt() not supported on {dynamic_name(value)} {shown(value)}")


def as_float(_: Frame, value: Any) -> float:
    """Argo's: a number, or a string read as one (Go's forms: `Inf`, `0x1p-2`)."""
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        return parsed_float(value)
    raise ExpressionError(f"asFloat() not supported on {dynamic_name(value)} {shown(value)}")


def is_nan(_: Frame, value: Any) -> bool:
    """Argo's: whether the float is not a number."""
    return math.isnan(_float(value))


def is_inf(_: Frame, value: Any) -> bool:
    """Argo's: whether the float is infinite, either way."""
    return math.isinf(_float(value))


def _float(value: Any) -> float:
    if not isinstance(value, float):
        name = "nil" if value is None else dynamic_name(value)
        raise ExpressionError(f"interface conversion: interface {{}} is {name}, not float64")
    return value


def extreme(name: str, gives_way: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """`max` and `min` over numbers and lists of them; of nothing it is nil."""

    def best_of(frame: Frame, items: Any, depth: int) -> Any:
        best: Any = None
        for item in _within(frame, items, depth):
            value = best_of(frame, item, depth + 1) if is_list(item) else item
            if not (is_list(item) or is_number(item)):
                raise _invalid(name, item)
            if value is not None and (best is None or gives_way(best, value)):
                best = value
        return best

    def run(frame: Frame, *values: Any) -> Any:
        best: Any = None
        for given in values:
            if not (is_list(given) or is_number(given) or isinstance(given, Duration | Month | Weekday)):
                if len(values) == 1:
                    return given
                raise _invalid(name, given)
            value = best_of(frame, given, 1) if is_list(given) else given
            if value is not None and (best is None or gives_way(best, value)):
                best = value
        return best

    return run


maximum = extreme("max", less)
minimum = extreme("min", more)


def _within(frame: Frame, items: Sequence[Any], depth: int) -> Sequence[Any]:
    if depth > DEEPEST:
        raise ExpressionError("recursion depth exceeded")
    frame.spend(len(items))
    return items


def _floats(frame: Frame, name: str, values: Iterable[Any], depth: int = 0) -> list[float]:
    found: list[float] = []
    for value in values:
        if is_list(value):
            found += _floats(frame, name, _within(frame, value, depth + 1), depth + 1)
        elif isinstance(value, Duration):
            found.append(float(value.nanoseconds))
        elif is_number(value) or isinstance(value, Month | Weekday):
            found.append(float(value))
        else:
            raise _invalid(name, value)
    return found


def mean(frame: Frame, *values: Any) -> float:
    """The average; of nothing it is zero."""
    numbers = _floats(frame, "mean", values)
    total = 0.0
    for number in numbers:  # in Go's order of adding
        total += number
    return total / len(numbers) if numbers else 0.0


def median(frame: Frame, *values: Any) -> float:
    """The middle one, or the mean of both; of nothing it is zero."""
    # NaN sorts first
    numbers = sorted(_floats(frame, "median", values), key=lambda number: (not math.isnan(number), number))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def bitwise(name: str, apply: Callable[[int, int], int]) -> Callable[[Frame, Any, Any], int]:
    """An operation on the bits of two integers."""

    def run(_: Frame, left: Any, right: Any) -> int:
        return wrap(apply(_bits(name, left), _bits(name, right)))

    return run


def _bits(name: str, value: Any) -> int:
    if not is_integer(value):
        raise ExpressionError(f"cannot use {dynamic_name(value)} as argument (type int) to call {name}")
    return int(value)


def bit_not(_: Frame, value: Any) -> int:
    """All bits turned."""
    return ~_bits("bitnot", value)


def shift_left(value: int, count: int) -> int:
    """Moved to the left; what leaves 64 bits is lost."""
    return value << _shift(count) if count < 64 else _shift(0)


def shift_right(value: int, count: int) -> int:
    """Moved to the right; the sign stays."""
    return value >> min(_shift(count), 64)


def shift_right_unsigned(value: int, count: int) -> int:
    """Moved to the right; zeros come in."""
    return value % (1 << 64) >> min(_shift(count), 64)


def _shift(count: int) -> int:
    if count < 0:
        raise ExpressionError(f"invalid operation: negative shift count {count} (type int)")
    return count
