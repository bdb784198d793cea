"""Numbers as Go has them: division by zero is infinite, nothing raises. Used by operators, functions, aggregations."""

import math
from collections.abc import Callable, Iterable, Sequence

MAX_INTEGER = 2**63


def divide(left: float, right: float) -> float:
    """left / right by IEEE 754."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def modulo(left: float, right: float) -> float:
    """The remainder, with the sign of the dividend."""
    return guarded(math.fmod, left, right)


def power(base: float, exponent: float) -> float:
    """base to the exponent; poles and overflows are infinite, what has no real answer is NaN."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.copysign(math.inf, base) if _is_odd(exponent) else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if _is_odd(exponent) else math.inf


def _is_odd(exponent: float) -> bool:
    return abs(math.fmod(exponent, 2)) == 1


def guarded(function: Callable[..., float], *arguments: float) -> float:
    """function(*arguments), NaN outside its domain, infinite where it overflows."""
    try:
        return float(function(*arguments))
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm that knows zero (-Inf) and negative numbers (NaN)."""
    return lambda value: -math.inf if value == 0 else guarded(function, value)


def total(values: Iterable[float]) -> float:
    """The exact sum; infinite and missing numbers spread as in any sum."""
    numbers = list(values)
    if all(map(math.isfinite, numbers)):
        return guarded(math.fsum, numbers)  # type: ignore[arg-type]  # guarded hands on what it is given
    return sum(numbers)


def mean(values: Sequence[float]) -> float:
    """The average of at least one value."""
    return total(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """The population variance of at least one value; NaN if one of them is not finite."""
    # Distances from the first value, not from zero: equal values then have exactly none, however large they are.
    distances = [value - values[0] for value in values]
    middle = mean(distances)
    return total((distance - middle) * (distance - middle) for distance in distances) / len(values)


def lowest(values: Sequence[float]) -> float:
    """The least value; NaN only if there is nothing else."""
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def highest(values: Sequence[float]) -> float:
    """The greatest value; NaN only if there is nothing else."""
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def quantile(share: float, values: Sequence[float]) -> float:
    """The value below which `share` (0..1) of the values lie, interpolated; NaN counts as the least."""
    if not values or math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = share * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[upper] * weight
