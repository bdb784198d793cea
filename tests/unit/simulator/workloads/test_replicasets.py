"""ReplicaSets of the embedded cluster: pods as asked for, honest counts."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Target
from rollouts.simulator.clock import EPOCH
from rollouts.simulator.scenario import Behaviour, Scenario
from rollouts.simulator.workloads.conditions import condition_of, written
from rollouts.simulator.workloads.replicasets import doomed_first
from rollouts.simulator.world import World
from tests.builders.simulated import NAMESPACE, a_replica_set, get, listed, live, merge, names, scale, seconds


def test_it_makes_its_pods_and_counts_them() -> None:
    """Pods carry the template's labels and their owner, and the status counts them as they become ready."""

    async def story(world: World) -> tuple[Any, Any, Any]:
        await world.apply([a_replica_set()])
        await asyncio.sleep(0.5)
        early = (await get(world, kinds.REPLICA_SETS))["status"]
        await world.settle()
        return early, (await get(world, kinds.REPLICA_SETS))["status"], await listed(world, kinds.PODS)

    early, late, pods = live(story)

    assert early == {"replicas": 2, "fullyLabeledReplicas": 2, "observedGeneration": 1}
    assert late == {**early, "readyReplicas": 2, "availableReplicas": 2}
    assert {pod["metadata"]["labels"]["rollouts-pod-template-hash"] for pod in pods} == {"web"}
    assert {pod["metadata"]["ownerReferences"][0]["name"] for pod in pods} == {"web"}


def test_an_empty_one_says_zero() -> None:
    """Scaled to zero, only `replicas` and the generation are left in the status."""

    async def story(world: World) -> Any:
        await world.apply([a_replica_set()])
        await world.settle()
        await scale(world, kinds.REPLICA_SETS, "web", 0)
        await world.settle()
        return (await get(world, kinds.REPLICA_SETS))["status"], await listed(world, kinds.PODS)

    assert live(story) == ({"replicas": 0, "observedGeneration": 2}, [])


def test_min_ready_seconds_delay_availability() -> None:
    """A ready pod counts as available only after minReadySeconds."""

    async def story(world: World) -> list[int]:
        await world.apply([a_replica_set(minReadySeconds=30)])
        available = []
        for pause in (20, 15):
            await asyncio.sleep(pause)
            status = (await get(world, kinds.REPLICA_SETS))["status"]
            assert status["readyReplicas"] == 2
            available.append(status.get("availableReplicas", 0))
        return available

    assert live(story) == [0, 2]


def test_a_shrinking_one_gives_up_the_pods_that_are_not_ready() -> None:
    """Ready pods stay when younger ones can go."""

    async def story(world: World) -> bool:
        await world.apply([a_replica_set()])
        await world.settle()
        before = names(await listed(world, kinds.PODS))
        await scale(world, kinds.REPLICA_SETS, "web", 4)
        await asyncio.sleep(0.5)
        await scale(world, kinds.REPLICA_SETS, "web", 2)
        await world.settle()
        return names(await listed(world, kinds.PODS)) == before

    assert live(story)


def test_a_deleted_pod_is_replaced() -> None:
    """Somebody deletes a pod: another one comes."""

    async def story(world: World) -> tuple[list[str], list[str]]:
        await world.apply([a_replica_set()])
        await world.settle()
        before = names(await listed(world, kinds.PODS))
        await world.cluster.delete(Target(kinds.PODS, before[0], NAMESPACE))
        await world.settle()
        return before, names(await listed(world, kinds.PODS))

    before, after = live(story)

    assert (len(after), before[1] in after, before[0] in after) == (2, True, False)


def test_it_adopts_matching_orphans_and_lets_strangers_go() -> None:
    """A lone pod with the right labels is taken in; one that loses its labels is let go and replaced."""

    async def story(world: World) -> tuple[int, int, Any]:
        orphan = {
            "metadata": {"name": "orphan", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "app:v1"}]},
        }
        await world.apply([a_replica_set(replicas=0)])
        await world.cluster.create(Collection(kinds.PODS, NAMESPACE), orphan)
        await scale(world, kinds.REPLICA_SETS, "web", 1)
        await world.settle()
        adopted = len(await listed(world, kinds.PODS))
        await merge(world, kinds.PODS, "orphan", {"metadata": {"labels": {"app": "other"}}})
        await world.settle()
        stranger = await get(world, kinds.PODS, "orphan")
        return adopted, len(await listed(world, kinds.PODS)), stranger["metadata"].get("ownerReferences")

    assert live(story) == (1, 2, None)


def test_pods_go_with_their_replica_set() -> None:
    """Deleting a ReplicaSet ends its pods."""

    async def story(world: World) -> list[Any]:
        await world.apply([a_replica_set()])
        await world.settle()
        await world.cluster.delete(Target(kinds.REPLICA_SETS, "web", NAMESPACE))
        await world.settle()
        return await listed(world, kinds.PODS)

    assert live(story) == []


def test_pods_that_are_refused_are_told_in_a_condition() -> None:
    """A template that makes no valid pod shows as ReplicaFailure."""

    async def story(world: World) -> Any:
        broken = a_replica_set()
        broken["spec"]["template"]["metadata"]["labels"]["bad"] = "no such value!"
        await world.apply([broken])
        await world.settle()
        return condition_of(await get(world, kinds.REPLICA_SETS), "ReplicaFailure")

    failure = live(story)

    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")


def test_pods_that_never_get_ready_are_never_counted_as_such() -> None:
    """A failing image leaves the counts of ready pods away."""

    async def story(world: World) -> Any:
        await world.apply([a_replica_set(image="bad:v1")])
        await world.settle()
        return (await get(world, kinds.REPLICA_SETS))["status"]

    scenario = Scenario(images={"bad:v1": Behaviour(never_ready="image")}, requests_per_second=0)

    assert live(story, scenario) == {"replicas": 2, "fullyLabeledReplicas": 2, "observedGeneration": 1}


def a_pod(name: str, *, node: str = "n", phase: str = "Running", ready_for: float | None = None, cost: int = 0) -> Any:
    """A pod as the order of deletion sees it."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": written(EPOCH - seconds(ready_for or 0))}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": written(EPOCH),
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": str(cost)},
        },
        "spec": {"nodeName": node},
        "status": {"phase": phase, "conditions": [ready] if ready_for is not None else []},
    }


def test_the_order_of_deletion_is_kubernetes_own() -> None:
    """Without a node, pending, not ready, cheap, ready for a shorter time."""
    in_order = [
        a_pod("homeless", node="", phase="Pending"),
        a_pod("pending", phase="Pending"),
        a_pod("unready"),
        a_pod("cheap", ready_for=100, cost=-5),
        a_pod("young", ready_for=1),
        a_pod("old", ready_for=100),
    ]

    assert names(doomed_first(in_order[::-1])) == names(in_order)
