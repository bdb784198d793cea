"""The controller's numbers for Prometheus, under the names of Argo's controller. Filled by the shell.

What describes objects (`*_info`, `*_phase`) is made from the caches when somebody scrapes, so it costs nothing between
scrapes and knows no deleted object. What counts (`*_reconcile`, events) has a series an object, which `forget` removes.
"""

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

_Series = TypeVar("_Series", Counter, Gauge, Histogram)

_OBJECT = ("namespace", "name")
_RECONCILE_SECONDS = (0.01, 0.15, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One sample: the metric's name, its labels, the value."""

    metric: str
    labels: dict[str, str]
    value: float = 1.0


Rows = Callable[[], Iterable[Row]]
"""Gives the samples of the moment; called for each scrape."""

_HELP = {
    "rollout_info": "Information about a rollout.",
    "rollout_info_replicas_available": "Available pods of a rollout.",
    "rollout_info_replicas_unavailable": "Pods that a rollout wants and that are not available.",
    "rollout_info_replicas_desired": "Pods that a rollout wants.",
    "rollout_info_replicas_updated": "Pods of a rollout's new version.",
    "rollout_phase": "The phase of a rollout (deprecated: see rollout_info).",
    "analysis_run_info": "Information about an analysis run.",
    "analysis_run_phase": "The phase of an analysis run (deprecated: see analysis_run_info).",
    "argo_rollouts_controller_info": "The running controller.",
    "workqueue_depth": "Keys that wait for their round.",
}


class Metrics:
    """One registry; every controller of a process (and every test) has its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Go clients have no such series, the call no types
        self.registry = CollectorRegistry()
        self._scenes = _Scenes()
        self.registry.register(self._scenes)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._reconcile = {
            kind: Histogram(f"{kind}_reconcile", f"Seconds of a round of one {kind}.", _OBJECT,
                            buckets=_RECONCILE_SECONDS, registry=self.registry)
            for kind in ("rollout", "analysis_run")
        }  # fmt: skip
        self._errors = {
            # a Gauge in form only: a Counter would append _total to the name that dashboards know
            kind: Gauge(f"{kind}_reconcile_error", f"Failed rounds of a {kind}.", _OBJECT, registry=self.registry)
            for kind in ("rollout", "analysis_run")
        }
        self._events = self._counter("rollout_events", "Events of a rollout.", (*_OBJECT, "type", "reason"))
        self._requests = self._counter(
            "controller_clientset_k8s_request",
            "Requests to the API server.",
            ("kind", "namespace", "name", "verb", "status_code"),
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

    def requested(self, verb: str, kind: str, code: int) -> None:
        """A request to the API server was answered (code 0: it was not)."""
        self._requests.labels(kind, "", "", verb, str(code)).inc()

    def forget(self, namespace: str, name: str) -> None:
        """The object is gone: so are its series."""
        for metric, labels in self._seen.pop((namespace, name), ()):
            metric.remove(*labels)

    def render(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _of(self, metric: _Series, *labels: str) -> _Series:
        self._seen.setdefault((labels[0], labels[1]), set()).add((metric, labels))
        return metric.labels(*labels)


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
                text = _HELP.get(row.metric, row.metric)
                family = families[row.metric] = GaugeMetricFamily(row.metric, text, labels=list(row.labels))
            family.add_metric(list(row.labels.values()), row.value)
        yield from families.values()
