"""What the queue asks of a kind. Implemented by the siblings, called by controller/reconcile's workers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from rollouts.cluster.port import Json, Resource


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One object of one kind, as the queue knows it. `plural` is the resource's plural name."""

    plural: str
    namespace: str
    name: str


class Kind(Protocol):
    """Reconciles the objects of one resource, one key at a time (never two rounds of a key at once)."""

    @property
    def resource(self) -> Resource:
        """The resource whose keys it takes."""
        ...

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round; the moment of the next one if time alone can bring it.

        TemporaryError and ClusterError make the queue try again with back-off; anything else is logged as a defect and
        tried again in the same way. A key whose object is gone returns None after cleaning up.
        """
        ...


@runtime_checkable
class Ending(Protocol):
    """A kind whose objects come to an end, after which they cost nothing: they get no looks without a cause."""

    def is_over(self, obj: Json) -> bool:
        """Whether nothing will happen to this object any more by itself."""
        ...
