"""A rollout as its owner wants it: the one model that both dialects parse into."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.model.faults import Faults
from rollouts.model.status import Status
from rollouts.model.strategy import Holding, Pace, Strategy


@dataclass(frozen=True, slots=True)
class Rollout:
    """Spec and observed status of one rollout.

    `target` is the hash of the wanted template, `steps_hash` of the steps; `replicas` None means that nobody set it
    (1 is written back). `revision` is the rollout's own revision annotation, 0 before the first version.
    `faults` are the mistakes found while parsing: with any, nothing but the report of it happens.
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
    restart_at: datetime | None = None
    pace: Pace = Pace.EVENTS
    holding: Holding = Holding.REPLICA_SETS
    faults: Faults = ()

    @property
    def size(self) -> int:
        """Wanted pods; Argo: an absent replicas field counts as 1."""
        return 1 if self.replicas is None else self.replicas
