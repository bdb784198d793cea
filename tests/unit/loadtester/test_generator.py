"""The load of our own, against a server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from rollouts.loadtester.generator import Load, send
from rollouts.loadtester.summary import Summary
from tests.builders.servers import serving


@dataclass
class Shop:
    """A service that notes its requests."""

    url: str = ""
    seen: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """By path: /ok, /bad, /moved (to /ok), /never."""
        self.connections.add(request.transport)
        self.seen.append((request.method, request.path, request.headers["Host"], await request.read()))
        self.arrived.set()
        match request.path:
            case "/bad":
                return web.Response(status=503)
            case "/moved":
                return web.Response(status=302, headers={"Location": "/ok"})
            case "/never":
                await asyncio.Event().wait()
            case _:
                pass
        return web.Response(text="hello")


@asynccontextmanager
async def a_shop() -> AsyncIterator[Shop]:
    """The service, on a free port."""
    shop, app = Shop(), web.Application()
    app.router.add_route("*", "/{path:.*}", shop.answer)
    async with serving(app) as url:
        shop.url = url
        yield shop


async def sent(load: Load) -> Summary:
    """All of it."""
    return await send(load, asyncio.Event())


async def test_so_many_requests_are_sent_as_were_asked_for() -> None:
    """No more and no fewer, over as many connections as there are workers at most."""
    async with a_shop() as shop:
        summary = await sent(Load(f"{shop.url}/ok", requests=23, workers=4))

    assert (summary.codes, summary.errors, summary.size) == ({200: 23}, {}, 23 * len("hello"))
    assert len(shop.seen) == 23
    assert len(shop.connections) <= 4


async def test_a_request_is_as_it_was_described() -> None:
    """Method, body and Host."""
    async with a_shop() as shop:
        await sent(Load(f"{shop.url}/ok", "PUT", {"Host": "shop.test"}, b"data", requests=1, workers=1))

    assert shop.seen == [("PUT", "/ok", "shop.test", b"data")]


async def test_connections_may_be_for_one_request_only() -> None:
    """As users come who were not there before."""
    async with a_shop() as shop:
        await sent(Load(f"{shop.url}/ok", requests=5, workers=1, keeps_alive=False))

    assert len(shop.connections) == 5


@pytest.mark.parametrize(
    ("path", "follows", "codes"), [("/bad", True, {503: 2}), ("/moved", True, {200: 2}), ("/moved", False, {302: 2})]
)
async def test_answers_are_counted_by_code(path: str, follows: bool, codes: dict[int, int]) -> None:
    """Redirects by where they lead, unless they are not followed."""
    async with a_shop() as shop:
        summary = await sent(Load(f"{shop.url}{path}", requests=2, workers=1, follows=follows))

    assert summary.codes == codes


async def test_a_service_that_is_silent_or_gone_is_an_error() -> None:
    """Counted by cause."""
    async with a_shop() as shop:
        silent = await sent(Load(f"{shop.url}/never", requests=2, workers=2, timeout=0.05))
    gone = await sent(Load(f"{shop.url}/ok", requests=3, workers=1))

    assert silent.errors.total() == 2
    assert [count for cause, count in gone.errors.items() if "ClientConnectorError" in cause] == [3]
    assert silent.answers == gone.answers == 0


async def test_a_rate_is_kept() -> None:
    """Each worker sends at its beats and none in between, and the last one ends in time."""
    async with a_shop() as shop:
        summary = await sent(Load(f"{shop.url}/ok", workers=2, rate=20, duration=0.5))

    assert 1 <= summary.answers <= 21  # the beat at the very end may still be one
    assert summary.answers == len(shop.seen)


async def test_a_stop_gives_up_what_is_under_way() -> None:
    """And tells what there was."""
    stop = asyncio.Event()
    async with a_shop() as shop:
        sending = asyncio.create_task(send(Load(f"{shop.url}/never", workers=1, duration=3600), stop))
        await shop.arrived.wait()
        stop.set()
        summary = await sending

    assert (summary.answers, summary.errors.total()) == (0, 0)
    assert len(shop.seen) == 1


def test_a_summary_tells_times_to_one_per_cent() -> None:
    """Whatever their number, in little memory."""
    summary = Summary(seconds=10.0)
    for milliseconds in range(1, 1001):
        summary.answered(200 if milliseconds % 100 else 500, milliseconds / 1000, 10)

    assert [summary.percentile(percent) for percent in (0, 50, 99, 100)] == pytest.approx([0.001, 0.5, 0.99, 1], 0.01)
    lines = list(summary.lines())
    assert "  Requests/sec:\t100.0000" in lines
    assert "  Average:\t0.5005 secs" in lines
    assert "  [200]\t990 responses" in lines
    assert "  [500]\t10 responses" in lines


def test_a_summary_of_nothing_has_no_times() -> None:
    """But its errors, of which the rare ones are counted together."""
    summary = Summary(seconds=1.0)
    for number in range(30):
        summary.lost(f"cause {number}")
    lines = list(summary.lines())

    assert summary.percentile(50) == 0
    assert "  [10]\tothers" in lines
    assert not [line for line in lines if "Latency" in line or "Average" in line]
