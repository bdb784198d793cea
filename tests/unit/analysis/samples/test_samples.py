"""One number of each service: what is asked for it, which number counts, and what is said where there is none."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.errors import AnalysisError, NoDataError, ProviderError, SettingsError
from analysis.redirects import url_of
from analysis.requests import Answer, Basic, Bearer, Cluster, Http, Request, RunIdentity, Secret, Verb
from analysis.samples.source import Source
from analysis.samples.ways import WAYS
from analysis.sampling import Sampler

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
URL = "http://there"


@dataclass
class World:
    """A service that says one thing, a Secret, objects of Kubernetes, and what was asked."""

    says: Any = ""
    status: int = 200
    secret: dict[str, str] | None = None
    objects: list[Any] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    async def ask(self, request: Request) -> Any:
        """The answer."""
        self.asked.append(request)
        match request:
            case Secret():
                return self.secret if (request.name, request.namespace) == ("keys", "shop") else None
            case Cluster():
                return self.objects.pop(0) if request.verb is Verb.GET else None
            case _:
                said = self.says if isinstance(self.says, str) else json.dumps(self.says)
                return Answer(self.status, said.encode())

    @property
    def call(self) -> Http:
        """The last request over HTTP."""
        return next(request for request in reversed(self.asked) if isinstance(request, Http))


async def taken(world: World, source: Source) -> float:
    """The number."""
    run = RunIdentity("shop", "web", "uid-of-web")
    return await Sampler(world.ask, lambda: NOW).sample(source, run)


def a_source(service: str, **fields: Any) -> Source:
    """A question with everything that some service needs."""
    given = Source(service, "q", URL, "1m", "shop", "keys")
    return replace(given, **fields)


def vector(*values: str) -> Any:
    """An answer of Prometheus."""
    result = [{"metric": {}, "value": [1, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


DATADOG_KEYS = {"datadog_api_key": "key-1", "datadog_application_key": "key-2"}
NEWRELIC_KEYS = {"newrelic_account_id": "7", "newrelic_query_key": "k"}
CSV = "#datatype,string,long,double\n,result,table,_value\n,,0,1.5\n,,0,2.5\n"
POINTS = {"result": [{"data": [{"values": [1.0]}, {"values": [3.5, 4]}]}]}
ITEMS = {"items": [{"value": "1500m"}]}
STREAM = 'event: data\ndata: {"data": [{"tsId": "x", "value": 6.5}]}\n\n'
SERIES = {"timeSeriesData": [{"pointData": [{"values": [{"doubleValue": 8.5}]}]}]}
KEY_OF_ACCOUNT = {"project": "p", "serviceAccountKey": "{}"}


@pytest.mark.parametrize(
    ("source", "secret", "says", "url", "number"),
    [
        (a_source("prometheus", secret=""), None, vector("1", "2.5"), "/api/v1/query?query=q&time=", 2.5),
        (
            a_source("datadog"),
            DATADOG_KEYS,
            {"series": [{"pointlist": [[1, 4.5], [2, 9]]}, {"pointlist": [[1, 7]]}]},
            f"/api/v1/query?query=q&from={SECONDS - 600}&to={SECONDS}",
            4.5,
        ),
        (
            a_source("newrelic", interval="2m"),
            NEWRELIC_KEYS,
            {"results": [{"result": 5.5}, {"result": 6}]},
            "/v1/accounts/7/query?nrql=q%20SINCE%20120%20seconds%20ago",
            5.5,
        ),
        (
            a_source("graphite", query="target=a.b\n &from=-5min"),
            {"username": "u", "password": "p"},
            [{"datapoints": [[9, 1]]}, {"datapoints": [[1, 1], [2, 2], [None, 3]]}],
            "/render?format=json&from=-5min&target=a.b",
            2,
        ),
        (a_source("influxdb"), {"token": "t", "org": "o"}, CSV, "/api/v2/query?org=o", 1.5),
        (
            a_source("dynatrace"),
            {"dynatrace_token": "t"},
            POINTS,
            f"/api/v2/metrics/query?metricSelector=q&resolution=Inf&from={SECONDS - 600}000&to={SECONDS}000",
            3.5,
        ),
        (a_source("splunk"), {"sf_token_key": "t"}, STREAM, "/v2/signalflow/execute?start=", 6.5),
        (
            a_source("externalmetrics", query="shop/jobs?labelSelector=a%3Db"),
            {"token": "t"},
            ITEMS,
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/jobs?labelSelector=a%3Db",
            1.5,
        ),
    ],
    ids=lambda value: value.service if isinstance(value, Source) else "",
)
async def test_a_number_is_had(
    source: Source, secret: dict[str, str] | None, says: Any, url: str, number: float
) -> None:
    """The request goes where the service's users know it, and the number that they know counts."""
    world = World(says, secret=secret)

    assert await taken(world, source) == number
    assert url_of(world.call).startswith(URL + url)


async def test_cloudwatch_is_asked_by_json() -> None:
    """Ten intervals of the region, and the first value of the first result."""
    query = json.dumps([{"id": "e1", "expression": "m1", "period": 60}])
    world = World({"MetricDataResults": [{"Values": [7.5, 8]}, {"Values": [9]}]})

    assert await taken(world, a_source("cloudwatch", query=query, region="eu-west-1", secret="")) == 7.5
    body = json.loads(world.call.body)
    assert body["EndTime"] - body["StartTime"] == 600
    assert world.call.server.address == "https://monitoring.eu-west-1.amazonaws.com"


