"""What came of minding one version or one analysis; and the questions about the whole that both ask."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from analysis.model import Phase
from rollouts.model.experiment import (
    ExperimentEffect,
    ExperimentFailure,
    ExperimentSnapshot,
    ExperimentSpec,
    ExperimentStatus,
    RunStatus,
    TemplateStatus,
)
from rollouts.model.plan import Event

S = TypeVar("S", TemplateStatus, RunStatus)


@dataclass(frozen=True, slots=True)
class Part(Generic[S]):
    """The new status of one part of an experiment, with what is to be done and told for it."""

    status: S
    effects: tuple[ExperimentEffect, ...] = ()
    events: tuple[Event, ...] = ()
    shared: tuple[Event, ...] = ()


Minded = Part[TemplateStatus] | Part[RunStatus]


def is_ending(seen: ExperimentSnapshot) -> bool:
    """Nothing more is begun: a user, a rollout, an end that it came to, or a part that went bad says so."""
    status = seen.status
    return (
        seen.spec.is_terminated
        or status.phase.is_done
        or any(template.phase.is_bad for template in status.templates)
        or any(run.phase.is_bad for run in status.runs)
        or has_required_passed(seen.spec, status)
    )


def has_required_passed(spec: ExperimentSpec, status: ExperimentStatus) -> bool:
    """There are analyses that the experiment waits for, and all of them have succeeded."""
    required = [analysis.name for analysis in spec.analyses if analysis.is_required]
    return bool(required) and all(status.run(name).phase is Phase.SUCCESSFUL for name in required)


def is_over(seen: ExperimentSnapshot, now: datetime) -> bool:
    """Its duration has passed since all versions were available."""
    ends = ends_at(seen.spec, seen.status)
    return ends is not None and now >= ends


def ends_at(spec: ExperimentSpec, status: ExperimentStatus) -> datetime | None:
    """When its duration has passed; None where that is not known, or never."""
    if spec.duration is None or status.available_at is None:
        return None
    return status.available_at + spec.duration


def refusal(seen: ExperimentSnapshot, effect: ExperimentEffect) -> ExperimentFailure | None:
    """What the API server said to this effect in the round before."""
    return next((failure for failure in seen.failures if failure.effect == effect), None)
