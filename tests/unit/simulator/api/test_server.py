"""The front beyond kubectl: probes, forms of answers, watches, what is mounted, and its end."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import ServerError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.login import anonymous
from rollouts.cluster.port import Collection, Patch, PatchType, Query, Target
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
IN_DEFAULT = Collection(CONFIG_MAPS, "default")


def config_map(name: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}}


class Caller:
    """Raw HTTP to a served store."""

    def __init__(self, store: Store, session: aiohttp.ClientSession) -> None:  # noqa: TID251  # speaks raw HTTP
        self.store = store
        self._session = session

    async def get(self, path: str, accept: str = "application/json") -> Any:
        """The decoded answer."""
        async with self._session.get(path, headers={"Accept": accept}) as response:
            return await response.json()

    async def code(self, method: str, path: str, **more: Any) -> int:
        """The answer's code."""
        async with self._session.request(method, path, **more) as response:
            return response.status

    async def lines(self, path: str, accept: str = "application/json") -> AsyncIterator[Any]:
        """A watch's events."""
        async with self._session.get(path, headers={"Accept": accept}) as response:
            async for line in response.content:
                yield json.loads(line)


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    """A store with one ConfigMap, served."""
    store = Store(lambda: NOON, seed=1)
    await store.create(IN_DEFAULT, config_map("one"))
    async with serve(store) as front, aiohttp.ClientSession(front.url) as session:  # noqa: TID251  # speaks raw HTTP
        yield Caller(store, session)


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/api", "/apis", "/openapi/v3"])
async def test_probes_and_roots_answer(caller: Caller, path: str) -> None:
    """What programs ask first is there."""
    assert await caller.code("GET", path) == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/apis/nobody.io/v1/things", 404),
        ("GET", f"{MAPS}/none", 404),
        ("GET", f"{MAPS}/one/status/more", 404),
        ("DELETE", MAPS, 405),
        ("PUT", MAPS, 405),
        ("GET", f"{MAPS}?limit=few", 400),
        ("GET", f"{MAPS}?watch=true&labelSelector=%3D%3D", 400),
        ("POST", f"{MAPS}?dryRun=Some", 400),
    ],
)
async def test_nonsense_is_refused_with_a_status(caller: Caller, method: str, path: str, code: int) -> None:
    """Unknown paths, verbs and parameters are errors of the right code, each with a Status."""
    assert await caller.code(method, path, json={}) == code


async def test_bodies_that_cannot_be_read_are_refused(caller: Caller) -> None:
    """A body that is neither JSON nor YAML, or no object, is a bad request; a foreign patch type 415."""
    merge = {"Content-Type": "application/unknown"}

    assert await caller.code("POST", MAPS, data=b"{a: [") == 400
    assert await caller.code("POST", MAPS, data=b"[]") == 400
    assert await caller.code("PATCH", f"{MAPS}/one", data=b"{}", headers=merge) == 415


async def test_metadata_alone(caller: Caller) -> None:
    """Who asks for PartialObjectMetadata gets no data, in lists and singly."""
    listed, single = await caller.get(MAPS, METADATA), await caller.get(f"{MAPS}/one", METADATA)

    assert listed["kind"] == "PartialObjectMetadataList"
    assert [sorted(item) for item in (listed["items"][-1], single)] == [["apiVersion", "kind", "metadata"]] * 2


async def test_rows_carry_what_is_asked_for(caller: Caller) -> None:
    """includeObject chooses between metadata, the whole object and nothing."""
    kinds = [
        (await caller.get(f"{MAPS}/one?includeObject={include}", TABLE))["rows"][0].get("object", {}).get("kind")
        for include in ("Metadata", "Object", "None")
    ]

    assert kinds == ["PartialObjectMetadata", "ConfigMap", None]


async def test_streaming_list_says_where_it_ends(caller: Caller) -> None:
    """sendInitialEvents gives what is there, the bookmark that client-go waits for, then changes."""
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = caller.lines(f"{MAPS}?{query}")
    told = [await anext(events), await anext(events)]

    assert [one["type"] for one in told] == ["ADDED", "BOOKMARK"]
    assert told[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_tables_are_watched_row_by_row(caller: Caller) -> None:
    """A watched table has one row an event."""
    events = caller.lines(f"{MAPS}?watch=true", TABLE)
    first = await anext(events)
    await caller.store.create(IN_DEFAULT, config_map("two"))
    second = await anext(events)

    assert [one["object"]["rows"][0]["cells"] for one in (first, second)] == [["one", 1, "0s"], ["two", 1, "0s"]]
    await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_program_name_is_the_manager(caller: Caller) -> None:
    """Without fieldManager, the writer is called by its User-Agent's first word."""
    await caller.code("POST", MAPS, json=config_map("two"), headers={"User-Agent": "kubectl/v1.37 (linux)"})
    stored = caller.store.peek(Target(CONFIG_MAPS, "two", "default"))

    assert stored is not None
    assert stored["metadata"]["managedFields"][0]["manager"] == "kubectl"


async def test_everybody_may_do_everything(caller: Caller) -> None:
    """A SelfSubjectAccessReview is allowed."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    review = {"spec": {"resourceAttributes": {"verb": "patch", "resource": "pods"}}}

    assert await caller.code("POST", path, json=review) == 201


async def test_open_watches_are_cut_at_the_end() -> None:
    """A server that ends does not wait for its watchers."""
    store = Store(lambda: NOON, seed=1)
    async with serve(store) as front:
        cluster = HttpCluster(anonymous(front.url))
        stream = cluster.watch(IN_DEFAULT, Query(bookmarks=True))
        await anext(stream)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
    with pytest.raises((ServerError, StopAsyncIteration)):
        await reader
    await cluster.close()


async def test_other_applications_are_mounted() -> None:
    """A metrics API can live beside the cluster's."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    beside = web.Application()
    beside.router.add_get("/hello", hello)
    store = Store(lambda: NOON, seed=1)
    async with serve(store, mounted={"/beside": beside}) as front, HttpCluster(anonymous(front.url)) as cluster:
        async with aiohttp.ClientSession(front.url) as session, session.get("/beside/hello") as answer:  # noqa: TID251  # raw
            said = await answer.text()
        patch = Patch(PatchType.APPLY, config_map("c"), manager="m")
        made = await cluster.patch(Target(CONFIG_MAPS, "c", "default"), patch)

    assert (said, made["metadata"]["name"]) == ("hello", "c")
