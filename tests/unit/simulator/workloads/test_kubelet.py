"""Pods of the embedded cluster: how they start, what they show, how they end."""

import asyncio
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import DeleteOptions, Json, Patch, PatchType, Target
from rollouts.simulator.clock import EPOCH, run_virtual, virtual_now
from rollouts.simulator.scenario import Behaviour, Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.workloads.conditions import condition_of, is_true
from rollouts.simulator.world import World
from tests.builders.simulated import NAMESPACE, a_pod_spec, live


def a_pod(image: str = "app:v1", *, marks: dict[str, str] | None = None, **spec: Any) -> Json:
    """A pod of nobody."""
    annotations = {f"simulator.sluice.dev/{key.replace('_', '-')}": value for key, value in (marks or {}).items()}
    meta = {"name": "solo", "namespace": NAMESPACE, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": a_pod_spec(image, **spec)}


async def solo(world: World) -> Json:
    """The pod now."""
    return await world.cluster.get(Target(kinds.PODS, "solo", NAMESPACE))


def waiting(pod: Json) -> str:
    """Why its container waits; empty when it does not."""
    state = pod["status"]["containerStatuses"][0]["state"]
    return str(state.get("waiting", {}).get("reason", ""))


async def seen_at(world: World, pod: Json, *moments: float) -> list[Json]:
    """The pod at these seconds after its creation."""
    await world.apply([pod])
    found, passed = [], 0.0
    for moment in moments:
        await asyncio.sleep(moment - passed)
        found.append(await solo(world))
        passed = moment
    return found


def test_a_pod_gets_node_address_and_conditions() -> None:
    """It is bound at once, has an address while it starts, and its conditions turn at the moment it is ready."""
    early, late = live(lambda world: seen_at(world, a_pod(marks={"ready_after": "2s"}), 1, 3))

    assert (early["status"]["phase"], late["status"]["phase"]) == ("Pending", "Running")
    assert early["spec"]["nodeName"]
    assert early["status"]["podIP"].startswith("10.")
    assert [is_true(early, name) for name in ("PodScheduled", "Initialized", "ContainersReady", "Ready")] == [
        True,
        True,
        False,
        False,
    ]
    assert (condition_of(early, "Ready") or {})["reason"] == "ContainersNotReady"
    assert is_true(late, "Ready")
    assert (condition_of(late, "Ready") or {})["lastTransitionTime"] == "2026-01-01T00:00:02Z"


def test_the_probes_initial_delay_counts() -> None:
    """With a readiness probe the pod runs first and is ready after the initial delay."""
    probed = a_pod(marks={"ready_after": "1s"})
    probed["spec"]["containers"][0]["readinessProbe"] = {"initialDelaySeconds": 10}

    early, late = live(lambda world: seen_at(world, probed, 5, 11))

    assert early["status"]["phase"] == "Running"
    assert (is_true(early, "Ready"), is_true(late, "Ready")) == (False, True)


@pytest.mark.parametrize(
    ("failure", "early", "late"),
    [
        ("image", "ErrImagePull", "ImagePullBackOff"),
        ("command", "CrashLoopBackOff", "CrashLoopBackOff"),
        ("probe", "", ""),
    ],
)
def test_a_pod_that_never_gets_ready_says_why(failure: str, early: str, late: str) -> None:
    """The waiting reasons are those that Kubernetes shows."""
    found = live(lambda world: seen_at(world, a_pod(marks={"never_ready": failure}), 0.5, 65))

    assert [waiting(pod) for pod in found] == [early, late]
    assert not any(is_true(pod, "Ready") for pod in found)


def test_a_crash_loop_counts_its_restarts() -> None:
    """After a minute and a half three restarts are on record, with the last exit code."""
    (pod,) = live(lambda world: seen_at(world, a_pod(marks={"never_ready": "command", "exit_code": "7"}), 80))
    status = pod["status"]["containerStatuses"][0]

    assert status["restartCount"] == 3
    assert status["lastState"]["terminated"]["exitCode"] == 7


def test_a_readiness_gate_holds_the_pod_back() -> None:
    """Its containers are ready, but the pod is only with the gate's condition."""

    async def story(world: World) -> list[bool]:
        await world.apply([a_pod(readinessGates=[{"conditionType": "example.com/warm"}])])
        await world.settle()
        before = await solo(world)
        conditions = [*before["status"]["conditions"], {"type": "example.com/warm", "status": "True"}]
        body = {"status": {"conditions": conditions}}
        await world.cluster.patch(Target(kinds.PODS, "solo", NAMESPACE, "status"), Patch(PatchType.MERGE, body))
        await world.settle()
        return [is_true(pod, kind) for pod in (before, await solo(world)) for kind in ("ContainersReady", "Ready")]

    assert live(story) == [True, False, True, True]


def test_a_wrong_annotation_shows_in_the_pods_status() -> None:
    """A pod whose annotation makes no sense waits with the complaint; other pods do not suffer."""
    (pod,) = live(lambda world: seen_at(world, a_pod(marks={"ready_after": "soon"}), 5))

    assert waiting(pod) == "CreateContainerConfigError"
    assert "ready-after" in pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]


async def _goes_after(world: World, pod: Json, options: DeleteOptions = DeleteOptions()) -> float:
    """Seconds between a pod's deletion and its end."""
    await world.apply([pod])
    await world.settle()
    started = virtual_now()
    await world.cluster.delete(Target(kinds.PODS, "solo", NAMESPACE), options)
    await world.settle()
    return round((virtual_now() - started).total_seconds(), 1)


@pytest.mark.parametrize(
    ("hook", "grace", "expected"),
    [({"sleep": {"seconds": 5}}, 30, 5), ({"exec": {"command": ["sh", "-c", "sleep 5"]}}, 3, 3), ({}, 30, 0)],
)
def test_a_pod_ends_after_its_hook_or_its_grace(hook: Json, grace: int, expected: float) -> None:
    """A preStop sleep is waited for, but never longer than the grace period."""
    pod = a_pod(terminationGracePeriodSeconds=grace)
    pod["spec"]["containers"][0]["lifecycle"] = {"preStop": hook} if hook else {}

    assert live(lambda world: _goes_after(world, pod)) == expected


def test_a_forced_deletion_waits_for_nothing() -> None:
    """Grace zero removes the pod at once, whatever its hook."""
    pod = a_pod(marks={"stop_after": "20s"})

    assert live(lambda world: _goes_after(world, pod, DeleteOptions(grace=0))) == 0


def test_a_world_over_an_older_store_goes_on() -> None:
    """A new kubelet takes running pods as they are and starts none of them afresh."""

    async def main() -> tuple[Json, Json]:
        store = Store(virtual_now)
        scenario = Scenario(default=Behaviour(ready_after=EPOCH - EPOCH), requests_per_second=0)
        async with World(scenario, now=virtual_now, store=store) as world:
            await world.apply([a_pod()])
            await world.settle()
            before = await solo(world)
        async with World(scenario, now=virtual_now, store=store) as world:
            await asyncio.sleep(5)
            return before, await solo(world)

    before, after = run_virtual(main())

    assert before == after
