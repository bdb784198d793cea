"""The versions of a workload that exist at one moment, as a decision sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rollouts.model.strategy import PodMetadata


@dataclass(frozen=True, slots=True)
class Version:
    """One held version: a ReplicaSet, or one of the twin workloads.

    `replicas` is what its spec asks for, `current` what runs, `desired_then` the rollout's size when it was last
    scaled (annotation desired-replicas), `scale_down_at` its delayed end. `failure` is (reason, message) of a
    ReplicaFailure condition. `metadata` is what was put into its pods for a role (annotation ephemeral-metadata),
    `pending` what is being put in: its pods may have it or not. `keeps_off` is the version whose nodes its pods avoid.
    `is_dated` says that its copies of the rollout's annotations or minReadySeconds are older than the rollout's own.
    """

    name: str
    hash: str
    revision: int
    created: datetime
    replicas: int = 0
    current: int = 0
    ready: int = 0
    available: int = 0
    desired_then: int | None = None
    scale_down_at: datetime | None = None
    former_revisions: tuple[int, ...] = ()
    failure: tuple[str, str] | None = None
    metadata: PodMetadata | None = None
    pending: PodMetadata | None = None
    keeps_off: str = ""
    is_dated: bool = False

    @property
    def is_saturated(self) -> bool:
        """Scaled to the full size of its rollout, and so many pods available; one spare pod more does no harm."""
        return self.desired_then is not None and self.desired_then <= min(self.replicas, self.available)


@dataclass(frozen=True, slots=True)
class Stray:
    """A ReplicaSet that is the rollout's by its labels and not by its owner, or the other way round."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of a held version, read when it is asked for. `version` is its ReplicaSet's name.

    `is_going` says that it has its deletion timestamp, `trouble` why it does not run, in Kubernetes' words.
    """

    name: str
    version: str
    created: datetime
    is_ready: bool = False
    ready_since: datetime | None = None
    is_going: bool = False
    trouble: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workload:
    """The workload that a rollout takes its template from, as seen.

    `replicas` is its own size, if it has one; `generation` is the one that the template was taken from.
    """

    kind: str
    name: str
    replicas: int | None = None
    generation: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service that a rollout points at versions. `hash` is its selector's, `managed_by` the rollout that holds it."""

    name: str
    hash: str = ""
    managed_by: str = ""
    exists: bool = True
