"""Who sees every change and every request of a run, keeps the history, and asks the invariants. Set up by life.py.

The store tells of a change within the write that makes it, so that nothing can happen between a deed and its judgement.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from rollouts.cluster.errors import ClusterError
from rollouts.cluster.port import Cluster, Collection, CreateOptions, DeleteOptions, Json, Patch, Target
from rollouts.simulator.store import Store
from rollouts.simulator.store.ledger import Change, Shelf
from tests.simulation.faults import Site, site_of, verb_of

BUSYWORK = ("leases",)
"""Kinds that change by themselves for ever."""


LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Actor(StrEnum):
    """Who writes."""

    USER = "user"
    CONTROLLER = "controller"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Seen:
    """A change of an object, as it happened."""

    at: datetime
    plural: str
    actor: Actor
    before: Json | None
    after: Json | None

    @property
    def is_own_update(self) -> bool:
        """The controller changed an object that was there before and still is."""
        return self.actor is Actor.CONTROLLER and self.before is not None and self.after is not None


@dataclass(frozen=True, slots=True)
class Request:
    """A write of the controller that reached the server: what was there, what was sent, what came of it."""

    at: datetime
    site: Site
    body: Any
    before: Json | None = None
    answer: Json | None = None
    error: ClusterError | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that did not hold."""

    invariant: str
    at: datetime
    text: str

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S.%f} {self.invariant}: {self.text}"


Verdicts = Iterable[str]
"""One text for each case that was judged: "" where all is well, else what is wrong."""


class Mirror:
    """Every object as it is now. `patience` is how long the controller may go on not knowing what has happened."""

    def __init__(self, patience: timedelta) -> None:
        self.patience = patience
        self.now = LONG_AGO
        self._objects: defaultdict[str, dict[tuple[str, str], Json]] = defaultdict(dict)

    def take(self, seen: Seen) -> None:
        """Follow a change."""
        self.now = seen.at
        obj = seen.after or seen.before or {}
        key = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        if seen.after is None:
            self._objects[seen.plural].pop(key, None)
        else:
            self._objects[seen.plural][key] = seen.after

    def all(self, plural: str) -> list[Json]:
        """All objects of a kind."""
        return list(self._objects[plural].values())

    def get(self, plural: str, namespace: str, name: str) -> Json | None:
        """An object."""
        return self._objects[plural].get((namespace, name))

    def owner_of(self, obj: Json) -> Json | None:
        """The rollout that controls this object, if it is there."""
        uids = {ref["uid"] for ref in obj["metadata"].get("ownerReferences", ()) if ref.get("controller")}
        return next((r for r in self._objects["rollouts"].values() if r["metadata"]["uid"] in uids), None)

    def trial_of(self, obj: Json) -> Json | None:
        """The experiment that controls this object, if it is there."""
        uids = {ref["uid"] for ref in obj["metadata"].get("ownerReferences", ()) if ref.get("controller")}
        return next((e for e in self._objects["experiments"].values() if e["metadata"]["uid"] in uids), None)

    def replica_sets(self, rollout: Json) -> list[Json]:
        """The ReplicaSets that a rollout controls."""
        uid = rollout["metadata"]["uid"]
        found = self._objects["replicasets"].values()
        return [rs for rs in found if any(ref["uid"] == uid for ref in rs["metadata"].get("ownerReferences", ()))]


class Invariant(Protocol):
    """Something that holds at every step. Each verdict counts as one evaluation, so trivial cases give none."""

    name: str

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Judge a change; the mirror holds it already."""
        ...

    def heard(self, request: Request, world: Mirror) -> Verdicts:
        """Judge a write of the controller, after it was answered."""
        ...

    def ended(self, world: Mirror) -> Verdicts:
        """Judge the end, when all trouble is long past."""
        ...


@dataclass
class Witness:
    """Listens to a store. `history` is all that ever changed, `breaches` what should not have.

    `overflow` is set after `most` changes or requests: no story is so long.
    """

    now: Callable[[], datetime]
    invariants: tuple[Invariant, ...]
    mirror: Mirror
    most: int
    actor: Actor = Actor.CLUSTER
    history: list[tuple[datetime, Shelf, Json | None]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)
    last_change: datetime = LONG_AGO
    overflow: asyncio.Event = field(default_factory=asyncio.Event)

    def listen_to(self, store: Store) -> None:
        """From now on see everything."""
        store.listen(self._take)

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """What changes in here was done by this one: the store's verbs do not wait in between."""
        former, self.actor = self.actor, actor
        try:
            yield
        finally:
            self.actor = former

    def hear(self, request: Request) -> None:
        """Take note of a request of the controller."""
        self.requests.append(request)
        self._bound()
        for invariant in self.invariants:
            self.judge(invariant.name, invariant.heard(request, self.mirror))

    def end(self) -> None:
        """The run is over."""
        for invariant in self.invariants:
            self.judge(invariant.name, invariant.ended(self.mirror))

    def judge(self, name: str, verdicts: Verdicts) -> None:
        """Count verdicts, and keep the bad ones."""
        for verdict in verdicts:
            self.evaluated[name] = self.evaluated.get(name, 0) + 1
            if verdict:
                self.breaches.append(Breach(name, self.now(), verdict))

    def _bound(self) -> None:
        if max(len(self.history), len(self.requests)) > self.most:
            self.overflow.set()

    def _take(self, shelf: Shelf, change: Change) -> None:
        now = self.now()
        seen = Seen(now, shelf[1], self.actor, change.before, change.after)
        self.history.append((now, shelf, change.after or change.before))
        if shelf[1] not in BUSYWORK:
            self.last_change = now
        self._bound()
        self.mirror.take(seen)
        for invariant in self.invariants:
            self.judge(invariant.name, invariant.saw(seen, self.mirror))


class Tap:
    """The store as the controller's requests reach it: all are passed on, and writes are told to the witness."""

    def __init__(self, store: Store, witness: Witness) -> None:
        self._store = store
        self._witness = witness

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """As the port's."""
        site = Site("create", collection.resource.plural)
        made: Json = await self._do(site, body, None, lambda: self._store.create(collection, body, options))
        return made

    async def patch(self, target: Target, patch: Patch) -> Json:
        """As the port's."""
        site = site_of(verb_of(patch), target)
        patched: Json = await self._do(site, patch.body, target, lambda: self._store.patch(target, patch))
        return patched

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """As the port's."""
        site = site_of("replace", target)
        replaced: Json = await self._do(site, body, target, lambda: self._store.replace(target, body, options))
        return replaced

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """As the port's."""
        await self._do(site_of("delete", target), None, target, lambda: self._store.delete(target, options))

    async def evict(self, target: Target) -> None:
        """As the port's."""
        await self._do(site_of("evict", target), None, target, lambda: self._store.evict(target))

    def __getattr__(self, name: str) -> Any:  # reads are nobody's business
        return getattr(self._store, name)

    async def _do(self, site: Site, body: Any, target: Target | None, do: Callable[[], Any]) -> Any:
        before = self._store.peek(target) if target is not None else None
        answer, error = None, None
        try:
            with self._witness.acting(Actor.CONTROLLER):
                answer = await do()
        except ClusterError as refusal:
            error = refusal
            raise
        finally:
            self._witness.hear(Request(self._witness.now(), site, body, before, answer, error))
        return answer


def tapped(store: Store, witness: Witness) -> Cluster:
    """The store, with the witness at its door."""
    cluster: Any = Tap(store, witness)
    return cluster  # type: ignore[no-any-return]  # the reads are the store's own
