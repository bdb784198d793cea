"""Latency distributions as buckets."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.simulator.scenario import Latency
from rollouts.simulator.traffic.latency import BOUNDS, buckets, mean, share_below


def test_median_and_p99_are_what_was_asked_for() -> None:
    """Half of the answers lie below the median, 99 in 100 below the p99."""
    latency = Latency(0.05, 0.3)

    assert share_below(latency, 0.05) == pytest.approx(0.5)
    assert share_below(latency, 0.3) == pytest.approx(0.99)


def test_a_fixed_latency_fills_one_bucket() -> None:
    """Answers that all take the same lie in the same bucket."""
    assert buckets(Latency(0.3, 0.3), 7, (0.1, 0.5, inf)) == (0, 7, 7)
    assert mean(Latency(0.3, 0.3)) == 0.3


@given(count=st.integers(0, 10_000), median=st.floats(0.001, 10), factor=st.floats(1, 100), more=st.integers(0, 1000))
def test_buckets_never_run_backwards(count: int, median: float, factor: float, more: int) -> None:
    """Buckets are cumulative, hold every answer in the last one, and only grow with more answers."""
    latency = Latency(median, median * factor)
    before, after = buckets(latency, count), buckets(latency, count + more)

    assert len(before) == len(BOUNDS)
    assert list(before) == sorted(before)
    assert before[-1] == count
    assert all(old <= new for old, new in zip(before, after, strict=True))
