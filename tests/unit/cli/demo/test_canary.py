"""The demo's story with a Canary in virtual time: a deploy, a good release, a bad one and its revert, by commits."""

import asyncio

import yaml

from rollouts.cli.demo.scenario import FLAVOURS, IMAGE, SOURCE, manifests, scenario_text
from rollouts.cluster import kinds
from rollouts.controller.ports import GitPorts
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from rollouts.simulator.scenario import load_scenario
from tests.unit.controller.stories import Shop, tell
from tests.unit.controller.ticking.canaries import deployments, phase
from tests.unit.test_examples import Measured

URL = "https://git.example/shop.git"


def files(tag: str, **more: str) -> dict[str, str]:
    """The repository at a release."""
    texts = {
        path: text.replace(f"{IMAGE}:v1", f"{IMAGE}:{tag}") for path, text in manifests(FLAVOURS["flagger"]).items()
    }
    return {**texts, **{f"deploy/{name}.yaml": text for name, text in more.items()}}


def test_commits_deliver_by_a_canary() -> None:
    """Nobody touches anything but the repository; a commit beside the point starts no pod that rests."""

    async def story(shop: Shop) -> None:
        remote = MemoryRemote()
        remote.commit(files("v1"))
        measured = Measured(shop.world, shop.store, prometheus="http://prometheus.example")
        await measured.start(git=GitPorts(MemoryCheckout({URL: remote}), PlainRender()))
        await shop.world.apply(yaml.safe_load_all(SOURCE.format(url=URL)))
        told = []
        for tag, minutes in (("v1", 5), ("v2", 12), ("v3", 8), ("v2", 3)):
            remote.commit(files(tag))
            await asyncio.sleep(60 * minutes)
            found = await deployments(shop)
            told.append((await phase(shop, "shop"), found["shop-primary"][0][-2:], found["shop"][1]))

        assert told == [("Initialized", "v1", 0), ("Succeeded", "v2", 0), ("Failed", "v2", 0), ("Failed", "v2", 0)]

        note = "{apiVersion: v1, kind: ConfigMap, metadata: {name: note}}"
        remote.commit(files("v2", note=note))
        await asyncio.sleep(60)
        assert (await shop.get(kinds.CONFIG_MAPS, "note"))["kind"] == "ConfigMap"
        assert (await deployments(shop))["shop"][1] == 0

    tell(story, load_scenario(scenario_text().replace("200", "20", 1)))
