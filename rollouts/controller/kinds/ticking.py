"""Rollouts that tick as keys of the queue: find the manifest, make its round, and clean up after it when it is gone.

Called by the queue's workers. A round between two ticks ends at once, and costs no request. One that is being deleted
has rounds too: it may have to give back what it took.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from rollouts.cluster.errors import NotFoundError, ServerError
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.reconcile import Reconciler
from rollouts.controller.ticking.manner import Ticking
from rollouts.controller.ticking.world import TickingWorld
from rollouts.decide.tidings import SYNCED
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Ref
from rollouts.model.plan import Event
from rollouts.telemetry.logs import log

Emit = Callable[[Json, Event], Awaitable[None]]

IsOurs = Callable[[Json], bool]
"""Whether an object belongs to this controller (its instance id)."""


class TickingRollouts:
    """The Kind of one kind of manifests."""

    def __init__(
        self,
        caches: Caches,
        reconciler: Reconciler[TickingWorld],
        manner: Ticking,
        emit: Emit,
        is_ours: IsOurs,
    ) -> None:
        self._caches = caches
        self._reconciler = reconciler
        self._manner = manner
        self._emit = emit
        self._is_ours = is_ours
        self._told: dict[Key, str] = {}
        self._unsure: set[Key] = set()

    @property
    def resource(self) -> Resource:
        """What the manifests are called."""
        return self._manner.resource

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round of the rollout, if there is one and it is ours."""
        manifest = await self._find(key)
        if manifest is None:
            self._forget(key)
            return None
        try:
            return await self._reconciler.round(key, manifest, now)
        except UndecodableError as error:
            await self._tell_once(key, manifest, error)
            return None
        except (ServerError, NotFoundError):
            self._unsure.add(key)  # a write may have taken effect, the rollout may be gone: look before deciding again
            raise

    async def close(self) -> None:
        """Ask and tell no more."""
        await self._reconciler.conversations.close()
        await self._manner.close()

    async def _find(self, key: Key) -> Json | None:
        """The object as cached. One that left the watch is gone only when the server says so."""
        ref = Ref(self.resource.api_version, self.resource.kind, key.namespace, key.name)
        held = self._caches.find(ref)
        if held is None or key in self._unsure:
            held = await self._manner.refresh(ref, keep=self._is_ours)
            self._unsure.discard(key)
        return held

    async def _tell_once(self, key: Key, manifest: Json, error: UndecodableError) -> None:
        version = manifest["metadata"].get("resourceVersion", "")
        if self._told.get(key) == version:
            return
        self._told[key] = version
        log().error("cannot be decoded", rollout=f"{key.namespace}/{key.name}", error=str(error))
        await self._emit(manifest, Event(SYNCED, str(error), is_warning=True))

    def _forget(self, key: Key) -> None:
        self._told.pop(key, None)
        self._unsure.discard(key)
        self._reconciler.forget(key)
        self._manner.forget(key.namespace, key.name)
