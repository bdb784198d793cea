"""The way to metric services: room, patience and circuits, each address by itself. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from analysis.asking import GRACE, IN_A_ROW, OPEN_FOR, PER_ADDRESS, REMEMBERED, Asking, origin_of
from analysis.errors import NoAnswerError, ProviderError
from analysis.http_pool import CONNECTIONS
from analysis.requests import Defaults, Http, Request, Server
from rollouts.simulator.clock import run_virtual

DOWN, GOOD = "http://down.example:9090", "http://good.example"
PAUSE = OPEN_FOR.total_seconds()


@dataclass
class Services:
    """Answers after so many seconds by address; None: never reachable. Counts what is asked."""

    delays: dict[str, float | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    defaults: Defaults = field(default_factory=Defaults)

    async def ask(self, request: Request) -> Any:
        """The address, as an answer."""
        assert isinstance(request, Http)
        address = request.server.address
        self.asked.append(address)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            delay = self.delays.get(address, 0.0)
            if delay is None:
                raise NoAnswerError(f"{address} cannot be asked")
            await asyncio.sleep(delay)
            return address
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        """Nothing to close."""


def to(address: str, *, timeout: float = 30) -> Http:
    return Http(Server(address, timeout=timedelta(seconds=timeout)))


def now() -> float:
    return asyncio.get_running_loop().time()


async def outcome(asking: Asking, request: Http) -> str:
    """The answer, or the error in words."""
    try:
        return str(await asking.ask(request))
    except ProviderError as error:
        return f"{type(error).__name__}: {error}"


async def failed(asking: Asking, times: int) -> None:
    for _ in range(times):
        await outcome(asking, to(DOWN))


def played(story: Callable[[Services, Asking, list[tuple[str, bool]]], Awaitable[None]]) -> None:
    async def main() -> None:
        services, heard = Services({DOWN: None}), list[tuple[str, bool]]()
        await story(services, Asking(services, lambda address, is_open: heard.append((address, is_open))), heard)

    run_virtual(main())


def test_who_does_not_answer_is_left_alone() -> None:
    """After some failures in a row nobody asks; each who would is told why at once, and others are still asked."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        await failed(asking, IN_A_ROW)
        refused = await outcome(asking, to(DOWN))

        reason = f"{DOWN} is not asked for {PAUSE:.1f} s more: {IN_A_ROW} requests in a row got no answer"
        assert refused == f"NotAskedError: {reason}"
        assert services.asked == [DOWN] * IN_A_ROW
        assert await outcome(asking, to(GOOD)) == GOOD
        assert heard == [(DOWN, True)]
        assert list(asking.open_circuits()) == [(DOWN, IN_A_ROW)]

    played(story)


def test_one_answer_between_keeps_the_circuit_closed() -> None:
    """Only failures in a row count."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        await failed(asking, IN_A_ROW - 1)
        services.delays[DOWN] = 0
        await outcome(asking, to(DOWN))
        services.delays[DOWN] = None
        await failed(asking, IN_A_ROW - 1)

        assert (heard, list(asking.open_circuits())) == ([], [])

    played(story)


def test_a_refusal_is_an_answer() -> None:
    """A service that answers with errors is there: no circuit opens."""

    class Refusing(Services):
        async def ask(self, request: Request) -> Any:
            raise ProviderError("400: parse error")

    async def main() -> None:
        asking = Asking(Refusing())
        said = {await outcome(asking, to(DOWN)) for _ in range(3 * IN_A_ROW)}
        assert said == {"ProviderError: 400: parse error"}

    run_virtual(main())


def test_one_finds_out_and_the_others_wait_for_it() -> None:
    """When the pause is over one request goes out; those who come meanwhile go with it when it succeeds."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        await failed(asking, IN_A_ROW)
        await asyncio.sleep(PAUSE)
        services.delays[DOWN] = 3
        services.asked.clear()
        waiting = [asyncio.create_task(outcome(asking, to(DOWN))) for _ in range(4)]
        await asyncio.sleep(1)
        assert services.asked == [DOWN]
        assert await asyncio.gather(*waiting) == [DOWN] * 4
        assert heard == [(DOWN, True), (DOWN, False)]

    played(story)


