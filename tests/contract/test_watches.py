"""Contract: a watch tells every change after a version, in order, to those whom it concerns."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rollouts.cluster.errors import GoneError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Cluster, Collection, Query, WatchEvent
from tests.contract.builders import Bench, config_map, config_maps, widget, widgets

_TIMEOUT = 20.0  # seconds after which a real server ends the stream; no test waits for it


async def _taken(stream: AsyncIterator[WatchEvent], count: int) -> list[WatchEvent]:
    events = []
    async for event in stream:
        events.append(event)
        if len(events) == count:
            return events
    raise AssertionError(f"the watch ended after {len(events)} of {count} events")


def _told(events: list[WatchEvent]) -> list[tuple[str, str]]:
    return [(event.type, event.object["metadata"]["name"]) for event in events]


async def _watched(bench: Bench, count: int, query: Query) -> list[WatchEvent]:
    return await _taken(bench.cluster.watch(bench.collection, query), count)


async def _version(bench: Bench) -> str:
    return (await bench.cluster.list(bench.collection)).version


async def test_watch_without_version_begins_with_what_is_there(cluster: Cluster, namespace: str) -> None:
    """First everything that exists comes as ADDED."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    await bench.create(widget("b"))
    events = await _watched(bench, 2, Query(timeout=_TIMEOUT))

    assert sorted(_told(events)) == [("ADDED", "a"), ("ADDED", "b")]


async def test_watch_from_a_version_tells_all_that_came_after(cluster: Cluster, namespace: str) -> None:
    """From a list's version on, nothing is missed and nothing old is told."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("old"))
    version = await _version(bench)
    await bench.create(widget("a"))
    await bench.merge("a", {"spec": {"replicas": 2}})
    await cluster.delete(bench.at("a"))
    events = await _watched(bench, 3, Query(version=version, timeout=_TIMEOUT))

    assert _told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_watched_versions_rise(cluster: Cluster, namespace: str) -> None:
    """Each event's object has a higher version than the one before, deletions included."""
    bench = widgets(cluster, namespace)
    version = await _version(bench)
    await bench.create(widget("a"))
    await bench.merge("a", {"spec": {"replicas": 2}})
    await cluster.delete(bench.at("a"))
    events = await _watched(bench, 3, Query(version=version, timeout=_TIMEOUT))
    versions = [int(event.object["metadata"]["resourceVersion"]) for event in events]

    assert versions == sorted(set(versions))
    assert versions[0] > int(version)


async def test_deleted_event_has_the_last_state(cluster: Cluster, namespace: str) -> None:
    """DELETED carries the object as it was."""
    bench = widgets(cluster, namespace)
    version = await _version(bench)
    await bench.create(widget("a", {"colour": "blue"}))
    await cluster.delete(bench.at("a"))
    events = await _watched(bench, 2, Query(version=version, timeout=_TIMEOUT))

    assert events[1].type == "DELETED"
    assert events[1].object["spec"]["colour"] == "blue"


async def test_open_watch_tells_what_happens(cluster: Cluster, namespace: str) -> None:
    """A change while the watch is open arrives by itself."""
    bench = widgets(cluster, namespace)
    stream = cluster.watch(bench.collection, Query(version=await _version(bench), timeout=_TIMEOUT))
    await bench.create(widget("a"))
    first = await _taken(stream, 1)

    assert _told(first) == [("ADDED", "a")]


async def test_watch_is_of_its_namespace(cluster: Cluster, namespace: str) -> None:
    """A watch of a namespace does not tell of others."""
    bench, elsewhere = config_maps(cluster, namespace), config_maps(cluster, "default")
    version = await _version(bench)
    await elsewhere.create(config_map(f"noise-{namespace}"))
    await bench.create(config_map("a"))
    events = await _watched(bench, 1, Query(version=version, timeout=_TIMEOUT))
    await cluster.delete(elsewhere.at(f"noise-{namespace}"))

    assert _told(events) == [("ADDED", "a")]


async def test_watch_everywhere_tells_of_all_namespaces(cluster: Cluster, namespace: str) -> None:
    """A watch without a namespace tells of every one."""
    bench = config_maps(cluster, namespace)
    version = await _version(bench)
    await bench.create(config_map("a"))
    name = f"metadata.namespace={namespace},metadata.name=a"
    stream = cluster.watch(Collection(CONFIG_MAPS), Query(fields=name, version=version, timeout=_TIMEOUT))

    assert _told(await _taken(stream, 1)) == [("ADDED", "a")]


