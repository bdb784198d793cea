"""Held versions as Kubernetes objects: effects rendered into changes, and live objects read as versions. Pure.

Called by controller/observe (`replicasets.versions`, `replicasets.find_new`) and controller/apply (`render`).
"""

from rollouts.model.effects import (
    AdoptVersion,
    CallGate,
    CancelAnalysis,
    CancelExperiment,
    CreateCopy,
    CreateVersion,
    DelayScaleDown,
    DeleteAnalysis,
    DeleteExperiment,
    DeleteVersion,
    Effect,
    EvictPod,
    FillReplicas,
    GiveBack,
    HoldBack,
    HoldScaler,
    MarkPods,
    MarkVersion,
    MatchScaler,
    NoteWorkload,
    NumberVersion,
    OverwriteCopy,
    PlaceVersion,
    PointService,
    RefreshVersion,
    ReleaseVersion,
    ScaleTarget,
    ScaleVersion,
    ServeCopy,
    SetRevision,
    ShiftTraffic,
    StartAnalysis,
    StartExperiment,
    Tend,
)
from rollouts.model.keys import REVISION, WORKLOAD_GENERATION
from rollouts.model.objects import Change, Json, Modify, Ref, Remove
from rollouts.model.rollout import Rollout
from rollouts.workloads import affinity, claims, metadata, references, replicasets, services

_API = "argoproj.io/v1alpha1"


_OfVersion = CreateVersion | ScaleVersion | NumberVersion | RefreshVersion | DelayScaleDown | DeleteVersion
_Tie = PointService | AdoptVersion | ReleaseVersion
_OfRollout = SetRevision | NoteWorkload | FillReplicas
_OfAnalysis = CancelAnalysis | DeleteAnalysis | CancelExperiment | DeleteExperiment
_OfTemplate = MarkVersion | PlaceVersion


def render(effect: Effect, rollout: Rollout, manifest: Json) -> Change:
    """The change that carries out an effect. `manifest` is the rollout's own object.

    Raises ValueError for effects that other layers carry out (routes, analyses, gates) and for those of a target and
    its copy, which no shell carries out yet.
    """
    match effect:
        case CreateVersion() | ScaleVersion() | NumberVersion() | RefreshVersion() | DelayScaleDown() | DeleteVersion():
            return _version(effect, rollout, manifest)
        case SetRevision() | NoteWorkload() | FillReplicas():
            return _own(effect, rollout)
        case ScaleTarget(replicas=replicas) if rollout.workload is not None:
            return references.scale(rollout.workload, rollout.namespace, replicas)
        case CancelAnalysis() | DeleteAnalysis() | CancelExperiment() | DeleteExperiment():
            return _analysis(effect, rollout)
        case PointService() | AdoptVersion() | ReleaseVersion():
            return _tied(effect, rollout, manifest)
        case MarkVersion() | PlaceVersion():
            return Modify(replicasets.ref(rollout, effect.name), _template(effect, rollout, manifest))
        case MarkPods() | EvictPod():
            raise ValueError(f"{type(effect).__name__} is about pods, which have to be read first")
        case ShiftTraffic() | StartAnalysis() | StartExperiment() | CallGate():
            raise ValueError(f"{type(effect).__name__} is not about workloads")
        case (
            CreateCopy()
            | OverwriteCopy()
            | ServeCopy()
            | ScaleTarget()
            | HoldScaler()
            | MatchScaler()
            | Tend()
            | GiveBack()
            | HoldBack()
        ):
            raise ValueError(f"{type(effect).__name__} is not rendered here")


def _version(effect: _OfVersion, rollout: Rollout, manifest: Json) -> Change:
    match effect:
        case CreateVersion():
            return replicasets.create(effect, rollout, manifest)
        case ScaleVersion():
            return replicasets.scale(effect, rollout)
        case NumberVersion():
            return replicasets.number(effect, rollout)
        case RefreshVersion():
            return replicasets.refresh(effect, rollout, manifest)
        case DelayScaleDown():
            return replicasets.delay(effect, rollout)
        case DeleteVersion(name=name):
            return Remove(replicasets.ref(rollout, name), propagation="Background")


def _tied(effect: _Tie, rollout: Rollout, manifest: Json) -> Change:
    match effect:
        case PointService():
            return services.point(effect, rollout)
        case AdoptVersion():
            return claims.adopt(effect, rollout, manifest)
        case ReleaseVersion():
            return claims.release(effect, rollout)


def _template(effect: _OfTemplate, rollout: Rollout, manifest: Json) -> Json:
    """The patch that changes what the next pods of a version get."""
    match effect:
        case MarkVersion():
            return metadata.mark(effect)
        case PlaceVersion():
            return affinity.place(effect, manifest["spec"]["template"], affinity.rule_of(rollout.strategy))


def _analysis(effect: _OfAnalysis, rollout: Rollout) -> Change:
    kind = "AnalysisRun" if isinstance(effect, CancelAnalysis | DeleteAnalysis) else "Experiment"
    address = Ref(_API, kind, rollout.namespace, effect.name)
    match effect:
        case CancelAnalysis() | CancelExperiment():
            return Modify(address, {"spec": {"terminate": True}})
        case DeleteAnalysis() | DeleteExperiment():
            return Remove(address, propagation="Background")


def _own(effect: _OfRollout, rollout: Rollout) -> Modify:
    """A change of the rollout's own object, and of no other that was made in its place: the server checks the uid."""
    identity = {"uid": rollout.uid}
    match effect:
        case SetRevision(revision=revision):
            body: Json = {"metadata": {**identity, "annotations": {REVISION: str(revision)}}}
        case NoteWorkload(generation=generation):
            body = {"metadata": {**identity, "annotations": {WORKLOAD_GENERATION: generation}}}
        case FillReplicas(replicas=count):
            body = {"metadata": identity, "spec": {"replicas": count}}
    return Modify(Ref(_API, rollout.kind, rollout.namespace, rollout.name), body)
