"""The way to each metric service: few requests at once, each in its time, and none where nobody answers.

Called by the runner with every request of a flow. Services share nothing here, so one that is slow or down delays only
those who ask it. After some requests in a row without an answer its circuit opens: for a while it is not asked, and
measurements say so at once. Then one request finds out whether it is back, and the others wait for what that finds.
What a service answers, be it a refusal, counts as an answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from analysis.errors import NoAnswerError, NotAskedError, ProviderError
from analysis.ports import Ports
from analysis.requests import Request, asked_of, patience_with

PER_ADDRESS = 16
"""Requests to one address at once."""
IN_A_ROW = 5
"""Requests without an answer that open a circuit."""
OPEN_FOR = timedelta(seconds=10)
"""How long nobody asks then: as long as a measurement waits after an error."""
GRACE = 5.0
"""Seconds beyond its own timeout after which a request is given up."""
REMEMBERED = 1000
"""Addresses in trouble that are remembered."""

Told = Callable[[str, bool], None]
"""Hears of an address whose circuit opens (True) or closes again."""


def nobody(_address: str, _is_open: bool) -> None:
    """Hears nothing."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Line:
    """The way to one address. `open_until` is the loop's time; `probe` is set when the request that tries has ended."""

    address: str
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_ADDRESS))
    unanswered: int = 0
    open_until: float | None = None
    probe: asyncio.Event | None = None

    def refuse_while_open(self) -> None:
        """NotAskedError while nobody is to ask."""
        if self.open_until is not None and self.probe is None:
            rest = self.open_until - asyncio.get_running_loop().time()
            if rest > 0:
                raise NotAskedError(
                    f"{self.address} is not asked for {max(rest, 0.1):.1f} s more: "
                    f"{self.unanswered} requests in a row got no answer"
                )


class Asking:
    """Asks all services through the ports. `told` hears of circuits that open and close."""

    def __init__(self, ports: Ports, told: Told = nobody) -> None:
        self._ports = ports
        self._told = told
        self._lines: WeakValueDictionary[str, _Line] = WeakValueDictionary()
        self._troubled: OrderedDict[str, _Line] = OrderedDict()

    def open_circuits(self) -> Iterator[tuple[str, int]]:
        """Addresses that are not asked, with the number of requests in a row that got no answer."""
        for line in self._troubled.values():
            if line.open_until is not None:
                yield line.address, line.unanswered

    async def ask(self, request: Request) -> Any:
        """The answer; ProviderError with the reason when there is none."""
        line = self._line(origin_of(asked_of(request)))
        limit = patience_with(request).total_seconds() + GRACE
        line.refuse_while_open()
        async with _room(line, limit), _admitted(line) as is_probe:
            try:
                answer = await self._answer(request, limit)
            except NoAnswerError:
                self._failed(line, is_probe=is_probe)
                raise
            except ProviderError:
                self._recovered(line)
                raise
            self._recovered(line)
            return answer

    async def _answer(self, request: Request, limit: float) -> Any:
        try:
            async with asyncio.timeout(limit):
                return await self._ports.ask(request)
        except TimeoutError:
            raise NoAnswerError(f"{asked_of(request)} did not answer within {limit:g} s") from None

    def _failed(self, line: _Line, *, is_probe: bool) -> None:
        line.unanswered += 1
        self._remember(line)
        is_news = line.open_until is None and line.unanswered >= IN_A_ROW
        if is_news or is_probe:
            line.open_until = asyncio.get_running_loop().time() + OPEN_FOR.total_seconds()
        if is_news:
            self._told(line.address, True)

    def _recovered(self, line: _Line) -> None:
        was_open = line.open_until is not None
        line.unanswered, line.open_until = 0, None
        self._troubled.pop(line.address, None)
        if was_open:
            self._told(line.address, False)

    def _remember(self, line: _Line) -> None:
        self._troubled[line.address] = line
        self._troubled.move_to_end(line.address)
        while len(self._troubled) > REMEMBERED:
            self._troubled.popitem(last=False)

    def _line(self, address: str) -> _Line:
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = _Line(address)
        return line


def origin_of(address: str) -> str:
    """Scheme, host and port: what answers as a whole or not at all, and nothing that must not be told."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else address


@asynccontextmanager
async def _room(line: _Line, limit: float) -> AsyncIterator[None]:
    """One of the places at this address; ProviderError when none becomes free in time."""
    try:
        async with asyncio.timeout(limit):
            await line.room.acquire()
    except TimeoutError:
        raise ProviderError(
            f"{line.address} is busy: {PER_ADDRESS} requests are under way, and none ended within {limit:g} s"
        ) from None
    try:
        yield
    finally:
        line.room.release()


@asynccontextmanager
async def _admitted(line: _Line) -> AsyncIterator[bool]:
    """Whether this request is the one that finds out; NotAskedError where it is known that nobody answers."""
    is_probe = False
    while line.open_until is not None and not is_probe:
        line.refuse_while_open()
        if line.probe is None:
            line.probe, is_probe = asyncio.Event(), True
        else:
            await line.probe.wait()
    try:
        yield is_probe
    finally:
        if is_probe and line.probe is not None:
            line.probe.set()
            line.probe = None
