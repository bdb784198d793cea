"""What a run does when: the rules that the golden sequences do not show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analysis.decide import JUST_AFTER, Taken, Task, decide, record, settle
from analysis.model import Arg, Measurement, Metric, MetricResult, Phase, Rule, RunSpec, RunStatus, TimeToLive

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RATE = Metric("rate", "prometheus", {"query": "q"}, interval="1m", count=3, failure_limit=1)


def measured(phase: Phase, at: datetime = NOW) -> Measurement:
    return Measurement(phase, at, at, "1")


def test_a_new_run_starts_and_measures_at_once() -> None:
    """Its first round gives it a start, the phase Running and its first measurements."""
    plan = decide(RunSpec((RATE,)), RunStatus(), NOW)

    assert [(due.name, due.task) for due in plan.due] == [("rate", Task.MEASURE)]
    assert (plan.status.phase, plan.status.started) == (Phase.RUNNING, NOW)


def test_metrics_that_wait_are_not_forgotten_while_another_is_due() -> None:
    """A round with something due still says when the rest is."""
    later = replace(RATE, name="later", initial_delay="5m")

    plan = decide(RunSpec((RATE, later)), RunStatus(), NOW)

    assert [due.name for due in plan.due] == ["rate"]
    assert plan.wake_at == NOW + timedelta(minutes=5) + JUST_AFTER


def test_an_error_is_retried_soon_whatever_the_interval() -> None:
    """Ten seconds after an error the metric is asked again."""
    spec = RunSpec((RATE,))
    status = record(spec, decide(spec, RunStatus(), NOW).status, Taken("rate", measured(Phase.ERROR)))

    assert settle(spec, status, NOW).wake_at == NOW + timedelta(seconds=10) + JUST_AFTER


def test_arguments_that_cannot_be_resolved_end_the_run() -> None:
    """The run goes to Error with the reason, and one event."""
    plan = decide(RunSpec((replace(RATE, success_condition="{{args.x}}"),), (Arg("y", "1"),)), RunStatus(), NOW)

    assert plan.status.phase is Phase.ERROR
    assert plan.status.message == "Unable to resolve metric arguments: failed to resolve {{args.x}}"
    assert [event.reason for event in plan.events] == ["AnalysisRunError"]


@pytest.mark.parametrize(
    ("life", "phase", "seconds"),
    [
        (TimeToLive(60), Phase.FAILED, 60),
        (TimeToLive(60, after_failure=5), Phase.FAILED, 5),
        (TimeToLive(60, after_success=7), Phase.SUCCESSFUL, 7),
        (TimeToLive(60, after_success=7), Phase.ERROR, 60),
    ],
)
def test_a_finished_run_lives_as_long_as_its_strategy_says(life: TimeToLive, phase: Phase, seconds: int) -> None:
    """It wakes once more to be deleted, after more than that many seconds."""
    spec, status = RunSpec((RATE,), time_to_live=life), RunStatus(phase, completed=NOW)
    end = NOW + timedelta(seconds=seconds + 1)

    assert decide(spec, status, NOW).wake_at == end
    assert decide(spec, status, end).is_expired


def test_a_finished_run_without_a_time_to_live_sleeps_for_ever() -> None:
    """Nothing but its deletion concerns it."""
    plan = decide(RunSpec((RATE,)), RunStatus(Phase.SUCCESSFUL, completed=NOW), NOW)

    assert (plan.due, plan.wake_at, plan.is_expired) == ((), None, False)


def test_measurements_are_kept_by_rule() -> None:
    """Ten by default, fewer or more where a rule says so; the counters know all."""
    spec = RunSpec((replace(RATE, count=30), replace(RATE, name="other", count=30)), retention=(Rule("oth", 2),))
    status = RunStatus(Phase.RUNNING, started=NOW)
    for name in ("rate", "other") * 12:
        status = record(spec, status, Taken(name, measured(Phase.SUCCESSFUL)))

    results = settle(spec, status, NOW).status.results

    assert [(len(result.measurements), result.count) for result in results] == [(10, 12), (2, 12)]


def test_a_pending_measurement_is_replaced_by_its_outcome() -> None:
    """What a provider was busy with is one measurement, not two."""
    spec = RunSpec((RATE,))
    pending = Measurement(Phase.RUNNING, NOW, resume_at=NOW + timedelta(seconds=5))
    status = record(spec, RunStatus(Phase.RUNNING, started=NOW), Taken("rate", pending, {"query": "q"}))

    done = record(spec, status, Taken("rate", measured(Phase.SUCCESSFUL)))

    assert done.results == (
        MetricResult("rate", Phase.RUNNING, (measured(Phase.SUCCESSFUL),), count=1, successful=1,
                     consecutive_success=1, metadata={"query": "q"}),
    )  # fmt: skip


def test_termination_ends_what_is_pending() -> None:
    """A run told to end asks its providers to end, not to measure."""
    spec = RunSpec((RATE, replace(RATE, name="other")), terminate=True)
    pending = Measurement(Phase.RUNNING, NOW, resume_at=NOW + timedelta(hours=1))
    status = record(spec, RunStatus(Phase.RUNNING, started=NOW), Taken("rate", pending))

    assert [(due.name, due.task) for due in decide(spec, status, NOW).due] == [("rate", Task.TERMINATE)]


@pytest.mark.parametrize(
    ("took", "waits"),
    [(0, 60), (3, 57), (15, 45), (16, 60), (300, 60)],
    ids=["at once", "quick", "a quarter", "slow", "a long job"],
)
def test_a_schedule_does_not_drift_by_what_measurements_take(took: int, waits: int) -> None:
    """The interval counts from the start of a quick measurement; a slow one is given its whole pause, as in Argo."""
    spec = RunSpec((Metric("m", "prometheus", interval="1m"),))
    end = NOW + timedelta(seconds=took)
    taken = Taken("m", Measurement(Phase.SUCCESSFUL, NOW, end))
    running = RunStatus(Phase.RUNNING, started=NOW)

    assert settle(spec, record(spec, running, taken), end).wake_at == end + timedelta(seconds=waits) + JUST_AFTER
