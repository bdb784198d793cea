"""Routes of every kind, by name and by label, with gateways that report; and kinds that come while we run."""

import asyncio
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Resource, Target
from rollouts.simulator.store.catalog import SCHEMAS, read_definitions
from rollouts.simulator.traffic.gateways import CONTROLLER
from rollouts.simulator.workloads.views import GATEWAYS, OTHER_ROUTES
from tests.unit.controller.stories import Shop, a_canary, a_service, an_object, tell

PAUSE: Json = {"pause": {}}
BY_KEY = dict(zip(("http", "grpc", "tcp", "tls"), (kinds.HTTP_ROUTES, *OTHER_ROUTES), strict=True))
STABLE, CANARY = "web-stable", "web-canary"


def a_route(resource: Resource, name: str = "web", parent: str = "", **labels: str) -> Json:
    """A route of any kind between the two Services."""
    route = an_object(
        resource, name, spec={"rules": [{"backendRefs": [{"name": n, "port": 80} for n in (STABLE, CANARY)]}]}
    )
    route["metadata"]["labels"] = labels
    if parent:
        route["spec"]["parentRefs"] = [{"name": parent}]
    return route


def a_gateway() -> Json:
    """A Gateway that routes can hang on."""
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    return an_object(GATEWAYS, "edge", spec={"gatewayClassName": "embedded", "listeners": [listener]})


def a_world(settings: Json, *routes: Json, key: str = "argoproj-labs/gatewayAPI") -> list[Json]:
    """A canary over these routes; its first step is a weight of 20."""
    routing = {"plugins": {key: settings}, "managedRoutes": [{"name": "beta"}]}
    steps = ({"setWeight": 20}, PAUSE)
    canary = a_canary(*steps, stableService=STABLE, canaryService=CANARY, trafficRouting=routing)
    return [a_service(STABLE), a_service(CANARY), *routes, canary]


async def released(shop: Shop, world: list[Json]) -> None:
    """A new version at its first pause."""
    await shop.world.apply(world)
    await asyncio.sleep(60)
    await shop.use("web:v2")
    await asyncio.sleep(60)


async def split(shop: Shop, resource: Resource, name: str = "web") -> dict[str, int]:
    """The weights of a route's first rule."""
    route = await shop.get(resource, name)
    return {ref["name"]: ref["weight"] for ref in route["spec"]["rules"][0]["backendRefs"]}


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_every_kind_of_route_is_split(key: str) -> None:
    """By its own setting, in whichever version the server has the kind."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop, a_world({f"{key}Route": "web"}, a_route(BY_KEY[key])))

        assert await split(shop, BY_KEY[key]) == {STABLE: 80, CANARY: 20}

    tell(story)


def test_our_own_key_does_the_same() -> None:
    """A manifest that says what it runs on is still valid for Argo, and split here."""

    async def story(shop: Shop) -> None:
        await shop.start()
        world = a_world({"httpRoute": "web"}, a_route(kinds.HTTP_ROUTES), key="sluice.dev/gatewayAPI")
        await released(shop, world)

        assert await split(shop, kinds.HTTP_ROUTES) == {STABLE: 80, CANARY: 20}

    tell(story)


def test_routes_are_found_by_their_labels_also_those_that_come_later() -> None:
    """A route that gets the labels while a release stands at a step takes part at once."""

    async def story(shop: Shop) -> None:
        await shop.start()
        settings = {"httpRouteSelector": {"matchLabels": {"app": "shop"}}}
        await released(shop, a_world(settings, a_route(kinds.HTTP_ROUTES, "one", app="shop")))
        await shop.world.apply([a_route(kinds.HTTP_ROUTES, "two", app="shop"), a_route(kinds.HTTP_ROUTES, "three")])
        await asyncio.sleep(5)

        assert await split(shop, kinds.HTTP_ROUTES, "one") == {STABLE: 80, CANARY: 20}
        assert await split(shop, kinds.HTTP_ROUTES, "two") == {STABLE: 80, CANARY: 20}
        assert await split(shop, kinds.HTTP_ROUTES, "three") == {STABLE: 1, CANARY: 1}

    tell(story)


def test_a_selector_that_finds_nothing_is_told_and_cured_without_a_word() -> None:
    """The rollout is Degraded until a route has the labels."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_world({"httpRouteSelector": {"matchLabels": {"app": "shop"}}}))
        await asyncio.sleep(5)
        phase, message = await shop.phase()
        assert (phase, "finds no HTTPRoute in namespace shop" in message) == ("Degraded", True)

        await shop.world.apply([a_route(kinds.HTTP_ROUTES, app="shop")])
        await asyncio.sleep(60)
        assert (await shop.phase())[0] == "Healthy"

    tell(story)


