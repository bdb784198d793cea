"""Rings when one of the watched collections changes. Called by `get -w`, `list -w` and `status -w`.

A ring says only that something changed: the caller reads again, so that what it shows is never half old. One thread a
collection, each with a connection of its own; they are daemons, since a blocked read cannot be called back.
"""

import threading
from collections.abc import Iterator, Sequence

from rollouts.cli.session import Session
from rollouts.cluster.errors import ClusterError, NotFoundError
from rollouts.cluster.port import Collection, Query

TICK = 1.0
WATCH_SECONDS = 240.0


class Doorbell:
    """Watches until closed."""

    def __init__(self, session: Session, watched: Sequence[tuple[Collection, Query]]) -> None:
        self._session = session
        self._rung = threading.Event()
        self._closed = threading.Event()
        for collection, query in watched:
            threading.Thread(target=self._listen, args=(collection, query), daemon=True).start()

    def rings(self, *, until: float | None = None) -> Iterator[bool]:
        """True for each change (or burst of them), False for each second without; ends `until` seconds from now."""
        ends = None if until is None else self._session.now().timestamp() + until
        while ends is None or self._session.now().timestamp() < ends:
            is_rung = self._rung.wait(TICK)
            self._rung.clear()
            yield is_rung
            self._closed.wait(self._session.rest)

    def close(self) -> None:
        """Let the threads end."""
        self._closed.set()

    def _listen(self, collection: Collection, query: Query) -> None:
        while not self._closed.is_set():
            try:
                self._listen_once(collection, query)
            except NotFoundError:
                return  # the kind is not served here, so nothing of it changes
            except ClusterError:
                self._closed.wait(TICK)
            self._rung.set()  # what happened between two watches is not known: look

    def _listen_once(self, collection: Collection, query: Query) -> None:
        api = self._session.open(self._session.flags)
        version = api.list(collection, Query(query.labels, query.fields, limit=1)).version
        self._rung.set()  # what happened before the watch began is not known either
        for _ in api.watch(collection, Query(query.labels, query.fields, version=version, timeout=WATCH_SECONDS)):
            if self._closed.is_set():
                return
            self._rung.set()
