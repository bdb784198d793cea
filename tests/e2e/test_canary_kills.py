"""Canaries whose controller is killed again and again, on a real control plane: each ends as it would have.

Beside the controller of the scenarios: these Canaries are of an instance of their own.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.e2e import installed
from tests.e2e.chaos.plane import ALONE, Plane, said
from tests.e2e.harness import control_plane
from tests.scenarios.real import a_house, a_namespace
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.simulation.canaries import NAMES, manifests

pytestmark = pytest.mark.e2e

INSTANCE = "canary-kills"
LABEL = "argo-rollouts.argoproj.io/controller-instance-id"
KILLS = 2
"""In each of the three acts."""
LONGEST_LIFE = 2.0
WEIGHTS = {"web": [0, 20, 40, 0, 20, 40, 0], "bad": [0, 30, 0, 30, 60, 90, 100, 0], "gone": [0, 50, 100, 0]}


@dataclass
class Lives:
    """One controller after another of these Canaries' own."""

    plane: Plane
    stage: Stage
    dice: random.Random
    program: installed.Program | None = None

    async def endanger(self) -> None:
        """Kill the one that lives, and so many after it at random moments; the last one lives on."""
        for _ in range(KILLS):
            await self._begin()
            await self._changed(self.dice.randint(1, 60))
        await self._begin()

    async def _begin(self) -> None:
        self.kill()
        self.program = self.plane.start(INSTANCE, ALONE, f"--prometheus={self.stage.house.hooks.address}")
        await said(self.program, " working")

    def kill(self) -> None:
        """As the kernel does it."""
        if self.program is not None:
            self.program.kill()

    async def _changed(self, count: int) -> None:
        """Until so much has changed, or nothing changes any more."""
        seen = self.stage.record(lambda world: world.newest())
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_LIFE):
                await self.stage.until(lambda _world: len(seen) > count)


async def test_killed_controllers_leave_no_trace(tmp_path: Path, dice: random.Random) -> None:
    """Killed at random moments of three acts: the same ends, and no user was ever sent another way."""
    cluster = control_plane()
    installed.install(cluster.kubeconfig, installed.roles())
    account = installed.account_kubeconfig(cluster.kubeconfig, tmp_path / "controller.kubeconfig")
    async with a_house(cluster) as house, a_namespace(house.cluster, INSTANCE):
        stage = Stage(house, INSTANCE)
        lives = Lives(Plane(cluster, account, tmp_path), stage, dice)
        try:
            await _played(stage, lives)
        finally:
            lives.kill()
        stage.end()


async def _played(stage: Stage, lives: Lives) -> None:
    weights = {name: stage.record(partial(weight, name=name)) for name in WEIGHTS}
    ill = stage.says("ill", 9)
    await stage.apply(*(ours(obj) for obj in manifests("1s", stage.hook("yes"), stage.hook("no", 403), ill)))
    await lives.endanger()
    await phases(stage, dict.fromkeys(NAMES, "Initialized"))
    for name in NAMES:
        await stage.release("web:v2", name)
    await lives.endanger()
    await phases(stage, {**dict.fromkeys(NAMES, "Succeeded"), "bad": "Failed"})
    stage.says("ill", 0)
    await stage.release("web:v3", "bad")
    await stage.patch({"data": {"greeting": "welcome"}}, name="words", resource=kinds.CONFIG_MAPS)
    await stage.delete(kinds.CANARIES, "gone")
    await lives.endanger()

    await stage.until(
        lambda _world: {name: [one for one in seen if one is not None] for name, seen in weights.items()} == WEIGHTS
    )
    await ended(stage)


def ours(obj: Json) -> Json:
    """The object with our label, by which Canaries are chosen."""
    return {**obj, "metadata": {**obj["metadata"], "labels": {LABEL: INSTANCE}}}


def weight(world: Sight, name: str) -> int | None:
    """What the new version of a Canary gets by its route, if there is one."""
    return world.weights(name).get(f"{name}-canary")


async def phases(stage: Stage, wanted: dict[str, str]) -> None:
    """Until each Canary is in its phase."""
    for name, phase in wanted.items():
        await stage.canary_phase(phase, name=name)


async def ended(stage: Stage) -> None:
    """The configuration is the primary's too, what failed was mended, and what is gone left its target at work."""
    await stage.until(lambda world: world.one(kinds.CANARIES, "gone") is None)
    await phases(stage, dict.fromkeys((name for name in NAMES if name != "gone"), "Succeeded"))
    assert (await stage.get(kinds.CONFIG_MAPS, "words-primary"))["data"] == {"greeting": "welcome"}
    deployments = stage.world.deployments()
    assert deployments["gone"] == ("web:v2", 2)
    assert deployments["bad-primary"] == ("web:v3", 2)
    assert {deployments[f"{name}-primary"] for name in ("web", "green", "chosen")} == {("web:v2", 2)}
    assert {deployments[name][1] for name in ("web", "green", "bad", "chosen")} == {0}
