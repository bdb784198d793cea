"""The split of a ticking rollout: read from the route, written as an effect. Called by the ticking stages.

The route itself is the authority: what it says at the round's start is the weight from which a tick goes on, so a hand
on the route is respected. Without a router nothing is split: the new version then counts as shown once rounds count.
"""

import hashlib
from dataclasses import replace

from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import is_beginning, strategy_of, warned
from rollouts.model.effects import ShiftTraffic
from rollouts.model.status import Status
from rollouts.model.strategy import Progressive
from rollouts.model.weights import Share, Shares, Unknown, Weights

TOTAL = 100
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LENGTH = 10


def shares(strategy: Progressive, weight: int) -> Shares:
    """The whole split at this weight of the new version."""
    pair = strategy.pair
    return Shares(Share(weight, pair.canary_service), Share(TOTAL - weight, pair.stable_service), total=TOTAL)


def shift(here: Situation, weight: int, *, is_mirrored: bool = False) -> tuple[ShiftTraffic, ...]:
    """The effect that brings the route to this weight; none where it stands there or where nothing is routed."""
    strategy = strategy_of(here)
    stands = here.snapshot.route == Weights(weight, TOTAL - weight, TOTAL, is_mirrored=is_mirrored)
    if stands or not strategy.moves_traffic:
        return ()
    return (ShiftTraffic(shares(strategy, weight), is_mirrored=is_mirrored),)


def weight_now(here: Situation) -> int:
    """What the new version gets by the route; 0 where it cannot be read (stages that need it have ended by then)."""
    strategy, route = strategy_of(here), here.snapshot.route
    if not strategy.moves_traffic:
        return TOTAL if here.observed.ticks.rounds > 0 else 0
    return route.canary if isinstance(route, Weights) else 0


def is_mirrored(here: Situation) -> bool:
    """Whether the new version gets copies of requests, by the route."""
    route = here.snapshot.route
    return strategy_of(here).mirrors and isinstance(route, Weights) and route.is_mirrored


def route_unread(here: Situation) -> Step | None:
    """Without knowing who is served nothing is moved. A route that is not there yet is written by the bootstrap."""
    route = here.snapshot.route
    if is_beginning(here) or not strategy_of(here).moves_traffic or not isinstance(route, Unknown):
        return None
    return Step(
        events=(warned(route.reason),),
        wake_at=here.now + strategy_of(here).interval,
        reason=f"the route cannot be read: {route.reason}",
        ends=Ends.ACTING,
    )


def with_cookies(here: Situation, status: Status, weight: int) -> Status:
    """The status with the cookies that go with this weight: one a run, taken back when nobody is to follow it."""
    strategy, cookies = strategy_of(here), status.ticks.cookies
    if not strategy.cookie or strategy.climb.is_empty:
        return status
    if weight > 0:
        wants_copy = strategy.copy_cookie or strategy.edges.names_no_cookie
        made = _cookie(here, strategy.copy_cookie, "copy") if wants_copy else ""
        cookies = replace(cookies, new=cookies.new or _cookie(here, strategy.cookie, "new"), copy=cookies.copy or made)
    elif cookies.new:
        cookies = replace(cookies, new="", former=cookies.new)
    return replace(status, ticks=replace(status.ticks, cookies=cookies))


def _cookie(here: Situation, name: str, use: str) -> str:
    """Letters of this run's own: they mark users, and keep no secret."""
    seed = f"{here.rollout.uid}/{here.rollout.target}/{here.now.isoformat()}/{use}"
    digest = hashlib.sha256(seed.encode()).digest()[:_LENGTH]
    return f"{name}={''.join(_LETTERS[byte % len(_LETTERS)] for byte in digest)}"
