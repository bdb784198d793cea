"""Recorded metrics for backtests: what a Prometheus would answer, made from a function of time."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.backtest import Book
from analysis.model import Metric, RunSpec
from analysis.recording import Recording, record
from analysis.requests import Defaults, Json, Query, RangeQuery, Request

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT_PROMETHEUS = Defaults("http://prometheus.example")

Curve = Callable[[float], float | None]
"""The value so many seconds after noon; None: no data."""


def after(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def a_metric(name: str = "rate", **metric: Any) -> Metric:
    """A success rate that must not fall below 0.95, every minute, five times."""
    given: dict[str, Any] = {"interval": "1m", "count": 5, "success_condition": "result[0] >= 0.95", **metric}
    settings = {"query": name, **given.pop("settings", {})}
    return Metric(name, given.pop("provider", "prometheus"), settings, **given)


class Prometheus:
    """Answers requests from curves by query. `scalar` is the one curve of a service that answers with scalars."""

    def __init__(self, scalar: Curve | None = None, **curves: Curve) -> None:
        self.curves = curves
        self.scalar = scalar
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Json:
        """As the query API's."""
        self.asked.append(request)
        match request:
            case Query():
                value = self._value(request.query, request.at)
                if self.scalar is not None:
                    return _body("scalar", [0, value or "NaN"])
                return _body("vector", [] if value is None else [{"metric": {}, "value": [0, value]}])
            case RangeQuery():
                moments = [request.start + n * request.step for n in range(_count(request))]
                values = [[m.timestamp(), v] for m in moments if (v := self._value(request.query, m)) is not None]
                return _body("matrix", [{"metric": {}, "values": values}] if values else [])
            case _:
                raise AssertionError(f"nobody asks {request}")

    def _value(self, query: str, at: datetime) -> str | None:
        curve = self.scalar or self.curves[query]
        value = curve((at - NOON).total_seconds())
        return None if value is None else str(value)


def _count(request: RangeQuery) -> int:
    return (request.end - request.start) // request.step + 1


def _body(kind: str, result: Any) -> Json:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def driven(flow: Generator[Request, Any, Recording], prometheus: Prometheus) -> Recording:
    """What the flow comes to with these answers."""
    try:
        request = next(flow)
        while True:
            request = flow.send(prometheus.answer(request))
    except StopIteration as stop:
        found: Recording = stop.value
        return found


def recorded(
    metric: Metric, prometheus: Prometheus, *, seconds: float = 3600, step: float = 10, start: float = 0
) -> Recording:
    """The recording of a metric from noon on."""
    span = (after(start), after(start + seconds))
    return driven(record(metric, span, timedelta(seconds=step), AT_PROMETHEUS), prometheus)


def a_book(spec: RunSpec, prometheus: Prometheus, *, seconds: float = 3600) -> Book:
    """All metrics of a run, recorded from noon on."""
    metrics = {metric.name: metric for metric in spec.metrics}
    tapes = {name: [recorded(metric, prometheus, seconds=seconds)] for name, metric in metrics.items()}
    return Book(metrics, tapes, AT_PROMETHEUS)
