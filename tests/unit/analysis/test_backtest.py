"""Runs over recorded data: they go as real ones would have gone."""

from datetime import timedelta

import pytest

from analysis.backtest import Played, Start, concrete, grid_of, is_endless, number_of, planned, play, starts
from analysis.model import Arg, Phase, Rule, RunSpec
from tests.builders.recordings import NOON, Curve, Prometheus, a_book, a_metric, after


def played(
    spec: RunSpec, lasts: timedelta | None = None, begin: float = 0, seconds: float = 3600, **c: Curve
) -> Played:
    return play(spec, Start(after(begin)), a_book(spec, Prometheus(**c), seconds=seconds), lasts)


def good(_: float) -> float:
    return 0.99


def bad_from(second: float) -> Curve:
    return lambda at: 0.5 if at >= second else 0.99


def test_a_good_run_takes_all_its_measurements_in_their_time() -> None:
    """Five, a minute apart: the run is through after four minutes."""
    run = played(RunSpec((a_metric(),)), rate=good)

    assert (run.status.phase, run.taken, run.is_abort) == (Phase.SUCCESSFUL, 5, False)
    assert run.ended is not None
    assert timedelta(minutes=4) <= run.ended - NOON < timedelta(minutes=4, seconds=1)
    assert [m.started for m in run.status.results[0].measurements] == [after(60 * n) for n in range(5)]


def test_a_run_is_stopped_by_its_limit_and_says_so_in_argos_words() -> None:
    """The third bad value is one too many."""
    run = played(RunSpec((a_metric(failure_limit=2, count=20),)), rate=bad_from(100))

    assert run.is_abort
    assert run.status.message == 'Metric "rate" assessed Failed due to failed (3) > failureLimit (2)'
    assert run.taken == 5


def test_delays_are_kept() -> None:
    """What is bad only before the first measurement is never seen."""
    spec = RunSpec((a_metric(initial_delay="2m"),))

    assert played(spec, rate=lambda at: 0.1 if at < 110 else 0.99).status.phase is Phase.SUCCESSFUL


def test_an_error_is_tried_again_after_ten_seconds() -> None:
    """No data makes an error; a gap that is short enough does no harm, a long one ends the run."""
    spec = RunSpec((a_metric(),))
    short = played(spec, rate=lambda at: None if 60 <= at < 85 else 0.99)
    long = played(spec, rate=lambda at: None if at >= 60 else 0.99)

    assert (short.status.phase, short.status.results[0].error) == (Phase.SUCCESSFUL, 3)
    assert long.status.phase is Phase.ERROR
    assert "no data returned from the metric provider" in long.status.message


def test_a_metric_without_a_count_ends_with_the_release() -> None:
    """A background analysis is judged for as long as the release would have lasted."""
    spec = RunSpec((a_metric(count=None),))
    run, late = (played(spec, timedelta(minutes=7), rate=curve) for curve in (good, bad_from(8 * 60)))

    assert (is_endless(spec), run.status.phase, run.taken) == (True, Phase.SUCCESSFUL, 7)
    assert (late.status.phase, late.status.message) == (Phase.SUCCESSFUL, "Run Terminated")
    assert planned(spec) == timedelta(minutes=10)


def test_data_that_end_leave_the_run_open() -> None:
    """Nothing is said of a run whose measurements lie ahead of us."""
    run = played(RunSpec((a_metric(),)), seconds=150, rate=good)

    assert (run.ended, run.status.phase, run.taken) == (None, Phase.RUNNING, 3)


def test_dry_runs_do_not_abort() -> None:
    """The same rules as in life: a dry metric may fail."""
    spec = RunSpec((a_metric(),), dry_run=(Rule("ra.e"),))

    assert played(spec, rate=bad_from(0)).status.phase is Phase.SUCCESSFUL


def test_a_scalar_is_a_number_as_in_life() -> None:
    """The sort of answer is asked for once: conditions on scalars need no index."""
    spec = RunSpec((a_metric(success_condition="result >= 0.95"),))
    book = a_book(spec, Prometheus(scalar=bad_from(100)))

    assert play(spec, Start(NOON), book).status.phase is Phase.FAILED


def test_a_range_query_sees_at_each_moment_what_it_would_have_seen() -> None:
    """Its own window, no more: the dip at 10 minutes is over at 16."""
    window = {"rangeQuery": {"start": 'now() - duration("5m")', "end": "now()", "step": "30s"}}
    metric = a_metric(count=1, interval="", settings=window, success_condition="all(result, # >= 0.95)")
    spec, dip = RunSpec((metric,)), lambda at: 0.2 if at == 600 else 0.99
    book = a_book(spec, Prometheus(rate=dip))

    phases = [play(spec, Start(after(60 * minute)), book).status.phase for minute in (9, 10, 15, 16)]
    assert phases == [Phase.SUCCESSFUL, Phase.FAILED, Phase.FAILED, Phase.SUCCESSFUL]


def test_a_metric_is_judged_once_for_a_moment() -> None:
    """Runs that overlap share their measurements, and the story of a metric has each moment once."""
    spec = RunSpec((a_metric(),))
    book = a_book(spec, Prometheus(rate=bad_from(600)))
    runs = [play(spec, start, book) for start in starts(NOON, after(1200), timedelta(minutes=1))]

    assert [run.is_abort for run in runs] == [False] * 6 + [True] * 15
    story = book.story("rate")
    assert [sample.at for sample in story] == [after(60 * n) for n in range(len(story))]
    assert (story[0].number, story[-1].number) == (0.99, 0.5)


def test_the_grid_holds_every_moment() -> None:
    """Intervals, delays, the retry after an error, and the distance of starts."""
    spec = RunSpec((a_metric(interval="45s", initial_delay="1m"), a_metric("b", interval="30s")))

    assert grid_of(spec, timedelta(minutes=5)) == timedelta(seconds=5)


def test_arguments_are_filled_in_once() -> None:
    """The run that is played has none left."""
    spec = concrete(RunSpec((a_metric(count="{{args.n}}"),), args=(Arg("n", "3"),)))

    assert (spec.metrics[0].count, spec.args) == ("3", ())


@pytest.mark.parametrize(("result", "number"), [(0.5, 0.5), ((0.25, 3.0), 0.25), ((), None), (True, None), ("x", None)])
def test_the_value_of_a_sample_is_its_first_number(result: object, number: float | None) -> None:
    """What a chart can draw."""
    assert number_of(result) == number
