"""What a rollout costs the API server, write by write, and what it tells all the same."""

import asyncio
from datetime import timedelta

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Behaviour, Scenario
from tests.unit.controller.stories import Shop, Spy, a_canary, tell

SWIFT = Scenario(default=Behaviour(ready_after=timedelta(milliseconds=700)), requests_per_second=0)
SLOW = Scenario(default=Behaviour(ready_after=timedelta(seconds=10)), requests_per_second=0)
HALF: Json = {"setWeight": 50}

CREATED = [
    "RolloutAddedToInformer",
    "RolloutUpdated",
    "NewReplicaSetCreated",
    "RolloutNotCompleted",
    "ScalingReplicaSet",
    "RolloutCompleted",
]
UPDATED = [
    "RolloutUpdated",
    "NewReplicaSetCreated",
    "RolloutNotCompleted",
    "ScalingReplicaSet",
    "RolloutStepCompleted",
    "ScalingReplicaSet",
    "RolloutCompleted",
]


def single() -> Json:
    """One pod, half of the traffic, no pause."""
    rollout = a_canary(HALF)
    rollout["spec"]["replicas"] = 1
    return rollout


async def names(shop: Shop) -> dict[str, str]:
    """ReplicaSets by their image."""
    sets = await shop.listed(kinds.REPLICA_SETS)
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["metadata"]["name"] for rs in sets}


def test_a_creation_costs_four_writes() -> None:
    """The ReplicaSet at its size, the revision, the status of the beginning and that of the end."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([single()])
        await asyncio.sleep(10)
        first = (await names(shop))["web:v1"]

        assert await shop.phase() == ("Healthy", "")
        assert spy.said() == [
            f"create ReplicaSet {first}",
            "patch Rollout web",
            "patch Rollout/status web",
            "patch Rollout/status web",
        ]
        assert await shop.reasons() == CREATED

    tell(story, SWIFT)


def test_an_update_through_one_weight_costs_five_writes() -> None:
    """As a creation, and the old version's scale-down, whose status waits until its pods are gone."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([single()])
        await asyncio.sleep(10)
        spy.writes.clear()
        await shop.use("web:v2")
        await asyncio.sleep(10)
        sets = await names(shop)

        assert await shop.phase() == ("Healthy", "")
        assert await shop.sizes() == {"web:v1": 0, "web:v2": 1}
        assert spy.said() == [
            f"create ReplicaSet {sets['web:v2']}",
            "patch Rollout web",
            "patch Rollout/status web",
            f"patch ReplicaSet {sets['web:v1']}",
            "patch Rollout/status web",
        ]
        assert await shop.reasons() == CREATED + UPDATED

    tell(story, SWIFT)


def test_numbers_wait_for_a_second_and_no_longer() -> None:
    """Pods that take their time are told of meanwhile."""

    async def story(shop: Shop) -> None:
        await shop.start(Spy(shop.store))
        await shop.world.apply([single()])
        await asyncio.sleep(2)
        await shop.patch({"spec": {"replicas": 2}})
        await asyncio.sleep(0.5)
        early = (await shop.rollout())["status"]["replicas"]
        await asyncio.sleep(1.5)

        assert (early, (await shop.rollout())["status"]["replicas"]) == (1, 2)

    tell(story, SLOW)


def test_an_update_that_waits_to_be_told_survives_its_controller() -> None:
    """Killed between the old version's scale-down and the status: the next one neither goes back nor repeats a word."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        running = await shop.start(spy)
        await shop.world.apply([single()])
        await asyncio.sleep(10)
        spy.writes.clear()
        spy.dies_after = 9  # ReplicaSet, revision, status, four events, scale-down, two events: all before the end
        await shop.use("web:v2")
        await spy.died.wait()
        await running.kill()
        await shop.start(successor := Spy(shop.store))
        await asyncio.sleep(10)

        assert (await shop.rollout())["status"]["phase"] == "Healthy"
        assert await shop.sizes() == {"web:v1": 0, "web:v2": 1}
        assert successor.said() == ["patch Rollout/status web"]
        assert await shop.reasons() == CREATED + UPDATED

    tell(story, SWIFT)
