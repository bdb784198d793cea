"""When a rollout stands still, and when it goes on. Pauses live in the status, where people clear them.

The protocol (spec/argo-rollouts.md §2.7): the controller adds a pause and remembers in `paused_by_controller` that it
did; a pause that is gone while that mark stands was lifted by a human.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide.situation import Situation, Step
from rollouts.model.plan import Event
from rollouts.model.status import PauseCondition, Status
from rollouts.model.strategy import BlueGreen, Canary, Pause

CANARY_PAUSE = "CanaryPauseStep"
BLUE_GREEN_PAUSE = "BlueGreenPause"
INCONCLUSIVE = "InconclusiveAnalysisRun"
INCONCLUSIVE_EXPERIMENT = "InconclusiveExperiment"


def with_pause(status: Status, reason: str, now: datetime) -> Status:
    """The status with this pause, begun now unless it stands already."""
    if status.paused_for(reason):
        return status
    return replace(status, pauses=(*status.pauses, PauseCondition(reason, now)), paused_by_controller=True)


def without_pause(status: Status, reason: str) -> Status:
    """The status without this pause; the mark goes with the last one."""
    left = tuple(p for p in status.pauses if p.reason != reason)
    return replace(status, pauses=left, paused_by_controller=status.paused_by_controller and bool(left))


def without_pauses(status: Status) -> Status:
    """The status with no pause and no mark of one."""
    return replace(status, pauses=(), paused_by_controller=False)


def without_abort(status: Status) -> Status:
    """The status of a rollout that was never aborted, or is tried again."""
    return replace(status, is_aborted=False, aborted_at=None)


def aborted(status: Status, now: datetime) -> Status:
    """The status of an abort that begins, or went on since before; pauses end with it."""
    return replace(without_pauses(status), is_aborted=True, aborted_at=status.aborted_at or now)


def was_lifted(status: Status) -> bool:
    """The controller had paused, and somebody has cleared the pause."""
    return status.paused_by_controller and not status.pauses


def canary_pause_ends_at(here: Situation, pause: Pause) -> datetime | None:
    """When the current pause step is over; None while it has not begun, or for a human to say."""
    begun = here.observed.paused_for(CANARY_PAUSE)
    return None if begun is None or pause.duration is None else begun.since + pause.duration


def is_canary_pause_over(here: Situation, pause: Pause) -> bool:
    """Lifted by a human, or its time has come."""
    ends_at = canary_pause_ends_at(here, pause)
    return was_lifted(here.observed) or (ends_at is not None and here.now >= ends_at)


def is_blue_green_pause_over(here: Situation, strategy: BlueGreen) -> bool:
    """Nothing to wait for, begun already, lifted by a human, or the time for auto-promotion has come."""
    if here.observed.blue_green.may_grow:
        return True
    if strategy.auto_promotion and strategy.auto_promotion_after is None:
        return True
    begun = here.observed.paused_for(BLUE_GREEN_PAUSE)
    if begun is None:
        return was_lifted(here.observed)
    after = strategy.auto_promotion_after
    return strategy.auto_promotion and after is not None and here.now >= begun.since + after


def begin_canary_pause(here: Situation) -> Step | None:
    """At a pause step: begin it, or say when it ends."""
    strategy, status = here.rollout.strategy, here.status
    if not isinstance(strategy, Canary) or here.rollout.is_paused or status.is_aborted:
        return None
    if status.step is None or status.step >= len(strategy.steps):
        return None
    pause = strategy.steps[status.step]
    if not isinstance(pause, Pause):
        return None
    if here.observed.paused_for(CANARY_PAUSE) is None:
        if here.observed.paused_by_controller:
            return None
        status = with_pause(status, CANARY_PAUSE, here.now)
    place = f"step {status.step + 1} of {len(strategy.steps)}: pause" if status.step is not None else "pause"
    ends_at = None if pause.duration is None else _since(status) + pause.duration
    if ends_at is None:
        return Step(status=status, reason=f"{place} until promoted")
    wake_at = ends_at if ends_at > here.now else None
    return Step(status=status, wake_at=wake_at, reason=f"{place} until {ends_at:%H:%M:%S}")


def _since(status: Status) -> datetime:
    pause = status.paused_for(CANARY_PAUSE)
    assert pause is not None  # the caller has just put it there
    return pause.since


def tell_of_pause(here: Situation) -> Step | None:
    """Events of pauses that begin or end with this round; an abort tells its own story."""
    was, now = bool(here.observed.pauses), bool(here.status.pauses)
    if was == now or here.status.is_aborted:
        return None
    if now:
        return Step(events=(Event("RolloutPaused", f"Rollout is paused ({here.status.pauses[0].reason})"),))
    return Step(events=(Event("RolloutResumed", "Rollout is resumed"),))
