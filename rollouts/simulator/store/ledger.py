"""The objects as they are, and every change that led here. Called by the core, the collector and the watches.

One counter gives every change its version, so any past state can be rebuilt by undoing what came after it: that is how
pages of one list stay consistent. The history of a kind is bounded; what is older than that is answered by 410.
"""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.meta import name_of, namespace_of, with_meta

Shelf = tuple[str, str]  # group and plural: all versions of a kind share one shelf
KEPT_CHANGES = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the state before and after (None: was not, is no more)."""

    version: int
    before: Json | None
    after: Json | None


Listener = Callable[[Shelf, Change], None]
"""Told of a change within the write that makes it."""


class Ledger:
    """Objects by shelf, namespace and name, with history, owner index and a bell for those who wait for changes."""

    def __init__(self) -> None:
        self.version = 0
        self._objects: defaultdict[Shelf, dict[tuple[str, str], Json]] = defaultdict(dict)
        self._history: defaultdict[Shelf, list[Change]] = defaultdict(list)
        self._floor: defaultdict[Shelf, int] = defaultdict(int)
        self._waiting: defaultdict[Shelf, list[asyncio.Future[None]]] = defaultdict(list)
        self._by_uid: dict[str, tuple[Shelf, str, str]] = {}
        self._owned: defaultdict[str, dict[str, None]] = defaultdict(dict)  # owner's uid -> uids, in order of creation
        self._lowest = 0
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """From now on tell `listener` of every change."""
        self._listeners.append(listener)

    def get(self, shelf: Shelf, namespace: str, name: str) -> Json | None:
        """The object as it is now."""
        return self._objects[shelf].get((namespace, name))

    def by_uid(self, uid: str) -> tuple[Shelf, Json] | None:
        """The object with this uid and where it lies."""
        place = self._by_uid.get(uid)
        if place is None:
            return None
        shelf, namespace, name = place
        return shelf, self._objects[shelf][namespace, name]

    def owned_by(self, uid: str) -> list[tuple[Shelf, Json]]:
        """Every object with an ownerReference to this uid."""
        found = [self.by_uid(one) for one in self._owned.get(uid, ())]
        return [one for one in found if one is not None]

    def all(self, shelf: Shelf, namespace: str | None) -> list[Json]:
        """The shelf's objects, of one namespace or of all, in order of namespace and name."""
        return _in_order(self._objects[shelf], namespace)

    def in_namespace(self, namespace: str) -> list[tuple[Shelf, Json]]:
        """Everything that lies in a namespace."""
        return [(shelf, obj) for shelf in list(self._objects) for obj in self.all(shelf, namespace)]

    def all_at(self, shelf: Shelf, namespace: str | None, version: int) -> list[Json]:
        """The shelf's objects as they were at a version. Raises GoneError when that is no longer known."""
        objects = dict(self._objects[shelf])
        for change in reversed(self.changes(shelf, version)):
            known = change.before if change.after is None else change.after
            assert known is not None  # a change has a before or an after
            key = namespace_of(known), name_of(known)
            if change.before is None:
                objects.pop(key, None)
            else:
                objects[key] = change.before
        return _in_order(objects, namespace)

    def put(self, shelf: Shelf, obj: Json) -> Json:
        """Store a state of an object and give it the next version."""
        key = namespace_of(obj), name_of(obj)
        before = self._objects[shelf].get(key)
        after = with_meta(obj, resourceVersion=str(self.version + 1))
        self._unindex(before)
        self._objects[shelf][key] = after
        self._index(shelf, after)
        self._record(shelf, before, after)
        return after

    def remove(self, shelf: Shelf, obj: Json) -> Json:
        """Take an object away; its last state carries the version of the removal."""
        before = self._objects[shelf].pop((namespace_of(obj), name_of(obj)))
        self._unindex(before)
        last = with_meta(before, resourceVersion=str(self.version + 1))
        self._record(shelf, last, None)
        return last

    def changes(self, shelf: Shelf, after: int) -> list[Change]:
        """What happened on a shelf after a version. Raises GoneError when that is no longer known."""
        if after < max(self._floor[shelf], self._lowest):
            raise refusals.gone(f"too old resource version: {after} ({self.version})")
        history = self._history[shelf]
        return history[bisect_right(history, after, key=lambda change: change.version) :]

    def compact(self) -> None:
        """Forget all history: only the present can be read and watched from now on."""
        self._history.clear()
        self._lowest = self.version

    async def changed(self, shelf: Shelf) -> None:
        """Wait for the next change on a shelf."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[shelf].append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiting[shelf]:
                self._waiting[shelf].remove(waiter)

    def _record(self, shelf: Shelf, before: Json | None, after: Json | None) -> None:
        self.version += 1
        history, change = self._history[shelf], Change(self.version, before, after)
        history.append(change)
        if len(history) > KEPT_CHANGES:
            self._floor[shelf] = history[KEPT_CHANGES // 2].version
            del history[: KEPT_CHANGES // 2 + 1]
        for waiter in self._waiting.pop(shelf, ()):
            if not waiter.done():
                waiter.set_result(None)
        for listener in self._listeners:
            listener(shelf, change)

    def _index(self, shelf: Shelf, obj: Json) -> None:
        uid = obj["metadata"]["uid"]
        self._by_uid[uid] = shelf, namespace_of(obj), name_of(obj)
        for owner in owner_uids(obj):
            self._owned[owner][uid] = None

    def _unindex(self, obj: Json | None) -> None:
        if obj is None:
            return
        uid = obj["metadata"]["uid"]
        self._by_uid.pop(uid, None)
        for owner in owner_uids(obj):
            self._owned[owner].pop(uid, None)
            if not self._owned[owner]:
                del self._owned[owner]


def owner_uids(obj: Json) -> Iterator[str]:
    """The uids in an object's ownerReferences."""
    return (ref["uid"] for ref in obj["metadata"].get("ownerReferences") or ())


def _in_order(objects: dict[tuple[str, str], Json], namespace: str | None) -> list[Json]:
    return [objects[key] for key in sorted(objects) if namespace is None or key[0] == namespace]
