"""The conditions of an experiment. Called by decide_experiment as the last of a round.

Argo never says ExperimentCompleted, although it means to (the test for it asks for an experiment that has *not* ended);
here it is said once an experiment has ended and its pods are gone.
"""

from dataclasses import replace
from datetime import datetime

from analysis.model import Phase
from rollouts.decide.conditions import INVALID_SPEC, PROGRESSING, with_condition
from rollouts.decide.experiment.minded import is_over
from rollouts.model.experiment import ExperimentSnapshot, ExperimentStatus
from rollouts.model.status import Condition


def refused(seen: ExperimentSnapshot, now: datetime) -> ExperimentStatus:
    """The status that names the first mistake of the spec; everything else stays as it is."""
    message, known = seen.spec.faults[0].message, _known(seen.status, INVALID_SPEC)
    if known is not None and known.message == message:
        return seen.status
    status = _without(seen.status, INVALID_SPEC)
    return _with(status, _condition(now, INVALID_SPEC, "True", INVALID_SPEC, message))


def concluded(seen: ExperimentSnapshot, status: ExperimentStatus, now: datetime) -> ExperimentStatus:
    """The status of a valid experiment with what is to be said of its progress."""
    status, name = _without(status, INVALID_SPEC), f'Experiment "{seen.spec.name}"'
    if status.phase.is_done and not any(template.replicas for template in status.templates):
        is_well = status.phase is Phase.SUCCESSFUL
        said = "has successfully ran and completed." if is_well else f"has ended: {status.phase}."
        return _with(status, _condition(now, PROGRESSING, "False", "ExperimentCompleted", f"{name} {said}"))
    if _has_progressed(seen.status, status):
        known = _known(status, PROGRESSING)
        news = _condition(now, PROGRESSING, "True", "ReplicaSetUpdated", f"{name} is progressing.")
        if known is not None and known.status == news.status:
            news = replace(news, changed=known.changed)
        return _with(_without(status, PROGRESSING), news)
    if seen.status.available_at is not None and not status.phase.is_done and not is_over(seen, now):
        return _with(status, _condition(now, PROGRESSING, "True", "NewReplicaSetAvailable", f"{name} is running."))
    return status


def _has_progressed(before: ExperimentStatus, after: ExperimentStatus) -> bool:
    """A version more, or other numbers of pods."""
    if len(before.templates) < len(after.templates):
        return True
    pairs = ((before.template(template.name), template) for template in after.templates)
    return any(
        (old.replicas, old.updated, old.ready, old.available) != (new.replicas, new.updated, new.ready, new.available)
        for old, new in pairs
    )


def _known(status: ExperimentStatus, type_: str) -> Condition | None:
    return next((condition for condition in status.conditions if condition.type == type_), None)


def _with(status: ExperimentStatus, condition: Condition) -> ExperimentStatus:
    return replace(status, conditions=with_condition(status.conditions, condition))


def _without(status: ExperimentStatus, type_: str) -> ExperimentStatus:
    return replace(status, conditions=tuple(c for c in status.conditions if c.type != type_))


def _condition(now: datetime, type_: str, value: str, reason: str, message: str) -> Condition:
    at = now.replace(microsecond=0)
    return Condition(type_, value, reason, message, at, at)
