"""kopf as the source of our own kinds, against the embedded cluster's HTTP front; in real time, led by events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.informers import Cache
from rollouts.cluster.login import anonymous
from rollouts.cluster.port import Cluster, Collection, Json, Page, Patch, PatchType, Query, Target
from rollouts.controller.clock import wall_clock
from rollouts.controller.handlers import KopfSource
from rollouts.controller.sources import Watched, instance_selector
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store
from tests.unit.controller.stories import CRDS, a_canary, an_object

WEB = Target(kinds.ROLLOUTS, "web", "shop")
SHOP: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


@dataclass
class Scene:
    """A store behind HTTP, kopf on it, and the caches that it fills."""

    store: Store
    source: KopfSource
    rollouts: Cache
    repositories: Cache

    def images(self) -> dict[str, str]:
        """The rollouts in the cache, with their images."""
        return {
            obj["metadata"]["name"]: obj["spec"]["template"]["spec"]["containers"][0]["image"] for obj in self.rollouts
        }


async def until(cache: Cache, is_so: Callable[[], bool]) -> None:
    """Wait for a change after which it is so."""
    changed = asyncio.Event()
    cache.listen(lambda _before, _after: changed.set())
    async with asyncio.timeout(20):
        while not is_so():
            await changed.wait()
            changed.clear()


class Late:
    """A cluster whose list of rollouts comes when kopf has told of one."""

    def __init__(self, cluster: Cluster, rollouts: Cache) -> None:
        self._cluster = cluster
        self._rollouts = rollouts

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        page = await self._cluster.list(collection, query)
        if collection.resource == kinds.ROLLOUTS:
            await until(self._rollouts, lambda: len(self._rollouts) > 0)
        return page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


@asynccontextmanager
async def scene(*definitions: str, is_late: bool = False) -> AsyncIterator[Scene]:
    """A scene with these CRDs installed; kopf is not started yet."""
    store = Store(wall_clock, seed=1)
    store.load_definitions([CRDS / f"{name}.yaml" for name in definitions])
    await store.create(Collection(kinds.NAMESPACES), SHOP)
    rollouts, repositories = Cache(), Cache()
    watched = [
        Watched(kinds.ROLLOUTS, rollouts, instance_selector("")),
        Watched(kinds.GIT_REPOSITORIES, repositories),
    ]
    async with serve(store) as front, HttpCluster(anonymous(front.url)) as cluster:
        asked: Any = Late(cluster, rollouts) if is_late else cluster
        source = KopfSource(asked, watched, credentials=anonymous(front.url), beat=0.05)
        yield Scene(store, source, rollouts, repositories)


@asynccontextmanager
async def running(source: KopfSource) -> AsyncIterator[None]:
    """kopf runs inside, and is synced."""
    task = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(20):
            await source.synced.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_exists_is_there_when_the_source_is_synced() -> None:
    """And what belongs to another instance is not."""
    async with scene("rollouts", "gitrepositories") as here:
        foreign = a_canary(name="foreign")
        foreign["metadata"]["labels"] = {"argo-rollouts.argoproj.io/controller-instance-id": "other"}
        for manifest in (a_canary(), foreign):
            await here.store.create(Collection(kinds.ROLLOUTS, "shop"), manifest)
        async with running(here.source):
            assert here.images() == {"web": "web:v1"}


async def test_an_object_that_kopf_tells_of_before_our_own_list() -> None:
    """On a busy machine kopf is first; its word counts, or the source would wait for another one for ever."""
    async with scene("rollouts", "gitrepositories", is_late=True) as here:
        await here.store.create(Collection(kinds.ROLLOUTS, "shop"), a_canary())
        async with running(here.source):
            assert here.images() == {"web": "web:v1"}


async def test_changes_and_deletions_arrive_and_nothing_is_written() -> None:
    """kopf must leave no annotation and no finalizer in users' objects."""
    async with scene("rollouts", "gitrepositories") as here, running(here.source):
        created = await here.store.create(Collection(kinds.ROLLOUTS, "shop"), a_canary())
        await until(here.rollouts, lambda: here.images() == {"web": "web:v1"})
        assert (await here.store.get(WEB))["metadata"] == created["metadata"]

        patched = await here.store.patch(WEB, Patch(PatchType.MERGE, {"spec": {"replicas": 7}}))
        version = patched["metadata"]["resourceVersion"]
        await until(here.rollouts, lambda: [_version(obj) for obj in here.rollouts] == [version])
        assert (await here.store.get(WEB))["metadata"]["resourceVersion"] == version

        await here.store.delete(WEB)
        await until(here.rollouts, lambda: len(here.rollouts) == 0)


async def test_a_kind_that_is_installed_later_is_served_from_then_on() -> None:
    """Discovery finds it and kopf is started anew, while the other kind goes on."""
    async with scene("rollouts") as here, running(here.source):
        here.store.load_definitions([CRDS / "gitrepositories.yaml"])
        spec = {"url": "https://git.example/shop", "interval": "1m"}
        repository = an_object(kinds.GIT_REPOSITORIES, "shop", spec=spec)
        await here.store.create(Collection(kinds.GIT_REPOSITORIES, "shop"), repository)
        await until(here.repositories, lambda: len(here.repositories) == 1)
        await here.store.create(Collection(kinds.ROLLOUTS, "shop"), a_canary())
        await until(here.rollouts, lambda: here.images() == {"web": "web:v1"})


async def test_without_any_kind_the_source_is_synced_and_waits() -> None:
    """A controller may be installed before its CRDs."""
    async with scene() as here, running(here.source):
        here.store.load_definitions([CRDS / "rollouts.yaml"])
        await here.store.create(Collection(kinds.ROLLOUTS, "shop"), a_canary())
        await until(here.rollouts, lambda: here.images() == {"web": "web:v1"})


def _version(obj: Json) -> str:
    return str(obj["metadata"]["resourceVersion"])


async def test_an_outage_is_told_once_for_each_watch(caplog: pytest.LogCaptureFixture) -> None:
    """kopf tells of each attempt; nobody wants to read that all night."""
    kopfs = logging.getLogger("kopf._cogs.clients.watching")
    async with scene("rollouts", "gitrepositories") as here, running(here.source):
        for attempt in range(1, 9):
            for plural in ("rollouts", "gitrepositories"):
                url = f"http://host/apis/g/v1/{plural}?watch=true&resourceVersion={attempt}"
                kopfs.error(f"Request attempt #{attempt}/9 failed; will retry: GET {url} -> refused")
        kopfs.error("something else")
    told = [record.getMessage() for record in caplog.records if record.name == kopfs.name]

    assert len(told) == 3
    assert kopfs.filters == []
