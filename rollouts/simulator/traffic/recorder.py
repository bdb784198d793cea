"""Counters and histograms of the traffic, as an application's own metrics would show them; recorded into the series.

http_requests_total{namespace, route, service, rollouts_pod_template_hash, code}
http_request_duration_seconds_bucket{…, le}, _sum, _count
"""

from dataclasses import dataclass, field
from math import inf

from rollouts.simulator.scenario import Latency
from rollouts.simulator.series import Series
from rollouts.simulator.traffic import latency as of_latency


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Whose counters these are. An empty hash is the gateway's own answers."""

    namespace: str
    route: str
    service: str
    hash: str


@dataclass(slots=True)
class _Counters:
    latency: Latency | None
    codes: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Counts, and writes all counts down when told to."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._counters: dict[Source, _Counters] = {}

    def open(self, source: Source, latency: Latency | None, at: float) -> None:
        """Start counting for a source, from a sample of zeros; nothing happens if it is known."""
        if source not in self._counters:
            counters = self._counters[source] = _Counters(latency, dict.fromkeys(_codes(latency), 0))
            self._write(source, counters, at)

    def count(self, source: Source, code: str, requests: int) -> None:
        """So many more answers with this code."""
        codes = self._counters[source].codes
        codes[code] = codes.get(code, 0) + requests

    def forget_others(self, sources: dict[Source, None]) -> None:
        """Sources that are not there any more are not scraped any more; the gateway's own stay."""
        self._counters = {
            source: counters for source, counters in self._counters.items() if source in sources or not source.hash
        }

    def write(self, at: float) -> None:
        """One sample of everything, at this unix time."""
        for source, counters in self._counters.items():
            self._write(source, counters, at)

    def _write(self, source: Source, counters: _Counters, at: float) -> None:
        labels = {
            "namespace": source.namespace,
            "route": source.route,
            "service": source.service,
            "rollouts_pod_template_hash": source.hash,
        }
        for code, count in counters.codes.items():
            self._series.record("http_requests_total", {**labels, "code": code}, count, at)
        if counters.latency is not None:
            self._write_histogram(labels, counters.latency, sum(counters.codes.values()), at)

    def _write_histogram(self, labels: dict[str, str], latency: Latency, count: int, at: float) -> None:
        name = "http_request_duration_seconds"
        for bound, below in zip(of_latency.BOUNDS, of_latency.buckets(latency, count), strict=True):
            self._series.record(f"{name}_bucket", {**labels, "le": _le(bound)}, below, at)
        self._series.record(f"{name}_sum", labels, count * of_latency.mean(latency), at)
        self._series.record(f"{name}_count", labels, count, at)


def _codes(latency: Latency | None) -> tuple[str, ...]:
    """An application shows its counters from the start; the gateway counts the errors that it made up."""
    return ("200", "500") if latency is not None else ("500", "503")


def _le(bound: float) -> str:
    return "+Inf" if bound == inf else f"{bound:g}"
