"""The sample store: order, retention, selection."""

import pytest

from rollouts.simulator.promql.selectors import Matcher
from rollouts.simulator.series import Series


def test_a_series_gives_back_what_was_recorded() -> None:
    """Samples of one label set come back in order, in whole milliseconds."""
    series = Series()
    series.record("up", {"pod": "a", "empty": ""}, 1.0, 10.0004)
    series.record("up", {"pod": "a"}, 0.0, 15.0)

    (track,) = series

    assert track.labels == (("__name__", "up"), ("pod", "a"))
    assert list(track.times) == [10_000, 15_000]
    assert list(track.values) == [1.0, 0.0]


def test_the_same_moment_again_replaces_the_sample() -> None:
    """Two values at one moment leave the later one."""
    series = Series()
    series.record("up", {}, 1.0, 10)
    series.record("up", {}, 2.0, 10)

    (track,) = series

    assert list(track.values) == [2.0]


def test_time_never_runs_backwards_within_a_label_set() -> None:
    """A sample older than the last one is refused by name; another label set has its own time."""
    series = Series()
    series.record("up", {"pod": "a"}, 1.0, 10)
    series.record("up", {"pod": "b"}, 1.0, 5)

    with pytest.raises(ValueError, match=r"'pod': 'a'.*sample at 9000 ms is older than the last one at 10000 ms"):
        series.record("up", {"pod": "a"}, 1.0, 9)


def test_what_is_older_than_the_retention_goes_away() -> None:
    """After retention and a quarter, old samples are gone, and with them label sets that have nothing else."""
    series = Series(retention=100)
    series.record("gone", {}, 1.0, 0)
    for at in range(0, 200, 5):
        series.record("up", {}, float(at), at)

    (track,) = series

    assert track.labels == (("__name__", "up"),)
    assert track.times[0] >= (195 - 125) * 1000
    assert track.times[-1] == 195_000


def test_selection_is_by_name_and_matchers_in_order_of_labels() -> None:
    """A label that is not there counts as empty."""
    series = Series()
    for pod in ("b", "a"):
        series.record("up", {"pod": pod}, 1.0, 1)
    series.record("up", {}, 1.0, 1)
    series.record("down", {"pod": "a"}, 1.0, 1)

    assert [dict(t.labels).get("pod") for t in series.select([], "up")] == [None, "a", "b"]
    assert [t.labels[0][1] for t in series.select([Matcher("pod", "a")])] == ["down", "up"]
    assert [dict(t.labels).get("pod") for t in series.select([Matcher("pod", "", is_negated=True)], "up")] == ["a", "b"]


def test_between_and_latest_include_both_ends() -> None:
    """Prometheus 2 closes a window on both sides."""
    series = Series()
    for at in (10, 20, 30):
        series.record("up", {}, float(at), at)
    (track,) = series

    assert list(track.between(10_000, 30_000)[1]) == [10.0, 20.0, 30.0]
    assert list(track.between(10_001, 29_999)[1]) == [20.0]
    assert track.latest(20_000, 29_999) == (20_000, 20.0)
    assert track.latest(20_001, 29_999) is None
