"""What Prometheus sees of a load tester. Filled by tasks and server; no label names a canary: there are too many."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

PREFIX = "sluice_loadtester_"


class Meters:
    """One registry; every load tester of a process has its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Go programs have no such series, the call no types
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._tasks = Counter(
            f"{PREFIX}tasks", "Tasks by type and end: ok, failed, refused.", ("type", "end"), registry=self.registry
        )
        self._running = Gauge(f"{PREFIX}tasks_running", "Tasks that run.", ("type",), registry=self.registry)
        self._waiting = Gauge(
            f"{PREFIX}tasks_waiting", "Tasks that wait for a place.", ("type",), registry=self.registry
        )
        self._gates = Counter(
            f"{PREFIX}gate_requests", "Requests about gates, by answer.", ("path", "code"), registry=self.registry
        )

    @contextmanager
    def running(self, kind: str) -> Iterator[None]:
        """A task runs as long as the block."""
        with self._running.labels(kind).track_inprogress():
            yield

    @contextmanager
    def waiting(self, kind: str) -> Iterator[None]:
        """A task waits as long as the block."""
        with self._waiting.labels(kind).track_inprogress():
            yield

    def ended(self, kind: str, *, is_well: bool) -> None:
        """A task has ended by itself."""
        self._tasks.labels(kind, "ok" if is_well else "failed").inc()

    def refused(self, kind: str) -> None:
        """A task found no place."""
        self._tasks.labels(kind, "refused").inc()

    def asked(self, path: str, code: int) -> None:
        """Somebody asked about a gate, or turned it."""
        self._gates.labels(path, str(code)).inc()

    def render(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)
