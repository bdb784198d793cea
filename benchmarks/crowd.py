"""Many objects on a real control plane: made and changed at once, and waited for with a watch. Used by engine.py."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TypeVar

from benchmarks.ground import is_healthy
from benchmarks.manifests import rollout
from benchmarks.plane import Plane
from rollouts.cluster import kinds
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Collection, DeleteOptions, Json, Patch, PatchType, Resource, Target
from rollouts.model.errors import RolloutsError

Thing = TypeVar("Thing")
FLOOR, CROWD = "floor", "crowd"
_IN_FLIGHT = 16
_WITHIN = 600.0


def plain_rollout(name: str, tag: str) -> Json:
    """One pod without a probe, half of the weight, no pause, no Service: what Argo's figures were taken with."""
    return without_probe(rollout(CROWD, name, tag))


def without_probe(body: Json) -> Json:
    """The same, ready as soon as its container runs."""
    for container in body["spec"]["template"]["spec"]["containers"]:
        container.pop("readinessProbe", None)
    return body


def replica_set(name: str) -> Json:
    """The same pod, held by nobody but Kubernetes."""
    spec = plain_rollout(name, "v1")["spec"]
    body = {"replicas": 1, "selector": spec["selector"], "template": spec["template"]}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name}, "spec": body}


async def floor(plane: Plane, names: list[str]) -> float:
    """Seconds until so many plain ReplicaSets, created at once, are available: nobody can be quicker."""
    async with watched(plane, kinds.REPLICA_SETS, FLOOR) as seen:
        began = perf_counter()
        await create(plane, kinds.REPLICA_SETS, FLOOR, [replica_set(name) for name in names])
        await seen.all_are(len(names), lambda obj: bool(obj.get("status", {}).get("availableReplicas")))
        took = perf_counter() - began
        await each(names, lambda name: _delete(plane, Target(kinds.REPLICA_SETS, name, FLOOR)))
        await seen.none()
    return took


async def created(plane: Plane, names: list[str]) -> float:
    """Seconds until so many rollouts, created at once, are Healthy."""
    async with watched(plane, kinds.ROLLOUTS, CROWD) as seen:
        began = perf_counter()
        await create(plane, kinds.ROLLOUTS, CROWD, [plain_rollout(name, "v1") for name in names])
        await seen.all_are(len(names), is_healthy)
        return perf_counter() - began


async def updated(plane: Plane, names: list[str], tag: str) -> float:
    """Seconds until all of them are Healthy with another image."""
    body = {"spec": {"template": plain_rollout("", tag)["spec"]["template"]}}
    del body["spec"]["template"]["metadata"]
    async with watched(plane, kinds.ROLLOUTS, CROWD) as seen:
        before = {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in seen.cache}
        began = perf_counter()
        await each(names, lambda name: merge(plane, Target(kinds.ROLLOUTS, name, CROWD), body))
        await seen.all_are(len(names), lambda obj: _is_through(obj, before))
        return perf_counter() - began


def _is_through(obj: Json, before: dict[str, int]) -> bool:
    return obj["metadata"]["generation"] > before[obj["metadata"]["name"]] and is_healthy(obj)


class Seen:
    """A collection as the watch brings it."""

    def __init__(self, cache: Cache, what: str) -> None:
        self.cache = cache
        self._what = what
        self._changed = asyncio.Event()
        cache.listen(lambda _before, _after: self._changed.set())

    async def all_are(self, count: int, is_so: Callable[[Json], bool]) -> None:
        """Wait until so many objects are so."""
        await self.until(lambda: sum(map(is_so, self.cache)) >= count, f"{count} are as they should be")

    async def none(self) -> None:
        """Wait until nothing is left."""
        await self.until(lambda: not len(self.cache), "nothing is left")

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait, and look after each burst of changes."""
        try:
            async with asyncio.timeout(_WITHIN):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RolloutsError(f"{self._what}: not within {_WITHIN:.0f} s that {what}") from None


@asynccontextmanager
async def watched(plane: Plane, resource: Resource, namespace: str) -> AsyncIterator[Seen]:
    """The objects of a namespace, followed while the block runs."""
    cache = Cache()
    seen = Seen(cache, resource.plural)
    informer = Informer(plane.cluster, Collection(resource, namespace), cache)
    following = asyncio.create_task(informer.run())
    try:
        await informer.synced.wait()
        yield seen
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def create(plane: Plane, resource: Resource, namespace: str, bodies: Iterable[Json]) -> None:
    """Create all of these."""
    await each(bodies, lambda body: _create(plane, Collection(resource, namespace), body))


async def merge(plane: Plane, target: Target, body: Json) -> None:
    """A merge patch."""
    await plane.cluster.patch(target, Patch(PatchType.MERGE, body))


async def each(things: Iterable[Thing], do: Callable[[Thing], Awaitable[None]]) -> None:
    """Do it to all of them, a few at a time."""
    room = asyncio.Semaphore(_IN_FLIGHT)

    async def one(thing: Thing) -> None:
        async with room:
            await do(thing)

    async with asyncio.TaskGroup() as group:
        for thing in things:
            group.create_task(one(thing))


async def _create(plane: Plane, collection: Collection, body: Json) -> None:
    await plane.cluster.create(collection, body)


async def _delete(plane: Plane, target: Target) -> None:
    await plane.cluster.delete(target, DeleteOptions(propagation="Background"))
