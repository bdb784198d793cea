"""What a Plan does to the cluster: a closed union, applied in order by controller/apply.

Effects name things by hash or name; rendering (bodies, patches) belongs to workloads and traffic.
"""

from dataclasses import dataclass, field
from datetime import datetime

from rollouts.model.questions import AskGate
from rollouts.model.strategy import AnalysisRef, Experiment, ManagedRoute, PodMetadata
from rollouts.model.weights import Shares


@dataclass(frozen=True, slots=True)
class CreateVersion:
    """Create the ReplicaSet of the rollout's target template, at `replicas` pods, as `revision`.

    Its pods carry `metadata` and, where `keeps_off` names a version, avoid the nodes of that one's pods.
    """

    hash: str
    name: str
    replicas: int
    desired: int
    revision: int
    metadata: PodMetadata = field(default=PodMetadata(), hash=False)
    keeps_off: str = ""


@dataclass(frozen=True, slots=True)
class ScaleVersion:
    """Set the size of a held version and remember the rollout's size (`desired`) beside it.

    `keeps_delay` False also drops the version's scale-down deadline.
    """

    name: str
    replicas: int
    desired: int
    keeps_delay: bool = True


@dataclass(frozen=True, slots=True)
class NumberVersion:
    """Give a reused version a new revision; the old number joins its history."""

    name: str
    revision: int
    former: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshVersion:
    """Bring a version's copies of the rollout's annotations and minReadySeconds up to date."""

    name: str


@dataclass(frozen=True, slots=True)
class DelayScaleDown:
    """Keep a version until `until` (None: drop its deadline)."""

    name: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MarkVersion:
    """Put a role's metadata into a version's template: its next pods carry it. The keys of `former` go.

    `is_pending` notes it as begun: the pods that are there follow (MarkPods), then the same effect without it.
    """

    name: str
    metadata: PodMetadata = field(hash=False)
    former: PodMetadata = field(hash=False)
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class MarkPods:
    """Bring the version's pods to a role's metadata, all at once; the keys of `former` go."""

    name: str
    metadata: PodMetadata = field(hash=False)
    former: PodMetadata = field(hash=False)


@dataclass(frozen=True, slots=True)
class PlaceVersion:
    """Let the next pods of the target's version avoid the nodes of the version `keeps_off` ("": of none)."""

    name: str
    keeps_off: str


@dataclass(frozen=True, slots=True)
class EvictPod:
    """Ask a pod of a version to go; a disruption budget may forbid it for now."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class AdoptVersion:
    """Become the owner of a ReplicaSet that nobody owns, if the rollout is still the one that was observed."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ReleaseVersion:
    """Give up a ReplicaSet whose labels are not the rollout's any more."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteVersion:
    """Remove an old version (background propagation)."""

    name: str


@dataclass(frozen=True, slots=True)
class SetRevision:
    """Write the revision annotation of the rollout itself."""

    revision: int


@dataclass(frozen=True, slots=True)
class NoteWorkload:
    """Write down, as an annotation of the rollout, which generation its template was taken from."""

    generation: str


@dataclass(frozen=True, slots=True)
class FillReplicas:
    """Write the default size back into the spec (autoscalers need it)."""

    replicas: int


@dataclass(frozen=True, slots=True)
class PointService:
    """Make a Service select the version with this hash, and mark it as managed by the rollout."""

    service: str
    hash: str


@dataclass(frozen=True, slots=True)
class ShiftTraffic:
    """Bring every route of the rollout to these shares, and its managed routes to just these.

    `is_correction`: they were there before, and somebody else has changed them. `is_mirrored`: the new version gets
    copies of requests.
    """

    shares: Shares
    managed: tuple[ManagedRoute, ...] = ()
    is_correction: bool = False
    is_mirrored: bool = False


@dataclass(frozen=True, slots=True)
class StartAnalysis:
    """Create an AnalysisRun. `role` is Step, Background, PrePromotion or PostPromotion; `step` its index if any."""

    name: str
    role: str
    analysis: AnalysisRef
    hash: str
    revision: int
    step: int | None = None


@dataclass(frozen=True, slots=True)
class CancelAnalysis:
    """Ask a running AnalysisRun to end (spec.terminate)."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteAnalysis:
    """Remove a finished AnalysisRun that nobody needs any more."""

    name: str


@dataclass(frozen=True, slots=True)
class StartExperiment:
    """Create the Experiment of a canary's step, out of the versions with these hashes."""

    name: str
    experiment: Experiment
    hash: str
    stable: str
    revision: int


@dataclass(frozen=True, slots=True)
class CancelExperiment:
    """Ask a running Experiment to end (spec.terminate)."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteExperiment:
    """Remove a finished Experiment that nobody needs any more."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateCopy:
    """Create the copy of the target workload, and the Services that lead to both."""

    name: str
    replicas: int


@dataclass(frozen=True, slots=True)
class OverwriteCopy:
    """Overwrite the copy's template by the target's (`hash`): promotion by copy."""

    name: str
    hash: str


@dataclass(frozen=True, slots=True)
class ServeCopy:
    """Lead the Service that everybody calls to the copy."""

    service: str


@dataclass(frozen=True, slots=True)
class ScaleTarget:
    """Scale the user's own workload: the one beside its copy, or the one that the rollout takes its template from."""

    name: str
    replicas: int


@dataclass(frozen=True, slots=True)
class HoldScaler:
    """Keep the user's autoscaler off the target while that rests (`is_held`), or let it go."""

    name: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class MatchScaler:
    """Bring the autoscaler of the copy to what the user's own (`name`) says now."""

    name: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Lead everybody to the target again, by the Service that they call and by the route, as it was before us."""


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Put our finalizer on the rollout (`is_held`), or take it off."""

    is_held: bool


@dataclass(frozen=True, slots=True)
class Tend:
    """Bring generated objects to what the manifest wants: `part` is one of TENDED."""

    part: str


SERVICES, SCALER, ROUTE = "services", "scaler", "route"
TENDED = (SERVICES, SCALER, ROUTE)


@dataclass(frozen=True, slots=True)
class CallGate:
    """Tell a webhook once the effects before are done; nobody waits for its answer, which joins a later Snapshot."""

    question: AskGate


Effect = (
    CreateVersion
    | ScaleVersion
    | NumberVersion
    | DelayScaleDown
    | MarkVersion
    | MarkPods
    | PlaceVersion
    | RefreshVersion
    | EvictPod
    | AdoptVersion
    | ReleaseVersion
    | DeleteVersion
    | SetRevision
    | NoteWorkload
    | FillReplicas
    | PointService
    | ShiftTraffic
    | StartAnalysis
    | CancelAnalysis
    | DeleteAnalysis
    | StartExperiment
    | CancelExperiment
    | DeleteExperiment
    | CreateCopy
    | OverwriteCopy
    | ServeCopy
    | ScaleTarget
    | CallGate
    | GiveBack
    | HoldBack
    | HoldScaler
    | MatchScaler
    | Tend
)
