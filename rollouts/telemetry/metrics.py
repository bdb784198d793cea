"""The controller's numbers for Prometheus, under the names of Argo's controller. Filled by the shell.

What describes objects (`*_info`, `*_phase`) is made from the caches when somebody scrapes, so it costs nothing between
scrapes and knows no deleted object. What counts (`*_reconcile`, events) has a series an object, which `forget` removes.
No label takes values without end: a name stands only in series that go when their object does.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from rollouts.telemetry.series import (
    ATTEMPT_SECONDS,
    ATTEMPTS,
    HELP,
    OBJECT,
    OBJECT_KINDS,
    QUEUE_SECONDS,
    RECONCILE_SECONDS,
)
from rollouts.telemetry.ticking import TickSeries

_Series = TypeVar("_Series", Counter, Gauge, Histogram)

MANY = "N/A"
"""Argo's word where a request is about objects whose names come without end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sample: the metric's name, its labels, the value."""

    metric: str
    labels: dict[str, str]
    value: float = 1.0


Rows = Callable[[], Iterable[Row]]
"""Gives the samples of the moment; called for each scrape."""


class Metrics:
    """One registry; every controller of a process (and every test) has its own."""

    def __init__(self, version: str = "unknown") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Go clients have no such series, the call no types
        self.version = version
        self.registry = CollectorRegistry()
        self.ticking = TickSeries(self.registry)
        self._scenes = _Scenes([lambda: _build(version)])
        self.registry.register(self._scenes)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._reconcile = {
            kind: self._histogram(f"{kind}_reconcile", f"Seconds of a round of one {kind}.", OBJECT, RECONCILE_SECONDS)
            for kind in OBJECT_KINDS
        }
        self._errors = {
            # a Gauge in form only: a Counter would append _total to the name that dashboards know
            kind: Gauge(f"{kind}_reconcile_error", f"Failed rounds of a {kind}.", OBJECT, registry=self.registry)
            for kind in OBJECT_KINDS
        }
        self._events = self._counter("rollout_events", "Events of a rollout.", (*OBJECT, "type", "reason"))
        self._corrections = self._counter("rollout_route_corrections", "Foreign changes of routes set right.", OBJECT)
        self._requests = self._counter(
            "controller_clientset_k8s_request",
            "Requests to the API server.",
            ("kind", "namespace", "name", "verb", "status_code"),
        )
        self._attempts = {
            name: self._histogram(name, text, ("status",), ATTEMPT_SECONDS) for name, text in ATTEMPTS.items()
        }
        self._adds = self._counter("workqueue_adds", "Keys that joined the queue.", ("name",))
        self._retries = self._counter("workqueue_retries", "Failed rounds, which are tried again.", ("name",))
        self._queued = self._histogram(
            "workqueue_queue_duration_seconds", "Seconds a key waited for its round.", ("name",), QUEUE_SECONDS
        )
        self._worked = self._histogram(
            "workqueue_work_duration_seconds", "Seconds of a round.", ("name",), QUEUE_SECONDS
        )
        self._seen: dict[tuple[str, str], set[tuple[MetricWrapperBase, tuple[str, ...]]]] = {}

    def describe(self, rows: Rows) -> None:
        """Ask `rows` for its samples at every scrape."""
        self._scenes.sources.append(rows)

    def took(self, kind: str, namespace: str, name: str, seconds: float) -> None:
        """A round of one object took so long; `kind` is rollout or analysis_run."""
        if kind in self._reconcile:
            self._of(self._reconcile[kind], namespace, name).observe(seconds)

    def failed(self, kind: str, namespace: str, name: str) -> None:
        """A round of one object failed."""
        if kind in self._errors:
            self._of(self._errors[kind], namespace, name).inc()

    def told(self, namespace: str, name: str, type_: str, reason: str) -> None:
        """An event of a rollout went out."""
        self._of(self._events, namespace, name, type_, reason).inc()

    def corrected(self, namespace: str, name: str) -> None:
        """A foreign change of a rollout's route was set right."""
        self._of(self._corrections, namespace, name).inc()

    def attempt_ended(self, status: str, duration: float, progression: float, paused: float | None = None) -> None:
        """An update has ended as `status` says, in seconds; `paused` None: nobody ever paused it by hand."""
        seconds = (duration, progression, paused)
        for histogram, value in zip(self._attempts.values(), seconds, strict=True):
            if value is not None:
                histogram.labels(status).observe(value)

    def requested(self, verb: str, kind: str, code: int, rollout: tuple[str, str] | None = None) -> None:
        """A request to the API server was answered (code 0: it was not); `rollout` if it was about this one itself."""
        namespace, name = rollout or (MANY, MANY)
        labels = (kind, namespace, name, verb, str(code))
        if rollout is not None:
            self._seen.setdefault(rollout, set()).add((self._requests, labels))
        self._requests.labels(*labels).inc()

    def queue(self, name: str) -> "QueueSeries":
        """The series of one queue."""
        adds, retries = self._adds.labels(name), self._retries.labels(name)
        return QueueSeries(adds, retries, self._queued.labels(name), self._worked.labels(name))

    def forget(self, namespace: str, name: str) -> None:
        """The object is gone: so are its series."""
        for metric, labels in self._seen.pop((namespace, name), ()):
            metric.remove(*labels)

    def render(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def _of(self, metric: _Series, *labels: str) -> _Series:
        self._seen.setdefault((labels[0], labels[1]), set()).add((metric, labels))
        return metric.labels(*labels)


@dataclass(frozen=True, slots=True)
class QueueSeries:
    """What one queue counts."""

    adds: Counter
    retries: Counter
    queued: Histogram
    worked: Histogram


@dataclass(eq=False)  # the registry keeps collectors in a dict
class _Scenes(Collector):
    """Turns rows into families when scraped."""

    sources: list[Rows] = field(default_factory=list)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Called by the registry for each scrape."""
        families: dict[str, GaugeMetricFamily] = {}
        for row in (row for rows in self.sources for row in rows()):
            family = families.get(row.metric)
            if family is None:
                text = HELP.get(row.metric, row.metric)
                family = families[row.metric] = GaugeMetricFamily(row.metric, text, labels=list(row.labels))
            family.add_metric(list(row.labels.values()), row.value)
        yield from families.values()


def _build(version: str) -> Iterator[Row]:
    yield Row("argo_rollouts_controller_info", {"version": version})
    made_of = {"goversion": f"python{platform.python_version()}", "goarch": platform.machine(), "commit": "unknown"}
    yield Row("build_info", {"version": version, **made_of})
