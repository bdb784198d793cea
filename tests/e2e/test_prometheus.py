"""Metrics asked of a real Prometheus (Debian's), over the real client: by query, by span, with what goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.decide import Due, Task
from analysis.model import Measurement, Metric, Phase
from analysis.outside import Outside
from analysis.ports import HttpPorts
from analysis.requests import Server
from analysis.runner import Job, Runner
from tests.contract.promql.reference import prometheus

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTES = 20


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with twenty minutes of two pods: one that grows by a request a second, one that stands still."""
    lines = ["# TYPE requests counter"]
    for pod, rate in (("a", 1.0), ("b", 0.0)):
        for second in range(-60 * MINUTES, 1, 15):
            value = 1000 + rate * (60 * MINUTES + second)
            lines.append(f'requests_total{{pod="{pod}"}} {value} {NOW.timestamp() + second}')
    with prometheus(tmp_path_factory.mktemp("prometheus"), "\n".join([*lines, "# EOF", ""])) as address:
        yield address


async def measured(url: str, condition: str = "", **settings: Any) -> Measurement:
    """One measurement, at the moment of the last samples."""
    ports = HttpPorts(outside=Outside(environ={}))
    metric = Metric("m", "prometheus", {"address": url, **settings}, success_condition=condition)
    try:
        return (await Runner(ports, lambda: NOW).measure(Job(Due("m", metric, Task.MEASURE), (), {}))).measurement
    finally:
        await ports.close()


@pytest.mark.parametrize(
    ("query", "condition", "value"),
    [
        ("scalar(sum(rate(requests_total[5m])))", "result == 1", "1"),
        ("sum(rate(requests_total[5m]))", "result[0] == 1", "[1]"),
        ("sort_desc(sum by (pod) (rate(requests_total[5m])))", "len(result) == 2 && result[1] == 0", "[1,0]"),
        ("nothing_like_that", "len(result) == 0 || result[0] > 1", "[]"),
        ("vector(0) / 0", "isNaN(result[0])", "[NaN]"),
        ("vector(-1) / 0", "isInf(result[0])", "[-Inf]"),
        ('requests_total{pod="b"}[1m]', "all(result, # == 1000)", "[1000,1000,1000,1000]"),
    ],
)
async def test_queries_come_to_their_values(url: str, query: str, condition: str, value: str) -> None:
    """Scalars, vectors, none, no numbers, and a matrix."""
    measurement = await measured(url, condition, query=query)

    assert (measurement.phase, measurement.message) == (Phase.SUCCESSFUL, "")
    assert measurement.value.startswith(value.removesuffix("]"))


async def test_a_span_is_asked_by_the_library(url: str) -> None:
    """prometheus-api-client asks, over the same client; samples come in their order."""
    span = {"start": 'now() - duration("2m")', "end": "now()", "step": "1m"}
    measurement = await measured(url, "len(result) == 3", query='requests_total{pod="a"}', rangeQuery=span)

    assert (measurement.phase, measurement.value) == (Phase.SUCCESSFUL, "[2080,2140,2200]")


@pytest.mark.parametrize(
    ("query", "why"),
    [("sum(", "bad_data: "), ("requests_total + on(job) group_left requests_total", "execution: ")],
)
async def test_what_is_refused_has_prometheus_own_words(url: str, query: str, why: str) -> None:
    """By the kind of the error, and its text."""
    measurement = await measured(url, query=query)

    assert measurement.phase is Phase.ERROR
    assert measurement.message.startswith(why)


async def test_a_server_that_is_there_is_known(url: str) -> None:
    """And one that is not."""
    ports = HttpPorts(outside=Outside(environ={}))
    try:
        assert await ports.is_available(Server(url, timeout=timedelta(seconds=10)))
        assert not await ports.is_available(Server("http://127.0.0.1:1"))
    finally:
        await ports.close()
