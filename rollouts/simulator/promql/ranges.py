"""Functions of a range vector: rates, differences, fits, and all `_over_time`. Rows of the table in functions.py.

Each takes one window (never empty) and gives a value, or None where the window is too short for one.
"""

import math
from collections.abc import Callable
from itertools import pairwise

from rollouts.simulator.promql import arithmetic
from rollouts.simulator.promql.values import Window

Reading = Callable[[Window], float | None]


def increase(window: Window) -> float | None:
    """How much a counter grew, resets made up for, stretched to the window's ends."""
    return _stretched(window, is_counter=True)


def delta(window: Window) -> float | None:
    """How much a gauge changed, stretched to the window's ends."""
    return _stretched(window, is_counter=False)


def rate(window: Window) -> float | None:
    """The increase of a counter a second."""
    return _stretched(window, is_counter=True, divisor=(window.end - window.start) / 1000)


def _stretched(window: Window, *, is_counter: bool, divisor: float = 1.0) -> float | None:
    # Prometheus: half a sample interval at most is added on each side, and a counter is never stretched below zero.
    if len(window.times) < 2:
        return None
    first, last = window.times[0], window.times[-1]
    growth = window.values[-1] - window.values[0]
    if is_counter:
        growth += sum(before for before, after in pairwise(window.values) if after < before)
    sampled = (last - first) / 1000
    interval = sampled / (len(window.times) - 1)
    head, tail = (first - window.start) / 1000, (window.end - last) / 1000
    if is_counter and growth > 0 and window.values[0] >= 0:
        head = min(head, sampled * (window.values[0] / growth))
    stretched = sampled + sum(gap if gap < interval * 1.1 else interval / 2 for gap in (head, tail))
    return growth * (stretched / sampled / divisor)


def instant_rate(window: Window) -> float | None:
    """The rate of a counter between its last two samples."""
    if len(window.times) < 2:
        return None
    before, after = window.values[-2], window.values[-1]
    growth = after if after < before else after - before
    return growth / ((window.times[-1] - window.times[-2]) / 1000)


def instant_delta(window: Window) -> float | None:
    """The difference of the last two samples."""
    return None if len(window.times) < 2 else window.values[-1] - window.values[-2]


def slope(window: Window) -> float | None:
    """Change a second of the straight line through the samples."""
    return None if len(window.times) < 2 else _fit(window, window.times[0])[0]


def predict(window: Window, seconds: float) -> float | None:
    """Where that line will be, `seconds` after the moment asked for."""
    if len(window.times) < 2:
        return None
    gradient, intercept = _fit(window, window.at)
    return gradient * seconds + intercept


def _fit(window: Window, origin: int) -> tuple[float, float]:
    values = window.values
    if all(value == values[0] for value in values):
        return (0.0, values[0]) if math.isfinite(values[0]) else (math.nan, math.nan)
    seconds = [(time - origin) / 1000 for time in window.times]
    middle, level = arithmetic.mean(seconds), arithmetic.mean(values)
    pairs = list(zip(seconds, values, strict=True))
    covariance = arithmetic.total((x - middle) * (y - level) for x, y in pairs)
    gradient = arithmetic.divide(covariance, arithmetic.total((x - middle) ** 2 for x in seconds))
    return gradient, level - gradient * middle


def changes(window: Window) -> float:
    """How often the value changed."""
    return sum(1.0 for before, after in pairwise(window.values) if _differ(before, after))


def _differ(before: float, after: float) -> bool:
    return before != after and not (math.isnan(before) and math.isnan(after))


def resets(window: Window) -> float:
    """How often a counter fell."""
    return sum(1.0 for before, after in pairwise(window.values) if after < before)


READINGS: dict[str, Reading] = {
    "avg_over_time": lambda window: arithmetic.mean(window.values),
    "changes": changes,
    "count_over_time": lambda window: float(len(window.values)),
    "delta": delta,
    "deriv": slope,
    "idelta": instant_delta,
    "increase": increase,
    "irate": instant_rate,
    "last_over_time": lambda window: window.values[-1],
    "max_over_time": lambda window: arithmetic.highest(window.values),
    "min_over_time": lambda window: arithmetic.lowest(window.values),
    "present_over_time": lambda _: 1.0,
    "rate": rate,
    "resets": resets,
    "stddev_over_time": lambda window: arithmetic.guarded(math.sqrt, arithmetic.variance(window.values)),
    "stdvar_over_time": lambda window: arithmetic.variance(window.values),
    "sum_over_time": lambda window: arithmetic.total(window.values),
}
"""Functions of one range vector and nothing else."""
