"""Stages that come before any strategy: is there anything to decide at all? Each names the fault that ends the round.

The order of the checks is the order of Argo's reconcile (spec/argo-rollouts.md §2.3).
"""

from dataclasses import replace

from rollouts.decide.conditions import (
    PROGRESSING,
    observe_generation,
    paused_conditions,
    set_condition,
    without_condition,
)
from rollouts.decide.duration import with_attempt
from rollouts.decide.metadata import avoided_by, metadata_of
from rollouts.decide.situation import RETRY, Ends, Situation, Step
from rollouts.decide.status import phase_of
from rollouts.model.effects import CreateVersion, FillReplicas, NumberVersion, RefreshVersion, SetRevision
from rollouts.model.faults import Fault
from rollouts.model.plan import Event
from rollouts.model.snapshot import Failure
from rollouts.model.status import Condition, Phase

INVALID_SPEC = "InvalidSpec"
DEFAULT_REPLICAS = 1


def rollout_deleted(here: Situation) -> Step | None:
    """Owner references clean up; nothing is decided any more."""
    return Step(reason="rollout is being deleted", ends=Ends.ROUND) if here.rollout.is_deleted else None


def spec_invalid(here: Situation) -> Step | None:
    """The first mistake becomes condition InvalidSpec and phase Degraded; nothing else happens until it is cured."""
    faults = here.rollout.faults or here.snapshot.reference_faults
    if not faults:
        return None
    message = f'The Rollout "{here.rollout.name}" is invalid: {faults[0]}'
    condition = Condition(INVALID_SPEC, "True", INVALID_SPEC, message, here.now, here.now)
    known = here.status.condition(INVALID_SPEC)
    status = here.status
    if known is None or known.message != message:
        status = set_condition(without_condition(status, INVALID_SPEC), condition)
    status = replace(observe_generation(here, status), phase=Phase.DEGRADED, message=f"{INVALID_SPEC}: {message}")
    events = () if status == here.observed else (Event(INVALID_SPEC, _with_cure(message, faults[0]), is_warning=True),)
    return Step(status=status, events=events, reason=message, ends=Ends.ROUND)


def name_taken(here: Situation) -> Step | None:
    """Somebody else's ReplicaSet has our name: count the collision, which changes the hash and so the name."""
    for failure in here.snapshot.failures:
        if isinstance(failure.effect, CreateVersion) and failure.reason == "AlreadyExists" and not failure.is_ours:
            status = replace(here.status, collisions=(here.status.collisions or 0) + 1)
            return Step(status=status, reason=f"name {failure.effect.name} is taken", ends=Ends.ROUND)
    return None


def new_version_missing(here: Situation) -> Step | None:
    """Create the ReplicaSet of the wanted template, without pods yet, and give the rollout its revision."""
    if here.snapshot.new is not None:
        return None
    revision = 1 + max((v.revision for v in here.versions), default=0)
    name = f"{here.rollout.name}-{here.rollout.target}"
    create = CreateVersion(
        here.rollout.target,
        name,
        replicas=0,
        desired=here.rollout.size,
        revision=revision,
        metadata=metadata_of(here, here.rollout.target),
        keeps_off=avoided_by(here, here.rollout.target),
    )
    failed = next((f for f in here.snapshot.failures if _is_creation(f, name) and not f.is_ours), None)
    if failed is not None and failed.reason != "AlreadyExists":
        return _create_failed(here, create, failed.message)
    events = (
        Event("RolloutUpdated", f"Rollout updated to revision {revision}"),
        Event("NewReplicaSetCreated", f"Created ReplicaSet {name} (revision {revision})"),
    )
    condition = Condition(
        PROGRESSING, "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', here.now, here.now
    )
    return Step(
        (create, SetRevision(revision)),
        events,
        status=set_condition(here.status, condition),
        reason=f"create ReplicaSet {name}",
        ends=Ends.ROUND,
    )


def revision_stale(here: Situation) -> Step | None:
    """A version that was there before takes the newest number; its old one joins its history."""
    new = here.new
    if new is None:
        return None
    newest = 1 + max((v.revision for v in here.versions if v.name != new.name), default=0)
    if new.revision >= newest:
        if here.rollout.revision == new.revision:
            return None
        updated = Event("RolloutUpdated", f"Rollout updated to revision {new.revision}")
        return Step((SetRevision(new.revision),), (updated,))
    former = (*new.former_revisions, new.revision)
    updated = Event("RolloutUpdated", f"Rollout updated to revision {newest}")
    return Step((NumberVersion(new.name, newest, former), SetRevision(newest)), (updated,))


def copies_dated(here: Situation) -> Step | None:
    """The new version carries the rollout's annotations and its minReadySeconds: they follow without an update."""
    new = here.new
    if new is None or not new.is_dated:
        return None
    effect = RefreshVersion(new.name)
    failed = next((failure for failure in here.snapshot.failures if failure.effect == effect), None)
    if failed is None:
        return Step((effect,))
    text = f"ReplicaSet {new.name} does not follow the rollout's annotations and minReadySeconds: {failed.message}"
    event = Event("ReplicaSetUpdateError", text, is_warning=True)
    return Step(events=(event,), wake_at=here.now + RETRY, reason=text)


def progressing_unknown(here: Situation) -> Step | None:
    """A version that was found, not made, and no word of progress yet."""
    new = here.new
    if new is None or here.status.condition(PROGRESSING) is not None:
        return None
    message = f'Found new replica set "{new.name}"'
    condition = Condition(PROGRESSING, "True", "FoundNewReplicaSet", message, here.now, here.now)
    return Step(status=set_condition(here.status, condition))


def replicas_unset(here: Situation) -> Step | None:
    """Autoscalers need the field: the default is written back into the spec."""
    if here.rollout.replicas is not None:
        return None
    return Step((FillReplicas(DEFAULT_REPLICAS),), reason="write the default size into the spec", ends=Ends.ROUND)


def pause_not_shown(here: Situation) -> Step | None:
    """The Progressing and Paused conditions follow what people and pauses did, before anything else moves."""
    if here.observed.observed_generation != str(here.rollout.generation):
        return None
    status = paused_conditions(here)
    if status is None:
        return None
    status = with_attempt(here.after(Step(status=status)))
    phase, message = phase_of(here.rollout, status)
    status = replace(status, phase=phase, message=message)
    return Step(status=status, reason="show the pause in the conditions", ends=Ends.ROUND)


def _is_creation(failure: Failure, name: str) -> bool:
    """At whatever size: a fold creates a version at the one that it would be scaled to at once."""
    return isinstance(failure.effect, CreateVersion) and failure.effect.name == name


def _create_failed(here: Situation, create: CreateVersion, message: str) -> Step:
    text = f'Failed to create new replica set "{create.name}": {message}'
    condition = Condition(PROGRESSING, "False", "ReplicaSetCreateError", text, here.now, here.now)
    status = set_condition(here.status, condition)
    event = Event("ReplicaSetCreateError", text, is_warning=True)
    return Step((create,), (event,) if status != here.status else (), status=status, reason=text, ends=Ends.ROUND)


def _with_cure(message: str, fault: Fault) -> str:
    return f"{message} ({fault.cure})" if fault.cure else message
