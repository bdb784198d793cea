"""A rollout whose routers change in mid-canary: what they hold no more is taken back, what they still hold stays."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import InvalidError
from rollouts.cluster.port import Cluster, Json, Patch, PatchType, Resource, Target
from rollouts.traffic.gatewaysettings import IN_PROGRESS_LABEL
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, a_route, a_service, an_object, tell
from tests.unit.controller.test_router_plugins import NAME, Edge, released

STABLE, CANARY = "web-stable", "web-canary"
KEY = "argoproj-labs/gatewayAPI"
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1alpha3", "virtualservices", "VirtualService")
HEADER: Json = {"name": "beta", "match": [{"headerName": "X-Beta", "headerValue": {"exact": "yes"}}]}


def a_world(routing: Json, *objects: Json, **more: Any) -> list[Json]:
    """A canary at 20 with a header route, over these objects."""
    steps: list[Json] = [{"setWeight": 20}, {"setHeaderRoute": HEADER}, {"pause": {}}]
    pair = {"stableService": STABLE, "canaryService": CANARY}
    canary = a_canary(*steps, trafficRouting={**routing, "managedRoutes": [{"name": "beta"}]}, **pair, **more)
    return [*map(a_service, pair.values()), *objects, canary]


async def at_twenty(shop: Shop, world: list[Json], cluster: Cluster | None = None) -> None:
    """The second version waits at 20."""
    await shop.start(cluster)
    await shop.world.apply(world)
    await asyncio.sleep(60)
    await shop.use("web:v2")
    await asyncio.sleep(60)


async def reroute(shop: Shop, routing: Json, **canary: Any) -> None:
    """The user writes other routers, or other steps."""
    await shop.patch({"spec": {"strategy": {"canary": {"trafficRouting": routing, **canary}}}})
    await asyncio.sleep(10)


def a_virtual_service() -> Json:
    """Two routes that divide, and one of somebody else's."""
    both = [{"destination": {"host": STABLE}, "weight": 100}, {"destination": {"host": CANARY}, "weight": 0}]
    rest = {"name": "rest", "route": [{"destination": {"host": "rest"}}]}
    http = [rest, *({"name": name, "route": both} for name in ("one", "two"))]
    return an_object(VIRTUAL_SERVICES, "web", spec={"hosts": ["web"], "http": http})


async def routes(shop: Shop) -> dict[str, list[int]]:
    """The VirtualService's routes with their weights."""
    http = (await shop.get(VIRTUAL_SERVICES))["spec"]["http"]
    return {route["name"]: [one.get("weight", 0) for one in route["route"]] for route in http}


def istio(*names: str) -> Json:
    """Istio over these routes of the VirtualService."""
    return {"istio": {"virtualService": {"name": "web", "routes": list(names)}}}


