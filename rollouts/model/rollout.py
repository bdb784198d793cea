"""A rollout as its owner wants it: the one model that both dialects parse into."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.model.command import Command
from rollouts.model.faults import Faults
from rollouts.model.status import Status
from rollouts.model.strategy import Canary, Holding, Pace, Strategy


@dataclass(frozen=True, slots=True)
class WorkloadRef:
    """The workload whose pod template the rollout takes: a Deployment, a ReplicaSet or a PodTemplate.

    `scale_down` says what becomes of a Deployment's own pods: `never`, `onsuccess` or `progressively`.
    """

    api_version: str
    kind: str
    name: str
    scale_down: str = "never"


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """How many finished AnalysisRuns and Experiments of each outcome are kept."""

    successful: int = 5
    unsuccessful: int = 5


PING, PONG = "ping", "pong"


@dataclass(frozen=True, slots=True)
class Roles:
    """The Services of a canary by the version that they lead to, "" where there is none."""

    stable: str = ""
    canary: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Spec and observed status of one rollout.

    `target` is the hash of the wanted template, `steps_hash` of the steps; `replicas` None means that nobody set it
    (1 is written back). `revision` is the rollout's own revision annotation, 0 before the first version.
    `faults` are the mistakes found while parsing: with any, nothing but the report of it happens. With `workload` the
    template is somebody else's; `workload_generation` is the generation of it that was noted last ("": none).
    `reverts`: deleted, it gives back what it took; `is_held_back` says that it cannot go before (our finalizer).
    `configs` are hashes of the configuration that the template names, by its place (None: not looked after).
    `rollback_window` None means that every way back walks all steps. `is_partly_read`: something in the manifest is no
    value of its type, so that the dialect knows only a part of it, and makes pods of that. `command` is what a person
    asks of the present run.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    generation: int
    target: str
    strategy: Strategy
    status: Status
    replicas: int | None = None
    steps_hash: str = ""
    revision: int = 0
    selector: str = ""
    history_limit: int = 10
    min_ready: timedelta = timedelta()
    progress_deadline: timedelta = timedelta(seconds=600)
    aborts_at_deadline: bool = False
    is_paused: bool = False
    is_suspended: bool = False
    is_deleted: bool = False
    reverts: bool = False
    is_held_back: bool = False
    restart_at: datetime | None = None
    rollback_window: int | None = None
    runs_kept: HistoryLimits = HistoryLimits()
    workload: WorkloadRef | None = None
    workload_generation: str = ""
    configs: Mapping[str, str] | None = None
    pace: Pace = Pace.EVENTS
    holding: Holding = Holding.REPLICA_SETS
    is_partly_read: bool = False
    command: Command | None = None
    faults: Faults = ()

    @property
    def services(self) -> "Roles":
        """Which Service leads to which version now; with ping-pong the two swap at each promotion."""
        if not isinstance(self.strategy, Canary):
            return Roles()
        pair = self.strategy.ping_pong
        if pair is None:
            return Roles(self.strategy.stable_service, self.strategy.canary_service)
        is_ping = self.status.canary.stable_side == PING
        return Roles(pair.ping, pair.pong) if is_ping else Roles(pair.pong, pair.ping)

    @property
    def size(self) -> int:
        """Wanted pods; Argo: an absent replicas field counts as 1."""
        return 1 if self.replicas is None else self.replicas
