"""Other writers of the same objects, all the time: an autoscaler, one who scribbles into the status, one who labels."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from rollouts.cluster.errors import ClusterError
from tests.builders.users import Hands
from tests.e2e.chaos.stage import Stage
from tests.e2e.chaos.stories import is_observed

PATIENCE = 60.0
SCRIBBLES = ({"message": "out of order"}, {"HPAReplicas": 77}, {"readyReplicas": 99}, {"phase": "Progressing"})


@asynccontextmanager
async def meddling(stage: Stage, dice: random.Random) -> AsyncIterator[None]:
    """While this lasts, three writers fight over each rollout; in the end the autoscaler wants what the user wanted."""
    fights = asyncio.create_task(_all_fights(stage, dice))
    try:
        yield
    finally:
        fights.cancel()
        await asyncio.gather(fights, return_exceptions=True)
        for name, story in stage.cast.items():
            await stage.user(name).scale(story.replicas)


async def _all_fights(stage: Stage, dice: random.Random) -> None:
    await stage.until(lambda: stage.is_set, PATIENCE, "all rollouts are there")
    async with asyncio.TaskGroup() as group:
        for name in stage.cast:
            group.create_task(_autoscale(stage, name, dice))
            for write, seconds in ((_scribble, 1.5), (_label, 1.0)):
                group.create_task(_again_and_again(write, stage.user(name), dice, seconds))


async def _autoscale(stage: Stage, name: str, dice: random.Random) -> None:
    """To and fro, a while after the last size was seen: the busier the machine is, the longer."""
    size, loop = stage.cast[name].replicas, asyncio.get_running_loop()
    for number in range(1, 1000):
        began = loop.time()
        with suppress(ClusterError):
            await stage.user(name).scale(size + number % 2)
        await stage.until(lambda: is_observed(stage.rollout(name)), PATIENCE, f"the size of {name} is observed")
        await asyncio.sleep(dice.uniform(1.0, 3.0) + 3 * (loop.time() - began))


def _scribble(user: Hands, dice: random.Random) -> Awaitable[None]:
    return user.status(dict(dice.choice(SCRIBBLES)))


def _label(user: Hands, dice: random.Random) -> Awaitable[None]:
    return user.label({"seen": str(dice.randrange(10**6))})


async def _again_and_again(
    write: Callable[[Hands, random.Random], Awaitable[None]], user: Hands, dice: random.Random, seconds: float
) -> None:
    """At most so many seconds apart. Whoever meddles does not care whether it went well."""
    while True:
        await asyncio.sleep(dice.uniform(0, seconds))
        with suppress(ClusterError):
            await write(user, dice)
