"""The folders examples/metric-plugin-*: each as it stands, from its template to the verdict."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from analysis.decide import Due, Task
from analysis.model import Measurement, Metric, Phase
from analysis.ports import HttpPorts
from analysis.runner import Job, Runner
from rollouts.controller.clock import wall_clock
from rollouts.controller.plugins.config import METRIC, configured_in
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import Plugin
from rollouts.dialects.argo.analysis import faults_of, parse_template
from tests.builders.plugins import packaged
from tests.builders.servers import serving

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM, PACKAGE = EXAMPLES / "metric-plugin-program", EXAMPLES / "metric-plugin-package"


def metric_of(folder: Path, url: str) -> Metric:
    """The template's metric, with the plugin's URL changed."""
    template = parse_template(yaml.safe_load((folder / "template.yaml").read_text()))
    assert faults_of(template) == ()
    [metric] = template.metrics
    [(name, config)] = metric.settings.items()
    return replace(metric, settings={name: {**config, "url": url}})


async def measured(plugin: Plugin, metric: Metric, pending: Measurement | None = None) -> Measurement:
    """One measurement of the metric by the plugin, as the controller takes it."""
    plugins = MetricPlugins([plugin])
    ports = HttpPorts(call=plugins.call)
    task = Task.MEASURE if pending is None else Task.RESUME
    try:
        return (
            await Runner(ports, wall_clock).measure(Job(Due(metric.name, metric, task, pending), (), {}))
        ).measurement
    finally:
        await ports.close()
        await plugins.close()


def saying(*pages: tuple[int, Any]) -> AbstractAsyncContextManager[str]:
    """A server that says one page after the other."""
    left = list(pages)

    async def answer(_: web.Request) -> web.Response:
        status, page = left.pop(0)
        return web.Response(status=status, text=json.dumps(page), content_type="application/json")

    app = web.Application()
    app.router.add_get("/", answer)
    return serving(app)


def the_program() -> Plugin:
    return program("shop/queue-age", PROGRAM / "queue-age.py", (), timeout=30)


def the_package() -> Plugin:
    return packaged(PACKAGE, METRIC)


def story(plugin: Callable[[], Plugin], folder: Path, *pages: tuple[int, Any]) -> Measurement:
    """The measurement that a plugin takes of these pages."""

    async def tell() -> Measurement:
        async with saying(*pages) as url:
            return await measured(plugin(), metric_of(folder, f"{url}/"))

    return asyncio.run(tell())


def test_the_config_map_names_the_program() -> None:
    """The metric's name is the ConfigMap's."""
    [entry] = configured_in(yaml.safe_load((PROGRAM / "config.yaml").read_text()), METRIC)

    assert (entry.name, entry.location) == ("shop/queue-age", "file:///plugins/queue-age.py")


@pytest.mark.parametrize(("seconds", "phase"), [(12, Phase.SUCCESSFUL), (40, Phase.FAILED)])
def test_the_programs_value_is_judged_by_the_condition(seconds: int, phase: Phase) -> None:
    """Value and metadata are kept."""
    measurement = story(the_program, PROGRAM, (200, {"name": "orders", "oldestSeconds": seconds}))

    assert (measurement.phase, measurement.value) == (phase, f'{{"oldestSeconds":{seconds}}}')
    assert measurement.metadata == {"queue": "orders"}


def test_the_program_may_take_its_time() -> None:
    """A measurement stays open, and is gone on with."""

    async def tell() -> tuple[Measurement, Measurement]:
        async with saying((200, {"counting": True}), (200, {"name": "orders", "oldestSeconds": 1})) as url:
            metric = metric_of(PROGRAM, f"{url}/")
            first = await measured(the_program(), metric)
            return first, await measured(the_program(), metric, first)

    first, second = asyncio.run(tell())

    assert first.phase is Phase.RUNNING
    assert first.resume_at is not None
    assert (second.phase, second.started) == (Phase.SUCCESSFUL, first.started)
    assert set(second.metadata) == {"asked", "queue"}


def test_an_error_of_the_program_is_an_error_of_the_measurement() -> None:
    """In its own words."""
    measurement = story(the_program, PROGRAM, (500, {}))

    assert measurement.phase is Phase.ERROR
    assert measurement.message.startswith("metric plugin shop/queue-age: HTTPError: HTTP Error 500")


@pytest.mark.parametrize(
    ("statuses", "phase", "message"),
    [([200, 200, 200], Phase.SUCCESSFUL, ""), ([200, 500, 200], Phase.FAILED, "1 of 3 checkouts failed")],
)
def test_the_package_judges_by_itself(statuses: list[int], phase: Phase, message: str) -> None:
    """No condition is asked."""
    measurement = story(the_package, PACKAGE, *((status, {}) for status in statuses))

    assert (measurement.phase, measurement.message) == (phase, message)
