"""Quantiles of classic histograms: series of one label set that differ in `le`. A row of the table in functions.py."""

import math
from collections import defaultdict
from itertools import accumulate

from rollouts.simulator.promql.arithmetic import divide
from rollouts.simulator.promql.values import Sample, Vector, without
from rollouts.simulator.series import NAME, Labels

Buckets = list[tuple[float, float]]
"""(upper bound, observations up to it), in order of the bounds."""


def histogram_quantile(share: float, vector: Vector) -> Vector:
    """The quantile of every histogram among the samples; a sample without a numeric `le` is no bucket."""
    histograms: dict[Labels, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in vector:
        bound = _bound(dict(sample.labels).get("le", ""))
        if bound is not None:
            histograms[without(sample.labels, (NAME, "le"))][bound] += sample.value
    return [Sample(labels, bucket_quantile(share, _rising(counts))) for labels, counts in histograms.items()]


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rising(counts: dict[float, float]) -> Buckets:
    """Buckets in order, each at least as full as the one before: scrapes in mid-update may say otherwise."""
    bounds = sorted(counts)
    return list(zip(bounds, accumulate((counts[bound] for bound in bounds), max), strict=True))


def bucket_quantile(share: float, buckets: Buckets) -> float:
    """The quantile, linear within its bucket; NaN without a +Inf bucket, a second bucket or an observation."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    observations = buckets[-1][1]
    if buckets[-1][0] != math.inf or len(buckets) < 2 or observations == 0:
        return math.nan
    return _interpolated(share * observations, buckets)


def _interpolated(rank: float, buckets: Buckets) -> float:
    index = next((i for i, (_, count) in enumerate(buckets[:-1]) if count >= rank), len(buckets) - 1)
    bound, count = buckets[index]
    if index == len(buckets) - 1:
        return buckets[-2][0]
    if index == 0:
        return bound if bound <= 0 else bound * divide(rank, count)
    start, below = buckets[index - 1]
    return start + (bound - start) * divide(rank - below, count - below)
