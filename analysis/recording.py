"""What a metric would have been told at each moment of the past. Pure; recorded by `sluice backtest`, read by backtest.

`record` is a flow: it asks what sort of answer the query gives, then for the whole span by range queries. A Recording
answers the provider's own requests for any moment on its grid, in the form in which the service would have answered.
That holds for PromQL, where a range query is the same query asked again and again; other services have no such thing.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import gcd
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.model import Metric
from analysis.providers import provider_of
from analysis.requests import Defaults, Json, Query, RangeQuery, Request, Setting

AT_ONCE = 10_000
"""Moments of one range query. Prometheus refuses more than 11,000."""
WITH_A_PAST = ("prometheus",)
"""Providers that tell what they would have answered at a moment of the past."""
_MILLISECOND = timedelta(milliseconds=1)

Labels = Mapping[str, str]
Tape = Generator[Request, Any, "Recording"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series: the text of its value by the moment, in milliseconds since 1970."""

    labels: Labels
    values: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """A query's answers from `start` to `end`, `step` apart. `queries` is what it cost."""

    start: datetime
    end: datetime
    step: timedelta
    series: tuple[Series, ...] = ()
    is_scalar: bool = False
    queries: int = 0

    def answers(self, request: Request) -> bool:
        """Whether the request's moments lie within."""
        match request:
            case Query():
                return self.start <= request.at <= self.end
            case RangeQuery():
                return self.start <= request.start and request.end <= self.end
            case _:
                return False

    def answer(self, request: Request) -> Json:
        """As the service would have answered. ProviderError for what it was never asked."""
        match request:
            case Query():
                return _body(*self._instant(request.at))
            case RangeQuery():
                moments = tuple(_moments(request.start, request.end, request.step))
                return _body("matrix", [_matrix(series, moments) for series in self.series if _has(series, moments)])
            case _:
                raise ProviderError("only Prometheus can be asked for what was")

    def _instant(self, at: datetime) -> tuple[str, Any]:
        moment = milliseconds(at)
        found = [(series.labels, series.values[moment]) for series in self.series if moment in series.values]
        if self.is_scalar:
            return "scalar", [moment / 1000, found[0][1] if found else "NaN"]
        return "vector", [{"metric": dict(labels), "value": [moment / 1000, value]} for labels, value in found]


def record(metric: Metric, span: tuple[datetime, datetime], grid: timedelta, defaults: Defaults) -> Tape:
    """A flow that records what the metric is told from the first to the last moment of `span`, `grid` apart.

    SettingsError for a metric that no recording can answer, ProviderError in the service's words.
    """
    first, last = (request_at(metric, moment, defaults) for moment in span)
    start, end, step = _extent(first, last, grid)
    probe = yield Query(last.server, last.query, end)
    _refuse_errors(metric, probe)
    chunks, series = tuple(_chunks(start, end, step)), dict[tuple[tuple[str, str], ...], Series]()
    for low, high in chunks:
        body = yield RangeQuery(last.server, last.query, low, high, step)
        _refuse_errors(metric, body)
        _add(series, body)
    is_scalar = probe["data"]["resultType"] == "scalar"
    return Recording(start, end, step, tuple(series.values()), is_scalar, queries=1 + len(chunks))


def request_at(metric: Metric, moment: datetime, defaults: Defaults) -> Query | RangeQuery:
    """What the metric's provider asks first when it measures at this moment."""
    flow = provider_of(metric.provider).run(metric, Setting(moment, defaults))
    request = next(flow)
    flow.close()
    if not isinstance(request, Query | RangeQuery):
        raise SettingsError(
            f"metric {metric.name}: {metric.provider} cannot be asked for what was, only prometheus can"
        )
    return request


def _extent(first: Request, last: Request, grid: timedelta) -> tuple[datetime, datetime, timedelta]:
    match first, last:
        case Query(), Query():
            return first.at, last.at, grid
        case RangeQuery(), RangeQuery():
            return first.start, last.end, common(grid, first.step)
        case _:
            raise SettingsError("a metric must ask the same sort of query at every moment")


def common(one: timedelta, other: timedelta) -> timedelta:
    """The longest step that leads to every moment of both."""
    return gcd(one // _MILLISECOND, other // _MILLISECOND) * _MILLISECOND


def _chunks(start: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    low = start
    while low <= end:
        high = min(end, low + (AT_ONCE - 1) * step)
        yield low, high
        low = high + step


def _refuse_errors(metric: Metric, body: Json) -> None:
    if body.get("status") != "success":
        said = f"{body.get('errorType', 'error')}: {body.get('error', 'the answer has no status')}"
        raise ProviderError(f"metric {metric.name}: {said}")


def _add(series: dict[tuple[tuple[str, str], ...], Series], body: Json) -> None:
    for found in body["data"]["result"]:
        key = tuple(sorted(found["metric"].items()))
        known = series.get(key) or Series(found["metric"])
        values = {round(float(moment) * 1000): text for moment, text in found["values"]}
        series[key] = replace(known, values={**known.values, **values})


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)


def _moments(start: datetime, end: datetime, step: timedelta) -> Iterator[int]:
    return iter(range(milliseconds(start), milliseconds(end) + 1, step // _MILLISECOND))


def _has(series: Series, moments: tuple[int, ...]) -> bool:
    return any(moment in series.values for moment in moments)


def _matrix(series: Series, moments: tuple[int, ...]) -> Json:
    values = [[moment / 1000, series.values[moment]] for moment in moments if moment in series.values]
    return {"metric": dict(series.labels), "values": values}


def _body(kind: str, result: Any) -> Json:
    return {"status": "success", "data": {"resultType": kind, "result": result}}
