"""The cluster port without an event loop. Called by the CLI, where start-up time is what the user feels.

Built on http.client: imports in a few milliseconds, does one thing at a time on one kept connection (a watch has its
own). Verbs, arguments and errors are those of the port.
"""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from rollouts.cluster import discovery, kubeconfig, wire
from rollouts.cluster.login import Credentials, Overrides, login
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

PAGE = 500
_LOST = (OSError, HTTPException)


def connect(
    *,
    kubeconfig_path: str | None = None,
    context: str | None = None,
    overrides: Overrides = Overrides(),
    timeout: float = 30.0,
) -> "PlainCluster":
    """A client for the kubeconfig's context; the `kubernetes` library helps where the small reader cannot.

    As kubectl has it, a `server` of the overrides gets the credentials of the kubeconfig.
    """
    known = kubeconfig.read(kubeconfig=kubeconfig_path, context=context, overrides=overrides)
    if known is None:
        elsewhere = replace(overrides, server="")
        known = login(kubeconfig=kubeconfig_path, context=context, overrides=elsewhere)
        known = replace(known, server=overrides.server.rstrip("/") or known.server)
    return PlainCluster(known, timeout=timeout)


class PlainCluster:
    """An API server, asked one question at a time. Not for threads."""

    def __init__(self, credentials: Credentials, *, timeout: float = 30.0) -> None:
        self.credentials = credentials
        self._timeout = timeout
        self._kept: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def namespace(self) -> str:
        """The namespace of the login's context."""
        return self.credentials.namespace

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def get(self, target: Target) -> Json:
        """The object."""
        return self._ask(wire.getting(target))

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        answer = self._ask(wire.listing(collection, query))
        meta = answer.get("metadata", {})
        items = wire.with_kinds(answer, collection.resource)
        return Page(items, meta.get("resourceVersion", ""), meta.get("continue", ""))

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """Every object of the collection, page after page."""
        page = self.list(collection, replace(query, limit=query.limit or PAGE))
        yield from page.items
        while page.token:
            page = self.list(collection, replace(query, limit=query.limit or PAGE, token=page.token))
            yield from page.items

    def watch(self, collection: Collection, query: Query = Query()) -> Generator[WatchEvent]:
        """Changes, until the server ends the stream; close the iterator to stop earlier."""
        call = wire.watching(collection, query)
        connection = self._connection(timeout=None if query.timeout is None else query.timeout + self._timeout)
        try:
            response = self._sent(connection, call)
            yield from (_event(line) for line in response if line.strip())
        except _LOST as lost:
            raise unanswered(f"watch of {collection.resource.plural}", lost) from lost
        finally:
            connection.close()

    def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return self._ask(wire.creating(collection, body, options))

    def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch."""
        return self._ask(wire.patching(target, patch))

    def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        return self._ask(wire.replacing(target, body, options))

    def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Delete, or mark for deletion."""
        self._ask(wire.deleting(target, options))

    def evict(self, target: Target) -> None:
        """Ask a pod to go, within its disruption budget."""
        self._ask(wire.evicting(target))

    def discover(self) -> tuple[Resource, ...]:
        """Every resource that the server serves."""
        found: list[Resource] = []
        for root in discovery.ROOTS:
            answer = self._ask(wire.discovering(root))
            if discovery.is_aggregated(answer):
                found.extend(discovery.aggregated(answer))
                continue
            for path in discovery.paths_of(answer):
                found.extend(discovery.listed(self._ask(wire.discovering(path))))
        return tuple(found)

    def _ask(self, call: wire.Call) -> Json:
        """Send and read whole; a kept connection that the server closed meanwhile is opened anew for reads."""
        was_kept = self._kept is not None
        try:
            return self._once(call)
        except _LOST as lost:
            self.close()
            if was_kept and call.method == "GET":
                with suppress(*_LOST):
                    return self._once(call)
            raise unanswered(f"{call.method} {call.path}", lost) from lost

    def _once(self, call: wire.Call) -> Json:
        if self._kept is None:
            self._kept = self._connection(timeout=self._timeout)
        answer: Json = json.loads(self._sent(self._kept, call).read())
        return answer

    def _sent(self, connection: HTTPConnection, call: wire.Call) -> HTTPResponse:
        body = json.dumps(call.body).encode() if call.body is not None else None
        headers = {"Accept": call.accept, "Content-Type": call.media, "User-Agent": "sluice-cli"}
        prefix = urlsplit(self.credentials.server).path
        _request(connection, call.method, prefix + call.url, body, headers | dict(self.credentials.headers()))
        response = connection.getresponse()
        if response.status >= 300:
            raise refusal(response.status, _decoded(response.read()), retry_after=response.getheader("Retry-After"))
        return response

    def _connection(self, *, timeout: float | None) -> HTTPConnection:
        server = urlsplit(self.credentials.server)
        via = urlsplit(self.credentials.proxy) if self.credentials.proxy else server
        host, port, is_tls = via.hostname or "localhost", via.port, server.scheme == "https"
        if is_tls:
            connection: HTTPConnection = HTTPSConnection(host, port, timeout=timeout, context=self.credentials.tls)
        else:
            connection = HTTPConnection(host, port, timeout=timeout)
        if self.credentials.proxy:
            connection.set_tunnel(server.hostname or "localhost", server.port or (443 if is_tls else 80))
        return connection


def _request(connection: HTTPConnection, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> None:
    """Send. A header whose value has several lines goes out several times: so servers take a user's groups."""
    connection.putrequest(method, url, skip_accept_encoding=True)
    if body is not None or method not in ("GET", "DELETE"):
        connection.putheader("Content-Length", str(len(body or b"")))
    for name, value in headers.items():
        for line in value.splitlines():
            connection.putheader(name, line)
    connection.endheaders(body)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _event(line: bytes) -> WatchEvent:
    event: Json = json.loads(line)
    if event["type"] == "ERROR":
        raise refusal(int(event["object"].get("code", 500)), event["object"])
    return WatchEvent(event["type"], event["object"])
