"""Mistakes that only other objects, or the table of providers, show."""

import asyncio

from tests.unit.controller.stories import Shop, a_canary, a_service, tell


def test_a_rollout_of_an_unknown_router_is_refused_and_rests() -> None:
    """Walking its steps would move no traffic: it is Degraded, names the providers that are known, and makes no pod."""

    async def story(shop: Shop) -> None:
        await shop.start()
        routing = {"istio": {"virtualService": {"name": "web"}}}
        rollout = a_canary({"setWeight": 20}, stableService="stable", canaryService="canary", trafficRouting=routing)
        await shop.world.apply([a_service("stable"), a_service("canary"), rollout])
        await asyncio.sleep(5)

        phase, message = await shop.phase()
        assert phase == "Degraded"
        assert "spec.strategy.trafficRouting.istio: no traffic provider of this name; known: gatewayAPI" in message
        assert await shop.sizes() == {}

    tell(story)
