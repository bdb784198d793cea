"""The world as it will be once a plan is carried out. Called by decide/ahead and its siblings.

Only what follows from our own writes is imagined: no pod starts, gets ready or goes. Effects whose outcome others
decide are not imagined at all, which ends every fold.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide.situation import changed
from rollouts.model.effects import (
    CancelAnalysis,
    CreateVersion,
    DelayScaleDown,
    DeleteAnalysis,
    DeleteVersion,
    Effect,
    FillReplicas,
    NoteWorkload,
    NumberVersion,
    PointService,
    ScaleVersion,
    SetRevision,
    ShiftTraffic,
    StartAnalysis,
)
from rollouts.model.plan import Plan
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Analysis, Snapshot
from rollouts.model.weights import Weights
from rollouts.model.workload import Service, Version


def imagined(snapshot: Snapshot, plan: Plan, now: datetime) -> Snapshot | None:
    """The snapshot after the plan; None where nobody can tell."""
    if plan.questions:
        return None
    ahead: Snapshot | None = replace(snapshot, rollout=replace(snapshot.rollout, status=plan.status))
    for effect in plan.effects:
        if ahead is None:
            return None
        ahead = _after(ahead, effect, now)
    return ahead


def with_version(snapshot: Snapshot, version: Version) -> Snapshot:
    """The snapshot with this state of one of its versions."""
    return replace(snapshot, versions=tuple(version if v.name == version.name else v for v in snapshot.versions))


def _after(snapshot: Snapshot, effect: Effect, now: datetime) -> Snapshot | None:
    match effect:
        case CreateVersion():
            return _with_new(snapshot, effect, now)
        case ScaleVersion() | NumberVersion() | DelayScaleDown():
            return replace(snapshot, versions=tuple(changed(version, effect) for version in snapshot.versions))
        case DeleteVersion(name=name):
            return replace(snapshot, versions=tuple(v for v in snapshot.versions if v.name != name))
        case SetRevision() | NoteWorkload() | FillReplicas():
            return replace(snapshot, rollout=_written(snapshot.rollout, effect))
        case PointService(service=name, hash=hash_):
            pointed = Service(name, hash_, snapshot.rollout.name)
            return replace(snapshot, services={**snapshot.services, name: pointed}, moved_at=now)
        case ShiftTraffic(shares=shares, managed=managed):
            names = tuple(route.name for route in managed)
            route = Weights(shares.canary.weight, shares.stable.weight, shares.total, names)
            return replace(snapshot, route=route, moved_at=now)
        case StartAnalysis() | CancelAnalysis() | DeleteAnalysis():
            return _analysed(snapshot, effect, now)
        case _:
            return None


def _with_new(snapshot: Snapshot, effect: CreateVersion, now: datetime) -> Snapshot:
    made = Version(effect.name, effect.hash, effect.revision, now, effect.replicas, desired_then=effect.desired)
    made = replace(made, metadata=effect.metadata, keeps_off=effect.keeps_off)
    new = effect.name if effect.hash == snapshot.rollout.target else snapshot.new
    return replace(snapshot, versions=(*snapshot.versions, made), new=new)


def _written(rollout: Rollout, effect: SetRevision | NoteWorkload | FillReplicas) -> Rollout:
    match effect:
        case SetRevision(revision=revision):
            return replace(rollout, revision=revision)
        case NoteWorkload(generation=generation):
            return replace(rollout, workload_generation=generation)
        case FillReplicas(replicas=replicas):
            return replace(rollout, replicas=replicas, generation=rollout.generation + 1)


def _analysed(snapshot: Snapshot, effect: StartAnalysis | CancelAnalysis | DeleteAnalysis, now: datetime) -> Snapshot:
    runs = snapshot.analyses
    match effect:
        case StartAnalysis(name=name):
            runs = (*runs, Analysis(name, effect.role, "", "", effect.hash, effect.step, now))
        case CancelAnalysis(name=name):
            runs = tuple(replace(run, is_terminating=True) if run.name == name else run for run in runs)
        case DeleteAnalysis(name=name):
            runs = tuple(run for run in runs if run.name != name)
    return replace(snapshot, analyses=runs)
