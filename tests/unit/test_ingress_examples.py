"""The examples for Ingresses and the smaller routers run as they stand: controller, embedded cluster, virtual time."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import Json, Resource
from rollouts.controller.apply import TRAFFIC_ROUTING_ERROR as ROUTING_ERROR
from tests.unit.controller.stories import Shop, tell
from tests.unit.test_examples import SCENARIO, SHOP, documents, opened

SPLITS = Resource("split.smi-spec.io", "v1alpha1", "trafficsplits", "TrafficSplit")
TRAEFIK = Resource("traefik.io", "v1alpha1", "traefikservices", "TraefikService")
INGRESS_ROUTES = Resource("traefik.io", "v1alpha1", "ingressroutes", "IngressRoute")
APISIX = Resource("apisix.apache.org", "v2", "apisixroutes", "ApisixRoute")
MAPPINGS = Resource("getambassador.io", "v2", "mappings", "Mapping")
MARK = "nginx.ingress.kubernetes.io/canary-weight"


def definition(resource: Resource) -> Json:
    """A definition that takes everything; the published ones are tried in tests/e2e/test_routes."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": resource.version, "served": True, "storage": True, "schema": schema}
    names = {"plural": resource.plural, "singular": resource.kind.lower(), "kind": resource.kind}
    return {
        "apiVersion": kinds.CUSTOM_RESOURCE_DEFINITIONS.api_version,
        "kind": kinds.CUSTOM_RESOURCE_DEFINITIONS.kind,
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "scope": "Namespaced",
            "names": {**names, "listKind": f"{resource.kind}List"},
            "versions": [version],
        },
    }


def _by_ingress(ingress: Json) -> int:
    return int(ingress["metadata"]["annotations"][MARK])


def _by_action(ingress: Json) -> int:
    action = json.loads(ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.shop"])
    return _canary(action["ForwardConfig"]["TargetGroups"], "ServiceName", "Weight")


def _canary(listed: list[Json], name: str = "name", weight: str = "weight") -> int:
    return next(int(one[weight]) for one in listed if one[name] == "shop-canary")


Look = Callable[[Json], int]
EXAMPLES: dict[str, tuple[tuple[Resource, ...], Resource, str, Look]] = {
    "nginx-ingress": ((), kinds.INGRESSES, "shop-shop-canary", _by_ingress),
    "alb-ingress": ((), kinds.INGRESSES, "shop", _by_action),
    "smi-split": ((SPLITS,), SPLITS, "shop", lambda obj: _canary(obj["spec"]["backends"], "service")),
    "traefik-service": (
        (TRAEFIK, INGRESS_ROUTES),
        TRAEFIK,
        "shop",
        lambda obj: _canary(obj["spec"]["weighted"]["services"]),
    ),
    "apisix-route": ((APISIX,), APISIX, "shop", lambda obj: _canary(obj["spec"]["http"][0]["backends"], "serviceName")),
    "ambassador-mapping": ((MAPPINGS,), MAPPINGS, "shop-canary", lambda obj: int(obj["spec"]["weight"])),
}
"""Folder: kinds that are to be installed, the object that carries the canary's weight, and where in it."""


async def weight(shop: Shop, folder: str) -> int:
    """The canary's weight now; nothing where the rollout has not made its object."""
    _, resource, name, look = EXAMPLES[folder]
    try:
        return look(await shop.get(resource, name))
    except NotFoundError:
        return 0


async def watched(shop: Shop, look: Callable[[], Any], seconds: int) -> list[Any]:
    """What a look sees in turn, once a second; `look` is awaited."""
    found = [await look()]
    for _ in range(seconds):
        await asyncio.sleep(1)
        now = await look()
        if now != found[-1]:
            found.append(now)
    return found


@pytest.mark.parametrize("folder", sorted(EXAMPLES))
def test_the_canary_climbs_and_all_is_as_before(folder: str) -> None:
    """The weights follow the steps, and afterwards the canary has none; the kinds come after the controller."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop)
        for resource in EXAMPLES[folder][0]:
            await shop.world.apply([definition(resource)])
        await shop.world.apply(documents(folder))
        await asyncio.sleep(40)
        assert await shop.phase("shop") == ("Healthy", "")
        await shop.use(f"{SHOP}:v2", "shop")
        assert await watched(shop, lambda: weight(shop, folder), seconds=150) == [0, 25, 50, 0]
        assert await shop.phase("shop") == ("Healthy", "")

    tell(story, SCENARIO)


def test_a_router_without_its_kind_says_what_to_install() -> None:
    """The update waits, an event names the cure, and the kind may come later."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop)
        await shop.world.apply(documents("smi-split"))
        await asyncio.sleep(40)
        await shop.use(f"{SHOP}:v2", "shop")
        await asyncio.sleep(20)
        told = [event["message"] for event in await shop.listed(kinds.EVENTS) if event["reason"] == ROUTING_ERROR]
        assert set(told) == {"the server does not serve TrafficSplit in split.smi-spec.io/v1alpha1: install its CRD"}
        assert len(told) <= 3  # one for each state that the rollout was in, however often it was tried

        await shop.world.apply([definition(SPLITS)])
        await asyncio.sleep(180)
        assert await shop.phase("shop") == ("Healthy", "")

    tell(story, SCENARIO)


def test_testers_reach_the_canary_first() -> None:
    """APISIX: the header route is there from its step until the end, as an object of the rollout's own."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop)
        await shop.world.apply([definition(APISIX)])
        await shop.world.apply(documents("apisix-route"))
        await asyncio.sleep(40)
        await shop.use(f"{SHOP}:v2", "shop")

        async def routes() -> list[str]:
            return sorted(route["metadata"]["name"] for route in await shop.listed(APISIX))

        assert await watched(shop, routes, seconds=150) == [["shop"], ["shop", "testers"], ["shop"]]

    tell(story, SCENARIO)
