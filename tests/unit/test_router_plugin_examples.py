"""The folders examples/router-plugin-*: each as it stands, told what a rollout wants of it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from analysis.requests import Program
from rollouts.controller.plugins.config import ROUTER, configured_in
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import Plugin as Ready
from rollouts.dialects.argo.rollout import parse
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Weights
from rollouts.traffic.plugins import Plugin
from rollouts.traffic.protocol import Desired
from tests.builders.plugins import packaged
from tests.builders.servers import serving

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM, PACKAGE = EXAMPLES / "router-plugin-program", EXAMPLES / "router-plugin-package"
SPLIT = Shares(Share(20, "shop-canary", "new"), Share(80, "shop-stable", "old"))


def the_rollout(example: Path, **settings: str) -> tuple[Rollout, Router]:
    """The example's rollout, and its router with these settings changed."""
    manifest = yaml.safe_load((example / "rollout.yaml").read_text())
    manifest["metadata"] |= {"namespace": "shop", "uid": "u"}
    rollout = parse(manifest)
    assert isinstance(rollout.strategy, Canary)
    assert rollout.faults == ()
    (router,) = rollout.strategy.routers
    return rollout, replace(router, settings={**router.settings, **settings})


async def told(ready: Ready, requests: list[Program]) -> list[Any]:
    """What the plugin answers, called as the controller calls it."""
    plugins = MetricPlugins([ready], ROUTER.word)
    try:
        return [await plugins.call(request) for request in requests]
    finally:
        await plugins.close()


def test_the_program_puts_a_split_into_its_proxy_and_asks_for_it() -> None:
    """By the real program, over a real server: applied once, verified, and then nothing is left to do."""
    splits: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        if request.method == "PUT":
            splits[request.path] = await request.json()
        return web.Response(text=json.dumps(splits[request.path]))

    async def story() -> None:
        app = web.Application()
        app.router.add_route("*", "/splits/{namespace}/{name}", answer)
        async with serving(app) as url:
            rollout, router = the_rollout(PROGRAM, url=url)
            provider = Plugin(router.provider)
            (call,) = provider.render(rollout, router, {}, Desired(SPLIT)).calls
            ready = program(router.provider, PROGRAM / "edge-split.py", (), timeout=30)
            flow = provider.verify(rollout, router, {}, SPLIT)
            _, reply = await told(ready, [call.request, next(flow)])
            call.took(call)

            try:
                flow.send(reply)
            except StopIteration as end:
                verdict = end.value
            assert verdict == Verified(True, 'the proxy carries {"shop-canary": 20, "shop-stable": 80}')
            assert splits == {"/splits/shop/shop": {"shop-canary": 20, "shop-stable": 80}}
            assert provider.render(rollout, router, {}, Desired(SPLIT)).calls == ()
            assert provider.read(rollout, router, {}) == Weights(20, 80)

    asyncio.run(story())


def test_the_package_keeps_a_file_and_takes_it_away(tmp_path: Path) -> None:
    """Applied, then cleaned: first all traffic to stable, then no file."""
    rollout, router = the_rollout(PACKAGE, folder=str(tmp_path))
    provider = Plugin(router.provider)
    (call,) = provider.render(rollout, router, {}, Desired(SPLIT)).calls

    asyncio.run(told(packaged(PACKAGE, ROUTER), [call.request]))
    written = json.loads((tmp_path / "shop.shop.json").read_text())
    cleaning = provider.clean(rollout, router, {}).calls
    asyncio.run(told(packaged(PACKAGE, ROUTER), [one.request for one in cleaning]))

    assert written == {"shop-canary": 20, "shop-stable": 80}
    assert list(tmp_path.iterdir()) == []


def test_the_config_map_names_the_program() -> None:
    """As the rollout does."""
    (configured,) = configured_in(yaml.safe_load((PROGRAM / "config.yaml").read_text()), ROUTER)
    _, router = the_rollout(PROGRAM)

    assert (configured.name, configured.location) == (router.provider, "file:///plugins/edge-split.py")


def test_the_plugin_for_the_gateway_api_is_not_fetched() -> None:
    """A ConfigMap of Argo's names it; it is built in here."""
    entries = [{"name": "argoproj-labs/gatewayAPI", "location": "https://example.com/plugin"}, {"name": "shop/own"}]
    config_map = {"data": {ROUTER.key: yaml.safe_dump(entries)}}

    assert [configured.name for configured in configured_in(config_map, ROUTER)] == ["shop/own"]
