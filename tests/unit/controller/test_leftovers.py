"""What a rollout has put into routers' objects goes when it goes, or routes elsewhere: at once, or by the sweep."""

import asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import DeleteOptions, Json, Patch, PatchType, Target
from rollouts.controller.settings import Settings
from tests.unit.controller.stories import Shop, a_canary, a_route, a_service, tell

LABEL = "rollouts.argoproj.io/gatewayapi-canary"
ACTIVE = "rollouts.argoproj.io/gatewayapi-active-rollouts"
STABLE, CANARY = "web-stable", "web-canary"
HEADER: Json = {"name": "beta", "match": [{"headerName": "X-Beta", "headerValue": {"exact": "yes"}}]}


def a_world(routing: Json | None = None) -> list[Json]:
    """A canary over two routes, of which it uses one."""
    steps: list[Json] = [{"setWeight": 20}, {"setHeaderRoute": HEADER}, {"pause": {}}]
    plugins = {"argoproj-labs/gatewayAPI": {"httpRoute": "web"}}
    routing = routing or {"plugins": plugins, "managedRoutes": [{"name": "beta"}]}
    canary = a_canary(*steps, stableService=STABLE, canaryService=CANARY, trafficRouting=routing)
    routes = [a_route(name, {STABLE: 100, CANARY: 0}) for name in ("web", "other")]
    return [a_service(STABLE), a_service(CANARY), *routes, canary]


async def released(shop: Shop) -> None:
    """A new version with a weight of 20 and a header route."""
    await shop.world.apply(a_world())
    await asyncio.sleep(60)
    await shop.use("web:v2")
    await asyncio.sleep(60)
    assert await marks(shop) == (True, "shop/web", ["beta", None], [20, 80])


async def marks(shop: Shop, name: str = "web") -> tuple[bool, str, list[str | None], list[int]]:
    """Label, active rollouts, names of the rules, canary and stable weight of the last rule."""
    route = await shop.get(kinds.HTTP_ROUTES, name)
    meta, rules = route["metadata"], route["spec"]["rules"]
    weights = {ref["name"]: ref["weight"] for ref in rules[-1]["backendRefs"]}
    active = (meta.get("annotations") or {}).get(ACTIVE, "")
    names = [rule.get("name") for rule in rules]
    return LABEL in (meta.get("labels") or {}), active, names, [weights[CANARY], weights[STABLE]]


CLEAN = (False, "", [None], [0, 100])


async def gone(shop: Shop) -> None:
    """The rollout is deleted."""
    await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"), DeleteOptions())


def test_a_deleted_rollout_leaves_its_route_as_it_found_it() -> None:
    """In the middle of a release: no weight, no header route, no mark."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop)
        await gone(shop)
        await asyncio.sleep(2)

        assert await marks(shop) == CLEAN
        assert (await shop.get(kinds.HTTP_ROUTES))["metadata"].get("annotations") in (None, {})

    tell(story)


def test_a_route_that_is_not_named_any_more_is_given_back() -> None:
    """The other one takes over what the release stands at."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop)
        plugins = {"argoproj-labs/gatewayAPI": {"httpRoute": "other"}}
        await shop.patch({"spec": {"strategy": {"canary": {"trafficRouting": {"plugins": plugins}}}}})
        await asyncio.sleep(10)

        assert await marks(shop) == CLEAN
        assert await marks(shop, "other") == (True, "shop/web", ["beta", None], [20, 80])

    tell(story)


def test_another_strategy_gives_the_routes_back() -> None:
    """A blue-green rollout routes nothing."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop)
        await shop.patch({"spec": {"strategy": {"canary": None, "blueGreen": {"activeService": STABLE}}}})
        await asyncio.sleep(10)

        assert await marks(shop) == CLEAN

    tell(story)


def test_what_went_while_nobody_looked_is_swept() -> None:
    """The next controller finds the note of a rollout that is not there any more."""

    async def story(shop: Shop) -> None:
        first = await shop.start()
        await released(shop)
        await first.stop()
        await gone(shop)
        await shop.start()
        await asyncio.sleep(5)

        assert await marks(shop) == CLEAN

    tell(story)


def test_a_router_that_changed_while_nobody_looked_is_swept() -> None:
    """The rollout is there, and names the route no more."""

    async def story(shop: Shop) -> None:
        first = await shop.start()
        await released(shop)
        await first.stop()
        plugins = {"argoproj-labs/gatewayAPI": {"httpRoute": "other"}}
        await shop.patch({"spec": {"strategy": {"canary": {"trafficRouting": {"plugins": plugins}}}}})
        await shop.start()
        await asyncio.sleep(10)

        assert await marks(shop) == CLEAN

    tell(story)


def test_marks_of_argos_plugin_are_swept_too() -> None:
    """It leaves them behind when a rollout is deleted; weights that nobody noted stay as they are."""

    async def story(shop: Shop) -> None:
        route = a_route("web", {STABLE: 70, CANARY: 30})
        route["metadata"] |= {"labels": {LABEL: "in-progress"}, "annotations": {ACTIVE: "shop/long-gone"}}
        await shop.world.apply([route])
        await shop.start()
        await asyncio.sleep(5)

        assert await marks(shop) == (False, "", [None], [30, 70])

    tell(story)


def test_another_instances_rollout_keeps_its_route() -> None:
    """Neither a sweep nor a rollout that changes hands takes away what another controller routes."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await released(shop)
        await shop.patch({"metadata": {"labels": {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}}})
        await asyncio.sleep(10)
        await shop.start(settings=Settings(is_elected=False, instance_id="green"))
        await asyncio.sleep(10)

        assert await marks(shop) == (True, "shop/web", ["beta", None], [20, 80])

    tell(story)


def test_two_rollouts_share_a_route_and_its_label() -> None:
    """The label stands until the last of them is through, whatever the first one does."""

    async def story(shop: Shop) -> None:
        await shop.start()
        world = a_world()
        second = a_canary(
            {"setWeight": 50},
            {"pause": {}},
            name="tea",
            stableService="tea-stable",
            canaryService="tea-canary",
            trafficRouting={"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web"}}},
        )
        await shop.world.apply([*world, a_service("tea-stable", selects="tea"), a_service("tea-canary", selects="tea")])
        backends = [{"name": name, "port": 80, "weight": 50} for name in ("tea-stable", "tea-canary")]
        rules = [{"backendRefs": backends}, *(await shop.get(kinds.HTTP_ROUTES))["spec"]["rules"]]
        patch = Patch(PatchType.MERGE, {"spec": {"rules": rules}})
        await shop.store.patch(Target(kinds.HTTP_ROUTES, "web", "shop"), patch)
        await shop.world.apply([second])
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await shop.use("tea:v2", "tea")
        await asyncio.sleep(60)
        assert (await marks(shop))[:2] == (True, "shop/tea,shop/web")

        await shop.patch({"status": {"abort": True}}, subresource="status")
        await asyncio.sleep(10)
        assert (await marks(shop))[:2] == (True, "shop/tea")
        await shop.patch({"status": {"abort": True}}, name="tea", subresource="status")
        await asyncio.sleep(10)
        assert (await marks(shop))[:2] == (False, "")

    tell(story)
