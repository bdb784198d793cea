"""Both HTTP clients against servers that misbehave; how they behave on good ones is the contract suite's part."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import web

from rollouts.cluster import wire
from rollouts.cluster.client import ClientSettings, HttpCluster
from rollouts.cluster.errors import (
    ClusterError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
)
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.login import anonymous
from rollouts.cluster.plain import PlainCluster
from rollouts.cluster.port import Cluster, Collection, Query, Resource, Target, WatchEvent
from tests.contract.threads import ThreadedCluster

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ONE = Target(CONFIG_MAPS, "a", "default")
ALL = Collection(CONFIG_MAPS, "default")
IMPATIENT = 0.2


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers everything with this."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(name: str, url: str) -> AsyncIterator[Cluster]:
    """One of the two clients, with little patience."""
    if name == "http":
        async with HttpCluster(anonymous(url), settings=ClientSettings(timeout=IMPATIENT)) as cluster:
            yield cluster
    else:
        with closing(ThreadedCluster(PlainCluster(anonymous(url), timeout=IMPATIENT))) as threaded:
            yield threaded


both = pytest.mark.parametrize("name", ["http", "plain"])


def status(code: int, reason: str, **more: object) -> dict[str, object]:
    """A Status object."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "no",
        "reason": reason,
        "code": code,
    } | more


def refusing(code: int, reason: str, headers: dict[str, str] | None = None, **more: object) -> Handler:
    """A server that always says no."""

    async def handle(_: web.Request) -> web.Response:
        return web.json_response(status(code, reason, **more), status=code, headers=headers)

    return handle


def streaming(*chunks: bytes) -> Handler:
    """A server that answers with these chunks, as they are cut here."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    return handle


def event(type_: str, obj: object) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": type_, "object": obj}).encode() + b"\n"


async def watched(cluster: Cluster) -> list[WatchEvent]:
    """All events of a watch."""
    return [one async for one in cluster.watch(ALL, Query(timeout=5))]


@both
@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [(403, "Forbidden", ForbiddenError), (404, "NotFound", NotFoundError), (410, "Expired", GoneError)],
)
async def test_refusals_are_typed(name: str, code: int, reason: str, error: type[ClusterError]) -> None:
    """A Status becomes the error of its reason, with the whole Status in it."""
    async with served(refusing(code, reason)) as url, client(name, url) as cluster:
        with pytest.raises(error) as refusal:
            await cluster.get(ONE)

    assert refusal.value.status["reason"] == reason
    assert refusal.value.message == "no"


@both
async def test_retry_after_is_told(name: str) -> None:
    """Seconds to wait come from the header, else from the Status."""
    async with served(refusing(429, "TooManyRequests", {"Retry-After": "7"})) as url, client(name, url) as cluster:
        with pytest.raises(TooManyRequestsError) as by_header:
            await cluster.get(ONE)
    details = {"retryAfterSeconds": 3}
    async with served(refusing(429, "TooManyRequests", details=details)) as url, client(name, url) as cluster:
        with pytest.raises(TooManyRequestsError) as by_status:
            await cluster.get(ONE)

    assert (by_header.value.retry_after, by_status.value.retry_after) == (7.0, 3.0)


@both
async def test_error_that_is_no_status_keeps_its_words(name: str) -> None:
    """A proxy's page becomes the message of a ServerError."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(text="upstream is away", status=502)

    async with served(handle) as url, client(name, url) as cluster:
        with pytest.raises(ServerError, match="upstream is away") as refusal:
            await cluster.get(ONE)

    assert refusal.value.status["code"] == 502


@both
async def test_nobody_there_is_code_zero(name: str) -> None:
    """A refused connection is a ServerError whose code is 0."""
    async with served(refusing(404, "NotFound")) as url:
        pass
    async with client(name, url) as cluster:
        with pytest.raises(ServerError) as refusal:
            await cluster.get(ONE)

    assert refusal.value.status["code"] == 0


