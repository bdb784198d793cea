"""How slow are `count` answers? Cumulative buckets and sums of a latency distribution. Pure, and without dice: the
counts of a bucket are those that so many answers are expected to have, which never run backwards.
"""

from collections.abc import Sequence
from math import erf, exp, floor, inf, log, sqrt

from rollouts.simulator.scenario import Latency

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, inf)
"""Upper bounds of the buckets, in seconds: those that Prometheus' client libraries start with."""

_Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""


def share_below(latency: Latency, seconds: float) -> float:
    """The fraction of answers that take at most so long."""
    if seconds == inf:
        return 1.0
    spread = _spread(latency)
    if not spread:
        return 1.0 if latency.median <= seconds else 0.0
    return (1 + erf(log(seconds / latency.median) / (spread * sqrt(2)))) / 2


def mean(latency: Latency) -> float:
    """The average answer, in seconds."""
    spread = _spread(latency)
    return latency.median * exp(spread**2 / 2)


def buckets(latency: Latency, count: int, bounds: Sequence[float] = BOUNDS) -> tuple[int, ...]:
    """Of `count` answers, how many lie at or below each bound."""
    return tuple(floor(count * share_below(latency, bound) + 0.5) for bound in bounds)


def _spread(latency: Latency) -> float:
    """The standard deviation of the logarithms."""
    return log(latency.p99 / latency.median) / _Z99 if latency.p99 > latency.median > 0 else 0.0
