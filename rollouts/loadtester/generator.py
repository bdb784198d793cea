"""A small HTTP load: so many workers, so many requests a second each, until told, or the time or the number is over.

Called by `sluice load`, in a process of its own, so that what it costs is not the load tester's. A worker that falls
behind its rate leaves beats out: a service that is slow gets fewer requests, never a burst afterwards.
"""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from rollouts.loadtester.summary import Summary

Session = aiohttp.ClientSession  # noqa: TID251  # users of the service under test, not the API server
CHUNK = 64 * 1024
_LOST = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. Times are in seconds; `rate` is of one worker, 0 for as fast as it goes; `duration` 0: no limit."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    requests: int = 200
    duration: float = 0.0
    workers: int = 50
    rate: float = 0.0
    timeout: float = 20.0
    keeps_alive: bool = True
    follows: bool = True

    @property
    def most(self) -> float:
        """How many requests are sent at most; a duration takes the place of the number."""
        return float("inf") if self.duration else self.requests


class _Course:
    """What the workers share: how many requests may still begin, and whether it is over."""

    def __init__(self, most: float) -> None:
        self._left = most
        self._over = asyncio.Event()

    def take(self) -> bool:
        """Whether one more request may begin; it counts as begun."""
        if self._left <= 0 or self._over.is_set():
            return False
        self._left -= 1
        return True

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._over.wait()

    def end(self) -> None:
        """No further request."""
        self._over.set()


async def send(load: Load, stop: asyncio.Event) -> Summary:
    """Send it all, and tell what came back. Once `stop` is set nothing begins, and what is under way is given up."""
    summary, course = Summary(), _Course(load.most)
    loop = asyncio.get_running_loop()
    began = loop.time()
    # certificates are not looked at, as by hey: a test goes to a canary by whatever name it has inside
    connector = aiohttp.TCPConnector(limit=load.workers, force_close=not load.keeps_alive, ssl=False)
    async with Session(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=load.timeout or None),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=load.headers,
    ) as session:
        workers = [asyncio.create_task(_work(load, session, summary, course, n)) for n in range(load.workers)]
        await _until(asyncio.gather(*workers), stop, course, load.duration)
    summary.seconds = loop.time() - began
    return summary


async def _until(working: "asyncio.Future[list[None]]", stop: asyncio.Event, course: _Course, duration: float) -> None:
    """Wait for the workers. When the duration is over they finish what they began; at a stop they do not."""
    stopping = asyncio.create_task(stop.wait())
    either: set[asyncio.Future[Any]] = {working, stopping}
    await asyncio.wait(either, timeout=duration or None, return_when=asyncio.FIRST_COMPLETED)
    course.end()
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    for task in either:
        task.cancel()
    await asyncio.gather(*either, return_exceptions=True)


async def _work(load: Load, session: Session, summary: Summary, course: _Course, number: int) -> None:
    """One worker's requests, one after the other. The workers' beats are spread, so that their sum is even."""
    loop = asyncio.get_running_loop()
    beat = 1 / load.rate if load.rate else 0.0
    due = loop.time() + number * beat / load.workers
    if beat:
        await course.pause(due - loop.time())
    while course.take():
        await _ask(load, session, summary)
        if beat:
            due += beat * max(1, math.ceil((loop.time() - due) / beat))
            await course.pause(due - loop.time())


async def _ask(load: Load, session: Session, summary: Summary) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with session.request(
            load.method, load.url, data=load.body or None, allow_redirects=load.follows
        ) as answer:
            size = 0
            async for part in answer.content.iter_chunked(CHUNK):
                size += len(part)
    except _LOST as error:
        summary.lost(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        return
    summary.answered(answer.status, loop.time() - began, size)
