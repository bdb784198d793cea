"""Deployments of the embedded cluster, from the first pod to a stuck update."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from rollouts.simulator.scenario import Behaviour, Scenario
from rollouts.simulator.workloads.conditions import condition_of
from rollouts.simulator.workloads.deployments import revision_of
from rollouts.simulator.world import World
from tests.builders.simulated import a_deployment, get, listed, live, names

BROKEN = Scenario(images={"app:bad": Behaviour(never_ready="image")}, requests_per_second=0)


async def images(world: World) -> list[str]:
    """The images of all pods, sorted."""
    return sorted(pod["spec"]["containers"][0]["image"] for pod in await listed(world, kinds.PODS))


def reason(deployment: Json, type_: str) -> tuple[str, str]:
    """Status and reason of a condition."""
    condition = condition_of(deployment, type_) or {}
    return condition["status"], condition["reason"]


def test_a_new_deployment_becomes_available() -> None:
    """One ReplicaSet, revision 1, every count full, Available and Progressing true."""

    async def story(world: World) -> tuple[Json, list[Json]]:
        await world.apply([a_deployment()])
        await world.settle()
        return await get(world, kinds.DEPLOYMENTS), await listed(world, kinds.REPLICA_SETS)

    deployment, held = live(story)
    status = deployment["status"]

    assert [revision_of(each) for each in (deployment, *held)] == [1, 1]
    assert [status[name] for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")] == [3] * 4
    assert status["observedGeneration"] == deployment["metadata"]["generation"]
    assert reason(deployment, "Available") == ("True", "MinimumReplicasAvailable")
    assert reason(deployment, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert held[0]["metadata"]["name"] == f"web-{held[0]['metadata']['labels']['pod-template-hash']}"


def test_an_update_keeps_its_bounds_all_the_way() -> None:
    """With maxSurge 1 and maxUnavailable 1 there are at most four pods and at least two available."""

    async def story(world: World) -> tuple[list[tuple[int, int]], list[str]]:
        rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
        await world.apply([a_deployment(strategy=rolling)])
        await world.settle()
        await world.apply([a_deployment(image="app:v2", strategy=rolling)])
        seen = []
        for _ in range(50):
            await asyncio.sleep(0.1)
            held = await listed(world, kinds.REPLICA_SETS)
            wanted = sum(each["spec"]["replicas"] for each in held)
            available = sum(each["status"].get("availableReplicas", 0) for each in held)
            seen.append((wanted, available))
        return seen, await images(world)

    seen, found = live(story)

    assert all(wanted <= 4 and available >= 2 for wanted, available in seen)
    assert found == ["app:v2"] * 3


def test_recreate_has_never_both_versions() -> None:
    """New pods come after the last old one has gone."""

    async def story(world: World) -> list[set[str]]:
        await world.apply([a_deployment(strategy={"type": "Recreate"}, marks={"stop_after": "2s"})])
        await world.settle()
        await world.apply([a_deployment(image="app:v2", strategy={"type": "Recreate"})])
        seen = []
        for _ in range(60):
            await asyncio.sleep(0.1)
            seen.append(set(await images(world)))
        return seen

    seen = live(story)

    assert all(len(versions) <= 1 for versions in seen)
    assert seen[-1] == {"app:v2"}


def test_going_back_reuses_the_old_replica_set() -> None:
    """The old template's ReplicaSet returns under the newest revision."""

    async def story(world: World) -> tuple[list[str], list[int], int]:
        for image in ("app:v1", "app:v2", "app:v1"):
            await world.apply([a_deployment(image=image)])
            await world.settle()
        held = await listed(world, kinds.REPLICA_SETS)
        return await images(world), sorted(map(revision_of, held)), revision_of(await get(world, kinds.DEPLOYMENTS))

    assert live(story) == (["app:v1"] * 3, [2, 3], 3)


def test_a_bad_version_gets_stuck_beside_the_old_one() -> None:
    """The old pods keep serving; at the deadline the Deployment says that it makes no progress."""

    async def story(world: World) -> tuple[Json, list[str]]:
        await world.apply([a_deployment()])
        await world.settle()
        await world.apply([a_deployment(image="app:bad", progressDeadlineSeconds=60)])
        await world.settle()
        return await get(world, kinds.DEPLOYMENTS), await images(world)

    deployment, found = live(story, BROKEN)

    assert found == ["app:bad", *["app:v1"] * 3]
    assert reason(deployment, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert reason(deployment, "Available") == ("True", "MinimumReplicasAvailable")


def test_a_paused_one_stays_with_its_version_but_scales() -> None:
    """Paused, a template change waits; a change of size does not."""

    async def story(world: World) -> tuple[list[str], tuple[str, str], list[str]]:
        await world.apply([a_deployment()])
        await world.settle()
        await world.apply([a_deployment(image="app:v2", replicas=4, paused=True)])
        await world.settle()
        paused, why = await images(world), reason(await get(world, kinds.DEPLOYMENTS), "Progressing")
        await world.apply([a_deployment(image="app:v2", replicas=4, paused=False)])
        await world.settle()
        return paused, why, await images(world)

    assert live(story) == (["app:v1"] * 4, ("Unknown", "DeploymentPaused"), ["app:v2"] * 4)


def test_old_versions_beyond_the_limit_are_forgotten() -> None:
    """With a history limit of one, two ReplicaSets remain."""

    async def story(world: World) -> list[int]:
        for image in ("app:v1", "app:v2", "app:v3", "app:v4"):
            await world.apply([a_deployment(image=image, revisionHistoryLimit=1)])
            await world.settle()
        return sorted(map(revision_of, await listed(world, kinds.REPLICA_SETS)))

    assert live(story) == [3, 4]


def test_its_children_go_with_it() -> None:
    """Deleting a Deployment ends ReplicaSets and pods."""

    async def story(world: World) -> Any:
        await world.apply([a_deployment()])
        await world.settle()
        await world.cluster.delete(Target(kinds.DEPLOYMENTS, "web", "shop"))
        await world.settle()
        return names(await listed(world, kinds.REPLICA_SETS)), names(await listed(world, kinds.PODS))

    assert live(story) == ([], [])
