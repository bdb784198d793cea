"""The scenarios: what users and operators do while requests come in. Called by world, one after the other.

A hold is a timed pause of the rollout's own steps, or a user who looks at things for so long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rollouts.cluster.port import Json
from tests.e2e.chaos.stories import is_aborted, is_healthy, is_paused
from tests.e2e.dataplane import canaries
from tests.e2e.dataplane.gateways import ENVOY, ROUTE, WAYS, Way
from tests.e2e.dataplane.manifests import CANARY, STABLE, a_rollout, blue_green, routed, routes, services
from tests.e2e.dataplane.plays import Play

HOLD = 5
"""Seconds: Traefik may take two of them to take a weight in; the rest is for its split."""

_HELD: Json = {"pause": {"duration": f"{HOLD}s"}}
_FOREVER: Json = {"pause": {}}


@dataclass(frozen=True)
class Story:
    """A scenario: a title for the table, the strategy, and what happens once v1 is healthy."""

    name: str
    title: str
    strategy: Json
    tell: Callable[[Play], Awaitable[None]]
    ways: tuple[Way, ...] = WAYS
    is_split_told: bool = True

    async def begun(self, play: Play) -> None:
        """Until the first version serves."""
        await play.is_healthy_at(1)

    def manifests(self) -> list[Json]:
        """Everything, ready to be applied."""
        backends = (STABLE,) if "blueGreen" in self.strategy else (STABLE, CANARY)
        return [*services(), *routes(self.name, *backends), a_rollout(self.strategy)]


@dataclass(frozen=True)
class Delivery(Story):
    """A scenario of a Canary, which has a route of its own; it needs no strategy."""

    strategy: Json = field(default_factory=dict)
    tell: Callable[[Play], Awaitable[None]] = canaries.is_promoted
    ways: tuple[Way, ...] = (ROUTE, ENVOY)
    is_split_told: bool = False
    analysis: Json = field(default_factory=dict)

    async def begun(self, play: Play) -> None:
        """Until the primary serves."""
        await canaries.begun(play)

    def manifests(self) -> list[Json]:
        """Everything, ready to be applied."""
        return canaries.delivered(self.name, **self.analysis)


def _weights(*weights: int) -> list[Json]:
    """Steps that hold at each of these weights."""
    return [step for weight in weights for step in ({"setWeight": weight}, _HELD)]


async def _goes_up(play: Play) -> None:
    await play.use(2)
    await play.is_healthy_at(2)
    await play.shrinks()


async def _is_aborted(play: Play) -> None:
    await play.use(2)
    await play.comes(is_paused(1), "the pause")
    await asyncio.sleep(HOLD)
    await play.user.abort()
    await play.comes(is_aborted, "aborted")
    await play.shrinks()


async def _is_promoted_fully(play: Play) -> None:
    await play.use(2)
    await play.comes(is_paused(1), "the pause")
    await asyncio.sleep(HOLD)
    await play.user.promote_fully()
    await play.is_healthy_at(2)
    await play.shrinks()


async def _is_switched(play: Play) -> None:
    await play.use(2)
    await play.comes(is_paused(), "the pause before the switch")
    await asyncio.sleep(HOLD)
    await play.user.promote()
    await play.is_healthy_at(2)
    await play.shrinks()


async def _is_switched_back(play: Play) -> None:
    """The old version is still there when its template comes back: it is fast, and nobody is asked."""
    await play.use(2)
    await play.comes(is_paused(), "the pause before the switch")
    await play.user.promote()
    await play.is_healthy_at(2)
    await asyncio.sleep(HOLD)
    await play.use(1)
    await play.is_healthy_at(1)
    await play.shrinks()


async def _is_taken_back(play: Play) -> None:
    """Half-way, then by the template of the stable version."""
    await play.use(2)
    await play.comes(is_paused(1), "the pause")
    await asyncio.sleep(HOLD)
    await play.use(1)
    await play.is_healthy_at(1)
    await play.shrinks()


async def _is_overtaken(play: Play) -> None:
    """A third version comes while the second one has half of the requests."""
    await play.use(2)
    await play.comes(is_paused(1), "the pause")
    await asyncio.sleep(HOLD)
    await play.use(3)
    await play.comes(is_paused(1, 3), "the pause of the third version")
    await asyncio.sleep(HOLD)
    await play.user.promote()
    await play.is_healthy_at(3)
    await play.shrinks()


async def _is_killed(play: Play) -> None:
    """The controller dies as soon as a change of weight is seen, each time, and once more in the end."""
    await play.use(2)
    for weight in (20, 60, 100):
        await play.comes_to_weight(weight)
        play.kill_controller()
    await play.is_healthy_at(2)
    play.kill_controller()
    await play.shrinks()


async def _is_killed_after_each_deed(play: Play) -> None:
    """Whatever its user wants, the controller that hears of it first dies of it."""
    deeds = (
        (play.user.abort, is_aborted, "aborted"),
        (play.user.retry, is_paused(1), "the pause once more"),
        (play.user.promote, is_healthy(2), "the second version healthy"),
    )
    await play.use(2)
    await play.comes(is_paused(1), "the pause")
    for deed, moment, what in deeds:
        await asyncio.sleep(HOLD)
        await deed()
        play.kill_controller()
        await play.comes(moment, what)
    await play.shrinks()


UP = routed(*_weights(10, 25, 50, 75, 100))
HALF = routed({"setWeight": 50}, _FOREVER)

STORIES = (
    Story("canary-up", "canary: 10, 25, 50, 75, 100 %", UP, _goes_up),
    Story("abort", "canary: abort at 50 %", HALF, _is_aborted),
    Story("promote-full", "canary: promote --full at 20 %", routed({"setWeight": 20}, _FOREVER), _is_promoted_fully),
    Story("fast-rollback", "canary: back to the stable template at 50 %", HALF, _is_taken_back),
    Story("overtaken", "canary: a third version at 50 %", HALF, _is_overtaken),
    Story(
        "dynamic-up",
        "canary, dynamicStableScale: 25, 50, 75 %",
        routed(*_weights(25, 50, 75), dynamicStableScale=True),
        _goes_up,
    ),
    Story(
        "dynamic-abort",
        "canary, dynamicStableScale: abort at 75 %",
        routed({"setWeight": 75}, _FOREVER, dynamicStableScale=True),
        _is_aborted,
    ),
    Story("killed", "canary: 20, 60, 100 %, controller killed four times", routed(*_weights(20, 60, 100)), _is_killed),
    Story(
        "killed-deeds", "canary: abort, retry, promote; controller killed after each", HALF, _is_killed_after_each_deed
    ),
    Story("switch", "blue-green: switch", blue_green(), _is_switched),
    Story("switch-back", "blue-green: switch, and fast rollback", blue_green(), _is_switched_back),
    Delivery("delivered", "Canary: 25, 50 %, and promoted"),
    Delivery("delivered-back", "Canary: taken back at 50 %", tell=canaries.is_taken_back),
    Delivery(
        "delivered-held",
        "Canary: 25 %, users held by cookies",
        tell=canaries.holds_users,
        ways=(ROUTE,),
        analysis=canaries.STICKY,
    ),
)
