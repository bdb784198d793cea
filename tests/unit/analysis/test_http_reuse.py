"""Which connections are kept for the next request: one look at one connection, however many there are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpcore
import pytest
from aiohttp import web

from analysis.http_reuse import Reuse
from analysis.requests import Http, Server
from tests.builders.outside import a_client, answering

CROWD = 60
URL = "http://metrics.example"


class Wire(httpcore.AsyncConnectionInterface):
    """A connection that leads nowhere, and counts how often somebody looks at it."""

    def __init__(self) -> None:
        self.looks = 0
        self.is_broken = self.is_old = self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """An empty answer, or none."""
        if self.is_broken:
            raise httpcore.ReadError
        return httpcore.Response(200, content=_nothing())

    async def aclose(self) -> None:
        """Hang up."""
        self._is_closed = True

    def has_expired(self) -> bool:
        """Whether the server may have hung up."""
        self.looks += 1
        return self.is_old

    def is_idle(self) -> bool:
        """Whether the next request may go here."""
        return not self._is_closed

    def is_closed(self) -> bool:
        """Whether it is over."""
        return self._is_closed


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


class Exchange:
    """Makes connections, and remembers them."""

    def __init__(self, most: int = 1000) -> None:
        self.made: list[Wire] = []
        self.reuse = Reuse(self._make, most)

    def _make(self, _: httpcore.Origin) -> Wire:
        self.made.append(Wire())
        return self.made[-1]

    async def ask(self) -> httpcore.Response:
        """Send a request; its answer is open."""
        return await self.reuse.handle_async_request(httpcore.Request("GET", URL))


async def test_a_crowd_goes_out_at_once_and_keeps_its_connections() -> None:
    """As many connections as requests at a time, and none is opened for the crowd that comes next."""
    asked: Counter[int] = Counter()
    all_there = asyncio.Barrier(CROWD)

    async def wait_for_the_others(request: web.Request) -> web.Response:
        assert request.transport is not None
        asked[request.transport.get_extra_info("peername")[1]] += 1
        await all_there.wait()
        return web.Response()

    async with answering(wait_for_the_others) as url, a_client() as client:
        for _ in range(3):
            await asyncio.gather(*(client.send(Http(Server(url))) for _ in range(CROWD)))

    assert sorted(asked.values()) == [3] * CROWD


async def test_a_request_looks_at_the_oldest_and_at_its_own() -> None:
    """However many are at rest: not at all of them, as httpcore's own pool does."""
    exchange = Exchange()
    for answer in [await exchange.ask() for _ in range(CROWD)]:
        await answer.aclose()
    for _ in range(10):
        await (await exchange.ask()).aclose()

    assert len(exchange.made) == CROWD
    assert sum(wire.looks for wire in exchange.made) == 20


async def test_who_rests_too_long_is_let_go() -> None:
    """The oldest first; the one that is taken is looked at as well."""
    exchange = Exchange()
    for answer in [await exchange.ask() for _ in range(3)]:
        await answer.aclose()
    for wire in (exchange.made[0], exchange.made[2]):
        wire.is_old = True

    await exchange.ask()

    assert [wire.is_closed() for wire in exchange.made] == [True, False, True]


async def test_what_fails_leaves_its_place_and_no_connection() -> None:
    """One place: the next request has it after a failure, after one that was given up, and after an answer."""
    exchange = Exchange(most=1)
    answer = await exchange.ask()
    waiting = asyncio.create_task(exchange.ask())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await answer.aclose()
    await answer.aclose()
    exchange.made[0].is_broken = True
    with pytest.raises(httpcore.ReadError):
        await exchange.ask()

    await (await exchange.ask()).aclose()

    assert [wire.is_closed() for wire in exchange.made] == [True, False]


async def test_the_end_closes_all() -> None:
    """Those at rest, and none is kept."""
    exchange = Exchange()
    await (await exchange.ask()).aclose()

    await exchange.reuse.aclose()
    await exchange.ask()

    assert [wire.is_closed() for wire in exchange.made] == [True, False]
