"""The embedded cluster as a whole: start, settle, end, and the same history for the same seed."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Query
from rollouts.controller.clock import wall_clock
from rollouts.model.errors import RolloutsError
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import Behaviour, Scenario
from rollouts.simulator.workloads.conditions import is_true
from rollouts.simulator.world import World
from tests.builders.simulated import (
    NAMESPACE,
    a_deployment,
    a_job,
    a_replica_set,
    a_route,
    a_service,
    get,
    live,
    scale,
    seconds,
)

History = list[tuple[Any, ...]]


async def _record(world: World, history: History) -> None:
    """Every change of every pod, ReplicaSet and slice, with its moment."""

    async def follow(resource: Any) -> None:
        async for event in world.cluster.watch(Collection(resource), Query()):
            meta = event.object["metadata"]
            history.append((virtual_now(), event.type, resource.kind, meta["name"], meta["resourceVersion"]))

    await asyncio.gather(*map(follow, (kinds.PODS, kinds.REPLICA_SETS, kinds.ENDPOINT_SLICES, kinds.JOBS)))


def history_of(seed: int, sizes: list[int]) -> tuple[History, Any]:
    """What happens when workloads of several kinds change their sizes."""
    images = {"app:v2": Behaviour(error_rate=0.1), "app:bad": Behaviour(never_ready="command")}

    async def main() -> tuple[History, Any]:
        history: History = []
        async with World(Scenario(images, seed=seed, noise=0.2), now=virtual_now) as world:
            recorder = asyncio.get_running_loop().create_task(_record(world, history))
            await world.apply([a_deployment(), a_service(), a_route(web=1), a_replica_set("other", "app:bad"), a_job()])
            for size in sizes:
                await asyncio.sleep(1.5)
                await scale(world, kinds.REPLICA_SETS, "other", size)
                await world.apply([a_deployment(image=f"app:v{size % 3}", replicas=size)])
            await asyncio.sleep(60)
            recorder.cancel()
            return history, world.traffic.served.by_version

    return run_virtual(main())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(0, 6), max_size=4))
def test_the_same_seed_gives_the_same_history(seed: int, sizes: list[int]) -> None:
    """Every event, name and version comes at the same moment, and users see the same answers."""
    assert history_of(seed, sizes) == history_of(seed, sizes)


def test_another_seed_gives_other_names() -> None:
    """The seed decides generated names and dice."""
    assert history_of(1, [2]) != history_of(2, [2])


def test_apply_makes_the_namespace_and_merges_what_is_there() -> None:
    """The first apply creates everything, the second changes it."""

    async def story(world: World) -> tuple[int, str]:
        await world.apply([a_deployment(replicas=1)])
        await world.apply([a_deployment(replicas=2)])
        await world.settle()
        deployment = await get(world, kinds.DEPLOYMENTS)
        return deployment["status"]["availableReplicas"], deployment["metadata"]["namespace"]

    assert live(story) == (2, NAMESPACE)


def test_apply_of_an_unknown_kind_names_it() -> None:
    """A kind without a definition is refused with its name."""

    async def story(world: World) -> None:
        await world.apply([{"apiVersion": "example.com/v1", "kind": "Toy", "metadata": {"name": "x"}}])

    with pytest.raises(RolloutsError, match=r"no kind Toy in example\.com/v1"):
        live(story)


def test_settle_waits_for_starts_but_not_for_crash_loops() -> None:
    """It returns with the last pod ready, though another one crashes for ever."""
    images = {"app:slow": Behaviour(ready_after=seconds(90)), "app:bad": Behaviour(never_ready="command")}

    async def story(world: World) -> bool:
        await world.apply([a_deployment("slow", "app:slow"), a_replica_set("bad", "app:bad")])
        await world.settle()
        return is_true(await get(world, kinds.DEPLOYMENTS, "slow"), "Available")

    assert live(story, Scenario(images, requests_per_second=0))


def test_settle_gives_up_in_time() -> None:
    """What does not settle within the limit is told with who is busy."""

    async def story(world: World) -> None:
        await world.apply([a_job(marks={"run_for": "2h"})])
        await world.settle()

    with pytest.raises(RolloutsError, match="does not settle within 1:00:00: kubelet until"):
        live(story)


def test_an_object_that_makes_no_sense_stops_nobody() -> None:
    """A round that breaks is kept under failures, and the others go on."""

    async def main() -> tuple[list[Any], int]:
        async with World(Scenario(requests_per_second=0), now=virtual_now) as world:
            odd = a_deployment("odd", strategy={"rollingUpdate": {"maxSurge": "many"}})
            await world.apply([odd, a_deployment()])
            await world.settle()
            return list(world.failures), (await get(world, kinds.DEPLOYMENTS))["status"]["readyReplicas"]

    failures, ready = run_virtual(main())

    assert (failures, ready) == ([("deployments", NAMESPACE, "odd")], 3)


def test_nothing_is_left_running_when_a_world_ends() -> None:
    """Leaving the block ends every task that it started."""

    async def main() -> int:
        async with World(Scenario(), now=virtual_now) as world:
            await world.apply([a_deployment(), a_service(), a_route(web=1)])
        return len(asyncio.all_tasks())

    assert run_virtual(main()) == 1


def test_an_error_inside_the_block_is_the_one_that_comes_out() -> None:
    """The world's own end does not hide what went wrong in it."""

    async def story(world: World) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        live(story)


def test_a_world_lives_in_real_time_too() -> None:
    """On a real loop with the machine's clock a Deployment becomes available, seen by a watch."""

    async def main() -> None:
        scenario = Scenario(default=Behaviour(ready_after=seconds(0)), tick=seconds(0.01))
        async with World(scenario, now=wall_clock) as world, asyncio.timeout(20):
            await world.apply([a_deployment(), a_service(rate=100)])
            async for event in world.cluster.watch(Collection(kinds.DEPLOYMENTS), Query()):
                if is_true(event.object, "Available"):
                    return

    asyncio.run(main())
