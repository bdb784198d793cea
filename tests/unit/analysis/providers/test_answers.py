"""Documented answers of Prometheus and of web services, over the real client: from a server on loopback to verdicts."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from analysis.decide import Due, Task
from analysis.model import Metric, Phase
from analysis.outside import Outside
from analysis.ports import HttpPorts
from analysis.requests import LARGEST, Http, Query, Request
from analysis.runner import Job, Runner
from rollouts.controller.clock import wall_clock
from tests.builders.outside import Handler, answering

Case = dict[str, Any]
FOLDER = Path(__file__).parent / "answers"
PROVIDERS = ("prometheus", "web")


def cases() -> Iterator[Any]:
    """Every answer, with its provider."""
    for provider in PROVIDERS:
        page = yaml.safe_load((FOLDER / f"{provider}.yaml").read_text())
        assert page["page"].startswith("https://")
        for case in page["cases"]:
            settings = case.get("settings", page["settings"])
            yield pytest.param(provider, settings, case, id=f"{provider}: {case['name']}")


class Hurried(HttpPorts):
    """The real ports, with a hundredth of the patience."""

    async def ask(self, request: Request) -> Any:
        assert isinstance(request, Query | Http)
        server = request.server
        return await super().ask(replace(request, server=replace(server, timeout=server.timeout / 100)))


async def measured(provider: str, settings: Case, handler: Handler, condition: str = "") -> Any:
    """The measurement of a metric that this server answers."""
    ports = Hurried(outside=Outside(environ={}))
    try:
        async with answering(handler) as url:
            place = (
                {"address": url} if provider == "prometheus" else {"url": f"{url}/metric?x=1", "timeoutSeconds": 3000}
            )
            metric = Metric("m", provider, {**place, **settings}, success_condition=condition)
            job = Job(Due("m", metric, Task.MEASURE), (), {})
            return (await Runner(ports, wall_clock).measure(job)).measurement
    finally:
        await ports.close()


@pytest.mark.parametrize(("provider", "settings", "case"), list(cases()))
async def test_an_answer_comes_to_its_verdict(provider: str, settings: Case, case: Case) -> None:
    """Phase, value, message and metadata."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=case.get("status", 200), text=case["body"])

    measurement = await measured(provider, settings, answer, case.get("condition", ""))

    assert (measurement.phase, measurement.value) == (Phase(case["phase"]), case.get("value", ""))
    assert case.get("says", "") in measurement.message
    assert bool(measurement.message) == ("says" in case)
    assert measurement.metadata == case.get("metadata", {})


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_slow_service_ends_in_the_metrics_own_time(provider: str) -> None:
    """The field that says so differs."""

    async def hold(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    settings = {"query": "up", "timeout": 3} if provider == "prometheus" else {"timeoutSeconds": 3}
    measurement = await measured(provider, settings, hold)

    assert measurement.phase is Phase.ERROR
    assert measurement.message.endswith("did not answer within 0.03 s")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_huge_answer_is_an_error(provider: str) -> None:
    """It is not read to its end."""

    async def flood(_: web.Request) -> web.Response:
        return web.Response(body=b"1" * (LARGEST + 1))

    patient = {"query": "up", "timeout": 3000} if provider == "prometheus" else {"timeoutSeconds": 3000}
    measurement = await measured(provider, patient, flood)

    assert measurement.phase is Phase.ERROR
    assert f"answered with more than {LARGEST} bytes" in measurement.message
