"""Disruption budgets and the evictions that they allow."""

from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import TooManyRequestsError
from rollouts.cluster.port import Json, Target
from rollouts.simulator.clock import EPOCH
from rollouts.simulator.workloads.budgets import budget_status
from rollouts.simulator.workloads.views import BUDGETS
from rollouts.simulator.world import World
from tests.builders.simulated import NAMESPACE, a_budget, a_replica_set, get, listed, live


@pytest.mark.parametrize(
    ("spec", "desired", "allowed"),
    [
        ({"minAvailable": 3}, 3, 1),
        ({"minAvailable": "60%"}, 3, 1),
        ({"maxUnavailable": 1}, 4, 0),
        ({"maxUnavailable": "25%"}, 3, 1),
        ({"minAvailable": 9}, 9, 0),
    ],
)
def test_how_many_pods_may_go(spec: dict[str, Any], desired: int, allowed: int) -> None:
    """Of five pods four are healthy; percentages are of what the controllers ask for and round up."""
    budget: Json = {"metadata": {"generation": 1}, "spec": spec}

    status = budget_status(budget, expected=5, existing=5, healthy=4, now=EPOCH)

    assert (status["desiredHealthy"], status["disruptionsAllowed"]) == (desired, allowed)


def test_evictions_end_where_the_budget_does() -> None:
    """One pod of three may be evicted; the second has to wait until its replacement is ready."""

    async def story(world: World) -> tuple[bool, int]:
        await world.apply([a_replica_set(replicas=3), a_budget(minAvailable=2)])
        await world.settle()
        first, second, _ = [
            Target(kinds.PODS, pod["metadata"]["name"], NAMESPACE) for pod in await listed(world, kinds.PODS)
        ]
        await world.cluster.evict(first)
        with pytest.raises(TooManyRequestsError):
            await world.cluster.evict(second)
        await world.settle()
        await world.cluster.evict(second)
        await world.settle()
        left = [pod["metadata"]["name"] for pod in await listed(world, kinds.PODS)]
        status = (await get(world, BUDGETS))["status"]
        return first.name in left or second.name in left, status["disruptionsAllowed"]

    assert live(story) == (False, 1)
