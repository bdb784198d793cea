"""Watches over time: on the virtual clock nothing is waited for."""

import asyncio
from datetime import datetime

from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Collection, Json, Query, Target, WatchEvent
from rollouts.simulator.clock import EPOCH, run_virtual
from rollouts.simulator.store import Store

MAPS = Collection(CONFIG_MAPS, "default")


def _now() -> datetime:
    return EPOCH


def _map(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_watch_ends_at_its_timeout() -> None:
    """A watch without news ends after just the time that was asked for."""

    async def run() -> float:
        start = asyncio.get_running_loop().time()
        assert [event async for event in Store(_now).watch(MAPS, Query(timeout=300))] == []
        return asyncio.get_running_loop().time() - start

    assert round(run_virtual(run()), 3) == 300


def test_bookmarks_come_at_once_and_every_minute() -> None:
    """A quiet watch tells the newest version at its start and once a minute, so that it can always be resumed."""

    async def run() -> list[tuple[int, str]]:
        stream = Store(_now).watch(MAPS, Query(timeout=150, bookmarks=True))
        return [(round(asyncio.get_running_loop().time()), event.type) async for event in stream]

    assert run_virtual(run()) == [(0, "BOOKMARK"), (60, "BOOKMARK"), (120, "BOOKMARK")]


def test_changes_while_the_reader_is_busy_are_kept() -> None:
    """What happens between two events that a slow reader takes is told afterwards, in order."""

    async def run() -> list[str]:
        store, names = Store(_now), []
        await store.create(MAPS, _map("a"))
        async for event in store.watch(MAPS, Query(timeout=60)):
            names.append(event.object["metadata"]["name"])
            if len(names) < 4:
                await store.create(MAPS, _map("abcd"[len(names)]))
            await asyncio.sleep(1)
        return names

    assert run_virtual(run()) == ["a", "b", "c", "d"]


def test_many_watchers_see_the_same() -> None:
    """Every watcher of a kind is woken by one change."""

    async def take(store: Store) -> WatchEvent:
        return await anext(store.watch(MAPS, Query(version=store.version)))

    async def run() -> list[str]:
        store = Store(_now)
        tasks = [asyncio.create_task(take(store)) for _ in range(5)]
        await asyncio.sleep(1)
        await store.create(MAPS, _map("a"))
        return [event.type for event in await asyncio.gather(*tasks)]

    assert run_virtual(run()) == ["ADDED"] * 5


def test_cancelled_watcher_leaves_nothing_behind() -> None:
    """A watch that is given up does not disturb the writes that follow."""

    async def run() -> int:
        store = Store(_now)
        stream = store.watch(MAPS, Query(version=store.version))
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.create(MAPS, _map("a"))
        await store.delete(Target(CONFIG_MAPS, "a", "default"))
        return len(store.peek_all(MAPS))

    assert run_virtual(run()) == 0
