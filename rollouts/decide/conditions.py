"""The conditions of a rollout: what users, `kubectl wait` and Argo CD read. Called by the closing stages.

An unchanged (status, reason) is left alone, message and times included; a condition that changes moves to the end of
the list. Both are Argo's ways, and tools have come to rely on them.
"""

from dataclasses import replace
from datetime import timedelta

from rollouts.decide.situation import Situation, Step
from rollouts.model.plan import Event
from rollouts.model.status import Condition, Status
from rollouts.model.strategy import Analyse, BlueGreen, Canary, Experiment, Pause, RunPlugin

PROGRESSING = "Progressing"
AVAILABLE = "Available"
PAUSED = "Paused"
HEALTHY = "Healthy"
COMPLETED = "Completed"
REPLICA_FAILURE = "ReplicaFailure"
INVALID_SPEC = "InvalidSpec"

_NEVER_TIMED_OUT = ("RolloutAborted", "RolloutPaused")


def set_condition(status: Status, condition: Condition) -> Status:
    """The status with this condition, unless its status and reason stand already."""
    return replace(status, conditions=with_condition(status.conditions, condition))


def with_condition(conditions: tuple[Condition, ...], condition: Condition) -> tuple[Condition, ...]:
    """The conditions with this one, which is left as it is where its status and reason stand already."""
    known = next((c for c in conditions if c.type == condition.type), None)
    if known is not None and (known.status, known.reason) == (condition.status, condition.reason):
        return conditions
    if known is not None and known.status == condition.status:
        condition = replace(condition, changed=known.changed)
    return (*(c for c in conditions if c.type != condition.type), condition)


def without_condition(status: Status, type_: str) -> Status:
    """The status without any condition of this type."""
    return replace(status, conditions=tuple(c for c in status.conditions if c.type != type_))


def observe_generation(here: Situation, status: Status) -> Status:
    """The status that says: this spec has been seen."""
    return replace(status, observed_generation=str(here.rollout.generation))


def paused_conditions(here: Situation) -> Status | None:
    """The status with Progressing and Paused in step with pauses and aborts; None where they are."""
    status, observed = here.status, here.observed
    progressing = observed.condition(PROGRESSING)
    reason = progressing.reason if progressing else ""
    is_paused = bool(observed.pauses) or here.rollout.is_paused
    was_aborted = reason == "RolloutAborted"
    if is_paused != (reason == "RolloutPaused") and not was_aborted:
        told = ("RolloutPaused", "Rollout is paused") if is_paused else ("RolloutResumed", "Rollout is resumed")
        status = set_condition(status, _condition(here, PROGRESSING, "Unknown", *told))
    if was_aborted and not observed.is_aborted:
        retried = ("RolloutRetry", "Retrying Rollout after abort")
        status = set_condition(status, _condition(here, PROGRESSING, "Unknown", *retried))
    paused = observed.condition(PAUSED)
    shows_pause = paused is not None and paused.status == "True"
    if is_paused != shows_pause and not was_aborted:
        value = "True" if is_paused else "False"
        status = set_condition(status, _condition(here, PAUSED, value, "RolloutPaused", "Rollout is paused"))
    return None if status == here.status else status


def mark_conditions(here: Situation) -> Step:
    """All conditions of a valid rollout, in Argo's order; may begin an abort when the deadline has passed."""
    here = replace(here, events=(), wakes=())
    here = here.after(Step(status=without_condition(here.status, INVALID_SPEC)))
    here, became_unhealthy = _mark_healthy(here)
    here = _mark_aborted(here)
    here = _mark_progress(here, became_unhealthy=became_unhealthy)
    here = _mark_available(here)
    here = _mark_failure(here)
    here = _mark_completed(here)
    return Step(status=here.status, events=here.events, wake_at=min(here.wakes, default=None), abort=here.abort)


def is_healthy(here: Situation) -> bool:
    """Everything the user asked for stands, by the counts of the status under construction."""
    status, size = here.status, here.rollout.size
    if status.counts.updated != size or status.counts.available != size:
        return False
    if here.observed.observed_generation != str(here.rollout.generation):
        return False
    match here.rollout.strategy:
        case BlueGreen(preview_service=preview):
            shown = not preview or status.blue_green.preview == status.current
            return shown and status.blue_green.active == status.current
        case Canary(steps=steps):
            has_run = not steps or status.step is None or status.step == len(steps)
            return has_run and _is_completed(status) and status.counts.replicas == size
        case _:
            return False


def _condition(here: Situation, type_: str, value: str, reason: str, message: str) -> Condition:
    return Condition(type_, value, reason, message, here.now, here.now)


def _is_paused(here: Situation) -> bool:
    return bool(here.status.pauses) or here.rollout.is_paused


def _is_completed(status: Status) -> bool:
    return status.stable != "" and status.stable == status.current


def _mark_healthy(here: Situation) -> tuple[Situation, bool]:
    if not _is_paused(here) and is_healthy(here):
        well = _condition(here, HEALTHY, "True", "RolloutHealthy", "Rollout is healthy")
        return here.after(Step(status=set_condition(here.status, well))), False
    if here.observed.condition(HEALTHY) is None:
        return here, False
    unwell = _condition(here, HEALTHY, "False", "RolloutHealthy", "Rollout is not healthy")
    status = set_condition(here.status, unwell)
    return here.after(Step(status=status)), status != here.status


