"""What holds for every plan of a ticking rollout, whatever pods, metrics, webhooks and users do (Hypothesis)."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rollouts.dialects.flagger.commands import ANNOTATION
from rollouts.model.command import Verb
from rollouts.model.effects import ShiftTraffic
from rollouts.model.plan import Plan
from tests.builders.ticking import GOOD, World, a_canary, a_webhook

MOMENTS = (
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
)
COMMANDS = [(verb, "") for verb in Verb] + [(Verb.PROMOTE, moment) for moment in MOMENTS if "confirm" in moment]
AT_REST = ("Initialized", "Succeeded", "Failed")


def annotated(canary: dict[str, Any], annotations: dict[str, str]) -> dict[str, Any]:
    """The Canary with these annotations."""
    canary["metadata"]["annotations"] = dict(annotations)
    return canary


ways: SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda step, end: {"stepWeight": step, "maxWeight": end}, st.integers(1, 100), st.integers(1, 100)),
    st.builds(lambda weights: {"stepWeights": sorted(weights)}, st.sets(st.integers(1, 100), min_size=1, max_size=4)),
    st.builds(lambda count: {"iterations": count}, st.integers(1, 4)),
)
canaries = st.builds(
    lambda way, provider, back, hooks, skips, more, annotations: annotated(
        a_canary(
            provider=provider,
            spec={"skipAnalysis": skips},
            webhooks=[a_webhook(moment, moment) for moment in sorted(hooks)],
            stepWeightPromotion=back,
            **way,
            **(more if provider == "istio" else {}),
        ),
        annotations,
    ),
    ways,
    st.sampled_from(["gatewayapi:v1", "kubernetes", "istio"]),
    st.sampled_from([0, 30]),
    st.sets(st.sampled_from(MOMENTS), max_size=3),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([{}, {"mirror": True}, {"match": [{"headers": {}}]}, {"sessionAffinity": {"cookieName": "c"}}]),
    st.sampled_from([{}, {}, {"sluice.dev/flagger-strict": "true"}]),
)
moves = st.fixed_dictionaries(
    {},
    optional={
        "web": st.sampled_from(["pending", "deadline", "partial"]),
        "web-primary": st.sampled_from(["pending", "deadline"]),
        "rate": st.sampled_from([50, "none", "error"]),
        "refused": st.sampled_from(MOMENTS),
        "command": st.sampled_from(COMMANDS),
        "image": st.sampled_from(["web:1", "web:2", "web:3"]),
    },
)
OPENING: list[dict[str, Any]] = [{}, {}, {"image": "web:2"}]
stories = st.lists(st.one_of(st.just({}), st.just({}), moves), min_size=5, max_size=30).map(lambda told: OPENING + told)


def act(here: World, move: dict[str, Any]) -> Plan:
    """One tick in which this happens; everything else is well, and nobody asks for a rollback."""
    here.states = {name: move[name] for name in ("web", "web-primary") if name in move}
    here.metrics = {**GOOD, **({"request-success-rate": move["rate"]} if "rate" in move else {})}
    refusing = {move.get("refused"), "rollback"} - ({"rollback"} if move.get("refused") == "rollback" else set())
    here.hooks = {f"/hook/{name}": {"status": 403, "body": "no"} for name in refusing if name}
    if "command" in move:
        verb, moment = move["command"]
        here.command(verb, moment, here.status.get("canaryWeight", 0))
    if "image" in move:
        here.release(move["image"])
    return here.tick()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(canaries, stories)
def test_every_tick_keeps_its_promises(canary: dict[str, Any], story: list[dict[str, Any]]) -> None:
    """Weights add up, the next tick lies ahead, the same moment gives the same plan, and quiet leads to rest."""
    here = World(canary)
    for move in story:
        plan = act(here, move)
        assert all(shift.shares.canary.weight + shift.shares.stable.weight == 100 for shift in shifts(plan))
        assert all(0 <= shift.shares.canary.weight <= 100 for shift in shifts(plan))
        assert plan.wake_at is None or plan.wake_at > here.now
        assert here.decide() == here.decide()
        assert here.phase in AT_REST or plan.wake_at is not None

    settle(here)
    assert here.phase in AT_REST
    assert not here.tick().effects


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(canaries, stories)
def test_more_traffic_only_for_those_who_can_serve(canary: dict[str, Any], story: list[dict[str, Any]]) -> None:
    """The new version's weight rises only while its pods are ready, or where the copy cannot serve at all."""
    here = World(canary)
    for move in story:
        was = here.route.canary if here.route else 0
        plan = act(here, move)
        rises = any(shift.shares.canary.weight > was for shift in shifts(plan))
        assert not rises or "web" not in move or move.get("web-primary") == "deadline"


def shifts(plan: Plan) -> list[ShiftTraffic]:
    """The route writes of a plan."""
    return [effect for effect in plan.effects if isinstance(effect, ShiftTraffic)]


def settle(here: World) -> None:
    """Quiet ticks, as many as the longest run takes, and nobody holds it any more."""
    here.canary["metadata"].get("annotations", {}).pop(ANNOTATION, None)
    for _ in range(130):
        if here.phase in AT_REST and not here.decide().effects and not here.texts():
            return
        act(here, {})