async def test_stackdriver_needs_an_account_for_another_address() -> None:
    """The token of the controller's own account goes to Google alone."""
    with pytest.raises(SettingsError, match="is for Google alone"):
        await taken(World(SERIES, secret={"project": "p"}), a_source("stackdriver"))


@pytest.mark.parametrize(
    ("secret", "auth"),
    [({"token": "t"}, Bearer("t")), ({"username": "u", "password": "p"}, Basic("u", "p"))],
)
async def test_prometheus_is_shown_credentials(secret: dict[str, str], auth: Bearer | Basic) -> None:
    """A token, or else user and password; and the template's own headers."""
    world = World(vector("1"), secret=secret)
    await taken(world, a_source("prometheus", headers=(("X-Scope-OrgID", "a"),), is_insecure=True))

    assert world.call.server.auth == auth
    assert (world.call.server.headers, world.call.server.is_insecure) == ((("X-Scope-OrgID", "a"),), True)


async def test_an_analysis_of_keptn_is_waited_for() -> None:
    """Its object is made, looked at until it has ended, and taken away."""
    running, passed = {"status": {"state": "Progressing"}}, {"status": {"state": "Completed", "pass": True}}
    world = World(objects=[running, passed])
    ticks = iter(range(1000))
    sampler = Sampler(world.ask, lambda: NOW.replace(microsecond=next(ticks)))
    source = a_source("keptn", query="analysis/shop/web/1m/a=b", address="", secret="")

    assert await sampler.sample(source, RunIdentity("shop", "web", "uid")) == 1.0
    verbs = [request.verb for request in world.asked if isinstance(request, Cluster)]
    assert verbs == [Verb.CREATE, Verb.GET, Verb.GET, Verb.DELETE]


@pytest.mark.parametrize(
    ("service", "secret", "says"),
    [
        ("prometheus", {"token": "t"}, vector()),
        ("prometheus", {"token": "t"}, vector("NaN")),
        ("datadog", DATADOG_KEYS, {"series": []}),
        ("newrelic", NEWRELIC_KEYS, {"results": []}),
        ("graphite", {"username": "u", "password": "p"}, [{"datapoints": [[None, 1]]}]),
        ("influxdb", {"token": "t", "org": "o"}, ""),
        ("dynatrace", {"dynatrace_token": "t"}, {"result": []}),
    ],
)
async def test_no_data_is_no_number(service: str, secret: dict[str, str], says: Any) -> None:
    """It is told apart from what is broken, so that checks can say which it was."""
    with pytest.raises(NoDataError):
        await taken(World(says, secret=secret), a_source(service))


async def test_no_rows_may_count_as_zero() -> None:
    """A caller that wants the ancestor's letter gets what it would have measured."""
    world = World("", secret={"token": "t", "org": "o"})

    assert await taken(world, a_source("influxdb", nothing=0.0)) == 0.0


@pytest.mark.parametrize(
    ("source", "world", "words"),
    [
        (a_source("nosuch"), World(), "unknown metric provider 'nosuch': use one of cloudwatch, datadog, dynatrace"),
        (a_source("datadog", secret=""), World(), "datadog has no secretRef: it needs datadog_api_key and"),
        (a_source("datadog"), World(secret={}), "datadog credentials does not contain datadog_api_key"),
        (a_source("datadog", interval=""), World(secret=DATADOG_KEYS), 'metric interval: time: invalid duration ""'),
        (a_source("newrelic", secret="other"), World(), 'secrets "other" not found'),
        (a_source("prometheus", address="", secret=""), World(), "the address of prometheus '' is no URL"),
        (a_source("prometheus"), World(secret={}), "does not contain a token, or username and password"),
        (a_source("prometheus", secret=""), World("no", 503), "error response: Status 503 Service Unavailable: no"),
        (a_source("prometheus", secret=""), World('{"data": {"resultType": "scalar", "result": [1, "2"]}}'), "vector("),
        (a_source("cloudwatch", query="x"), World(), "error unmarshaling query"),
        (a_source("cloudwatch", query="[]"), World(), "region not specified"),
    ],
)
async def test_what_is_wrong_is_said(source: Source, world: World, words: str) -> None:
    """Field or answer are named."""
    with pytest.raises(AnalysisError) as told:
        await taken(world, source)

    assert words in str(told.value)


async def test_a_secret_is_not_quoted() -> None:
    """A server that repeats a credential does not get it into an event, however it writes it."""
    encoded = base64.b64encode(b"x").decode()
    world = World(f"bad token to/ken or to%2Fken {encoded}", 401, secret={"token": "to/ken"})
    with pytest.raises(ProviderError) as told:
        await taken(world, a_source("prometheus"))

    assert "bad token ***** or *****" in str(told.value)
    assert "ken" not in str(told.value).replace("token", "")


def test_every_service_of_templates_is_there() -> None:
    """The eleven that users can name."""
    eleven = (
        "cloudwatch datadog dynatrace externalmetrics graphite influxdb keptn newrelic prometheus splunk stackdriver"
    )

    assert sorted(WAYS) == eleven.split()
