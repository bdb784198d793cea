"""The CLI's blocking client in the dress of the port, so that the contract suite holds it too.

Every verb runs in one thread, in order; every watch has a thread of its own, ended when its reader stops.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rollouts.cluster.plain import PlainCluster
from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    Query,
    Resource,
    Target,
    WatchEvent,
)

T = TypeVar("T")


class ThreadedCluster:
    """A PlainCluster whose verbs can be awaited."""

    def __init__(self, plain: PlainCluster) -> None:
        self._plain = plain
        self._verbs = ThreadPoolExecutor(1)
        self._watches = ThreadPoolExecutor(8)

    def close(self) -> None:
        """End the threads and the connection."""
        self._verbs.shutdown()
        self._watches.shutdown()
        self._plain.close()

    async def _run(self, verb: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._verbs, verb)

    async def get(self, target: Target) -> Json:
        """The object."""
        return await self._run(lambda: self._plain.get(target))

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        return await self._run(lambda: self._plain.list(collection, query))

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Changes, each waited for in a thread."""
        loop = asyncio.get_running_loop()
        events = self._plain.watch(collection, query)
        try:
            while (event := await loop.run_in_executor(self._watches, next, events, None)) is not None:
                yield event
        finally:
            events.close()

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return await self._run(lambda: self._plain.create(collection, body, options))

    async def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch."""
        return await self._run(lambda: self._plain.patch(target, patch))

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return await self._run(lambda: self._plain.replace(target, body, options))

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Delete, or mark for deletion."""
        await self._run(lambda: self._plain.delete(target, options))

    async def evict(self, target: Target) -> None:
        """Ask a pod to go."""
        await self._run(lambda: self._plain.evict(target))

    async def discover(self) -> tuple[Resource, ...]:
        """Every resource that is served."""
        return await self._run(self._plain.discover)