@both
async def test_answer_that_never_comes_is_code_zero(name: str) -> None:
    """Past the timeout, the write may have taken effect or not: code 0."""

    async def handle(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with served(handle) as url, client(name, url) as cluster:
        with pytest.raises(ServerError) as refusal:
            await cluster.delete(ONE)

    assert refusal.value.status["code"] == 0


@both
async def test_answer_cut_off_is_code_zero(name: str) -> None:
    """A connection that breaks within the answer is a lost answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"kind"')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(handle) as url, client(name, url) as cluster:
        with pytest.raises(ServerError) as refusal:
            await cluster.create(ALL, {})

    assert refusal.value.status["code"] == 0


@both
async def test_long_lines_cut_anywhere_are_whole_events(name: str) -> None:
    """Events of 400 KB arrive whole, wherever the stream is cut."""
    text = event("ADDED", {"data": "x" * 400_000}) + event("MODIFIED", {"data": "y"})
    chunks = [text[at : at + 65_537] for at in range(0, len(text), 65_537)]
    async with served(streaming(*chunks)) as url, client(name, url) as cluster:
        events = await watched(cluster)

    assert [one.type for one in events] == ["ADDED", "MODIFIED"]
    assert len(events[0].object["data"]) == 400_000


@both
async def test_error_event_is_raised(name: str) -> None:
    """A version that is gone may be told in the stream, too."""
    chunks = event("ADDED", {}), event("ERROR", status(410, "Expired"))
    async with served(streaming(*chunks)) as url, client(name, url) as cluster:
        with pytest.raises(GoneError):
            await watched(cluster)


@both
async def test_older_servers_are_discovered_in_rounds(name: str) -> None:
    """A server without the aggregated form is asked for each group version, the preferred one first."""
    lists = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": "g.io",
                    "versions": [{"groupVersion": "g.io/v1beta1"}, {"groupVersion": "g.io/v1"}],
                    "preferredVersion": {"groupVersion": "g.io/v1"},
                }
            ],
        },
        "/api/v1": {"groupVersion": "v1", "resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
        "/apis/g.io/v1": {"groupVersion": "g.io/v1", "resources": [{"name": "as", "kind": "A", "namespaced": False}]},
        "/apis/g.io/v1beta1": {"groupVersion": "g.io/v1beta1", "resources": [{"name": "as/status", "kind": "A"}]},
    }

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(lists[request.path])

    async with served(handle) as url, client(name, url) as cluster:
        found = await cluster.discover()

    assert found == (Resource("", "v1", "pods", "Pod"), Resource("g.io", "v1", "as", "A", is_namespaced=False))


async def test_every_request_is_counted() -> None:
    """Whoever counts is told verb, resource and code; no answer is code 0."""
    seen: list[tuple[str, str, int]] = []

    def count(call: wire.Call, code: int) -> None:
        seen.append((call.verb, call.resource.plural, code))

    async with served(refusing(404, "NotFound")) as url, HttpCluster(anonymous(url), on_request=count) as cluster:
        with pytest.raises(NotFoundError):
            await cluster.get(ONE)
        with pytest.raises(NotFoundError):
            await cluster.list(ALL)
    async with HttpCluster(anonymous(url), on_request=count) as cluster:
        with pytest.raises(ServerError):
            await cluster.create(ALL, {})

    assert seen == [("Get", "configmaps", 404), ("List", "configmaps", 404), ("Create", "configmaps", 0)]


@pytest.mark.parametrize(("accepts", "asked"), [(True, "gzip"), (False, "identity")])
async def test_answers_may_be_asked_for_plain(accepts: bool, asked: str) -> None:
    """--disable-compression: for proxies that cannot unpack."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers["Accept-Encoding"])
        return web.json_response({})

    settings = ClientSettings(accepts_compression=accepts)
    async with served(handle) as url, HttpCluster(anonymous(url), settings=settings) as cluster:
        await cluster.get(ONE)

    assert asked in seen[0]


async def test_silent_watch_with_bookmarks_is_given_up() -> None:
    """A stream that should bring bookmarks and brings nothing is dead."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    settings = ClientSettings(silence=IMPATIENT)
    async with served(handle) as url, HttpCluster(anonymous(url), settings=settings) as cluster:
        with pytest.raises(ServerError) as refusal:
            await anext(cluster.watch(ALL, Query(bookmarks=True)))

    assert refusal.value.status["code"] == 0
