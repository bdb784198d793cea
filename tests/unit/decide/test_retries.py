"""What a retry, a crash or a vanished run leaves of analyses: each attempt is judged, once, by runs of its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.decide import decide
from rollouts.model.questions import VerifyWeight
from rollouts.model.status import Phase
from rollouts.model.strategy import BlueGreen, Strategy
from tests.builders.rollouts import CHECK, Miniature, a_blue_green, a_canary, analysis, deployed, pause, weight

MINUTES = timedelta(minutes=5)


def failed(strategy: Strategy) -> Miniature:
    """A rollout whose update was aborted by its analysis."""
    here = deployed(strategy)
    here.release("v2")
    here.settle()
    here.finish("Failed")
    here.settle()
    assert here.status.is_aborted
    return here


@pytest.mark.parametrize("waited", [timedelta(), MINUTES], ids=["pods still there", "scaled down"])
@pytest.mark.parametrize(
    "strategy", [a_blue_green(pre_promotion=CHECK), a_blue_green(post_promotion=CHECK), a_canary(analysis())], ids=repr
)
def test_a_retry_is_judged_afresh(strategy: Strategy, waited: timedelta) -> None:
    """The version that failed serves nobody, and is not aborted again, until a new run has spoken."""
    here = failed(strategy)
    here.run(waited)
    here.patch(is_aborted=False)
    here.settle()

    assert not here.status.is_aborted
    assert here.status.stable == "v1"
    assert [run.phase for run in here.analyses.values()] == ["Failed", "Running"]
    here.finish("Successful")
    here.settle()
    assert (here.status.phase, here.status.stable) == (Phase.HEALTHY, "v2")


def test_a_retried_preview_waits_for_a_human_again() -> None:
    """Nobody has approved this attempt: an abort within its delay is no way back, and lets no preview grow."""
    here = deployed(a_blue_green(auto_promotion=False, preview_replicas=1))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    assert not here.status.blue_green.may_grow

    here.patch(is_aborted=False)
    here.settle()
    assert here.status.message == "BlueGreenPause"
    assert here.services["active"].hash == "v1"


def test_a_resize_between_abort_and_retry_does_not_bring_the_old_verdict_back() -> None:
    """The round that brings versions to size judges nothing, and must not lose that the attempt is a new one."""
    here = failed(a_canary(weight(50), pause(), background=CHECK, abort_scale_down_delay=timedelta()))
    here.scale(7)
    here.settle()
    here.patch(is_aborted=False)
    here.settle()

    assert not here.status.is_aborted
    assert here.status.message == "CanaryPauseStep"


@pytest.mark.parametrize("strategy", [a_canary(analysis()), a_blue_green(pre_promotion=CHECK)], ids=repr)
def test_a_run_that_vanished_is_made_again(strategy: Strategy) -> None:
    """Also when nothing was heard of it yet: a refused creation must not hold the rollout after a restart."""
    here = deployed(strategy)
    here.release("v2")
    here.settle()
    here.analyses.clear()
    recorded = here.status.canary.step_analysis or here.status.blue_green.pre_promotion
    assert recorded is not None
    unheard = replace(recorded, phase="")
    if isinstance(strategy, BlueGreen):
        here.patch(blue_green=replace(here.status.blue_green, pre_promotion=unheard))
    else:
        here.patch(canary=replace(here.status.canary, step_analysis=unheard))
    here.settle()

    assert [run.name for run in here.analyses.values()] == [recorded.name]


def test_a_run_whose_status_was_never_written_goes_on() -> None:
    """The process died between the two writes: the run is taken up, no second one is made beside it."""
    here = deployed(a_canary(analysis()))
    here.release("v2")
    here.settle()
    here.patch(canary=replace(here.status.canary, step_analysis=None))
    here.settle()

    assert [run.is_terminating for run in here.analyses.values()] == [False]
    assert here.status.canary.step_analysis is not None
    assert here.status.canary.step_analysis.name in here.analyses


@pytest.mark.parametrize("phase", ["Successful", "Failed"])
def test_a_run_that_ended_before_its_status_was_written_counts(phase: str) -> None:
    """Killed between the run and the status, and away until the run was over: its verdict holds, none is made anew."""
    here = deployed(a_canary(analysis()))
    here.release("v2")
    here.settle()
    here.now += timedelta(minutes=1)
    here.analyses = {name: replace(run, created=here.now) for name, run in here.analyses.items()}
    here.patch(canary=replace(here.status.canary, step_analysis=None))
    here.finish(phase)
    here.settle()

    assert list(here.analyses) == ["shop-v2-2-0"]
    assert here.status.is_aborted is (phase == "Failed")


def test_a_router_that_can_tell_is_asked_in_the_round_after_the_write() -> None:
    """The question is about the recorded weights, and is not lost among the other answers of the stage."""
    here = deployed(a_canary(weight(20), pause()))
    here.release("v2")
    here.settle()
    shares = here.status.canary.shares
    assert shares is not None

    plan = decide(replace(here.snapshot, asks_verification=True), here.now)
    assert plan.questions == (VerifyWeight(shares),)
    assert plan.effects == ()
