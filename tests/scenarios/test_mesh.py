"""Weights in a mesh: Istio's VirtualServices by host and by subset, read off the objects themselves."""

from typing import Any

from rollouts.cluster.port import Json, Resource
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from tests.builders.manifests import a_rollout, an_object, canary, pause, services, weight
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

VIRTUAL_SERVICES = Resource("networking.istio.io", "v1", "virtualservices", "VirtualService")
DESTINATION_RULES = Resource("networking.istio.io", "v1", "destinationrules", "DestinationRule")
SUBSETS = {"name": "web", "canarySubsetName": "new", "stableSubsetName": "old"}


def by_host(*steps: Json, **fields: Any) -> list[Json]:
    """Two Services, and a VirtualService with a route that divides and one that does not."""
    divided = [_to("web-canary", weight=0), _to("web-stable", weight=100)]
    routes = [{"name": "rest", "match": [{"uri": {"prefix": "/rest"}}], "route": [_to("rest")]}]
    service = an_object(
        VIRTUAL_SERVICES, "web", spec={"hosts": ["web"], "http": [*routes, {"name": "main", "route": divided}]}
    )
    routing = {"istio": {"virtualService": {"name": "web", "routes": ["main"]}}}
    pair = {"canaryService": "web-canary", "stableService": "web-stable"}
    strategy = canary(*steps, trafficRouting=routing, **pair, **fields)
    return [*services("web-canary", "web-stable"), service, a_rollout(strategy, replicas=2)]


def by_subset(*steps: Json, **fields: Any) -> list[Json]:
    """A rollout with one Service, and a DestinationRule with a subset for each version."""
    divided = [_to("web", "old", weight=100), _to("web", "new", weight=0)]
    service = an_object(VIRTUAL_SERVICES, "web", spec={"hosts": ["web"], "http": [{"route": divided}]})
    subsets = [{"name": name, "labels": {"app": "web"}} for name in ("old", "new")]
    rule = an_object(DESTINATION_RULES, "web", spec={"host": "web", "subsets": subsets})
    routing = {"istio": {"virtualService": {"name": "web"}, "destinationRule": SUBSETS}}
    return [*services("web"), service, rule, a_rollout(canary(*steps, trafficRouting=routing, **fields), replicas=2)]


def _to(host: str, subset: str = "", **share: int) -> Json:
    return {"destination": {"host": host, **({"subset": subset} if subset else {})}, **share}


async def weights(stage: Stage) -> dict[str, int]:
    """The weights of the last HTTP route, by subset or host, as the object has them."""
    routes = (await stage.get(VIRTUAL_SERVICES))["spec"]["http"]
    named = [
        (one["destination"].get("subset", one["destination"]["host"]), one["weight"]) for one in routes[-1]["route"]
    ]
    return dict(named)


async def led(stage: Stage) -> dict[str, str]:
    """The images that the subsets lead to; "" for one that leads to any."""
    subsets = (await stage.get(DESTINATION_RULES))["spec"]["subsets"]
    hashes = {subset["name"]: subset["labels"].get(HASH_LABEL, "") for subset in subsets}
    images = {stage.world.replica_set(image)["metadata"]["labels"][HASH_LABEL]: image for image in stage.world.sizes()}
    return {name: images.get(found, "") for name, found in hashes.items()}


@scenario
async def test_mesh_divided_by_host(stage: Stage) -> None:
    """Each step's weight stands in the VirtualService; the promotion takes it back, and other routes stay."""
    await stage.apply(*by_host(weight(20), pause(), weight(60), pause(), scaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    for step, share in ((1, 20), (3, 60)):
        await stage.paused(step=step)
        assert await weights(stage) == {"web-canary": share, "web-stable": 100 - share}
        await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.quiet()

    assert await weights(stage) == {"web-canary": 0, "web-stable": 100}
    (rest, _) = (await stage.get(VIRTUAL_SERVICES))["spec"]["http"]
    assert rest == {
        "name": "rest",
        "match": [{"uri": {"prefix": "/rest"}}],
        "route": [{"destination": {"host": "rest"}}],
    }
    assert "Updated VirtualService" in stage.world.reasons()


@scenario
async def test_mesh_divided_by_subset(stage: Stage) -> None:
    """The subsets lead to the two versions while both serve, and the rule is marked as the rollout's."""
    await stage.apply(*by_subset(weight(50), pause(), scaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert (await weights(stage), await led(stage)) == ({"old": 50, "new": 50}, {"old": "web:v1", "new": "web:v2"})
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.quiet()

    assert await weights(stage) == {"old": 100, "new": 0}
    assert (await led(stage))["old"] == "web:v2"
    assert (await stage.get(DESTINATION_RULES))["metadata"]["annotations"][MANAGED_BY] == "web"


@scenario
async def test_mesh_of_an_aborted_canary(stage: Stage) -> None:
    """A canary that never comes up gets no weight, and its abort leaves all traffic with stable."""
    await stage.apply(*by_subset(weight(50), pause(), weight(80), pause(), abortScaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.degraded()
    await stage.quiet()

    assert await weights(stage) == {"old": 100, "new": 0}
    assert (await led(stage))["old"] == "web:v1"