def _mark_aborted(here: Situation) -> Situation:
    if not here.status.is_aborted:
        return here
    message = f"Rollout aborted update to revision {here.rollout.revision}"
    if here.abort:
        message = f"{message}: {here.abort}"
    status = set_condition(here.status, _condition(here, PROGRESSING, "False", "RolloutAborted", message))
    events = () if status == here.status else (Event("RolloutAborted", message, is_warning=True),)
    return here.after(Step(status=status, events=events))


def _mark_progress(here: Situation, *, became_unhealthy: bool) -> Situation:
    known = here.observed.condition(PROGRESSING)
    counts = here.status.counts
    is_settled = (
        known is not None
        and (known.status, known.reason) == ("True", "NewReplicaSetAvailable")
        and counts.replicas == counts.available
        and not became_unhealthy
        and not _has_progressed(here)
    )
    if is_settled or here.status.is_aborted:
        return here
    name = here.new.name if here.new else here.rollout.name
    if is_healthy(here) and not _is_paused(here):  # a healthy rollout may be held: then it shows the pause
        done = f'ReplicaSet "{name}" has successfully progressed.'
        condition = _condition(here, PROGRESSING, "True", "NewReplicaSetAvailable", done)
        return here.after(Step(status=set_condition(here.status, condition)))
    if _has_progressed(here) or became_unhealthy:
        return here.after(Step(status=_progressed(here, name, became_unhealthy=became_unhealthy)))
    return _mark_timeout(here, name)


def _progressed(here: Situation, name: str, *, became_unhealthy: bool) -> Status:
    """Progress renews the condition's time even where nothing else in it changes."""
    reason, message = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
    if _is_completed(here.status) and became_unhealthy:
        reason, message = "ReplicaSetNotAvailable", "Rollout does not have minimum availability"
    known = here.observed.condition(PROGRESSING)
    condition = _condition(here, PROGRESSING, "True", reason, message)
    if known is not None and known.status == "True":
        condition = replace(condition, changed=known.changed)
    rest = without_condition(here.status, PROGRESSING).conditions
    return replace(here.status, conditions=(*rest, condition))


def _has_progressed(here: Situation) -> bool:
    old, new = here.observed, here.status
    old_left = old.counts.replicas - old.counts.updated
    new_left = new.counts.replicas - new.counts.updated
    return (
        new.counts.updated != old.counts.updated
        or new_left < old_left
        or new.counts.ready > old.counts.ready
        or new.counts.available > old.counts.available
        or new.stable != old.stable
        or new.step != old.step
        or new.steps_hash != old.steps_hash
        or (new.blue_green.active, new.blue_green.preview) != (old.blue_green.active, old.blue_green.preview)
    )


def _mark_timeout(here: Situation, name: str) -> Situation:
    known = here.status.condition(PROGRESSING)
    if known is None or known.reason in _NEVER_TIMED_OUT or _waits_by_design(here):
        return here
    deadline = known.updated + here.rollout.progress_deadline
    if known.reason != "ProgressDeadlineExceeded" and here.now <= deadline:
        return here.after(Step(wake_at=deadline + timedelta(seconds=1)))
    message = f'ReplicaSet "{name}" has timed out progressing.'
    late = _condition(here, PROGRESSING, "False", "ProgressDeadlineExceeded", message)
    here = here.after(Step(status=set_condition(here.status, late)))
    if not here.rollout.aborts_at_deadline or _is_completed(here.status) or here.status.promote_fully:
        return here  # with nothing to go back to, or against the user's word, an abort would come and go for ever
    event = Event("RolloutAborted", message, is_warning=True)
    aborted = replace(here.status, is_aborted=True, aborted_at=here.now)
    return _mark_aborted(here.after(Step(status=aborted, events=(event,), abort=message)))


def _waits_by_design(here: Situation) -> bool:
    """Paused, at a step without an end of its own, or only waiting for old versions' deadlines."""
    if _is_paused(here):
        return True
    if any(v.scale_down_at is not None for v in here.others):
        return True
    strategy, step = here.rollout.strategy, here.status.step
    if not isinstance(strategy, Canary) or step is None or step >= len(strategy.steps):
        return False
    return isinstance(strategy.steps[step], Pause | Analyse | Experiment | RunPlugin)


def _mark_available(here: Situation) -> Situation:
    if isinstance(here.rollout.strategy, BlueGreen):
        active = here.version_of(here.status.blue_green.active)
        is_available = active is not None and active.is_saturated and active.replicas == here.rollout.size
    else:
        is_available = sum(v.available for v in here.versions) >= here.rollout.size
    value, word = ("True", "has") if is_available else ("False", "does not have")
    message = f"Rollout {word} minimum availability"
    condition = _condition(here, AVAILABLE, value, "AvailableReason", message)
    return here.after(Step(status=set_condition(here.status, condition)))


def _mark_failure(here: Situation) -> Situation:
    failed = here.new.failure if here.new and here.new.failure else None
    failed = failed or next((v.failure for v in here.versions if v.failure), None)
    if failed is None:
        return here.after(Step(status=without_condition(here.status, REPLICA_FAILURE)))
    condition = _condition(here, REPLICA_FAILURE, "True", *failed)
    return here.after(Step(status=set_condition(here.status, condition)))


def _mark_completed(here: Situation) -> Situation:
    value = "True" if _is_completed(here.status) else "False"
    condition = _condition(here, COMPLETED, value, "RolloutCompleted", "RolloutCompleted")
    status = set_condition(here.status, condition)
    events: tuple[Event, ...] = ()
    if status != here.status and value == "False":
        revision = here.new.revision if here.new else here.rollout.revision
        message = f"Rollout not completed, started update to revision {revision} ({here.status.current})"
        events = (Event("RolloutNotCompleted", message),)
    return here.after(Step(status=status, events=events))
