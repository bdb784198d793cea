"""Watches: the changes of one collection as the watcher sees them. Called by the core.

A watcher with a selector sees an object that begins to match as ADDED and one that ceases to as DELETED.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from rollouts.cluster.port import Json, Query, WatchEvent
from rollouts.simulator.store.kinds import Kind
from rollouts.simulator.store.ledger import Change, Ledger
from rollouts.simulator.store.meta import namespace_of, with_meta
from rollouts.simulator.store.selectors import Selector

SECONDS_BETWEEN_BOOKMARKS = 60.0


@dataclass(frozen=True, slots=True)
class View:
    """What a reader of a collection sees: one version of a kind, one namespace or all, what the selector takes."""

    kind: Kind
    namespace: str | None
    selector: Selector

    def takes(self, obj: Json | None) -> bool:
        """Whether the reader sees this object."""
        if obj is None or (self.namespace is not None and namespace_of(obj) != self.namespace):
            return False
        return self.selector.takes(obj)

    def shown(self, obj: Json) -> Json:
        """The object in the version that was asked for."""
        wanted = self.kind.resource.api_version
        return obj if obj["apiVersion"] == wanted else {**obj, "apiVersion": wanted}

    def event(self, change: Change) -> WatchEvent | None:
        """A change as this reader sees it, if at all."""
        was, is_now = self.takes(change.before), self.takes(change.after)
        if is_now and change.after is not None:
            return WatchEvent("MODIFIED" if was else "ADDED", self.shown(change.after))
        if was and change.before is not None:
            return WatchEvent("DELETED", self.shown(with_meta(change.before, resourceVersion=str(change.version))))
        return None


async def watched(ledger: Ledger, view: View, query: Query, after: int | None) -> AsyncIterator[WatchEvent]:
    """Events until the query's timeout. `after` None: what is there now comes first, as ADDED."""
    loop = asyncio.get_running_loop()
    ends_at = None if query.timeout is None else loop.time() + query.timeout
    marks_at = loop.time() if query.bookmarks else None
    seen = ledger.version if after is None else after
    if after is None:
        for obj in [one for one in ledger.all(view.kind.shelf, view.namespace) if view.takes(one)]:
            yield WatchEvent("ADDED", view.shown(obj))
    while True:
        news, seen = ledger.changes(view.kind.shelf, seen), ledger.version
        for event in filter(None, map(view.event, news)):
            yield event
        if marks_at is not None and loop.time() >= marks_at:
            marks_at = loop.time() + SECONDS_BETWEEN_BOOKMARKS
            yield _bookmark(view.kind, seen)
        if seen != ledger.version:
            continue  # more happened while the reader was busy
        if ends_at is not None and loop.time() >= ends_at:
            return
        await _wait(ledger, view.kind, min((one for one in (ends_at, marks_at) if one is not None), default=None))


async def _wait(ledger: Ledger, kind: Kind, until: float | None) -> None:
    """Until the next change of the kind, or until this moment of the loop's clock."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await ledger.changed(kind.shelf)


def _bookmark(kind: Kind, version: int) -> WatchEvent:
    resource = kind.resource
    meta = {"resourceVersion": str(version), "creationTimestamp": None}
    return WatchEvent("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta})
