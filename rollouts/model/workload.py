"""The versions of a workload that exist at one moment, as a decision sees them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One held version: a ReplicaSet, or one of the twin workloads.

    `replicas` is what its spec asks for, `current` what runs, `desired_then` the rollout's size when it was last
    scaled (annotation desired-replicas), `scale_down_at` its delayed end. `failure` is (reason, message) of a
    ReplicaFailure condition.
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

    @property
    def is_saturated(self) -> bool:
        """Scaled to the full size of its rollout, and every pod available."""
        return self.desired_then == self.replicas == self.available


@dataclass(frozen=True, slots=True)
class Service:
    """A Service that a rollout points at versions. `hash` is its selector's, `managed_by` the rollout that holds it."""

    name: str
    hash: str = ""
    managed_by: str = ""
    exists: bool = True
