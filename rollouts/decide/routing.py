"""The split of a ticking rollout: read from the route, written as an effect. Called by the ticking stages.

The route itself is the authority: what it says at the round's start is the weight from which a tick goes on, so a hand
on the route is respected. Without a router nothing is split: the new version then counts as shown once rounds count.
"""

from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import is_beginning, strategy_of, warned
from rollouts.model.effects import ShiftTraffic
from rollouts.model.strategy import Progressive
from rollouts.model.weights import Share, Shares, Unknown, Weights

TOTAL = 100


def shares(strategy: Progressive, weight: int) -> Shares:
    """The whole split at this weight of the new version."""
    pair = strategy.pair
    return Shares(Share(weight, pair.canary_service), Share(TOTAL - weight, pair.stable_service), total=TOTAL)


def shift(here: Situation, weight: int) -> tuple[ShiftTraffic, ...]:
    """The effect that brings the route to this weight; none where it stands there or where nothing is routed."""
    strategy = strategy_of(here)
    stands = here.snapshot.route == Weights(weight, TOTAL - weight, TOTAL)
    return () if stands or not strategy.moves_traffic else (ShiftTraffic(shares(strategy, weight)),)


def weight_now(here: Situation) -> int:
    """What the new version gets by the route; 0 where it cannot be read (stages that need it have ended by then)."""
    strategy, route = strategy_of(here), here.snapshot.route
    if not strategy.moves_traffic:
        return TOTAL if here.observed.ticks.rounds > 0 else 0
    return route.canary if isinstance(route, Weights) else 0


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
