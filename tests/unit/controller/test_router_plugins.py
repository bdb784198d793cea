"""Rollouts whose traffic a plugin routes: what it is told, when, and what becomes of its troubles."""

import asyncio
from typing import Any

from rollouts.cluster.port import Json
from rollouts.controller.plugins.packages import in_process
from tests.unit.controller.stories import Shop, a_canary, a_service, tell

NAME = "shop/edge"


class Edge:
    """A plugin that writes down what it is told. `trouble` is what stands in its way, `holds` what it verifies."""

    def __init__(self) -> None:
        self.weights: list[int] = []
        self.told: list[Json] = []
        self.trouble = ""
        self.holds = True

    async def apply(self, context: Json) -> None:
        """Take it, or not."""
        if self.trouble:
            raise RuntimeError(self.trouble)
        self.told.append(context)
        self.weights.append(context["canary"]["weight"])

    async def verify(self, _context: Json) -> Json:
        """Say whether it holds."""
        return {"verified": self.holds, "message": "the edge is slow"}


def a_world(*steps: Json, **more: Any) -> list[Json]:
    """A canary whose traffic the plugin routes."""
    routing: Json = {"plugins": {NAME: {"zone": "a"}}, "managedRoutes": [{"name": "beta"}]}
    canary = a_canary(*steps, stableService="stable", canaryService="canary", trafficRouting=routing, **more)
    return [a_service("stable"), a_service("canary"), canary]


async def released(shop: Shop, edge: Edge, *steps: Json) -> None:
    """A second version on its way."""
    await shop.start(routers=[in_process(NAME, edge)])
    await shop.world.apply(a_world(*steps))
    await asyncio.sleep(60)
    await shop.use("web:v2")
    await asyncio.sleep(60)


def test_a_plugin_is_told_each_split_once() -> None:
    """Weights, Services, hashes, settings and managed routes: the whole of it, and nothing twice."""

    async def story(shop: Shop) -> None:
        edge = Edge()
        header: Json = {"name": "beta", "match": [{"headerName": "X-Beta", "headerValue": {"exact": "yes"}}]}
        await released(shop, edge, {"setWeight": 20}, {"setHeaderRoute": header}, {"pause": {}})

        last = edge.told[-1]
        assert edge.weights == [0, 0, 20, 20]
        assert (last["config"], last["rollout"]["name"], last["totalWeight"]) == ({"zone": "a"}, "web", 100)
        assert (last["stable"]["service"], last["stable"]["weight"]) == ("stable", 80)
        assert last["managedRoutes"] == [{"setHeaderRoute": header}]
        assert len({told["canary"]["podTemplateHash"] for told in edge.told[-2:]}) == 1

        await asyncio.sleep(3600)
        assert len(edge.told) == 4

    tell(story)


def test_a_step_waits_until_the_plugin_says_that_its_weight_holds() -> None:
    """Then it goes on by itself."""

    async def story(shop: Shop) -> None:
        edge = Edge()
        edge.holds = False
        await released(shop, edge, {"setWeight": 20}, {"setWeight": 40}, {"pause": {}})
        assert edge.weights[-1] == 20
        assert "WeightVerifyError" in await shop.reasons()

        edge.holds = True
        await asyncio.sleep(30)
        assert edge.weights[-1] == 40

    tell(story)


def test_what_stands_in_a_plugins_way_is_told_and_tried_again() -> None:
    """The status keeps the weight that is really there; once the way is free the release goes on."""

    async def story(shop: Shop) -> None:
        edge = Edge()
        await released(shop, edge, {"setWeight": 20}, {"pause": {"duration": "90s"}}, {"setWeight": 60}, {"pause": {}})
        edge.trouble = "the edge is on fire"
        await asyncio.sleep(120)
        status = (await shop.rollout())["status"]
        assert status["canary"]["weights"]["canary"]["weight"] == 20
        assert "TrafficRoutingError" in await shop.reasons()

        edge.trouble = ""
        await asyncio.sleep(60)
        assert edge.weights[-1] == 60

    tell(story)


def test_a_controller_that_starts_anew_tells_once_more() -> None:
    """Nobody reads back what a plugin has done: the first round says it again, the next ones do not."""

    async def story(shop: Shop) -> None:
        edge = Edge()
        first = await shop.start(routers=[in_process(NAME, edge)])
        await shop.world.apply(a_world({"setWeight": 20}, {"pause": {}}))
        await asyncio.sleep(60)
        await first.stop()
        before = len(edge.told)
        await shop.start(routers=[in_process(NAME, edge)])
        await asyncio.sleep(3600)

        assert edge.told[before:] == edge.told[before - 1 : before]

    tell(story)


def test_a_plugin_that_nobody_has_configured_is_named() -> None:
    """With those that are known."""

    async def story(shop: Shop) -> None:
        await shop.start(routers=[in_process("shop/other", Edge())])
        await shop.world.apply(a_world({"setWeight": 20}))
        await asyncio.sleep(5)

        phase, message = await shop.phase()
        assert phase == "Degraded"
        assert f'plugins["{NAME}"]: no traffic provider of this name' in message
        assert "shop/other" in message

    tell(story)


def test_a_plugin_that_answers_nonsense_has_verified_nothing() -> None:
    """The step waits, and the event says what the reply lacks."""

    async def story(shop: Shop) -> None:
        class Vague(Edge):
            """It says something else than yes or no."""

            async def verify(self, _context: Json) -> Json:
                """What was not asked for."""
                return {"verified": "surely"}

        edge = Vague()
        await released(shop, edge, {"setWeight": 20}, {"setWeight": 40}, {"pause": {}})

        assert edge.weights[-1] == 20
        assert "WeightVerifyError" in await shop.reasons()

    tell(story)
