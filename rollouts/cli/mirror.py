"""What the API server holds of a few collections, kept current by watches. Called by the commands that wait or follow.

One thread a collection, each with a connection of its own: list, watch, and again whenever the watch ends or breaks.
They are daemons, since a blocked read cannot be called back. The main thread is woken by rings, at most one a `rest`,
and reads whole objects here: a change costs no request, however many objects there are.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

from rollouts.cli.session import Session, missing
from rollouts.cluster.errors import ClusterError, GoneError, NotFoundError
from rollouts.cluster.port import Collection, Json, Query, Resource

WATCH_SECONDS = 240.0
PAGE = 500
Watched = tuple[Collection, Query]


class Mirror:
    """Follows the collections until closed."""

    def __init__(self, session: Session, watched: Sequence[Watched]) -> None:
        self._session = session
        self._bell: queue.SimpleQueue[bool] = queue.SimpleQueue()  # its put may be called from a signal handler
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._held: dict[Resource, dict[tuple[str, str], Json]] = {}
        self._troubles: dict[Resource, str] = {}
        self._count = len(watched)
        for one in watched:
            threading.Thread(target=self._listen, args=one, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Has every collection been listed once?"""
        with self._lock:
            return len(self._held) == self._count

    @property
    def trouble(self) -> str:
        """Why what is held may be old, or nothing."""
        with self._lock:
            return next(iter(self._troubles.values()), "")

    def objects(self, resource: Resource) -> tuple[Json, ...]:
        """Its objects by namespace and name, as last seen."""
        with self._lock:
            held = self._held.get(resource, {})
            return tuple(held[key] for key in sorted(held))

    def rings(self, *, until: float | None = None) -> Iterator[bool]:
        """True for each change (or burst of them), False for each tick without; ends `until` seconds from now."""
        ends = None if until is None else self._session.now().timestamp() + until
        while ends is None or self._session.now().timestamp() < ends:
            is_rung = self._is_rung()
            yield is_rung
            self._closed.wait(self._session.rest)

    def ring(self) -> None:
        """Wake whoever waits: something changed."""
        self._bell.put(True)

    def close(self) -> None:
        """Let the threads end."""
        self._closed.set()

    def _is_rung(self) -> bool:
        """Wait for a ring, and take all that have come."""
        try:
            self._bell.get(timeout=self._session.tick)
        except queue.Empty:
            return False
        with suppress(queue.Empty):
            while True:
                self._bell.get_nowait()
        return True

    def _listen(self, collection: Collection, query: Query) -> None:
        while not self._closed.is_set():
            try:
                self._follow(collection, query)
            except NotFoundError:
                self._replace(collection.resource, {})  # the kind is not served here, so nothing of it changes
                return
            except GoneError:
                continue
            except ClusterError as error:
                self._complain(collection.resource, str(error))
                self._closed.wait(self._session.tick)

    def _follow(self, collection: Collection, query: Query) -> None:
        api = self._session.open(self._session.flags)
        found: dict[tuple[str, str], Json] = {}
        page = api.list(collection, Query(query.labels, query.fields, limit=PAGE))
        found.update((_key(obj), obj) for obj in page.items)
        while page.token:
            page = api.list(collection, Query(query.labels, query.fields, limit=PAGE, token=page.token))
            found.update((_key(obj), obj) for obj in page.items)
        self._replace(collection.resource, found)
        watch = Query(query.labels, query.fields, version=page.version, timeout=WATCH_SECONDS)
        for event in api.watch(collection, watch):
            if self._closed.is_set():
                return
            self._change(collection.resource, event.type, event.object)

    def _replace(self, resource: Resource, found: dict[tuple[str, str], Json]) -> None:
        with self._lock:
            self._held[resource] = found
            self._troubles.pop(resource, None)
        self.ring()

    def _change(self, resource: Resource, kind: str, obj: Json) -> None:
        with self._lock:
            if kind == "DELETED":
                self._held[resource].pop(_key(obj), None)
            elif kind in ("ADDED", "MODIFIED"):
                self._held[resource][_key(obj)] = obj
        self.ring()

    def _complain(self, resource: Resource, trouble: str) -> None:
        with self._lock:
            self._troubles[resource] = trouble
        self.ring()


def _key(obj: Json) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def only(found: Sequence[Json], resource: Resource, name: str) -> Json:
    """The one object that was followed; NotFoundError once it is deleted."""
    if not found:
        raise missing(resource, name)
    return found[0]
