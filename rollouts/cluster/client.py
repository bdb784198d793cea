"""The cluster port over HTTP. Called by the controller in production: one aiohttp session, msgspec for JSON.

Answers stay plain dicts, since every kind passes through here; the trade-off is memory, which callers keep down by
caching slim forms. Errors are typed by the server's Status; an answer that never came is a ServerError with code 0.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from rollouts.cluster import discovery, wire
from rollouts.cluster.login import Credentials
from rollouts.cluster.pace import Paces
from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    Query,
    Resource,
    Target,
    WatchEvent,
)
from rollouts.cluster.refusals import refusal, unanswered

OnRequest = Callable[[wire.Call, int], None]
"""Told of every request (its verb: Get, List, Watch, Create, Update, Patch, Delete) and the answer's code (0: none)."""

Session = aiohttp.ClientSession  # noqa: TID251  # this is the one place that opens it for the API server

_LOST = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Seconds: `timeout` for a whole request, `silence` for a watch with bookmarks (a live server sends one a minute).

    `qps` and `burst` hold for each API group, and for events apart; `qps` 0 means no limit of our own.
    """

    timeout: float = 30.0
    silence: float = 75.0
    qps: float = 0.0
    burst: int = 0
    user_agent: str = "sluice"
    accepts_compression: bool = True


class HttpCluster:
    """An API server behind one session. Use as `async with HttpCluster(login()) as cluster:`."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        settings: ClientSettings = ClientSettings(),
        on_request: OnRequest | None = None,
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._on_request = on_request
        self._pace = Paces(qps=settings.qps, burst=max(1, settings.burst)) if settings.qps else None
        self._session: Session | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session and every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, target: Target) -> Json:
        """The object."""
        return await self._ask(wire.getting(target))

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        answer = await self._ask(wire.listing(collection, query))
        meta = answer.get("metadata", {})
        items = wire.with_kinds(answer, collection.resource)
        return Page(items, meta.get("resourceVersion", ""), meta.get("continue", ""))

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Changes, until the server ends the stream or falls silent."""
        call = wire.watching(collection, query)
        silence = self._settings.silence if query.bookmarks else None
        patience = aiohttp.ClientTimeout(total=None, sock_connect=self._settings.timeout, sock_read=silence)
        response = await self._open(call, patience)
        try:
            async for line in _lines(response):
                yield _event(line)
        except _LOST as lost:
            raise unanswered(f"watch of {collection.resource.plural}", lost) from lost
        finally:
            response.close()

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return await self._ask(wire.creating(collection, body, options))

    async def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch."""
        return await self._ask(wire.patching(target, patch))

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return await self._ask(wire.replacing(target, body, options))

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Delete, or mark for deletion."""
        await self._ask(wire.deleting(target, options))

    async def evict(self, target: Target) -> None:
        """Ask a pod to go, within its disruption budget."""
        await self._ask(wire.evicting(target))

    async def discover(self) -> tuple[Resource, ...]:
        """Every resource that the server serves."""
        found: list[Resource] = []
        for root in discovery.ROOTS:
            answer = await self._ask(wire.discovering(root))
            if discovery.is_aggregated(answer):
                found.extend(discovery.aggregated(answer))
                continue
            for path in discovery.paths_of(answer):
                found.extend(discovery.listed(await self._ask(wire.discovering(path))))
        return tuple(found)

    async def _ask(self, call: wire.Call) -> Json:
        patience = aiohttp.ClientTimeout(total=self._settings.timeout)
        try:
            async with await self._open(call, patience) as response:
                answer: Json = msgspec.json.decode(await response.read())
                return answer
        except (*_LOST, msgspec.DecodeError) as lost:
            raise unanswered(f"{call.method} {call.path}", lost) from lost

    async def _open(self, call: wire.Call, patience: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send; the response once it is known to be a good one, its body unread."""
        if self._pace is not None:
            await self._pace.wait(call.resource)
        headers = await self._headers(call)
        data = msgspec.json.encode(call.body) if call.body is not None else None
        try:
            response = await self._connected().request(
                call.method,
                self._credentials.server + call.path,
                params=call.params,
                data=data,
                headers=headers,
                timeout=patience,
                proxy=self._credentials.proxy,
                allow_redirects=False,
            )
        except _LOST as lost:
            self._count(call, 0)
            raise unanswered(f"{call.method} {call.path}", lost) from lost
        self._count(call, response.status)
        if response.status >= 300:
            raise await _refused(response)
        return response

    async def _headers(self, call: wire.Call) -> dict[str, str]:
        own = {"Accept": call.accept, "Content-Type": call.media, "User-Agent": self._settings.user_agent}
        if not self._settings.accepts_compression:
            own["Accept-Encoding"] = "identity"
        if self._credentials.is_renewed:  # may run an exec plugin
            return own | dict(await asyncio.to_thread(self._credentials.headers))
        return own | dict(self._credentials.headers())

    def _connected(self) -> Session:
        if self._session is None:
            tls = self._credentials.tls
            connector = aiohttp.TCPConnector(limit=0, ssl=tls if tls is not None else True)
            self._session = Session(connector=connector)
        return self._session

    def _count(self, call: wire.Call, code: int) -> None:
        if self._on_request is not None:
            self._on_request(call, code)


async def _refused(response: aiohttp.ClientResponse) -> Exception:
    try:
        body = await response.read()
    except _LOST as lost:
        return unanswered("an error's body", lost)
    finally:
        response.release()
    return refusal(response.status, _decoded(body), retry_after=response.headers.get("Retry-After"))


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode(errors="replace")


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Lines of any length, as they are completed; the stream's chunks break anywhere."""
    pieces: list[bytes] = []
    async for chunk in response.content.iter_any():
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield b"".join((*pieces, line))
            pieces.clear()
        if rest:
            pieces.append(rest)


def _event(line: bytes) -> WatchEvent:
    event: Json = msgspec.json.decode(line)
    if event["type"] == "ERROR":
        raise refusal(int(event["object"].get("code", 500)), event["object"])
    return WatchEvent(event["type"], event["object"])
