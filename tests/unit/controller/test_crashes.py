"""The controller is killed with the answer to every one of its writes, and its successor finishes the work."""

import asyncio

from rollouts.cluster.port import Json
from tests.unit.controller.crashes import Story, deaths
from tests.unit.controller.stories import Shop, a_routed_canary, a_template

STEPS: tuple[Json, ...] = (
    {"setWeight": 20},
    {"analysis": {"templates": [{"templateName": "success"}]}},
    {"setWeight": 60},
    {"pause": {"duration": "5s"}},
)


async def rehearse(shop: Shop) -> None:
    """A first version, and a second that is promoted."""
    await shop.world.apply([a_template("success"), *a_routed_canary(*STEPS)])
    await asyncio.sleep(30)
    await shop.use("web:v2")


async def check(shop: Shop) -> None:
    """Promoted, all traffic on one version, nothing left over."""
    assert await shop.phase() == ("Healthy", "")
    assert await shop.sizes() == {"web:v1": 0, "web:v2": 3}
    assert await shop.weights() == {"web-stable": 100, "web-canary": 0}


def test_a_controller_that_is_killed_after_any_write_is_followed_by_one_that_converges() -> None:
    """Whatever was half done: the first rounds of the next process finish it, until a story has no such write."""
    assert deaths(Story(rehearse, check)) > 40