async def test_entering_a_selector_is_added_and_leaving_it_deleted(cluster: Cluster, namespace: str) -> None:
    """Who watches a selector sees objects appear and vanish as their labels change."""
    bench = widgets(cluster, namespace)
    version = await _version(bench)
    await bench.create(widget("a"))
    await bench.merge("a", {"metadata": {"labels": {"on": "yes"}}})
    await bench.merge("a", {"spec": {"replicas": 2}})
    await bench.merge("a", {"metadata": {"labels": {"on": "no"}}})
    await cluster.delete(bench.at("a"))
    await bench.create(widget("b", labels={"on": "yes"}))
    events = await _watched(bench, 4, Query(labels="on=yes", version=version, timeout=_TIMEOUT))

    assert _told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "b")]


async def test_leaving_a_selector_tells_the_version_of_the_change(cluster: Cluster, namespace: str) -> None:
    """The DELETED of an object that only left the selector carries the version of that change."""
    bench = widgets(cluster, namespace)
    version = await _version(bench)
    await bench.create(widget("a", labels={"on": "yes"}))
    left = await bench.merge("a", {"metadata": {"labels": {"on": "no"}}})
    events = await _watched(bench, 2, Query(labels="on=yes", version=version, timeout=_TIMEOUT))

    assert events[1].object["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


async def test_fields_select_for_watches(cluster: Cluster, namespace: str) -> None:
    """A watch of one name tells of no other."""
    bench = widgets(cluster, namespace)
    version = await _version(bench)
    await bench.create(widget("a"))
    await bench.create(widget("b"))
    events = await _watched(bench, 1, Query(fields="metadata.name=b", version=version, timeout=_TIMEOUT))

    assert _told(events) == [("ADDED", "b")]


async def test_bookmarks_tell_the_version(cluster: Cluster, namespace: str) -> None:
    """Who asks for bookmarks gets a version to go on from, also where only others are told of changes."""
    bench = widgets(cluster, namespace)
    query = Query(fields="metadata.name=mine", version=await _version(bench), bookmarks=True, timeout=5)
    mine = await bench.create(widget("mine"))
    stream = cluster.watch(bench.collection, query)
    told = await _taken(stream, 1)
    await bench.create(widget("of-others"))
    told += await _taken(stream, 1)

    assert [event.type for event in told] == ["ADDED", "BOOKMARK"]
    assert told[1].object["kind"] == "Widget"
    assert int(told[1].object["metadata"]["resourceVersion"]) >= int(mine["metadata"]["resourceVersion"])


async def test_watch_ends_at_its_timeout(cluster: Cluster, namespace: str) -> None:
    """The server ends the stream when the time that was asked for is over."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    events = [event async for event in cluster.watch(bench.collection, Query(timeout=1))]

    assert _told(events) == [("ADDED", "a")]


async def test_watch_from_a_forgotten_version_is_gone(
    cluster: Cluster, namespace: str, compact: Callable[[], Awaitable[None]]
) -> None:
    """After the server forgot a version, watching from it is a 410: list again."""
    bench = config_maps(cluster, namespace)  # our control plane serves these past its watch cache
    version = await _version(bench)
    await bench.create(config_map("a"))
    await compact()

    with pytest.raises(GoneError):
        await _watched(bench, 1, Query(version=version, timeout=_TIMEOUT))


async def test_watch_from_the_present_outlives_forgetting(
    cluster: Cluster, namespace: str, compact: Callable[[], Awaitable[None]]
) -> None:
    """From the newest version a watch can always start."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    await compact()
    version = await _version(bench)
    await bench.create(widget("b"))

    assert _told(await _watched(bench, 1, Query(version=version, timeout=_TIMEOUT))) == [("ADDED", "b")]


async def test_status_writes_are_told(cluster: Cluster, namespace: str) -> None:
    """A write to the status subresource is a change like any other."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    version = await _version(bench)
    await bench.merge("a", {"status": {"phase": "Ready"}}, "status")
    events = await _watched(bench, 1, Query(version=version, timeout=_TIMEOUT))

    assert events[0].object["status"] == {"phase": "Ready"}
