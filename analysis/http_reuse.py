"""Keeps connections for the next request. Called by http_pool, around the connections that httpcore makes.

httpcore's own pool compares every connection with every other at each request: with 150 of them to one server a request
cost 80 ms of CPU, with 300 more than a second. Here the connection that was used last is taken from a stack, and looked
at alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import httpcore

Make = Callable[[httpcore.Origin], httpcore.AsyncConnectionInterface]
Address = tuple[bytes, bytes, int]


class Reuse:
    """Connections of one way out: `most` at a time, those at rest by the server that they lead to."""

    def __init__(self, make: Make, most: int) -> None:
        self._make = make
        self._places = asyncio.Semaphore(most)
        self._idle: dict[Address, deque[httpcore.AsyncConnectionInterface]] = {}

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer; its connection is kept once that is closed."""
        await self._places.acquire()
        connection = None
        try:
            while True:
                connection = await self._waiting(request.url.origin) or self._make(request.url.origin)
                try:
                    answer = await connection.handle_async_request(request)
                except httpcore.ConnectionNotAvailable:
                    continue
                break
        except BaseException:
            self._places.release()
            if connection is not None and not connection.is_closed():
                await connection.aclose()
            raise
        kept = connection
        body = _Body(answer, lambda: self._rest(request.url.origin, kept))
        return httpcore.Response(answer.status, headers=answer.headers, content=body, extensions=answer.extensions)

    async def aclose(self) -> None:
        """Close those at rest. One that is in use closes with its request."""
        kept, self._idle = self._idle, {}
        for connections in kept.values():
            for connection in connections:
                await connection.aclose()

    async def _waiting(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface | None:
        """The one at rest that was used last; servers may have hung up on it, and on the one that rests longest."""
        kept = self._idle.get(_address(origin), deque())
        while kept and kept[0].has_expired():
            await kept.popleft().aclose()
        while kept:
            connection = kept.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        self._idle.pop(_address(origin), None)
        return None

    async def _rest(self, origin: httpcore.Origin, connection: httpcore.AsyncConnectionInterface) -> None:
        self._places.release()
        if connection.is_idle():
            self._idle.setdefault(_address(origin), deque()).append(connection)
        elif not connection.is_closed():
            await connection.aclose()


class _Body:
    """The answer's bytes; `rest` is told once when nobody wants more of them."""

    def __init__(self, answer: httpcore.Response, rest: Callable[[], Awaitable[None]]) -> None:
        self._answer = answer
        self._rest: Callable[[], Awaitable[None]] | None = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._answer.stream, AsyncIterable)  # as an asynchronous connection gives it
        async for part in self._answer.stream:
            yield part

    async def aclose(self) -> None:
        """Close the answer, and let go of its connection."""
        rest, self._rest = self._rest, None
        if rest is None:
            return
        try:
            await self._answer.aclose()
        finally:
            await rest()


def _address(origin: httpcore.Origin) -> Address:
    return origin.scheme, origin.host, origin.port
