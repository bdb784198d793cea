"""Weights written into routes, and what the status records of them. Called by the canary tuple; knows no mesh.

What the routes are to say is decide/aims' business; here it is compared with what they say.
"""

from dataclasses import replace

from rollouts.decide.aims import Aim, aim_of, recorded_weight
from rollouts.decide.experiments import experiment_shares
from rollouts.decide.services import is_taken, point
from rollouts.decide.situation import Ends, Situation, Step, together
from rollouts.decide.verifying import verdict, verify
from rollouts.model.effects import ShiftTraffic
from rollouts.model.plan import Event
from rollouts.model.strategy import Canary, SetHeaderRoute, SetMirrorRoute
from rollouts.model.weights import Share, Shares, Weights


def shift_traffic(here: Situation) -> Step | None:
    """Bring the routes to the weight of this moment, record it, and have it verified in the round after."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary) or not strategy.is_routed:
        return None
    aim = aim_of(here, strategy)
    if aim is None:
        return Step(reason="stable cannot carry its part yet: the weights stay")
    shares = _shares(here, strategy, aim)
    back = point(here, strategy.canary_service, here.stable) if here.status.is_aborted and aim.weight == 0 else None
    is_next = is_taken(here) and aim.hash == here.current_hash and not here.status.is_aborted
    moved = point(here, here.rollout.services.canary, here.new) if is_next else None
    written = _write(here, strategy, aim, shares)
    refusal = _refusal(here)
    if refusal and written is not None and written.effects:
        return Step(written.effects, reason=f"the routes cannot be written: {refusal}", ends=Ends.ROUND)
    step = together([back, written, moved, verify(here, shares)]) or Step()
    canary = replace(here.status.canary, shares=shares, verified=verdict(here, shares))
    return replace(step, status=replace(here.status, canary=canary))


def _refusal(here: Situation) -> str:
    """What stood in the way of the last write of routes, "" where nothing did."""
    return next((f.message for f in here.snapshot.failures if isinstance(f.effect, ShiftTraffic)), "")


def _shares(here: Situation, strategy: Canary, aim: Aim) -> Shares:
    """The whole split at this aim: what neither the canary nor an experiment gets is stable's."""
    services = here.rollout.services
    stable_hash = here.stable.hash if here.stable else ""
    extra = experiment_shares(here)
    rest = strategy.max_weight - aim.weight - sum(share.weight for share in extra)
    return Shares(
        Share(aim.weight, services.canary, aim.hash),
        Share(rest, services.stable, stable_hash),
        extra,
        total=strategy.max_weight,
    )


def _write(here: Situation, strategy: Canary, aim: Aim, shares: Shares) -> Step | None:
    """Write the routes where they say something else, or where what they say is not known to be this."""
    was, recorded = recorded_weight(here), here.observed.canary.shares
    message = f"Traffic weight updated from {was} to {aim.weight}"
    events = (Event("TrafficWeightUpdated", message),) if was != aim.weight else ()
    if _stands(here, strategy, aim, shares) and recorded == shares:
        return Step(events=events) if events else None
    effect = ShiftTraffic(shares, aim.managed, is_correction=recorded == shares and not _is_weighed(here, shares))
    return Step((*_emptied(here, recorded, aim), effect), events, reason=message if events else "")


def _stands(here: Situation, strategy: Canary, aim: Aim, shares: Shares) -> bool:
    """The routes say this already. A step for a managed route is written even where one of its name stands."""
    route, index = here.snapshot.route, here.observed.step
    step = strategy.steps[index] if index is not None and index < len(strategy.steps) else None
    is_asked = isinstance(step, SetHeaderRoute | SetMirrorRoute) and step in aim.managed
    if not isinstance(route, Weights) or (is_asked and not here.is_held):
        return False
    return _is_weighed(here, shares) and set(route.managed) == {managed.name for managed in aim.managed}


def _is_weighed(here: Situation, shares: Shares) -> bool:
    route, wanted = here.snapshot.route, (shares.canary.weight, shares.stable.weight)
    return isinstance(route, Weights) and (route.canary, route.stable) == wanted


def _emptied(here: Situation, recorded: Shares | None, aim: Aim) -> tuple[ShiftTraffic, ...]:
    """The weight goes before the place that had it leads to another version, which has no pod yet."""
    if recorded is None or recorded.canary.weight == 0 or recorded.canary.hash == aim.hash:
        return ()
    if aim.weight > 0 or (here.new is not None and here.new.available > 0):
        return ()
    stable = replace(recorded.stable, weight=recorded.stable.weight + recorded.canary.weight)
    return (ShiftTraffic(replace(recorded, canary=replace(recorded.canary, weight=0), stable=stable)),)
