"""The sweep among objects that go, change, lie or cannot be read: none stops it, none is taken by mistake."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import ConflictError, ForbiddenError, NotFoundError
from rollouts.cluster.port import Json, Resource, Target
from rollouts.controller.settings import Settings
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.simulator.store import Store
from rollouts.traffic.protocol import Options
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, a_route, a_service, an_object, tell

ACTIVE = "rollouts.argoproj.io/gatewayapi-active-rollouts"
DESTINATION_RULES = Resource("networking.istio.io", "v1", "destinationrules", "DestinationRule")
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1", "virtualservices", "VirtualService")
SUBSETS = {"name": "web", "canarySubsetName": "new", "stableSubsetName": "old"}


def left(name: str, by: str = "shop/gone", **more: Any) -> Json:
    """A route with the mark of a rollout."""
    route = a_route(name, {"stable": 100, "canary": 0})
    route["metadata"] |= {"annotations": {ACTIVE: by}, **more}
    return route


async def marked(shop: Shop) -> list[str]:
    """The routes that carry a mark."""
    routes = await shop.listed(kinds.HTTP_ROUTES)
    return sorted(one["metadata"]["name"] for one in routes if ACTIVE in one["metadata"].get("annotations", {}))


async def swept(shop: Shop, cluster: Store | Spy | None = None, **settings: Any) -> None:
    """A controller has begun to work."""
    await shop.start(cluster, settings=Settings(is_elected=False, **settings))
    await asyncio.sleep(10)


def test_an_object_that_goes_meanwhile_is_let_go() -> None:
    """Between the list and the patch somebody deletes it; it is not asked for again and again."""

    async def story(shop: Shop) -> None:
        tried: list[str] = []

        def gone(write: Write) -> None:
            if write.kind == "HTTPRoute":
                tried.append(write.name)
                if write.name == "first":
                    raise NotFoundError("it is gone")

        spy = Spy(shop.store)
        spy.fate = gone
        await shop.world.apply([left("first"), left("second")])
        await swept(shop, spy)

        assert tried == ["first", "second"]
        assert await marked(shop) == ["first"]

    tell(story)


def test_an_object_that_others_write_to_is_swept_all_the_same() -> None:
    """A conflict means to look again, not to leave the rest of its kind."""

    async def story(shop: Shop) -> None:
        tried: list[str] = []

        def busy(write: Write) -> None:
            tried.append(write.name)
            if write.kind == "HTTPRoute" and tried.count(write.name) < 3:
                raise ConflictError("somebody was quicker")

        spy = Spy(shop.store)
        spy.fate = busy
        await shop.world.apply([left("first"), left("second")])
        await swept(shop, spy)

        assert await marked(shop) == []

    tell(story)


def test_what_names_nobody_is_left_alone() -> None:
    """A list that is none of Argo's and none of ours: no rollout is asked for, and the others are swept."""

    async def story(shop: Shop) -> None:
        await shop.world.apply([left("a", "web"), left("b", "shop/"), left("c", "/web"), left("d", "a/b/c"), left("e")])
        await swept(shop)

        assert await marked(shop) == ["a", "b", "c", "d"]

    tell(story)


def test_what_we_may_not_see_counts_as_there() -> None:
    """A controller of one namespace cannot tell whether the rollout of another one is gone."""

    class Role(Spy):
        """Rollouts of our own namespace are all that may be read."""

        async def get(self, target: Target) -> Json:
            """As the server does it."""
            if target.namespace != "shop":
                raise ForbiddenError("a Role ends at its namespace")
            return await self._store.get(target)

    async def story(shop: Shop) -> None:
        await shop.world.apply([left("mixed", "far/web"), left("own")])
        await swept(shop, Role(shop.store), namespace="shop")

        assert await marked(shop) == ["mixed"]

    tell(story)


def test_a_rule_that_is_in_use_keeps_its_versions_whatever_its_api_version() -> None:
    """The rollout names it as v2, the server has it as v1: it is the same, and users keep both."""

    async def story(shop: Shop) -> None:
        both = [{"destination": {"host": "web", "subset": name}, "weight": 50} for name in ("old", "new")]
        service = an_object(VIRTUAL_SERVICES, "web", spec={"hosts": ["web"], "http": [{"route": both}]})
        subsets = [{"name": name, "labels": {"app": "web"}} for name in ("old", "new")]
        rule = an_object(DESTINATION_RULES, "web", spec={"host": "web", "subsets": subsets})
        routing = {"istio": {"virtualService": {"name": "web"}, "destinationRule": SUBSETS}}
        options = Options(istio_version="v2")
        first = await shop.start(settings=Settings(is_elected=False, traffic=options))
        await shop.world.apply([a_service("web"), service, rule, a_canary({"pause": {}}, trafficRouting=routing)])
        await asyncio.sleep(60)
        before = await shop.get(DESTINATION_RULES)
        assert before["metadata"]["annotations"] == {MANAGED_BY: "web"}
        assert HASH_LABEL in before["spec"]["subsets"][0]["labels"]
        await first.stop()

        class Late(Spy):
            """The watch of routes cannot begin: the first looks for what is served fail."""

            looks = 0

            async def discover(self) -> Any:
                """Not at first."""
                self.looks += 1
                if self.looks == 1:
                    raise ConflictError("not yet")
                return await self._store.discover()

        await swept(shop, Late(shop.store), traffic=options)
        assert (await shop.get(DESTINATION_RULES))["metadata"]["resourceVersion"] == before["metadata"][
            "resourceVersion"
        ]

    tell(story)
