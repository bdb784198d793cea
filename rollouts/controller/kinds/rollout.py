"""Rollouts as keys of the queue: find the object, make its round, and clean up after it when it is gone.

Called by the queue's workers. What cannot be decoded is told once and left until it changes; it delays nobody.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from rollouts.cluster.errors import NotFoundError, ServerError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.leftovers import Leftovers, routing_of
from rollouts.controller.observe import Observer, World
from rollouts.controller.reconcile import Reconciler
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Ref
from rollouts.model.plan import Event
from rollouts.model.rollout import Rollout
from rollouts.telemetry.logs import log

Emit = Callable[[Json, Event], Awaitable[None]]

IsOurs = Callable[[Json], bool]
"""Whether an object belongs to this controller (its instance id)."""


class Rollouts:
    """The Kind of Rollout objects."""

    def __init__(
        self,
        caches: Caches,
        reconciler: Reconciler[World],
        emit: Emit,
        leftovers: Leftovers,
        observer: Observer,
        *,
        is_ours: IsOurs,
    ) -> None:
        self._observer = observer
        self._leftovers = leftovers
        self._routed: dict[Key, Rollout] = {}
        self._caches = caches
        self._reconciler = reconciler
        self._emit = emit
        self._is_ours = is_ours
        self._told: dict[Key, str] = {}
        self._unsure: set[Key] = set()
        self._known: dict[Key, Json] = {}

    @property
    def resource(self) -> Resource:
        """Rollouts of argoproj.io."""
        return ROLLOUTS

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round of the rollout, if there is one, it is ours and nobody deletes it."""
        manifest = await self._find(key)
        if manifest is None:
            await self._forget(key)
            return None
        await self._greet(key, manifest)
        if manifest["metadata"].get("deletionTimestamp"):
            return None
        try:
            await self._follow_routers(key, manifest)
            return await self._reconciler.round(key, manifest, now)
        except UndecodableError as error:
            await self._tell_once(key, manifest, error)
            return None
        except (ServerError, NotFoundError):
            self._unsure.add(key)  # a write may have taken effect, the rollout may be gone: look before deciding again
            raise

    async def _find(self, key: Key) -> Json | None:
        """The object as cached. One that left the watch is gone only when the server says so."""
        ref = ref_of_key(key)
        held = self._caches.find(ref)
        if held is None or key in self._unsure:
            held = await self._observer.refresh(ref, keep=self._is_ours)
            self._unsure.discard(key)
        return held

    async def _follow_routers(self, key: Key, manifest: Json) -> None:
        """Where the rollout routes by other names than before, it takes back what it has put there by the old ones."""
        rollout, before = self._observer.parse(manifest), self._routed.get(key)
        if before is not None and before.uid == rollout.uid and routing_of(before) != routing_of(rollout):
            if rollout.faults:
                return  # nobody knows what it will route, and nothing moves till then
            await self._leftovers.give_back(before, rollout)
        self._routed[key] = rollout

    async def _tell_once(self, key: Key, manifest: Json, error: UndecodableError) -> None:
        version = manifest["metadata"].get("resourceVersion", "")
        if self._told.get(key) == version:
            return
        self._told[key] = version
        log().error("cannot be decoded", rollout=f"{key.namespace}/{key.name}", error=str(error))
        await self._emit(manifest, Event("ReconciliationError", str(error), is_warning=True))

    async def _greet(self, key: Key, manifest: Json) -> None:
        """Remember whom to take leave of; a rollout that no controller has looked at yet is announced.

        One that was deleted and made anew between two rounds is another one, though its key is the same.
        """
        known = self._known.get(key)
        if known is not None and known["metadata"]["uid"] == manifest["metadata"].get("uid", ""):
            return
        if known is not None:
            await self._forget(key)
        meta = {name: manifest["metadata"].get(name, "") for name in ("namespace", "name", "uid")}
        self._known[key] = {"apiVersion": ROLLOUTS.api_version, "kind": ROLLOUTS.kind, "metadata": meta}
        if not manifest.get("status"):
            text = f"Rollout resource added to informer: {key.namespace}/{key.name}"
            await self._emit(manifest, Event("RolloutAddedToInformer", text))

    async def _forget(self, key: Key) -> None:
        """Take leave. One that only left our instance is somebody else's, routers and all."""
        routed = self._routed.get(key)
        if routed is not None and not await self._leftovers.is_there(ref_of_key(key)):
            await self._leftovers.give_back(routed, None)
        self._routed.pop(key, None)
        self._told.pop(key, None)
        self._unsure.discard(key)
        self._reconciler.forget(key)
        gone = self._known.pop(key, None)
        if gone is not None:
            self._observer.forget(gone)
            await self._emit(gone, Event("RolloutDeleted", f"Rollout {key.namespace}/{key.name} is deleted."))


def ref_of_key(key: Key) -> Ref:
    """The address of the rollout with this key."""
    return Ref(ROLLOUTS.api_version, ROLLOUTS.kind, key.namespace, key.name)
