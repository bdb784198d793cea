"""Controllers that are killed with the answer to one write after the other. Called by the tests of crashes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from tests.unit.controller.stories import Shop, Spy, tell

Part = Callable[[Shop], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """What is rehearsed, and what has to be true once the successor has finished it.

    `spy` counts the writes; `rest` is how many seconds the story takes at most, and its end after the crash.
    """

    rehearse: Part
    check: Part
    spy: type[Spy] = Spy
    rest: float = 200


def deaths(story: Story) -> int:
    """Play the story with a death after each of its writes, until it has no such write; how many there were."""
    number = 0
    while tell(partial(_crash, story, number)):
        number += 1
    return number


async def _crash(story: Story, number: int, shop: Shop) -> bool:
    """One story in which the controller dies with the answer to this write; whether it came to that."""
    spy = story.spy(shop.store)
    spy.dies_after = number
    running = await shop.start(spy)
    rehearsing = asyncio.ensure_future(story.rehearse(shop))
    dying = asyncio.create_task(spy.died.wait())
    await asyncio.wait({dying}, timeout=story.rest)
    if dying.done():
        await running.kill()
        await shop.start(shop.store)
    dying.cancel()
    await rehearsing
    await asyncio.sleep(story.rest)
    await story.check(shop)
    return spy.died.is_set()