def test_a_vain_try_opens_the_circuit_again() -> None:
    """The others are told without having asked, and the next pause begins."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        await failed(asking, IN_A_ROW)
        await asyncio.sleep(PAUSE)
        services.asked.clear()
        said = await asyncio.gather(*(outcome(asking, to(DOWN)) for _ in range(3)))

        assert [word.partition(":")[0] for word in said] == ["NoAnswerError", "NotAskedError", "NotAskedError"]
        assert services.asked == [DOWN]
        assert heard == [(DOWN, True)]
        await asyncio.sleep(PAUSE / 2)
        assert (await outcome(asking, to(DOWN))).startswith("NotAskedError")

    played(story)


def test_a_try_that_is_given_up_lets_the_next_one_try() -> None:
    """A run that ends amid the try takes nobody else with it."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        await failed(asking, IN_A_ROW)
        await asyncio.sleep(PAUSE)
        services.delays[DOWN] = 3
        trying = asyncio.create_task(asking.ask(to(DOWN)))
        await asyncio.sleep(1)
        waiting = asyncio.create_task(outcome(asking, to(DOWN)))
        await asyncio.sleep(1)
        trying.cancel()

        assert await waiting == DOWN

    played(story)


def test_late_failures_do_not_prolong_the_pause() -> None:
    """Requests that were under way when the circuit opened change nothing when they fail as well."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        services.delays[DOWN] = 100
        many = [asyncio.create_task(outcome(asking, to(DOWN, timeout=s))) for s in (1, 1, 1, 1, 1, 9)]
        await asyncio.sleep(1 + GRACE + 9)
        services.delays[DOWN] = 0
        await asyncio.sleep(1 + GRACE + PAUSE - now())

        assert await outcome(asking, to(DOWN)) == DOWN
        assert {(await one).partition(":")[0] for one in many} == {"NoAnswerError"}

    played(story)


def test_an_address_is_asked_by_few_at_once_and_slowness_is_told() -> None:
    """Who finds no room within its own patience says so, and nobody at another address waits for any of it."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        slow = "http://slow.example"
        services.delays[slow] = 20
        many = [asyncio.create_task(outcome(asking, to(slow, timeout=10 if n else 30))) for n in range(PER_ADDRESS)]
        many += [asyncio.create_task(outcome(asking, to(slow, timeout=5)))]
        await asyncio.sleep(1)
        began = now()
        await asking.ask(to(GOOD))
        assert now() == began
        said = await asyncio.gather(*many)

        assert services.most == PER_ADDRESS + 1
        busy = f"{slow} is busy: {PER_ADDRESS} requests are under way, and none ended within 10 s"
        assert said[-1] == f"ProviderError: {busy}"

    played(story)


def test_hundred_addresses_that_hang_delay_nobody_else() -> None:
    """There is no room in common that they could fill."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        hanging = [f"http://hang{n}.example" for n in range(100)]
        services.delays.update(dict.fromkeys(hanging, 1000.0))
        many = [asyncio.create_task(outcome(asking, to(address))) for address in hanging for _ in range(20)]
        await asyncio.sleep(1)
        began = now()

        assert await asking.ask(to(GOOD)) == GOOD
        assert now() == began
        for one in many:
            one.cancel()

    played(story)


def test_the_http_client_has_room_for_many_that_hang() -> None:
    """What one address may hold is a small part of all connections."""
    assert CONNECTIONS >= 50 * PER_ADDRESS


def test_troubles_are_not_remembered_without_end() -> None:
    """Addresses that nobody asks any more fall out of memory, the oldest first."""

    async def story(services: Services, asking: Asking, heard: list[tuple[str, bool]]) -> None:
        for number in range(REMEMBERED + 5):
            address = f"http://gone{number}.example"
            services.delays[address] = None
            await asyncio.gather(*(outcome(asking, to(address)) for _ in range(IN_A_ROW)))

        remembered = [address for address, _ in asking.open_circuits()]
        assert (len(remembered), remembered[0]) == (REMEMBERED, "http://gone5.example")

    played(story)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://me:secret@metrics.example:8443/api?token=x", "https://metrics.example:8443"),
        ("http://prometheus:9090", "http://prometheus:9090"),
        ("plugin ours", "plugin ours"),
    ],
)
def test_circuits_go_by_server_and_tell_no_credentials(address: str, origin: str) -> None:
    """Scheme, host and port; neither user nor path."""
    assert origin_of(address) == origin
