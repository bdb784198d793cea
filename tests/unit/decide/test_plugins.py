"""Step plugins: run, run again, called back, told to end; and nobody waits for them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.model.questions import PluginAnswer
from rollouts.model.status import Phase, PluginStatus
from tests.builders.companions import Company, accompanied, plugin
from tests.builders.rollouts import START, a_canary, pause, weight

DONE, BUSY, BAD = PluginAnswer("Successful"), PluginAnswer("Running"), PluginAnswer("Failed", "no")


def at_its_plugin(*says: PluginAnswer, **more: list[PluginAnswer]) -> Company:
    """An update whose second step is a plugin that says this, one answer a run."""
    here = accompanied(a_canary(weight(50), plugin(), pause()))
    here.says = {"Run": list(says), **more}
    here.release("v2")
    here.settle()
    return here


def entry_of(here: Company, operation: str = "Run") -> PluginStatus:
    """What the status says of the plugin."""
    return next(entry for entry in here.status.canary.plugins if entry.operation == operation)


def transitions(here: Company) -> list[tuple[bool, str]]:
    """The events of plugins: whether it warns, and what it says."""
    return [(event.is_warning, event.message) for event in here.events if event.reason == "StepPluginTransition"]


def test_a_good_end_is_the_end_of_the_step() -> None:
    """It is told as the step's, once; what the plugin said is kept."""
    here = at_its_plugin(PluginAnswer("Successful", "fine", {"job": 7}, started=START))
    here.answer()

    assert here.status.step == 2
    assert entry_of(here) == PluginStatus(
        1, "smoke/test", "Run", "Successful", "fine", START, START, START, None, 1, state={"job": 7}
    )
    assert transitions(here) == []


def test_nobody_waits_for_a_plugin() -> None:
    """While it has not answered the rollout follows its size, and says what it waits for."""
    here = at_its_plugin()
    assert "waits for plugin smoke/test of step 2 to run" in here.decide().reason
    here.scale(8)
    here.settle()

    assert here.versions["shop-v2"].replicas == 4
    assert len(here.decide().errands) == 1


@pytest.mark.parametrize(("wish", "wait"), [(None, 30), (5, 30), (10, 10), (45, 45)])
def test_a_busy_plugin_is_run_again_after_its_wait(wish: int | None, wait: int) -> None:
    """Less than ten seconds is taken for no wish."""
    after = None if wish is None else timedelta(seconds=wish)
    here = at_its_plugin(replace(BUSY, again_after=after, state=1), DONE)
    here.answer()
    assert (entry_of(here).phase, here.decide().wake_at) == ("Running", START + timedelta(seconds=wait))
    assert here.decide().errands == ()
    here.now += timedelta(seconds=wait)
    here.answer()

    assert (here.status.step, entry_of(here).executions) == (2, 2)
    assert transitions(here) == [(False, "Step plugin smoke/test at step 2: Run is Running")]


def test_a_broken_plugin_is_tried_again_with_what_it_remembered() -> None:
    """An error is no verdict."""
    here = at_its_plugin(replace(BUSY, state="half"), PluginAnswer(error="exploded"), DONE)
    here.answer()
    here.now += timedelta(seconds=30)
    here.answer()
    broken = entry_of(here)
    assert (broken.phase, broken.message, broken.state) == ("Error", "exploded", "half")
    here.now += timedelta(seconds=30)
    here.answer()

    assert here.status.step == 2
    assert transitions(here)[-1] == (True, "Step plugin smoke/test at step 2: Run is Error")


def test_an_unknown_phase_is_an_error() -> None:
    """The plugin has a defect; the rollout neither goes on nor back for it."""
    here = at_its_plugin(PluginAnswer("Splendid"))
    here.answer()

    assert entry_of(here).message == "the plugin answered with the unknown phase 'Splendid'"
    assert entry_of(here).phase == "Error"


def test_a_bad_end_aborts_with_its_words() -> None:
    """Steps that were done are called back, the last one first; the failed one is not."""
    here = accompanied(a_canary(plugin("one"), plugin("two"), plugin("three")))
    here.says = {"Run": [DONE, DONE, BAD], "Abort": [DONE, BUSY]}
    here.release("v2")
    here.settle()
    for _ in range(5):
        here.answer()

    assert here.operations() == [("Run", 0), ("Run", 1), ("Run", 2), ("Abort", 1), ("Abort", 0)]
    assert here.status.message == "RolloutAborted: Rollout aborted update to revision 2: no"
    assert entry_of(here, "Abort").phase == "Successful"
    assert transitions(here)[-1] == (True, "Step plugin one at step 1: Abort is Failed")
    assert here.decide().errands == ()


def test_a_retry_runs_everything_anew() -> None:
    """What was said to the aborted attempt counts no more."""
    here = accompanied(a_canary(plugin(), pause()))
    here.says = {"Run": [DONE, DONE], "Abort": [DONE]}
    here.release("v2")
    here.settle()
    here.answer()
    here.patch(is_aborted=True)
    here.settle()
    here.answer()
    here.now += timedelta(seconds=5)
    here.patch(is_aborted=False)
    here.settle()
    here.answer()

    assert here.operations() == [("Run", 0), ("Abort", 0), ("Run", 0)]
    assert [entry.operation for entry in here.status.canary.plugins] == ["Run"]
    assert here.status.step == 1


def test_a_full_promotion_ends_a_running_plugin() -> None:
    """It is told once; a plugin that has ended is left alone."""
    here = at_its_plugin(BUSY, Terminate=[DONE])
    here.answer()
    here.patch(promote_fully=True)
    here.settle()
    here.answer()

    assert here.operations() == [("Run", 1), ("Terminate", 1)]
    assert here.status.phase is Phase.HEALTHY
    assert here.decide().errands == ()


def test_a_disabled_plugin_is_passed_over() -> None:
    """The status says why the step was done."""
    here = at_its_plugin(PluginAnswer(is_disabled=True))
    here.answer()

    assert entry_of(here) == PluginStatus(1, "smoke/test", "Run", "", is_disabled=True)
    assert here.status.step == 2
    assert transitions(here) == []


def test_a_held_rollout_runs_no_plugin() -> None:
    """spec.paused holds this step like any other."""
    here = accompanied(a_canary(plugin(), pause()))
    here.release("v2")
    here.rollout = replace(here.rollout, is_paused=True)
    here.settle()

    assert here.decide().errands == ()


def test_the_first_deploy_runs_no_plugin() -> None:
    """All steps are skipped."""
    here = accompanied(a_canary(plugin()))

    assert (here.status.phase, here.status.step) == (Phase.HEALTHY, 1)
    assert here.status.canary.plugins == ()


def test_a_long_run_is_no_lack_of_progress() -> None:
    """A plugin has an end of its own, or none: the deadline is for pods."""
    here = at_its_plugin(*[BUSY] * 40)
    for _ in range(40):
        here.answer()
        here.now += timedelta(seconds=30)
    here.settle()

    assert here.status.phase is Phase.PROGRESSING
