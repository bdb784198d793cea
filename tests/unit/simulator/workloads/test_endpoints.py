"""EndpointSlices follow Services and pods."""

import asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from rollouts.simulator.world import World
from tests.builders.simulated import NAMESPACE, a_replica_set, a_service, listed, live, merge, scale


async def endpoints(world: World) -> list[Json]:
    """The endpoints of Service web."""
    (found,) = await listed(world, kinds.ENDPOINT_SLICES, labels="kubernetes.io/service-name=web")
    return list(found.get("endpoints") or ())


def readiness(found: list[Json]) -> list[bool]:
    """Which endpoints are ready."""
    return [endpoint["conditions"]["ready"] for endpoint in found]


def test_endpoints_become_ready_with_their_pods() -> None:
    """A pod is an endpoint as soon as it has an address, ready when the pod is."""

    async def story(world: World) -> tuple[list[bool], list[bool], list[Json]]:
        await world.apply([a_service(), a_replica_set()])
        await asyncio.sleep(0.5)
        early = readiness(await endpoints(world))
        await world.settle()
        (found,) = await listed(world, kinds.ENDPOINT_SLICES)
        return early, readiness(await endpoints(world)), found["ports"]

    assert live(story) == ([False, False], [True, True], [{"name": "", "port": 8080, "protocol": "TCP"}])


def test_a_changed_selector_moves_the_endpoints_at_once() -> None:
    """Pointing a Service at another hash changes who stands behind it in the same moment."""

    async def story(world: World) -> list[str]:
        await world.apply([a_service(selects="v1"), a_replica_set("v1"), a_replica_set("v2")])
        await world.settle()
        await merge(world, kinds.SERVICES, "web", {"spec": {"selector": {"app": "v2"}}})
        await world.settle()
        return [endpoint["targetRef"]["name"][:3] for endpoint in await endpoints(world)]

    assert live(story) == ["v2-", "v2-"]


def test_a_terminating_pod_takes_nothing_new() -> None:
    """An ending pod is not ready but still serving; then it is gone."""

    async def story(world: World) -> tuple[list[Json], int]:
        slow = a_replica_set(replicas=1)
        slow["spec"]["template"]["metadata"]["annotations"] = {"simulator.sluice.dev/stop-after": "5s"}
        await world.apply([a_service(), slow])
        await world.settle()
        await scale(world, kinds.REPLICA_SETS, "web", 0)
        await asyncio.sleep(1)
        ending = [endpoint["conditions"] for endpoint in await endpoints(world)]
        await world.settle()
        return ending, len(await endpoints(world))

    assert live(story) == ([{"ready": False, "serving": True, "terminating": True}], 0)


def test_unready_pods_may_be_published() -> None:
    """publishNotReadyAddresses shows every pod as ready."""

    async def story(world: World) -> list[bool]:
        await world.apply([a_service(publishNotReadyAddresses=True), a_replica_set()])
        await asyncio.sleep(0.5)
        return readiness(await endpoints(world))

    assert live(story) == [True, True]


def test_a_named_port_is_looked_up_in_the_pods() -> None:
    """A target port by name becomes the number that the containers declare."""

    async def story(world: World) -> list[int]:
        named = a_replica_set()
        named["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 9000}]
        await world.apply([a_service(ports=[{"port": 80, "targetPort": "web"}]), named])
        await world.settle()
        (found,) = await listed(world, kinds.ENDPOINT_SLICES)
        return [port["port"] for port in found["ports"]]

    assert live(story) == [9000]


def test_slices_go_with_their_service_and_come_back_when_deleted() -> None:
    """A deleted slice is made again; without its Service there is none."""

    async def story(world: World) -> tuple[int, list[Json]]:
        await world.apply([a_service(), a_replica_set()])
        await world.settle()
        (found,) = await listed(world, kinds.ENDPOINT_SLICES)
        await world.cluster.delete(Target(kinds.ENDPOINT_SLICES, found["metadata"]["name"], NAMESPACE))
        await world.settle()
        again = len(await endpoints(world))
        await world.cluster.delete(Target(kinds.SERVICES, "web", NAMESPACE))
        await world.settle()
        return again, await listed(world, kinds.ENDPOINT_SLICES)

    assert live(story) == (2, [])
