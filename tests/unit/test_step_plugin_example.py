"""The folder examples/step-plugin: its program as it stands, its manifests with a plugin in its place."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from rollouts.cluster.port import Json
from rollouts.controller.plugins.config import STEP, configured_in
from rollouts.controller.plugins.packages import in_process
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.simulator.clock import virtual_now
from tests.unit.controller.stories import Shop, tell

FOLDER = Path(__file__).parents[2] / "examples" / "step-plugin"
NAME = "shop/smoke-test"


class Scripted:
    """A plugin that says one thing after the other."""

    def __init__(self, *phases: str) -> None:
        self.left = list(phases)
        self.told: list[str] = []

    async def run(self, context: dict[str, Any]) -> dict[str, Any]:
        """The next phase; a check takes two seconds."""
        await asyncio.sleep(2)
        self.told.append(context["config"]["url"])
        return {"phase": self.left.pop(0), "message": "as told", "requeueAfter": "10s"}

    async def abort(self, _context: dict[str, Any]) -> dict[str, Any]:
        """Nothing to take back."""
        self.told.append("abort")
        return {"phase": "Successful"}


def objects() -> Iterator[Json]:
    """The folder's Service and Rollout, in the shop."""
    for file in ("services.yaml", "rollout.yaml"):
        for obj in yaml.safe_load_all((FOLDER / file).read_text()):
            yield {**obj, "metadata": {**obj["metadata"], "namespace": "shop"}}


async def opened(shop: Shop, plugin: Scripted) -> None:
    """The shop with the folder's objects and this plugin, in the middle of an update."""
    await shop.start(plugins=StepPlugins([in_process(NAME, plugin)], virtual_now))
    await shop.world.apply(objects())
    await asyncio.sleep(30)
    await shop.use("registry.example/shop:v2", "shop")


@contextmanager
def a_healthy_version() -> Iterator[str]:
    """Something that says that it is well."""

    class Serving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/healthz"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def checked(url: str, times: int) -> list[tuple[str, Any]]:
    """What the program says in so many calls."""
    plugin = program(NAME, FOLDER / "smoke-test.py", (), timeout=30.0)
    memory: Any = None
    said = []
    try:
        for _ in range(times):
            reply = await plugin.call("run", {"config": {"url": url, "times": 2}, "status": memory})
            memory = reply["status"]
            said.append((reply["phase"], memory))
        assert (await plugin.call("abort", {}))["phase"] == "Successful"
    finally:
        await plugin.close()
    return said


def test_the_program_counts_its_checks() -> None:
    """Its memory is what it gave away."""
    with a_healthy_version() as url:
        said = asyncio.run(checked(url, 2))

    assert said == [("Running", {"passed": 1}), ("Successful", {"passed": 2})]


def test_the_program_fails_a_version_that_does_not_answer() -> None:
    """One bad answer is enough."""
    assert asyncio.run(checked("http://127.0.0.1:9/healthz", 1)) == [("Failed", {"passed": 0})]


def test_the_config_map_names_the_program() -> None:
    """The step's name is the ConfigMap's."""
    [entry] = configured_in(yaml.safe_load((FOLDER / "config.yaml").read_text()), STEP)

    assert (entry.name, entry.location) == (NAME, "file:///plugins/smoke-test.py")


def test_the_rollout_goes_on_when_the_plugin_says_so() -> None:
    """Three calls, ten seconds apart; what it said is in the status."""

    async def story(shop: Shop) -> None:
        plugin = Scripted("Running", "Running", "Successful")
        await opened(shop, plugin)
        await asyncio.sleep(90)

        assert plugin.told == ["http://shop-canary/healthz"] * 3
        assert await shop.phase("shop") == ("Healthy", "")
        status = (await shop.rollout("shop"))["status"]["canary"]["stepPluginStatuses"]
        assert [(entry["operation"], entry["phase"], entry["executions"]) for entry in status] == [
            ("Run", "Successful", 3)
        ]
        reasons = await shop.reasons("shop")
        assert reasons.count("StepPluginTransition") == 1
        assert reasons.count("RolloutStepCompleted") == 4

    tell(story)


def test_the_update_is_aborted_when_the_plugin_says_so() -> None:
    """Its words are the reason; what had not begun well is not called back."""

    async def story(shop: Shop) -> None:
        plugin = Scripted("Failed")
        await opened(shop, plugin)
        await asyncio.sleep(60)

        message = "RolloutAborted: Rollout aborted update to revision 2: as told"
        assert await shop.phase("shop") == ("Degraded", message)
        assert plugin.told == ["http://shop-canary/healthz"]
        assert await shop.sizes() == {"registry.example/shop:v1": 4, "registry.example/shop:v2": 0}

    tell(story)


def test_an_abort_does_not_wait_for_a_plugin_that_works() -> None:
    """The traffic goes back at once; the plugin is told when its time comes."""

    async def story(shop: Shop) -> None:
        plugin = Scripted(*["Running"] * 9)
        await opened(shop, plugin)
        await asyncio.sleep(20)
        await shop.patch({"status": {"abort": True}}, name="shop", subresource="status")
        await asyncio.sleep(1)
        assert (await shop.rollout("shop"))["status"]["abort"]
        assert (await shop.sizes())["registry.example/shop:v1"] == 4
        await asyncio.sleep(60)

        assert plugin.told[-1] == "abort"

    tell(story)


@pytest.mark.parametrize(("names", "there"), [((), "none is configured"), (("a", "b"), "configured are a, b")])
def test_a_plugin_that_is_not_configured_is_a_fault(names: tuple[str, ...], there: str) -> None:
    """The text names those that are."""

    async def story(shop: Shop) -> None:
        plugins = StepPlugins([in_process(name, Scripted()) for name in names], virtual_now)
        await shop.start(plugins=plugins)
        await shop.world.apply(objects())
        await asyncio.sleep(5)
        _, message = await shop.phase("shop")

        fault = f'spec.strategy.steps[1].plugin.name: Invalid value: "{NAME}": plugin {NAME} is not configured; {there}'
        assert message == f'InvalidSpec: The Rollout "shop" is invalid: {fault}'

    tell(story)
