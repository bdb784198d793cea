"""The HTTP API: what curl, providers and prometheus-api-client get from it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aiohttp import ClientSession  # noqa: TID251  # a test's own client
from prometheus_api_client import PrometheusConnect

from rollouts.simulator.promql import routes
from rollouts.simulator.series import Series
from tests.builders.servers import serving

NOW = 1_700_000_060.0


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """The base URL of an API over two series, whose clock stands at NOW."""
    series = Series()
    for pod, value in (("a", 1.0), ("b", 2.0)):
        series.record("up", {"pod": pod}, value, NOW - 60)
        series.record("up", {"pod": pod}, value * 10, NOW)
    async with serving(routes(series, lambda: datetime.fromtimestamp(NOW, UTC))) as address:
        yield address


@pytest_asyncio.fixture
async def http(url: str) -> AsyncIterator[ClientSession]:
    """A client of that API."""
    async with ClientSession(url) as session:
        yield session


async def test_an_instant_query_by_get_and_by_form(http: ClientSession) -> None:
    """Both forms mean the same; no time is now."""
    expected = {"resultType": "vector", "result": [{"metric": {}, "value": [1_700_000_060, "30"]}]}

    async with http.get("/api/v1/query", params={"query": "sum(up)"}) as got:
        assert await got.json() == {"status": "success", "data": expected}
    async with http.post("/api/v1/query", data={"query": "sum(up)", "time": "2023-11-14T22:14:20Z"}) as posted:
        assert (await posted.json())["data"] == expected


async def test_a_range_query(http: ClientSession) -> None:
    """Start, end and step as numbers or as times and durations."""
    form = {"query": "sum(up)", "start": "1700000000", "end": "2023-11-14T22:14:20Z", "step": "1m"}

    async with http.post("/api/v1/query_range", data=form) as answer:
        data = (await answer.json())["data"]

    assert data["result"] == [{"metric": {}, "values": [[1_700_000_000, "3"], [1_700_000_060, "30"]]}]


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "words"),
    [
        ("query", {"query": "sum("}, 400, "bad_data", "parse error"),
        ("query", {"query": "up", "time": "noon"}, 400, "bad_data", 'invalid parameter "time"'),
        ("query", {"query": "up", "time": "NaN"}, 400, "bad_data", 'invalid parameter "time"'),
        ("query", {"query": "up + on() up"}, 422, "execution", "many-to-many matching not allowed"),
        ("query_range", {"query": "up", "start": "1", "end": "2"}, 400, "bad_data", 'invalid parameter "step"'),
        ("query_range", {"query": "up", "end": "2", "step": "1"}, 400, "bad_data", 'invalid parameter "start"'),
        ("series", {}, 400, "bad_data", "no match"),
        ("series", {"match[]": "sum(up)"}, 400, "bad_data", "no series selector"),
        ("label/0bad/values", {}, 400, "bad_data", "invalid label name"),
    ],
)
async def test_errors_are_prometheus_json(
    http: ClientSession, path: str, parameters: dict[str, str], status: int, kind: str, words: str
) -> None:
    """Status, errorType and a text that names the parameter or the cause."""
    async with http.get(f"/api/v1/{path}", params=parameters) as answer:
        body = await answer.json()

    assert (answer.status, body["status"], body["errorType"]) == (status, "error", kind)
    assert words in body["error"]


async def test_the_catalogue(http: ClientSession) -> None:
    """Series, label names and label values, narrowed by match[] and time."""

    async def data(path: str, **parameters: str) -> object:
        named = {key.replace("match", "match[]"): value for key, value in parameters.items()}
        async with http.get(f"/api/v1/{path}", params=named) as answer:
            return (await answer.json())["data"]

    assert await data("series", match='up{pod="a"}') == [{"__name__": "up", "pod": "a"}]
    assert await data("series", match="up", end="1699999999") == []
    assert await data("labels") == ["__name__", "pod"]
    assert await data("label/pod/values") == ["a", "b"]
    assert await data("label/pod/values", match='up{pod!="a"}') == ["b"]


async def test_it_says_that_it_is_ready_and_what_it_is(http: ClientSession) -> None:
    """The probes of Prometheus, and the version that Grafana asks for."""
    for path in ("/", "/-/ready", "/-/healthy"):
        async with http.get(path) as answer:
            assert answer.status == 200
    async with http.get("/api/v1/status/buildinfo") as answer:
        assert (await answer.json())["data"]["version"].startswith("2.")


async def test_prometheus_api_client_works(url: str) -> None:
    """Its availability check, an instant query, a range query and the list of metrics."""

    def ask() -> tuple[bool, object, object, object]:
        with PrometheusConnect(url=url) as client:
            start, end = (datetime.fromtimestamp(at, UTC) for at in (NOW - 60, NOW))
            span = client.custom_query_range("sum(up)", start_time=start, end_time=end, step="60")
            return client.check_prometheus_connection(), client.custom_query("sum(up)"), span, client.all_metrics()

    is_up, vector, matrix, names = await asyncio.to_thread(ask)

    assert is_up
    assert vector == [{"metric": {}, "value": [1_700_000_060, "30"]}]
    assert matrix == [{"metric": {}, "values": [[1_700_000_000, "3"], [1_700_000_060, "30"]]}]
    assert names == ["up"]