def test_a_weight_holds_once_the_gateway_has_taken_it() -> None:
    """The embedded gateway reports on each generation; until then the step waits."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop, [a_gateway(), *a_world({"httpRoute": "web"}, a_route(kinds.HTTP_ROUTES, parent="edge"))])

        route, rollout = await shop.get(kinds.HTTP_ROUTES), await shop.rollout()
        (parent,) = route["status"]["parents"]
        told = {one["type"]: (one["status"], one["observedGeneration"]) for one in parent["conditions"]}
        now = route["metadata"]["generation"]
        assert parent["controllerName"] == CONTROLLER
        assert told == {"Accepted": ("True", now), "ResolvedRefs": ("True", now)}
        assert rollout["status"]["canary"]["weights"]["verified"] is True
        gateway = await shop.get(GATEWAYS, "edge")
        assert [one["type"] for one in gateway["status"]["conditions"]] == ["Accepted", "Programmed"]

    tell(story)


def test_a_gateway_that_misses_a_backend_says_so() -> None:
    """ResolvedRefs is False while a Service is not there, and True once it is."""

    async def story(shop: Shop) -> None:
        await shop.world.apply([a_gateway(), a_service(STABLE), a_route(kinds.HTTP_ROUTES, parent="edge")])
        await asyncio.sleep(1)
        (parent,) = (await shop.get(kinds.HTTP_ROUTES))["status"]["parents"]

        assert parent["conditions"][1]["reason"] == "BackendNotFound"
        assert parent["conditions"][1]["message"] == f"Service {CANARY} not found"

    tell(story)


def test_a_kind_that_is_installed_later_is_found_without_a_restart() -> None:
    """Until then the route is missing; ten seconds after its CRD and the route are there the rollout goes on."""

    async def story(shop: Shop) -> None:
        crds = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False)
        name = "tcproutes.gateway.networking.k8s.io"
        (definition,) = (one for one in read_definitions(SCHEMAS) if one["metadata"]["name"] == name)
        await shop.store.delete(Target(crds, name))
        await shop.start()
        await shop.world.apply(a_world({"tcpRoute": "web"}))
        await asyncio.sleep(30)
        assert (await shop.phase())[0] == "Degraded"

        await shop.store.create(Collection(crds), definition)
        await shop.world.apply([a_route(BY_KEY["tcp"])])
        await asyncio.sleep(60)
        assert (await shop.phase())[0] == "Healthy"

    tell(story)


def test_managed_routes_of_a_strategy_that_is_gone_are_taken_away() -> None:
    """A name that leaves managedRoutes while its rule stands is still known, by the note on the route."""

    async def story(shop: Shop) -> None:
        await shop.start()
        world = a_world({"httpRoute": "web"}, a_route(kinds.HTTP_ROUTES))
        match: list[dict[str, Any]] = [{"headerName": "X-Beta", "headerValue": {"exact": "yes"}}]
        header: Json = {"setHeaderRoute": {"name": "beta", "match": match}}
        world[-1]["spec"]["strategy"]["canary"]["steps"] = [{"setWeight": 20}, header, PAUSE]
        await released(shop, world)
        assert [rule.get("name") for rule in (await shop.get(kinds.HTTP_ROUTES))["spec"]["rules"]] == ["beta", None]

        plain = {"steps": [{"setWeight": 20}, PAUSE], "trafficRouting": {"managedRoutes": None}}
        body = {"spec": {"strategy": {"canary": plain}}}
        await shop.store.patch(Target(kinds.ROLLOUTS, "web", "shop"), Patch(PatchType.MERGE, body))
        await asyncio.sleep(30)

        assert [rule.get("name") for rule in (await shop.get(kinds.HTTP_ROUTES))["spec"]["rules"]] == [None]

    tell(story)
