"""Going back within rollbackWindow, and full promotions of rollouts that people hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.decide.ahead import decide_ahead
from rollouts.model.rollout import HistoryLimits
from rollouts.model.status import Phase
from tests.builders.rollouts import CHECK, Miniature, a_blue_green, a_canary, analysis, deployed, pause, weight

HOUR = timedelta(hours=1)


def released(here: Miniature, *targets: str) -> None:
    """These versions, one after another, each promoted and alone before the next."""
    for target in targets:
        here.now += HOUR
        here.release(target)
        here.settle()
        here.patch(promote_fully=True)
        here.run(HOUR)
    here.events.clear()


@pytest.mark.parametrize(("window", "is_fast"), [(1, False), (2, True), (None, False)])
def test_a_recent_version_skips_the_steps(window: int | None, is_fast: bool) -> None:
    """v1 is two versions behind v3, with one in between: a window of one does not reach it."""
    here = deployed(a_canary(weight(25), pause()), rollback_window=window)
    released(here, "v2", "v3")
    here.release("v1")
    here.settle()

    assert (here.status.stable == "v1") is is_fast
    told = [event.message for event in here.events if event.reason == "RolloutCompleted"]
    assert told == (["Rollout completed update to revision 4 (v1): Rollback within window"] if is_fast else [])


@pytest.mark.parametrize(("window", "may_wait"), [(1, False), (None, True)])
def test_a_way_back_writes_its_status_at_once(window: int | None, may_wait: bool) -> None:
    """With its pods asked for and the old status, the next round would take it for a version that still runs."""
    here = deployed(a_canary(weight(25), pause()), rollback_window=window)
    released(here, "v2")
    here.release("v1")
    plan = decide_ahead(here.snapshot, here.now)

    assert "SkipSteps" not in [event.reason for event in plan.events]
    assert plan.may_wait is may_wait


def test_a_version_that_still_runs_says_that_it_skips() -> None:
    """The event names the window only where there are pods to go back to."""
    here = deployed(a_canary(weight(25), pause()), rollback_window=1)
    here.release("v2")
    here.settle()
    here.patch(promote_fully=True)
    here.settle()
    assert here.versions["shop-v1"].replicas == 4

    here.release("v1")
    here.settle()
    skipped = [event.message for event in here.events if event.reason == "SkipSteps"]
    assert skipped == ["Rollback to active ReplicaSets within RollbackWindow"]


def test_a_newer_version_walks_all_steps() -> None:
    """The window is for going back only."""
    here = deployed(a_canary(weight(25), pause()), rollback_window=5)
    here.release("v2")
    here.settle()

    assert here.status.phase is Phase.PAUSED


def test_no_analysis_judges_a_way_back() -> None:
    """Within the window nothing is measured once more."""
    here = deployed(a_canary(analysis(), weight(50), background=CHECK), rollback_window=2)
    released(here, "v2")
    here.analyses.clear()
    here.release("v1")
    here.settle()

    assert (here.status.stable, here.analyses) == ("v1", {})


def test_a_way_back_can_be_aborted() -> None:
    """An abort is a person's last word, within the window too."""
    here = deployed(a_canary(weight(25), pause()), rollback_window=2)
    released(here, "v2")
    here.broken.add("v1")
    here.release("v1")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert (here.status.stable, here.status.phase) == ("v2", Phase.DEGRADED)
    assert here.versions["shop-v2"].replicas == 4


def test_blue_green_goes_back_at_once_within_the_window() -> None:
    """No pause stands in the way of a version that was good a moment ago."""
    here = deployed(a_blue_green(auto_promotion=False), rollback_window=2)
    released(here, "v2")
    here.release("v1")
    here.settle()

    assert (here.services["active"].hash, here.status.stable) == ("v1", "v1")


@pytest.mark.parametrize("strategy", [a_canary(weight(25), pause()), a_blue_green(auto_promotion=False)])
def test_a_held_rollout_can_be_promoted_fully(strategy: object) -> None:
    """promote --full of a rollout with spec.paused ends, whoever forgot to lift the pause."""
    here = deployed(strategy)  # type: ignore[arg-type]  # one of the two strategies
    here.release("v2")
    here.settle()
    here.rollout = replace(here.rollout, is_paused=True, generation=here.rollout.generation + 1)
    here.settle()
    here.patch(promote_fully=True)
    here.settle()

    assert here.status.stable == "v2"
    assert (here.status.phase, here.status.message) == (Phase.PAUSED, "manually paused")


def test_so_many_runs_are_kept() -> None:
    """spec.analysis says how many good and bad ones."""
    limits = HistoryLimits(successful=1, unsuccessful=0)
    here = deployed(a_canary(analysis(), analysis(), analysis(), pause()), runs_kept=limits)
    here.release("v2")
    for _ in range(3):
        here.settle()
        here.finish("Successful")
    here.settle()
    assert len(here.analyses) == 1

    here.patch(is_aborted=True)
    here.settle()
    assert [run.phase for run in here.analyses.values()] == ["Successful"]
