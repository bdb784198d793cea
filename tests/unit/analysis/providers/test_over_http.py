"""Whole measurements over the real HTTP client: a conversation of each provider, and servers that are slow or talk on.

The conversations are those of conversations/, with a server on loopback in the service's place.
"""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from analysis.decide import Due, Task
from analysis.model import Measurement, Phase
from analysis.outside import Outside
from analysis.ports import HttpPorts
from analysis.providers import PROVIDERS
from analysis.requests import LARGEST, Defaults, Http, Request, Secret
from analysis.runner import Job, Runner
from tests.builders.outside import Handler, answering
from tests.unit.analysis.providers.conversing import NOW, RUN, Case, body_of, cases

SERVICE = "http://service.test"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
OVER_HTTP = sorted(PROVIDERS.keys() - {"prometheus", "web", "plugin", "job", "keptn", "stackdriver"})
"""Providers whose services are asked over HTTP by conversations alone.

prometheus and web have tests of their own, stackdriver signs with a key (below). job and keptn ask the cluster, over
its API in tests/unit/controller/test_measuring.py; plugin asks programs.
"""


def first_good(provider: str, url: str = SERVICE) -> Case:
    """The first conversation of a provider that is all HTTP and ends well, with the service at `url`."""
    host = url.removeprefix("http://").partition(":")[0]
    rewrite = {SERVICE: url, "service.test": host}
    return next(case for case in cases(provider, rewrite) if is_good(case, url))


def is_good(case: Case, url: str) -> bool:
    """It gives a value, or is under way."""
    is_there = url in str((case.settings, case.secrets, case.variables))
    is_http = bool(case.exchange) and all("cluster" not in turn for turn in case.exchange)
    return is_there and is_http and bool(case.gives.keys() & {"result", "pending"})


class Doors(HttpPorts):
    """The real ports, Secrets from the case; `hurry` divides every patience."""

    def __init__(self, case: Case, hurry: int = 1) -> None:
        super().__init__(Defaults(variables=case.variables), Outside(environ=KEYS))
        self._case = case
        self._hurry = hurry

    async def ask(self, request: Request) -> Any:
        if isinstance(request, Secret):
            name = f"{request.namespace}/{request.name}" if request.namespace else request.name
            return self._case.secrets.get(name)
        assert isinstance(request, Http)
        server = request.server
        return await super().ask(replace(request, server=replace(server, timeout=server.timeout / self._hurry)))


async def measured(provider: str, handler: Handler, hurry: int = 1) -> Measurement:
    """The measurement of a provider's metric with this server in its service's place."""
    async with answering(handler) as url:
        return await taken(first_good(provider, url), hurry)


async def taken(case: Case, hurry: int = 1) -> Measurement:
    """The measurement of a case, by the runner over the real ports."""
    doors = Doors(case, hurry)
    try:
        job = Job(Due("rate", case.metric, Task.MEASURE), (), {}, RUN)
        return (await Runner(doors, lambda: NOW).measure(job)).measurement
    finally:
        await doors.close()


def told_by(case: Case) -> tuple[Handler, list[web.Request]]:
    """A server that says what the conversation says, in its order; and what it was asked."""
    ahead: Iterator[dict[str, Any]] = iter(case.exchange)
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        says = next(ahead)["says"]
        return web.Response(status=says.get("status", 200), body=body_of(says))

    return answer, asked


@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_a_whole_measurement_over_the_real_client(provider: str) -> None:
    """Request by request to a server on loopback, and the documented answers back into a measurement."""
    case = first_good(provider)
    handler, asked = told_by(case)

    measurement = await measured(provider, handler)

    assert measurement.message == ""
    assert len(asked) == len(case.exchange)
    for request, turn in zip(asked, case.exchange, strict=True):
        asks = turn.get("asks", {})
        assert (request.method, dict(request.query)) == (asks.get("method", "GET"), asks.get("params", {}))
        assert all(request.headers[name] == text for name, text in asks.get("headers", {}).items())
    assert measurement.phase is (Phase.RUNNING if "pending" in case.gives else Phase.SUCCESSFUL)
    assert measurement.value == case.gives.get("text", "")


async def test_a_request_to_aws_is_signed_on_its_way() -> None:
    """The signature is put on by the client, with the keys of the environment."""
    handler, asked = told_by(first_good("cloudWatch"))

    await measured("cloudWatch", handler)

    authorization = asked[0].headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/monitoring/aws4_request" in authorization


async def test_google_is_asked_by_a_service_account() -> None:
    """The token is had by a signed assertion, and goes along with the query."""
    asked: list[tuple[str, str, str]] = []

    async def google(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, request.headers.get("Authorization", "")))
        if request.path == "/token":
            form = await request.post()
            assert str(form["assertion"]).count(".") == 2
            return web.json_response({"access_token": "ya29", "token_type": "Bearer"})
        assert await request.json() == {"query": "fetch x"}
        return web.json_response({"timeSeriesData": [{"pointData": [{"values": [{"doubleValue": 12.5}]}]}]})

    async with answering(google) as url:
        key = {"client_email": "a@b", "private_key": a_private_key(), "token_uri": f"{url}/token"}
        settings = {"query": "fetch x", "address": url, "secretRef": {"name": "gcloud"}}
        secrets = {"shop/gcloud": {"project": "p", "serviceAccountKey": json.dumps(key)}}
        measurement = await taken(Case("stackdriver", "by key", settings, secrets, {}, [], {}))

    assert (measurement.phase, measurement.value, measurement.message) == (Phase.SUCCESSFUL, "12.5", "")
    assert asked == [("POST", "/token", ""), ("POST", "/v3/projects/p/timeSeries:query", "Bearer ya29")]


def a_private_key() -> str:
    """An RSA key as Google gives one."""
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_a_slow_service_is_given_up(provider: str) -> None:
    """Each provider has its patience; then the measurement says who did not answer."""

    async def hold(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    measurement = await measured(provider, hold, hurry=200)

    assert measurement.phase is Phase.ERROR
    assert "did not answer within" in measurement.message


@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_a_service_that_talks_on_is_cut_off(provider: str) -> None:
    """No answer fills the memory."""

    async def talk(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(LARGEST // 2**20 + 2):
            await response.write(b" " * 2**20)
        return response

    measurement = await measured(provider, talk)

    assert measurement.phase is Phase.ERROR
    assert f"more than {LARGEST}" in measurement.message


async def test_a_credential_that_a_service_repeats_is_blanked() -> None:
    """Messages are kept in the run's status, for everybody to read; keys of the environment are no better known."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(status=403, text=f"{request.headers['DD-API-KEY']} is no key")

    async with answering(echo) as url:
        case = first_good("datadog", url)
        variables = {"DD_API_KEY": "of-the-pod", "DD_APP_KEY": "b", "DD_ADDRESS": url}
        said = [(await taken(known)).message for known in (case, replace(case, variables=variables))]

    assert said == ["received authentication error response code: 403 ***** is no key"] * 2