def test_a_route_that_is_selected_no_more_goes_back_to_stable() -> None:
    """Istio: the other route of the same object keeps its weight without a gap, and so does the header route."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await at_twenty(shop, a_world(istio("one", "two"), a_virtual_service()), spy)
        assert await routes(shop) == {"beta": [100], "rest": [0], "one": [80, 20], "two": [80, 20]}
        before = len(spy.writes)
        await reroute(shop, istio("one"))

        assert await routes(shop) == {"beta": [100], "rest": [0], "one": [80, 20], "two": [100, 0]}
        (write,) = [write for write in spy.writes[before:] if write.kind == "VirtualService"]
        assert [route["name"] for route in write.body["spec"]["http"]] == ["beta", "rest", "one", "two"]

    tell(story)


def test_a_managed_route_that_is_named_no_more_goes() -> None:
    """Else all who send the header would stay with the canary, whatever becomes of it."""

    async def story(shop: Shop) -> None:
        await at_twenty(shop, a_world(istio("one", "two"), a_virtual_service()))
        await reroute(shop, {"managedRoutes": None}, steps=[{"setWeight": 20}, {"pause": {}}])
        assert "beta" not in await routes(shop)

    tell(story)


def test_another_label_takes_the_place_of_the_first() -> None:
    """Gateway API: the settings of the marks changed, the route and its weights did not."""

    async def story(shop: Shop) -> None:
        world = a_world({"plugins": {KEY: {"httpRoute": "web"}}}, a_route("web", {STABLE: 100, CANARY: 0}))
        await at_twenty(shop, world)
        await reroute(shop, {"plugins": {KEY: {"httpRoute": "web", "inProgressLabelKey": "busy"}}})

        route = await shop.get(kinds.HTTP_ROUTES)
        assert route["metadata"]["labels"] == {"busy": "in-progress"}
        weights = {ref["name"]: ref["weight"] for ref in route["spec"]["rules"][-1]["backendRefs"]}
        assert weights == {STABLE: 80, CANARY: 20}

    tell(story)


def test_a_manifest_that_is_wrong_gives_nothing_back_yet() -> None:
    """Nothing moves until somebody mends it; then the first router gets its own back."""

    async def story(shop: Shop) -> None:
        await at_twenty(shop, a_world(istio("one", "two"), a_virtual_service()))
        await reroute(shop, {"istio": None, "smi": {}}, stableService=CANARY)
        assert (await shop.phase())[0] == "Degraded"
        assert (await routes(shop))["one"] == [80, 20]

        await reroute(shop, {"smi": None, "managedRoutes": None}, stableService=STABLE, steps=[{"pause": {}}])
        assert await routes(shop) == {"rest": [0], "one": [100, 0], "two": [100, 0]}

    tell(story)


def test_a_plugin_that_fails_holds_up_nobody_who_has_left_it() -> None:
    """It is told to clean up and does not; the rollout goes on with its new router all the same."""

    async def story(shop: Shop) -> None:
        edge = Edge()
        await shop.world.apply([a_route("web", {"stable": 100, "canary": 0})])
        await released(shop, edge, {"setWeight": 20}, {"pause": {}}, {"setWeight": 40}, {"pause": {}})
        edge.trouble = "the edge is gone"
        await reroute(shop, {"plugins": {NAME: None, KEY: {"httpRoute": "web"}}, "managedRoutes": None})

        assert edge.weights[-1] == 20
        assert await shop.weights() == {"stable": 80, "canary": 20}

    tell(story)


def test_what_is_refused_holds_up_nobody_either() -> None:
    """A webhook that guards the old route; the new one gets the weights."""

    async def story(shop: Shop) -> None:
        def guard(write: Write) -> None:
            if (write.verb, write.kind, write.name) == ("patch", "HTTPRoute", "web"):
                raise InvalidError("hands off")

        spy = Spy(shop.store)
        both = [a_route(name, {STABLE: 100, CANARY: 0}) for name in ("web", "other")]
        await at_twenty(shop, a_world({"plugins": {KEY: {"httpRoute": "web"}}}, *both), spy)
        spy.fate = guard
        await reroute(shop, {"plugins": {KEY: {"httpRoute": "other"}}})

        rules = (await shop.get(kinds.HTTP_ROUTES, "other"))["spec"]["rules"]
        assert {ref["name"]: ref["weight"] for ref in rules[-1]["backendRefs"]} == {STABLE: 80, CANARY: 20}

    tell(story)


def test_a_label_that_somebody_takes_off_comes_back() -> None:
    """It keeps other sync tools away from the weights; the event names who did it."""

    async def story(shop: Shop) -> None:
        world = a_world({"plugins": {KEY: {"httpRoute": "web"}}}, a_route("web", {STABLE: 100, CANARY: 0}))
        await at_twenty(shop, world)
        await shop.store.patch(
            Target(kinds.HTTP_ROUTES, "web", "shop"), Patch(PatchType.MERGE, {"metadata": {"labels": None}})
        )
        await asyncio.sleep(2)

        assert list((await shop.get(kinds.HTTP_ROUTES))["metadata"]["labels"]) == [IN_PROGRESS_LABEL]
        assert "RouteCorrected" in await shop.reasons()

    tell(story)
