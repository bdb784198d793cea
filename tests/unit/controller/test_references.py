"""Mistakes that only other objects, or the table of providers, show."""

import asyncio
from typing import Any

from tests.unit.controller.stories import Shop, a_canary, a_service, a_template, tell


def test_a_rollout_of_an_unknown_router_is_refused_and_rests() -> None:
    """Walking its steps would move no traffic: it is Degraded, names the providers that are known, and makes no pod."""

    async def story(shop: Shop) -> None:
        await shop.start()
        routing = {"plugins": {"acme/telepathy": {"medium": "web"}}}
        rollout = a_canary({"setWeight": 20}, stableService="stable", canaryService="canary", trafficRouting=routing)
        await shop.world.apply([a_service("stable"), a_service("canary"), rollout])
        await asyncio.sleep(5)

        phase, message = await shop.phase()
        assert phase == "Degraded"
        path = 'spec.strategy.canary.trafficRouting.plugins["acme/telepathy"]'
        assert f"{path}: no traffic provider of this name; known: " in message
        assert await shop.sizes() == {}

    tell(story)


def an_analysis(field_path: str) -> dict[str, Any]:
    """A step whose argument is a field of the rollout."""
    source = {"fieldRef": {"fieldPath": field_path}}
    return {"analysis": {"templates": [{"templateName": "check"}], "args": [{"name": "v", "valueFrom": source}]}}


def test_an_argument_without_its_field_is_refused_before_anything_moves() -> None:
    """The condition names the field that holds the path, and the path."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_template("check"), a_canary({"setWeight": 20}, an_analysis("spec.nothing.here"))])
        await asyncio.sleep(5)

        phase, message = await shop.phase()
        assert phase == "Degraded"
        assert "spec.strategy.canary.steps[1].analysis.args[0].valueFrom.fieldRef.fieldPath" in message
        assert 'Invalid value: "spec.nothing.here": invalid path spec.nothing.here in rollout' in message
        assert await shop.sizes() == {}

    tell(story)


def test_a_field_of_the_status_may_come_later() -> None:
    """What the status may hold one day is no mistake; where it is missing when the run starts, an event says so."""

    async def story(shop: Shop) -> None:
        await shop.start()
        rollout = a_canary({"setWeight": 20}, an_analysis("status.nothing"))
        await shop.world.apply([a_template("check"), rollout])
        await asyncio.sleep(60)
        assert await shop.phase() == ("Healthy", "")

        await shop.use("web:v2")
        await asyncio.sleep(120)
        assert (await shop.reasons()).count("ReconciliationError") == 1
        assert (await shop.phase())[0] == "Progressing"

    tell(story)
