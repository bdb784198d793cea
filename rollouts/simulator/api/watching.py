"""Watches as streams of lines. Called by the verbs; end when the watch does, the caller leaves or the server stops."""

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
from aiohttp import web

from rollouts.cluster.errors import ClusterError
from rollouts.cluster.port import Json, WatchEvent
from rollouts.cluster.refusals import status_of
from rollouts.simulator.api.media import Shown
from rollouts.simulator.api.requests import Asked
from rollouts.simulator.api.tables import shown

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


async def watch(asked: Asked) -> web.StreamResponse:
    """Stream the changes. What is wrong from the start is an HTTP error, what goes wrong later an ERROR event."""
    asked.store.peek_all(asked.collection, replace(asked.query, limit=1, token="", version=""))
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(asked.http)
    try:
        async for event in _events(asked):
            await response.write(_line(event.type, _in_form(asked, event)))
    except ClusterError as error:
        await response.write(_line("ERROR", status_of(error)))
    await response.write_eof()
    return response


def _events(asked: Asked) -> AsyncIterator[WatchEvent]:
    if asked.is_true("sendInitialEvents"):
        return _listed_first(asked)
    return asked.store.watch(asked.collection, asked.query)


async def _listed_first(asked: Asked) -> AsyncIterator[WatchEvent]:
    """A streaming list: what is there, a bookmark that says so, then the changes."""
    query = replace(asked.query, limit=None, token="", version="")
    version = asked.store.version
    for obj in asked.store.peek_all(asked.collection, query):
        yield WatchEvent("ADDED", obj)
    yield WatchEvent("BOOKMARK", _bookmark(asked, version))
    async for event in asked.store.watch(asked.collection, replace(query, version=version)):
        yield event


def _bookmark(asked: Asked, version: str) -> Json:
    resource = asked.kind.resource
    meta = {"resourceVersion": version, "creationTimestamp": None, "annotations": INITIAL_EVENTS_END}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}


def _in_form(asked: Asked, event: WatchEvent) -> Json:
    """The event's object in the form asked for; a bookmark shows no row."""
    form, now = asked.form, asked.store.now()
    if event.type != "BOOKMARK" or form is not Shown.TABLE:
        return shown(asked.kind, event.object, form, now, include=asked.include)
    table = shown(asked.kind, event.object, form, now, include=asked.include)
    return {**table, "rows": [], "metadata": event.object["metadata"]}


def _line(type_: str, obj: Json) -> bytes:
    return msgspec.json.encode({"type": type_, "object": obj}) + b"\n"
