"""How long an update takes, and how much of that it waited for people: status.duration. A closing stage of both tuples.

An attempt begins with the first deploy, with another template or other steps, and with a retry; it ends when the
version serves at full size, or with an abort. Changes of size and of metadata are no attempts. What a finished attempt
took is counted by the shell, once the status that says so has been written (spec/argo-rollouts.md §2.15).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from rollouts.decide.pauses import BLUE_GREEN_PAUSE, CANARY_PAUSE
from rollouts.decide.situation import Situation, Step
from rollouts.model.status import Attempt, Status
from rollouts.model.strategy import BlueGreen, Canary, Pause

PROMOTED, FAST_PROMOTED, ABORTED = "Promoted", "FastPromoted", "Aborted"
ROLLED_BACK, FAST_ROLLED_BACK = "RolledBack", "FastRolledBack"
SUPERSEDED = "Superseded"
"""An attempt that another one took the place of; it is counted, and no status ever shows it."""


def measure_attempt(here: Situation) -> Step | None:
    """The attempt as this round leaves it."""
    status = with_attempt(here)
    return None if status == here.status else Step(status=status)


def with_attempt(here: Situation) -> Status:
    """The status with the attempt as this round leaves it. For rounds that have no closing stages."""
    attempt = _of_this_round(here)
    if attempt is not None and attempt.finished is None:
        attempt = _judged(here, _with_pause(here, attempt))
    return replace(here.status, attempt=attempt)


def _of_this_round(here: Situation) -> Attempt | None:
    """The attempt that goes on, or the one that begins now. Who goes back in the middle of one ends that one."""
    known = here.observed.attempt
    if here.template_changed:
        if known is not None and known.finished is None and _is_rollback(here):
            return replace(known, outcome=_rollback(here))
        return Attempt(here.now)
    if known is None:
        return None if here.is_promoted else Attempt(here.now)
    is_retry = known.outcome == ABORTED and not here.status.is_aborted and not here.is_promoted
    return Attempt(here.now) if is_retry else known


def _is_rollback(here: Situation) -> bool:
    new, stable = here.new, here.stable
    return new is not None and stable is not None and (new.name == stable.name or new.created < stable.created)


def _rollback(here: Situation) -> str:
    new, stable = here.new, here.stable
    is_fast = new is not None and stable is not None and (new.name == stable.name or here.is_way_back)
    return FAST_ROLLED_BACK if is_fast else ROLLED_BACK


def _with_pause(here: Situation, attempt: Attempt) -> Attempt:
    """The attempt with the pause of a person begun, or ended and added up in whole seconds."""
    is_paused = _is_paused_by_hand(here)
    if is_paused and attempt.paused_since is None:
        return replace(attempt, paused_since=here.now)
    return attempt if is_paused else _unpaused(attempt, here.now)


def _unpaused(attempt: Attempt, now: datetime) -> Attempt:
    if attempt.paused_since is None:
        return attempt
    waited = int((now - attempt.paused_since).total_seconds())
    return replace(attempt, paused_since=None, paused_seconds=(attempt.paused_seconds or 0) + waited)


def _is_paused_by_hand(here: Situation) -> bool:
    """Only a human can end what holds the rollout."""
    return here.rollout.is_paused or any(_waits_for_hand(here, pause.reason) for pause in here.status.pauses)


def _waits_for_hand(here: Situation, reason: str) -> bool:
    match here.rollout.strategy:
        case Canary(steps=steps) if reason == CANARY_PAUSE:
            index = here.status.step
            return index is not None and index < len(steps) and steps[index] == Pause(None)
        case BlueGreen(auto_promotion=is_automatic) if reason == BLUE_GREEN_PAUSE:
            return not is_automatic
        case _:
            return True


def _judged(here: Situation, attempt: Attempt) -> Attempt:
    """The attempt with its outcome as soon as that is known, and its end when it has come."""
    status = here.status
    if status.is_aborted:
        return replace(_unpaused(attempt, here.now), finished=here.now, outcome=ABORTED)
    if not _is_complete(status):
        return attempt
    fast = here.observed.promote_fully and here.observed.stable != ""
    outcome = attempt.outcome or (FAST_PROMOTED if fast else PROMOTED)
    attempt = replace(attempt, outcome=outcome)
    if here.new is None or here.new.available < here.rollout.size:
        return attempt
    return replace(_unpaused(attempt, here.now), finished=here.now)


def _is_complete(status: Status) -> bool:
    return status.stable != "" and status.stable == status.current


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has come to its end, in seconds; `paused` is None where nobody ever paused it by hand."""

    outcome: str
    duration: float
    paused: float | None

    @property
    def progression(self) -> float:
        """What is left of the duration without the pauses of people."""
        return self.duration - (self.paused or 0.0)


def ended_between(before: Status, after: Status) -> Ended | None:
    """The attempt that ended between two statuses. Another one in its place makes it Superseded."""
    old, new = before.attempt, after.attempt
    if old is not None and new is not None and old.finished is None and new.started != old.started:
        return _ended(_unpaused(old, new.started), new.started, SUPERSEDED)
    if new is None or new.finished is None or (old is not None and old.finished == new.finished):
        return None
    return _ended(new, new.finished, new.outcome)


def _ended(attempt: Attempt, end: datetime, outcome: str) -> Ended:
    paused = None if attempt.paused_seconds is None else float(attempt.paused_seconds)
    return Ended(outcome, (end - attempt.started).total_seconds(), paused)
