"""status.duration: when an attempt begins and ends, what it is called, and how long people held it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.decide.duration import Ended, ended_between
from rollouts.model.status import Attempt, PauseCondition, Status
from tests.builders.rollouts import START, Miniature, a_blue_green, a_canary, a_rollout, deployed, pause, weight

SECONDS = timedelta(seconds=1)


def attempt_of(here: Miniature) -> Attempt:
    """The attempt that the status tells of."""
    assert here.status.attempt is not None
    return here.status.attempt


def paused_after(here: Miniature, seconds: int, target: str = "v2") -> None:
    """An update that came to its pause so many seconds after its beginning."""
    here.release(target)
    here.round()
    here.round()
    here.now += seconds * SECONDS
    here.settle()


def test_the_first_deploy_is_an_attempt() -> None:
    """It ends when every pod is there, though it is called promoted before."""
    here = Miniature(a_rollout(a_canary()))
    here.broken.add("v1")
    here.settle()
    assert (attempt_of(here).outcome, attempt_of(here).finished) == ("Promoted", None)
    here.broken.clear()
    here.now += 5 * SECONDS
    here.settle()

    assert attempt_of(here) == Attempt(START, finished=START + 5 * SECONDS, outcome="Promoted")


def test_a_pause_for_a_human_is_counted_in_whole_seconds() -> None:
    """The pause ends with the promotion; the attempt goes on."""
    here = deployed(a_canary(weight(50), pause(), weight(60), pause()))
    paused_after(here, 1)
    assert attempt_of(here).paused_since == here.now
    here.now += timedelta(seconds=7, milliseconds=900)
    here.patch(pauses=())
    here.settle()
    here.now += 2 * SECONDS
    here.patch(pauses=())
    here.settle()

    assert attempt_of(here).paused_seconds == 9
    assert attempt_of(here).outcome == "Promoted"


def test_a_timed_pause_is_no_human_pause() -> None:
    """Nobody was waited for."""
    here = deployed(a_canary(weight(50), pause(60)))
    here.release("v2")
    here.run(timedelta(minutes=5))

    assert attempt_of(here).paused_seconds is None
    assert attempt_of(here).outcome == "Promoted"


def test_a_held_rollout_is_paused_by_hand() -> None:
    """spec.paused counts like a pause step."""
    here = deployed(a_canary(weight(50), pause(600)))
    paused_after(here, 1)
    here.rollout = replace(here.rollout, is_paused=True, generation=9)
    here.settle()

    assert attempt_of(here).paused_since == here.now


@pytest.mark.parametrize(("automatic", "since"), [(True, None), (False, START)])
def test_a_blue_green_pause_is_by_hand_only_where_a_human_must_end_it(automatic: bool, since: object) -> None:
    """Auto-promotion ends the others."""
    here = deployed(a_blue_green(auto_promotion=automatic, auto_promotion_after=timedelta(minutes=5)))
    here.release("v2")
    here.settle()

    assert attempt_of(here).paused_since == since


def test_an_abort_ends_the_attempt_and_a_retry_begins_another() -> None:
    """The pause that the abort met is counted to its end."""
    here = deployed(a_canary(weight(50), pause()))
    paused_after(here, 1)
    here.now += 4 * SECONDS
    here.patch(is_aborted=True)
    here.settle()
    assert (attempt_of(here).outcome, attempt_of(here).finished) == ("Aborted", here.now)
    assert attempt_of(here).paused_seconds == 4
    here.now += 10 * SECONDS
    here.patch(is_aborted=False)
    here.settle()

    assert attempt_of(here).started == here.now
    assert attempt_of(here).outcome == ""


def test_a_full_promotion_is_told_apart() -> None:
    """Steps were skipped: that is no proof of anything."""
    here = deployed(a_canary(weight(50), pause()))
    paused_after(here, 1)
    here.patch(promote_fully=True)
    here.settle()

    assert attempt_of(here).outcome == "FastPromoted"


def test_going_back_in_the_middle_keeps_the_beginning() -> None:
    """The way back to the stable version is the end of this attempt, not one of its own."""
    here = deployed(a_canary(weight(50), pause()))
    here.now += 3 * SECONDS
    paused_after(here, 1)
    begun = attempt_of(here).started
    here.now += 5 * SECONDS
    here.release("v1")
    here.settle()

    assert (attempt_of(here).outcome, attempt_of(here).started) == ("FastRolledBack", begun)
    assert attempt_of(here).finished is not None


def test_going_back_to_an_older_version_is_a_rollback() -> None:
    """It walks the steps, but its name is clear from the beginning."""
    here = deployed(a_canary(weight(50), pause()))
    for target in ("v2", "v3"):
        here.now += timedelta(minutes=2)
        paused_after(here, 1, target)
        if target == "v2":
            here.patch(promote_fully=True)
            here.run(timedelta(minutes=2))
    here.release("v1")
    here.round()
    here.round()

    assert attempt_of(here).outcome == "RolledBack"


def test_a_later_return_is_an_attempt_like_any_other() -> None:
    """Nothing was under way that it could end."""
    here = deployed(a_canary())
    here.now += 60 * SECONDS
    here.release("v2")
    here.run(timedelta(minutes=5))
    here.release("v1")
    here.run(timedelta(minutes=5))

    assert attempt_of(here).outcome == "Promoted"


def test_another_size_is_no_attempt() -> None:
    """Autoscalers would count as releases."""
    here = deployed(a_canary())
    before = attempt_of(here)
    here.now += 60 * SECONDS
    here.scale(7)
    here.settle()

    assert attempt_of(here) == before


def test_what_ended_is_counted_once() -> None:
    """An attempt in the place of another makes that one superseded, with its pause up to that moment."""
    running = Status(attempt=Attempt(START, paused_since=START + 4 * SECONDS))
    done = Status(attempt=Attempt(START, finished=START + 9 * SECONDS, paused_seconds=2, outcome="Promoted"))
    anew = Status(attempt=Attempt(START + 6 * SECONDS))

    assert ended_between(running, done) == Ended("Promoted", 9.0, 2.0)
    assert ended_between(running, anew) == Ended("Superseded", 6.0, 2.0)
    assert ended_between(done, done) is None
    assert ended_between(done, anew) is None
    assert Ended("Promoted", 9.0, 2.0).progression == 7.0


def test_an_inconclusive_analysis_waits_for_a_human() -> None:
    """Such a pause has no end of its own."""
    here = deployed(a_canary(weight(50), pause(600)))
    paused_after(here, 1)
    here.patch(pauses=(PauseCondition("InconclusiveAnalysisRun", here.now),), paused_by_controller=True)
    here.round()

    assert attempt_of(here).paused_since == here.now
