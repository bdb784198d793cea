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
from tests.scenarios.statuses import faults_of, shape_of

WHILE = 30
NOT_OURS = {
    ".conditions[].message",
}


def at_rest() -> list[Json]:
    """The worlds in which Argo does nothing."""
    return [case for case in takeover.cases() if takeover.is_at_rest(case)]


def versions(world: Sight) -> dict[str, Json]:
    """The versions' pod templates, by the name of their ReplicaSet."""
    return {rs["metadata"]["name"]: rs["spec"]["template"] for rs in world.replica_sets(takeover.NAME)}


def in_use(world: Sight) -> Any:
    """All that users and their pods are served by."""
    return (
        versions(world),
        {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in world.replica_sets(takeover.NAME)},
        {one["metadata"]["name"]: one["spec"].get("selector") for one in world.all(kinds.SERVICES)},
        world.weights(takeover.NAME),
        world.rollout(takeover.NAME)["spec"],
    )


@asynccontextmanager
async def a_part_for_each(stage: Stage, cases: Sequence[Json]) -> AsyncIterator[list[Stage]]:
    """A namespace for each world, beside the scenario's own."""
    names = [f"{stage.namespace}-{case['id']}".lower() for case in cases]
    for name in names:
        await stage.house.cluster.create(Collection(kinds.NAMESPACES), {"metadata": {"name": name}})
    parts = [Stage(stage.house, name) for name in names]
    try:
        yield parts
    finally:
        for part in parts:
            part.end()
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
    missing = shape_of(after) - shape_of(ours) - NOT_OURS
    assert not missing, f"{case['id']}: {missing}\n{stage.picture()}"
    assert list(faults_of(ours)) == []
    await takeover.is_ours(stage)


@scenario
async def test_migration_of_rollouts_at_rest(stage: Stage) -> None:
    """Rollouts that Argo left paused, aborted or healthy stay so, and keep every field of their status, for 30 s."""
    cases = at_rest()
    async with a_part_for_each(stage, cases) as parts:
        await asyncio.gather(*(left_alone(part, case) for part, case in zip(parts, cases, strict=True)))
