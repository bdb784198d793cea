"""The sync loop inside the controller: a commit becomes a rollout, and another one a new version of it."""

import asyncio

import yaml

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.controller.ports import GitPorts
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from tests.unit.controller.stories import Shop, a_canary, an_object, tell

URL = "https://git.example/shop"


def committed(image: str) -> dict[str, str]:
    """The tree of a commit."""
    manifest = a_canary({"setWeight": 34}, {"pause": {"duration": "5s"}})
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return {"apps/web.yaml": yaml.safe_dump(manifest)}


def the_sync() -> list[Json]:
    """A source and what follows it."""
    source = an_object(kinds.GIT_REPOSITORIES, "shop", spec={"url": URL, "interval": "30s", "ref": {"branch": "main"}})
    spec = {"sourceRef": {"kind": "GitRepository", "name": "shop"}, "path": "./apps", "interval": "10m", "prune": True}
    return [source, an_object(kinds.KUSTOMIZATIONS, "apps", spec=spec)]


def test_a_commit_becomes_a_rollout_and_the_next_one_its_new_version() -> None:
    """The whole path in one process and no time."""

    async def story(shop: Shop) -> None:
        remote = MemoryRemote()
        remote.commit(committed("web:v1"))
        await shop.start(git=GitPorts(MemoryCheckout({URL: remote}), PlainRender()))
        await shop.world.apply(the_sync())
        await asyncio.sleep(30)
        assert await shop.phase() == ("Healthy", "")

        remote.commit(committed("web:v2"))
        await asyncio.sleep(90)
        assert await shop.phase() == ("Healthy", "")
        assert await shop.sizes() == {"web:v1": 0, "web:v2": 3}

    tell(story)
