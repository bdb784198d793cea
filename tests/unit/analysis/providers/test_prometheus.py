"""The Prometheus flow: what it asks, and what it makes of Prometheus' documented answers.

Shapes of the answers: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.errors import AnalysisError, ProviderError, SettingsError
from analysis.model import Metric
from analysis.providers import PROVIDERS, prometheus, provider_of
from analysis.requests import Basic, Defaults, Json, Query, RangeQuery, Request, Setting, Value, asked_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ADDRESS = "http://prometheus.example:9090"


def a_metric(**settings: Any) -> Metric:
    return Metric("rate", "prometheus", {"address": ADDRESS, "query": "up", **settings})


def asked(metric: Metric, default: str = "") -> Request:
    return next(prometheus.run(metric, Setting(NOW, Defaults(default))))


def answered(body: Json) -> Value:
    flow = prometheus.run(a_metric(), Setting(NOW))
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(body)
    assert isinstance(end.value.value, Value)
    return end.value.value


def success(kind: str, result: Any, **more: Any) -> Json:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def test_a_query_goes_to_its_own_address_with_its_headers() -> None:
    """Address, headers, basic authentication, TLS and timeout are those of the metric."""
    request = asked(
        a_metric(
            address=ADDRESS + "/",
            headers=[{"key": "X-Org", "value": "7"}],
            authentication={"basicAuth": {"username": "u", "password": "p"}, "oauth2": {}},
            insecure=True,
            timeout=5,
        )
    )

    assert isinstance(request, Query)
    assert (request.query, request.at, request.server.address) == ("up", NOW, ADDRESS)
    assert (request.server.headers, request.server.auth) == ((("X-Org", "7"),), Basic("u", "p"))
    assert (request.server.is_insecure, request.server.timeout) == (True, timedelta(seconds=5))


def test_without_an_address_the_operators_is_taken() -> None:
    """The default serves metrics that name none; without both the error says where to set it."""
    bare = Metric("rate", "prometheus", {"query": "up"})

    assert asked_of(asked(bare, "http://default.example")) == "http://default.example"
    with pytest.raises(SettingsError, match="ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"):
        asked(bare)


def test_a_range_query_spans_its_times() -> None:
    """Start and end are expressions, the step is a duration."""
    span = {"start": 'now() - duration("5m")', "end": "now()", "step": "30s"}

    request = asked(a_metric(rangeQuery=span))

    assert isinstance(request, RangeQuery)
    assert (request.start, request.end, request.step) == (NOW - timedelta(minutes=5), NOW, timedelta(seconds=30))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"query": ""}, "query is empty"),
        ({"query": 5}, "query must be a text"),
        ({"address": "prometheus:9090"}, "is no URL"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "x"}, "timeout"),
        ({"authentication": {"kerberos": {"realm": "x"}}}, "authentication.kerberos is unknown: use basicAuth, oauth2"),
        ({"authentication": {"oauth2": {"tokenUrl": "http://x"}}}, "oauth2.clientId is missing"),
        ({"headers": [{"value": "x"}]}, r"headers.0. has no key"),
        ({"rangeQuery": {"start": "now()", "end": "now()"}}, "rangeQuery.step is missing"),
        ({"rangeQuery": {"start": "now()", "end": "now() - duration('1s')", "step": "1s"}}, "must end after it starts"),
        ({"rangeQuery": {"start": "then", "end": "now()", "step": "1s"}}, "unknown name then"),
        ({"rangeQuery": {"start": "now()", "end": "now()", "step": "s"}}, "invalid duration"),
    ],
)
def test_settings_that_cannot_work_name_their_field(settings: Json, message: str) -> None:
    """Nothing is asked; the error says which field and what to do."""
    with pytest.raises(AnalysisError, match=message):
        asked(a_metric(**settings))


@pytest.mark.parametrize(
    ("body", "result", "text"),
    [
        (success("scalar", [1435781451.781, "0.95"]), 0.95, "0.95"),
        (success("vector", []), (), "[]"),
        (
            success("vector", [{"metric": {}, "value": [1, "1"]}, {"metric": {}, "value": [1, "+Inf"]}]),
            (1.0, math.inf),
            "[1,+Inf]",
        ),
        (
            success("matrix", [{"metric": {}, "values": [[1, "1"], [2, "2.5"]]}, {"metric": {}, "values": [[1, "3"]]}]),
            (1.0, 2.5, 3.0),
            "[1,2.5,3]",
        ),
    ],
)
def test_answers_become_floats(body: Json, result: Any, text: str) -> None:
    """A scalar is a float, vectors and matrices are floats in the order of the answer."""
    value = answered(body)

    assert (value.result, value.text) == (result, text)


def test_nan_passes_through() -> None:
    """No number is a value, too: conditions guard against it."""
    value = answered(success("vector", [{"metric": {}, "value": [1, "NaN"]}]))

    assert math.isnan(value.result[0])
    assert value.text == "[NaN]"


def test_warnings_are_kept_with_the_measurement() -> None:
    """What Prometheus warns of is in the metadata."""
    value = answered(success("vector", [], warnings=["partial response", "slow"]))

    assert value.metadata == {"warnings": '"partial response", "slow"'}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, "bad_data: parse error"),
        ({}, "the answer has no status"),
        (success("string", [1, "x"]), "metric type not supported: string"),
        (success("vector", [{"metric": {}}]), "data that no query gives"),
        (success("vector", [{"value": [1, "many"]}]), "data that no query gives"),
        ({"status": "success"}, "data that no query gives"),
        ({"status": "success", "data": {}}, "data that no query gives"),
    ],
)
def test_errors_and_nonsense_are_provider_errors(body: Json, message: str) -> None:
    """The server's own words where there are any."""
    with pytest.raises(ProviderError, match=message):
        prometheus.read(body)


def test_the_query_is_told_with_the_result() -> None:
    """The metric's result shows the query with its arguments filled in."""
    assert prometheus.describe(a_metric()) == {"ResolvedPrometheusQuery": "up"}


def test_an_unknown_provider_lists_the_known_ones() -> None:
    """There is no fallback."""
    assert provider_of("prometheus") is PROVIDERS["prometheus"]
    with pytest.raises(SettingsError, match=r"unknown metric provider 'datadgo': this version knows .*datadog, "):
        provider_of("datadgo")
