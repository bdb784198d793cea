"""Taking over the rollouts of a running Argo Rollouts, in the middle of whatever they are doing, and handing them back.

See docs/migrate-from-argo-rollouts.md. Where Argo itself would do nothing, we do nothing; elsewhere the versions and
their pod templates stay what they are, whatever happens next.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Target
from tests.builders.manifests import a_rollout, a_routed_world, canary, pause, weight
from tests.scenarios import takeover
from tests.scenarios.embedded import play
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.statuses import shape_of

WHILE = 30
PARTS = 8
UNDER_WAY = [case for case in takeover.cases() if takeover.is_whole(case) and not takeover.is_at_rest(case)]


def at_rest() -> list[Json]:
    """The worlds in which Argo does nothing."""
    return [case for case in takeover.cases() if takeover.is_at_rest(case)]


def versions(world: Sight) -> dict[str, Json]:
    """The versions' pods, by the name of their ReplicaSet. A role's metadata may come and go with its role."""
    return {rs["metadata"]["name"]: rs["spec"]["template"]["spec"] for rs in world.replica_sets(takeover.NAME)}


def in_use(world: Sight) -> Any:
    """All that users and their pods are served by."""
    return (
        [rs["spec"] for rs in world.replica_sets(takeover.NAME)],
        {one["metadata"]["name"]: one["spec"].get("selector") for one in world.all(kinds.SERVICES)},
        world.weights(takeover.NAME),
        world.rollout(takeover.NAME)["spec"],
    )


@asynccontextmanager
async def a_part_for_each(stage: Stage, cases: Sequence[Json]) -> AsyncIterator[list[Stage]]:
    """A namespace for each world, beside the scenario's own."""
    names = [f"{stage.namespace}-{case['id']}".lower() for case in cases]
    parts = [Stage(stage.house, name) for name in names]
    for part in parts:
        await stage.house.cluster.create(Collection(kinds.NAMESPACES), {"metadata": {"name": part.namespace}})
    try:
        yield parts
        for part in parts:
            part.end()
    finally:
        for part in parts:
            await stage.house.cluster.delete(Target(kinds.NAMESPACES, part.namespace))


async def left_alone(stage: Stage, case: Json) -> None:
    """Take a world over that is at rest: nothing that serves anybody changes, and the status keeps its form."""
    await takeover.set_up(stage, case)
    before = in_use(stage.world)
    seen = stage.record(in_use)
    await takeover.take_over(stage)
    await stage.seconds(WHILE)
    assert seen == [before], f"{case['id']}\n{stage.picture()}"

    after, ours = case["output"]["rolloutStatusAfter"], stage.world.status(takeover.NAME)
    assert ours["phase"] == after["phase"], f"{case['id']}\n{stage.picture()}"
    missing = shape_of(after) - shape_of(ours)
    assert not missing, f"{case['id']}: {missing}\n{stage.picture()}"
    await takeover.is_ours(stage)


@scenario
async def test_migration_of_rollouts_at_rest(stage: Stage) -> None:
    """Rollouts that Argo left paused, aborted or healthy stay so, and keep every field of their status, for 30 s."""
    cases = at_rest()
    async with a_part_for_each(stage, cases) as parts:
        await asyncio.gather(*(left_alone(part, case) for part, case in zip(parts, cases, strict=True)))


async def gone_on(stage: Stage, case: Json) -> None:
    """Take a world over that is under way: it goes on with the versions that Argo has, or makes in this moment."""
    made = {write["name"] for write in case["output"]["writes"] if write["verb"] == "create"}
    gone = {write["name"] for write in case["output"]["writes"] if write["verb"] == "delete"}
    await takeover.set_up(stage, case)
    before = versions(stage.world)
    seen = stage.record(versions)
    await takeover.take_over(stage)
    await stage.seconds(WHILE)
    told = f"{case['id']}\n{stage.picture()}"
    assert set().union(*seen) <= set(before) | made, told
    assert set(before) - set(seen[-1]) <= gone, told
    assert all(pods == before.get(name, pods) for one in seen for name, pods in one.items()), told
    await takeover.is_ours(stage)


@pytest.mark.parametrize("part", range(PARTS))
def test_migration_of_rollouts_under_way(part: int) -> None:
    """Where Argo would go on, we go on, with its very versions; no pod of them is made anew."""

    async def story(stage: Stage) -> None:
        cases = UNDER_WAY[part::PARTS]
        async with a_part_for_each(stage, cases) as parts:
            await asyncio.gather(*(gone_on(one, case) for one, case in zip(parts, cases, strict=True)))

    play(story, "taken-over")


@scenario
async def test_migration_in_the_middle_and_back(stage: Stage) -> None:
    """A canary of another installation is left alone; taken over it goes on where it stood; handed back it rests."""
    world = a_routed_world(weight(50), pause(), weight(100), pause())
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await labelled(stage, takeover.OTHERS)
    handed = stage.world.status()
    await stage.promote()
    await stage.seconds(5)
    assert (stage.world.step(), stage.world.weights()["web-canary"]) == (1, 50)
    assert stage.world.status() == {key: value for key, value in handed.items() if key != "pauseConditions"}

    await labelled(stage, None)
    await stage.paused(step=3)
    assert stage.world.weights() == {"web-stable": 0, "web-canary": 100}
    await labelled(stage, takeover.OTHERS)
    await stage.set_image("web:v3")
    await stage.seconds(5)
    assert set(stage.world.sizes()) == {"web:v1", "web:v2"}
    assert stage.world.weights() == {"web-stable": 0, "web-canary": 100}

    await labelled(stage, None)
    await stage.until(lambda world: "web:v3" in world.sizes())


async def labelled(stage: Stage, instance: str | None) -> None:
    """Give the rollout to another installation, or to ours."""
    await stage.patch({"metadata": {"labels": {takeover.INSTANCE: instance}}})
    await stage.quiet()


@scenario
async def test_migration_of_others_rollouts(stage: Stage) -> None:
    """With `--instance-id` in use elsewhere, the rollouts of that installation are not even looked at."""
    theirs = a_rollout(canary(weight(50), pause()))
    theirs["metadata"]["labels"] = {takeover.INSTANCE: takeover.OTHERS}
    ours = a_rollout(canary(weight(50), pause()), name="shop")
    await stage.apply(theirs, ours)
    await stage.healthy("shop")
    await stage.abort()
    await stage.restart()
    await stage.seconds(5)

    assert stage.world.sizes() == {}
    assert stage.world.events() == []
    assert stage.world.status() == {"abort": True}
