"""Prometheus: a query for one moment, or over a span of time, as floats.

A scalar is a float, a vector a tuple of floats in the order of the answer, a matrix all its samples one after the
other. NaN and infinities pass through; an empty vector is an empty tuple, which conditions must expect
(`len(result) == 0 || …`). Warnings of the server go into the measurement's metadata.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from analysis.errors import AnalysisError, ProviderError, SettingsError
from analysis.model import Metric
from analysis.moments import moment_of
from analysis.providers.access import checked_url
from analysis.providers.access import server_of as reached
from analysis.providers.reading import Fields
from analysis.requests import Defaults, Flow, Json, Provider, Query, RangeQuery, Server, Setting, Value
from analysis.units import format_value, parse_duration

_FIELD = "provider.prometheus"
USUAL_SECONDS = 30

_T = TypeVar("_T")


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask once; SettingsError for settings that cannot work, ProviderError for an answer that cannot be read."""
    fields = Fields(metric)
    query = fields.needed("query", "give it a PromQL expression")
    server = server_of(metric, setting.defaults)
    span = fields.mapping("rangeQuery")
    if span:
        body = yield _range(server, query, span, setting)
    else:
        body = yield Query(server, query, setting.now)
    return read(body)


def describe(metric: Metric) -> Mapping[str, str]:
    """The query with its arguments filled in, for the metric's result."""
    query = metric.settings.get("query")
    return {"ResolvedPrometheusQuery": query} if query and isinstance(query, str) else {}


def server_of(metric: Metric, defaults: Defaults) -> Server:
    """Where the metric's queries go: its own address, or the operator's."""
    fields = Fields(metric)
    own = fields.text("address")
    if not own and not defaults.prometheus_address:
        raise SettingsError(
            f"prometheus address is not configured: set {_FIELD}.address, or ARGO_ROLLOUTS_PROMETHEUS_ADDRESS for all"
        )
    what = f"{_FIELD}.address" if own else "the default address of Prometheus"
    address = checked_url(own or defaults.prometheus_address, what).rstrip("/")
    seconds = fields.number("timeout", USUAL_SECONDS)
    if seconds < 0:
        raise SettingsError(f"prometheus timeout should not be negative: {_FIELD}.timeout is {seconds}, give seconds")
    return reached(fields, address, timedelta(seconds=seconds or USUAL_SECONDS))


def _range(server: Server, query: str, settings: Mapping[str, Any], setting: Setting) -> RangeQuery:
    start = _read("start", settings, lambda text: moment_of(text, setting.now))
    end = _read("end", settings, lambda text: moment_of(text, setting.now))
    step = _read("step", settings, parse_duration)
    if end < start or step <= timedelta():
        raise SettingsError(f"{_FIELD}.rangeQuery must end after it starts, and have a step above zero")
    return RangeQuery(server, query, start, end, step)


def _read(name: str, settings: Mapping[str, Any], as_what: Callable[[str], _T]) -> _T:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{_FIELD}.rangeQuery.{name} is missing: rangeQuery needs start, end and step")
    try:
        return as_what(value)
    except AnalysisError as error:
        raise SettingsError(f"{_FIELD}.rangeQuery.{name}: {error}") from error


def read(body: Json) -> Value:
    """The value in an answer of the query API; ProviderError with the server's own words when it refused."""
    if body.get("status") != "success":
        raise ProviderError(f"{body.get('errorType', 'error')}: {body.get('error', 'the answer has no status')}")
    data = body.get("data")
    metadata = {"warnings": _warnings(body["warnings"])} if body.get("warnings") else {}
    try:
        return _value(data, metadata)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ProviderError(f"Prometheus answered with data that no query gives: {error!r}") from error


def _value(data: Any, metadata: Mapping[str, str]) -> Value:
    result = data["result"]
    match data["resultType"]:
        case "scalar":
            number = float(result[1])
            return Value(number, format_value(number), metadata)
        case "vector":
            return _vector(tuple(float(sample["value"][1]) for sample in result), metadata)
        case "matrix":
            return _vector(tuple(float(value[1]) for series in result for value in series["values"]), metadata)
        case other:
            raise ProviderError(f"Prometheus metric type not supported: {other}")


def _vector(numbers: tuple[float, ...], metadata: Mapping[str, str]) -> Value:
    return Value(numbers, f"[{','.join(map(format_value, numbers))}]", metadata)


def _warnings(warnings: Any) -> str:
    return "".join(f'"{warning}", ' for warning in warnings).removesuffix(", ")


PROVIDER = Provider(run=run, describe=describe)
