"""The numbers of rollouts that tick: what their analyses measured, how long, how their runs ended. Filled by the shell.

Names are their ancestor's and stand in series.TICKING; `name` is the target's there, not the manifest's. What describes
a rollout is made at each scrape, from the caches, as that of all others.
"""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from rollouts.telemetry.series import TICKING, TickName

_WHO = ("name", "namespace")


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: by which strategy, judged (`completed`) or not (`skipped`)."""

    strategy: str
    judged: str
    is_success: bool


class TickSeries:
    """Series in a registry that others fill too. `forget` takes away those of a target that is left."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def named(name: TickName) -> tuple[str, str]:
            return name.value, TICKING[name]

        labels = (*_WHO, "deployment_strategy", "analysis_status")
        self._seconds = Histogram(*named(TickName.DURATION), _WHO, registry=registry)
        self._measured = Gauge(*named(TickName.MEASURED), (*_WHO, "metric"), registry=registry)
        self._ended = {
            True: Counter(*named(TickName.SUCCESSES), labels, registry=registry),
            False: Counter(*named(TickName.FAILURES), labels, registry=registry),
        }
        self._seen: dict[tuple[str, str], set[tuple[MetricWrapperBase, tuple[str, ...]]]] = {}

    def took(self, name: str, namespace: str, seconds: float) -> None:
        """The questions of a tick were answered in so long."""
        self._noted(self._seconds, name, namespace)
        self._seconds.labels(name, namespace).observe(seconds)

    def measured(self, name: str, namespace: str, metric: str, value: float) -> None:
        """A check has measured this, durations in seconds."""
        self._noted(self._measured, name, namespace, metric)
        self._measured.labels(name, namespace, metric).set(value)

    def ended(self, name: str, namespace: str, how: Ended) -> None:
        """A run has ended."""
        self._noted(self._ended[how.is_success], name, namespace, how.strategy, how.judged)
        self._ended[how.is_success].labels(name, namespace, how.strategy, how.judged).inc()

    def forget(self, name: str, namespace: str) -> None:
        """Nobody delivers this target any more."""
        for metric, labels in self._seen.pop((name, namespace), ()):
            metric.remove(*labels)

    def _noted(self, metric: MetricWrapperBase, *labels: str) -> None:
        self._seen.setdefault((labels[0], labels[1]), set()).add((metric, labels))
