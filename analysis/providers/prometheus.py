"""Prometheus: a query for one moment, or over a span of time, as floats.

A scalar is a float, a vector a tuple of floats in the order of the answer, a matrix all its samples one after the
other. NaN and infinities pass through; an empty vector is an empty tuple, which conditions must expect
(`len(result) == 0 || …`). Warnings of the server go into the measurement's metadata.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from analysis.errors import ProviderError, SettingsError
from analysis.model import Metric
from analysis.moments import moment_of
from analysis.requests import Basic, Defaults, Flow, Json, Provider, Query, RangeQuery, Server, Setting, Value
from analysis.units import format_value, parse_duration

_FIELD = "provider.prometheus"


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask once; SettingsError for settings that cannot work, ProviderError for an answer that cannot be read."""
    settings = metric.settings
    query = _text(settings, "query")
    if not query:
        raise SettingsError(f"metric {metric.name}: {_FIELD}.query is empty: give it a PromQL expression")
    server = server_of(metric, setting.defaults)
    if settings.get("rangeQuery"):
        body = yield _range(server, query, settings["rangeQuery"], setting.now)
    else:
        body = yield Query(server, query, setting.now)
    return read(body)


def describe(metric: Metric) -> Mapping[str, str]:
    """The query with its arguments filled in, for the metric's result."""
    query = _text(metric.settings, "query")
    return {"ResolvedPrometheusQuery": query} if query else {}


def server_of(metric: Metric, defaults: Defaults) -> Server:
    """Where the metric's queries go: its own address, or the operator's."""
    settings = metric.settings
    address = _text(settings, "address") or defaults.prometheus_address
    if not address:
        raise SettingsError(
            f"prometheus address is not configured: set {_FIELD}.address, or ARGO_ROLLOUTS_PROMETHEUS_ADDRESS for all"
        )
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(f"{_FIELD}.address {address!r} is no URL: it must start with http:// or https://")
    return Server(
        address=address.rstrip("/"),
        headers=_headers(settings.get("headers")),
        auth=_basic(settings.get("authentication")),
        is_insecure=settings.get("insecure") is True,
        timeout=_timeout(settings.get("timeout")),
    )


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name, "")
    if not isinstance(value, str):
        raise SettingsError(f"{_FIELD}.{name} must be a text, it is {value!r}")
    return value


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
    headers = [item for item in value or () if isinstance(item, Mapping)]
    return tuple((str(header.get("key", "")), str(header.get("value", ""))) for header in headers)


def _basic(authentication: Any) -> Basic | None:
    ways = {name: way for name, way in (authentication or {}).items() if way}
    beyond = sorted(ways.keys() - {"basicAuth"})
    if beyond:
        raise SettingsError(
            f"{_FIELD}.authentication.{beyond[0]} is not supported by this version: use basicAuth or headers"
        )
    basic = ways.get("basicAuth")
    return Basic(str(basic.get("username", "")), str(basic.get("password", ""))) if basic else None


def _timeout(value: Any) -> timedelta:
    if value is None:
        return timedelta(seconds=30)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SettingsError(f"prometheus timeout should not be negative: {_FIELD}.timeout is {value!r}, give seconds")
    return timedelta(seconds=value or 30)


def _range(server: Server, query: str, settings: Mapping[str, Any], now: datetime) -> RangeQuery:
    start = moment_of(_part(settings, "start"), now)
    end = moment_of(_part(settings, "end"), now)
    step = parse_duration(_part(settings, "step"))
    if end < start or step <= timedelta():
        raise SettingsError(f"{_FIELD}.rangeQuery must end after it starts, and have a step above zero")
    return RangeQuery(server, query, start, end, step)


def _part(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{_FIELD}.rangeQuery.{name} is missing: rangeQuery needs start, end and step")
    return value


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
