"""A sync loop by hand: a repository in memory, a store, and the two kinds whose rounds a test calls itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.informers import Cache
from rollouts.cluster.port import Collection, Patch, PatchType, Resource, Target
from rollouts.controller.kinds.gitrepository import GitRepositories
from rollouts.controller.kinds.kustomization import Kustomizations, SyncCaches
from rollouts.controller.kinds.protocol import Key
from rollouts.gitsync.conditions import find
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from rollouts.gitsync.ports import Checkout, Render
from rollouts.model.objects import Json
from rollouts.model.plan import Event
from rollouts.simulator.store import Store
from tests.unit.gitsync.worlds import NAMESPACE, NOW, a_store

URL = "https://git.example/app"
KEPT = (kinds.GIT_REPOSITORIES, kinds.KUSTOMIZATIONS, kinds.ROLLOUTS)


def a_source(**spec: Any) -> Json:
    """A GitRepository of the branch main."""
    meta = {"name": "app", "namespace": NAMESPACE}
    body = {"url": URL, "interval": "1m", "ref": {"branch": "main"}} | spec
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": meta, "spec": body}


def a_kustomization(**spec: Any) -> Json:
    """A Kustomization of all of it."""
    meta = {"name": "app", "namespace": NAMESPACE}
    source = {"kind": "GitRepository", "name": "app"}
    body = {"interval": "10m", "retryInterval": "30s", "timeout": "1m", "prune": True, "sourceRef": source} | spec
    return {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": meta, "spec": body}


@dataclass(slots=True)
class Loop:
    """Everything that a round needs, and what came of it."""

    store: Store
    remote: MemoryRemote = field(default_factory=MemoryRemote)
    now: datetime = NOW
    events: list[tuple[str, str]] = field(default_factory=list)
    woken: list[Key] = field(default_factory=list)
    caches: dict[Resource, Cache] = field(default_factory=dict)
    cluster: Any = None
    ports: tuple[Checkout, Render] | None = None  # None: in memory, made anew with each start
    checkout: Checkout | None = None

    def start(self) -> None:
        """A controller's life begins: caches and memory are empty, the mirrors too."""
        self.caches = {resource: Cache() for resource in KEPT}
        cluster = self.cluster or self.store
        self.checkout, render = self.ports or (MemoryCheckout({URL: self.remote}), PlainRender())
        sources, followers, rollouts = (self.caches[resource] for resource in KEPT)
        self._sources = GitRepositories(cluster, (sources, followers), self.checkout, self.woken.append, self._emit)
        known = SyncCaches(followers, sources, rollouts)
        self._followers = Kustomizations(cluster, known, self.checkout, render, lambda: self.now, self._emit)

    _sources: GitRepositories = field(init=False)
    _followers: Kustomizations = field(init=False)

    async def _emit(self, obj: Json, event: Event) -> None:
        self.events.append((event.reason, event.message))

    def look(self) -> None:
        """Bring the caches up to date, as informers would."""
        for resource, cache in self.caches.items():
            there = self.store.peek_all(Collection(resource))
            names = {obj["metadata"]["name"] for obj in there}
            for gone in [obj for obj in cache if obj["metadata"]["name"] not in names]:
                cache.remove(gone)
            for obj in there:
                cache.put(obj)

    async def fetch(self) -> datetime | None:
        """A round of the source."""
        self.look()
        return await self._sources.reconcile(Key(kinds.GIT_REPOSITORIES.plural, NAMESPACE, "app"), self.now)

    async def apply(self) -> datetime | None:
        """A round of the Kustomization."""
        self.look()
        return await self._followers.reconcile(Key(kinds.KUSTOMIZATIONS.plural, NAMESPACE, "app"), self.now)

    async def both(self, **files: str) -> datetime | None:
        """Commit (if files are given), wait for the source's interval, and run both rounds."""
        if files:
            self.remote.commit(
                {name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in files.items()}
            )
        self.pass_time(minutes=1)
        await self.fetch()
        return await self.apply()

    def pass_time(self, **time: float) -> None:
        """Later."""
        self.now += timedelta(**time)

    async def change(self, resource: Resource, body: Json) -> None:
        """The user's hand on the source or the Kustomization."""
        await self.store.patch(Target(resource, "app", NAMESPACE), Patch(PatchType.MERGE, body))

    def status(self, resource: Resource = kinds.KUSTOMIZATIONS) -> Json:
        """What the object says of itself."""
        obj = self.store.peek(Target(resource, "app", NAMESPACE)) or {}
        found = obj.get("status", {})
        assert isinstance(found, dict)
        return found

    def ready(self, resource: Resource = kinds.KUSTOMIZATIONS) -> tuple[str, str]:
        """Status and reason of its Ready condition."""
        condition = find(self.status(resource), "Ready")
        return condition.get("status", ""), condition.get("reason", "")

    def message(self, resource: Resource = kinds.KUSTOMIZATIONS) -> str:
        """The message of its Ready condition."""
        return str(find(self.status(resource), "Ready").get("message", ""))

    def has(self, name: str, resource: Resource = kinds.CONFIG_MAPS) -> bool:
        """Whether an object is there."""
        return self.store.peek(Target(resource, name, NAMESPACE)) is not None


async def a_loop(*, source: Json | None = None, kustomization: Json | None = None) -> Loop:
    """A cluster with one source and one Kustomization, and a controller that has just started."""
    loop = Loop(await a_store())
    await loop.store.create(Collection(kinds.GIT_REPOSITORIES, NAMESPACE), source or a_source())
    await loop.store.create(Collection(kinds.KUSTOMIZATIONS, NAMESPACE), kustomization or a_kustomization())
    loop.start()
    return loop
