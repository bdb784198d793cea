"""The real ports against servers on loopback, and the in-process ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from analysis.errors import ProviderError
from analysis.ports import HttpPorts, InProcessPorts
from analysis.providers.prometheus import read
from analysis.requests import LARGEST, Basic, Query, RangeQuery, Server
from rollouts.simulator.promql import routes
from rollouts.simulator.series import Series
from tests.builders.servers import serving

NOW = datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def a_prometheus() -> AsyncIterator[str]:
    series = Series()
    for at, value in ((-60, 1.0), (0, 2.0)):
        series.record("up", {"pod": "a"}, value, NOW.timestamp() + at)
    async with serving(routes(series, lambda: NOW)) as url:
        yield url


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with serving(app) as url:
        yield url


@asynccontextmanager
async def opened() -> AsyncIterator[HttpPorts]:
    doors = HttpPorts()
    try:
        yield doors
    finally:
        await doors.close()


def a_query(address: str, **server: Any) -> Query:
    return Query(Server(address, **server), "sum(up)", NOW)


async def test_an_instant_query_is_answered() -> None:
    """A Prometheus on loopback answers for the moment that was asked."""
    async with a_prometheus() as url, opened() as doors:
        assert read(await doors.ask(a_query(url))).result == (2.0,)


async def test_a_refused_query_brings_the_servers_words() -> None:
    """An error of the query is an answer with status 400, not a failure to ask."""
    async with a_prometheus() as url, opened() as doors:
        body = await doors.ask(Query(Server(url), "sum(", NOW))

        with pytest.raises(ProviderError, match="bad_data"):
            read(body)


async def test_a_range_query_goes_through_the_library() -> None:
    """prometheus-api-client makes the request and reads the answer; the samples come in order."""
    async with a_prometheus() as url, opened() as doors:
        start = NOW - timedelta(seconds=60)
        body = await doors.ask(RangeQuery(Server(url), "up", start, NOW, timedelta(seconds=60)))

        assert read(body).result == (1.0, 2.0)


async def test_a_range_query_that_fails_is_a_provider_error() -> None:
    """Refused or unreachable: the library's exceptions do not leak."""
    async with a_prometheus() as url, opened() as doors:
        for address, query, why in ((url, "sum(", "range query"), ("http://127.0.0.1:1", "up", "cannot be asked")):
            with pytest.raises(ProviderError, match=why):
                await doors.ask(RangeQuery(Server(address), query, NOW, NOW, timedelta(seconds=1)))


async def test_availability_is_told() -> None:
    """A server that answers is there, a closed port is not."""
    async with a_prometheus() as url, opened() as doors:
        assert await doors.is_available(Server(url))
        assert not await doors.is_available(Server("http://127.0.0.1:1"))


async def test_headers_and_credentials_go_along() -> None:
    """The server sees the metric's headers, its user and the form."""
    seen: dict[str, str] = {}

    async def note(request: web.Request) -> web.Response:
        form = await request.post()
        seen.update(method=request.method, org=request.headers["X-Org"], auth=request.headers["Authorization"])
        seen.update(query=str(form["query"]), time=str(form["time"]))
        return web.json_response({"status": "success"})

    async with answering(note) as url, opened() as doors:
        await doors.ask(a_query(url, headers=(("X-Org", "7"),), auth=Basic("u", "p")))

    assert seen == {"method": "POST", "org": "7", "auth": "Basic dTpw", "query": "sum(up)", "time": "1700000060.000"}


async def test_a_proxy_without_post_is_asked_by_get() -> None:
    """405 to the form makes us ask the way that every proxy takes."""

    async def only_get(request: web.Request) -> web.Response:
        if request.method != "GET":
            raise web.HTTPMethodNotAllowed(request.method, ["GET"])
        return web.json_response({"status": "success", "asked": request.query["query"]})

    async with answering(only_get) as url, opened() as doors:
        assert (await doors.ask(a_query(url)))["asked"] == "sum(up)"


async def test_what_is_no_json_is_refused() -> None:
    """A login page is no answer."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async with answering(page) as url, opened() as doors:
        with pytest.raises(ProviderError, match="answered 200, and not with JSON"):
            await doors.ask(a_query(url))


async def test_a_redirect_is_not_followed() -> None:
    """Credentials never travel to where a server points."""

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    async with answering(elsewhere) as url, opened() as doors:
        with pytest.raises(ProviderError, match="answered 302"):
            await doors.ask(a_query(url))


async def test_a_huge_answer_is_cut_off() -> None:
    """What is beyond the limit is not read into memory."""

    async def flood(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (LARGEST + 1))

    async with answering(flood) as url, opened() as doors:
        with pytest.raises(ProviderError, match=f"more than {LARGEST} bytes"):
            await doors.ask(a_query(url))


async def test_a_server_that_is_not_there_is_named() -> None:
    """The error says which address cannot be asked."""
    async with opened() as doors:
        with pytest.raises(ProviderError, match=r"http://127\.0\.0\.1:1 cannot be asked"):
            await doors.ask(a_query("http://127.0.0.1:1"))


async def test_a_silent_server_ends_in_its_timeout() -> None:
    """The metric's own timeout holds."""

    async def hold(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with answering(hold) as url, opened() as doors:
        with pytest.raises(ProviderError, match="did not answer within"):
            await doors.ask(a_query(url, timeout=timedelta(milliseconds=30)))


async def test_a_trickle_holds_nobody() -> None:
    """A server that sends a byte now and then keeps each single wait short; the whole answer has its time, too."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    async with answering(trickle) as url, opened() as doors:
        span = RangeQuery(Server(url, timeout=timedelta(milliseconds=100)), "up", NOW, NOW, timedelta(seconds=1))
        told = await asyncio.gather(*(doors.ask(span) for _ in range(20)), return_exceptions=True)

    assert all(isinstance(error, ProviderError) and "did not answer within 0.1 s" in str(error) for error in told)


async def test_a_huge_span_is_cut_off() -> None:
    """The limit of an answer holds for range queries, too."""

    async def flood(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (LARGEST + 1))

    async with answering(flood) as url, opened() as doors:
        with pytest.raises(ProviderError, match=f"more than {LARGEST} bytes"):
            await doors.ask(RangeQuery(Server(url), "up", NOW, NOW, timedelta(seconds=1)))


async def test_functions_answer_in_process() -> None:
    """Virtual time needs no socket: a function is asked with query and moment."""
    doors = InProcessPorts(lambda query, now: {"q": query, "at": now}, lambda *span: {"span": span})

    assert await doors.ask(a_query("http://x")) == {"q": "sum(up)", "at": NOW}
    assert (await doors.ask(RangeQuery(Server("http://x"), "up", NOW, NOW, timedelta(1))))["span"][0] == "up"
    await doors.close()


async def test_a_span_without_a_function_is_refused() -> None:
    """Ports that know no range queries say so."""
    doors = InProcessPorts(lambda _query, _now: {})

    with pytest.raises(ProviderError, match="not answered here"):
        await doors.ask(RangeQuery(Server("http://x"), "up", NOW, NOW, timedelta(1)))
