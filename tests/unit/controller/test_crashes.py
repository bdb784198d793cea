"""The controller is killed with the answer to every one of its writes, and its successor finishes the work."""

import asyncio
from functools import partial

from rollouts.cluster.port import Json
from tests.unit.controller.stories import Shop, Spy, a_routed_canary, a_template, tell

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
    number = 0
    while tell(partial(_crash, number)):
        number += 1

    assert number > 40


async def _crash(number: int, shop: Shop) -> bool:
    """One story in which the controller dies with the answer to this write; whether it came to that."""
    spy = Spy(shop.store)
    spy.dies_after = number
    running = await shop.start(spy)
    rehearsing = asyncio.create_task(rehearse(shop))
    dying = asyncio.create_task(spy.died.wait())
    await asyncio.wait({dying}, timeout=200)
    if dying.done():
        await running.kill()
        await shop.start(shop.store)
    dying.cancel()
    await rehearsing
    await asyncio.sleep(200)
    await check(shop)
    return spy.died.is_set()
