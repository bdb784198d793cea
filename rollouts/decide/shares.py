"""Weights for this moment, and the step that writes them. Called by the canary tuple; knows nothing of meshes.

The first rule that fits gives the weight (spec/argo-rollouts.md §2.4, "Desired weight"). Never weight on a version
without a pod that can serve, never away from stable before stable could carry what is left for it.
"""

from dataclasses import replace

from rollouts.decide.replicas import are_reached, step_index, step_weight, weight_before
from rollouts.decide.scaling import held
from rollouts.decide.services import point
from rollouts.decide.situation import Situation, Step, together
from rollouts.model.effects import ShiftTraffic
from rollouts.model.plan import Event
from rollouts.model.questions import Verified, VerifyWeight
from rollouts.model.strategy import Canary
from rollouts.model.weights import Share, Shares, Weights


def shift_traffic(here: Situation) -> Step | None:
    """Bring the routes to the weight of this moment, record it, and have it verified in the round after."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary) or not strategy.is_routed:
        return None
    weight = desired_weight(here, strategy)
    if weight is None:
        return Step(reason="stable cannot carry its part yet: the weights stay")
    shares = shares_at(here, strategy, weight)
    back = point(here, strategy.canary_service, here.stable) if here.status.is_aborted and weight == 0 else None
    written = _write(here, shares)
    return _with_status(here, together([back, written, _verify(here, shares)]), shares)


def desired_weight(here: Situation, strategy: Canary) -> int | None:
    """The canary's weight; None while stable could not carry the rest and the routes must stay as they are."""
    recorded = here.observed.canary.shares
    was = recorded.canary.weight if recorded else 0
    if here.is_promoted:
        return None if _is_without_pods(here) else 0
    if here.status.is_aborted:
        return None if _is_all_that_serves(here) else 0
    if here.new is None or here.new.available == 0:
        return 0 if was > 0 else _if_carried(here, strategy, 0)
    if here.status.promote_fully:
        return was
    return _if_carried(here, strategy, _stepped(here, strategy) if strategy.steps else 0)


def _is_without_pods(here: Situation) -> bool:
    """The promoted version cannot serve yet: the Service that leads to it may still lead to what is gone."""
    return here.stable is not None and here.stable.available == 0 and here.rollout.size > 0


def _is_all_that_serves(here: Situation) -> bool:
    """No stable pod is there to take the traffic back: an abort waits for the first one, or nobody would be served."""
    return here.stable is not None and here.stable.available == 0 and here.new is not None and here.new.available > 0


def _if_carried(here: Situation, strategy: Canary, weight: int) -> int | None:
    """The weight, if stable can carry what is left for it."""
    rest = strategy.max_weight - weight
    carried = here.stable.available if here.stable else 0
    return None if carried < rest * here.rollout.size // strategy.max_weight else weight


def _stepped(here: Situation, strategy: Canary) -> int:
    index = step_index(strategy, here.observed)
    if not are_reached(here.rollout, strategy, here.observed, held(here)):
        return weight_before(strategy, index)
    return step_weight(strategy, here.observed)


def shares_at(here: Situation, strategy: Canary, weight: int) -> Shares:
    """The whole split at this weight: what the canary does not get is stable's."""
    stable_hash = here.stable.hash if here.stable else ""
    new_hash = here.new.hash if here.new else ""
    return Shares(
        Share(weight, strategy.canary_service, new_hash),
        Share(strategy.max_weight - weight, strategy.stable_service, stable_hash),
        total=strategy.max_weight,
    )


def _write(here: Situation, shares: Shares) -> Step | None:
    """Write the routes where they say something else, or where what they say is not known to be this."""
    route, recorded = here.snapshot.route, here.observed.canary.shares
    stands = isinstance(route, Weights) and (route.canary, route.stable) == (shares.canary.weight, shares.stable.weight)
    was = recorded.canary.weight if recorded else 0
    now = shares.canary.weight
    message = f"Traffic weight updated from {was} to {now}"
    events = (Event("TrafficWeightUpdated", message),) if was != now else ()
    if stands and recorded == shares:
        return Step(events=events) if events else None
    return Step((ShiftTraffic(shares),), events, reason=message if events else "")


def _verify(here: Situation, shares: Shares) -> Step | None:
    """Ask whether the written weights hold, once they are recorded and until they do."""
    if not here.snapshot.asks_verification or here.observed.canary.shares != shares or here.observed.canary.verified:
        return None
    question = VerifyWeight(shares)
    answer = here.snapshot.answers.get(question)
    if not isinstance(answer, Verified):
        return Step(questions=(question,))
    if answer.verified is False:
        return Step(wake_at=here.now + here.snapshot.verify_every, reason=f"weight not verified yet: {answer.message}")
    return None


def _with_status(here: Situation, step: Step | None, shares: Shares) -> Step:
    answer = here.snapshot.answers.get(VerifyWeight(shares))
    verified = answer.verified if isinstance(answer, Verified) else None
    if here.observed.canary.shares == shares and answer is None:
        verified = here.observed.canary.verified
    canary = replace(here.status.canary, shares=shares, verified=verified)
    return replace(step or Step(), status=replace(here.status, canary=canary))
