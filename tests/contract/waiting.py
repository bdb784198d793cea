"""Waiting for what another process does: by watching, never by the clock. In the store it is done already."""

import asyncio
from collections.abc import AsyncIterator, Callable

from rollouts.cluster.port import Cluster, Collection, Json, Query, Resource, Target

PATIENCE = 120.0  # seconds; a real garbage collector may take its half-minute to hear of a new kind


def is_established(definition: Json) -> bool:
    """Whether a CustomResourceDefinition is served."""
    conditions = definition.get("status", {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


async def until(cluster: Cluster, target: Target, is_so: Callable[[Json], bool]) -> Json:
    """The object's first state of which this is true."""
    async for event_type, obj in _states(cluster, target):
        if event_type != "DELETED" and is_so(obj):
            return obj
    raise AssertionError(f"{target.resource.kind} {target.name} did not come to the awaited state")


async def until_discovered(cluster: Cluster, resource: Resource) -> bool:
    """Whether discovery comes to name the resource: a real server renews that document a moment after the definition.

    Nothing can be watched here: it is asked again, at once by a cluster in process and every tenth of a second else.
    """
    async with asyncio.timeout(PATIENCE):
        while resource not in await cluster.discover():  # noqa: ASYNC110  # another process renews it, unheard
            await asyncio.sleep(0.1)
    return True


async def until_gone(cluster: Cluster, target: Target) -> None:
    """Until the object is no more."""
    async for event_type, _ in _states(cluster, target):
        if event_type == "DELETED":
            return
    raise AssertionError(f"{target.resource.kind} {target.name} is still there")


async def _states(cluster: Cluster, target: Target) -> AsyncIterator[tuple[str, Json]]:
    collection, fields = Collection(target.resource, target.namespace), f"metadata.name={target.name}"
    page = await cluster.list(collection, Query(fields=fields))
    for obj in page.items:
        yield "ADDED", obj
    if not page.items:
        yield "DELETED", {}
    async for event in cluster.watch(collection, Query(fields=fields, version=page.version, timeout=PATIENCE)):
        if event.type in ("ADDED", "MODIFIED", "DELETED"):
            yield event.type, event.object
