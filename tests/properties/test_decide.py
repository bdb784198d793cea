"""What holds for every plan, whatever users, pods and analyses do in whatever order (Hypothesis)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rollouts.decide import decide
from rollouts.model.effects import ScaleVersion, ShiftTraffic
from rollouts.model.plan import Plan
from rollouts.model.questions import Verified
from rollouts.model.status import Phase
from rollouts.model.strategy import (
    BlueGreen,
    Canary,
    CanaryStep,
    HeaderMatch,
    PingPong,
    Quota,
    RequestMatch,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    Strategy,
    StringMatch,
)
from tests.builders.rollouts import (
    CHECK,
    Miniature,
    a_blue_green,
    a_canary,
    a_rollout,
    analysis,
    pause,
    serving,
    weight,
)

ROUNDS = 80

steps: SearchStrategy[CanaryStep] = st.one_of(
    st.integers(0, 100).map(weight),
    st.sampled_from([pause(), pause(10), pause(600), analysis()]),
)
quotas = st.one_of(st.integers(0, 4).map(Quota), st.integers(0, 100).map(lambda value: Quota(value, is_percent=True)))
canaries: SearchStrategy[Canary] = st.builds(
    lambda listed, is_routed, surge, unavailable, background, delay: a_canary(
        *listed,
        is_routed=is_routed,
        max_surge=surge,
        max_unavailable=unavailable if surge.value else Quota(max(unavailable.value, 1), unavailable.is_percent),
        background=CHECK if background else None,
        scale_down_delay=timedelta(seconds=delay),
    ),
    st.lists(steps, max_size=5),
    st.booleans(),
    quotas,
    quotas,
    st.booleans(),
    st.sampled_from([0, 30]),
)
blue_greens: SearchStrategy[BlueGreen] = st.builds(
    a_blue_green,
    preview_replicas=st.sampled_from([None, 1]),
    auto_promotion=st.booleans(),
    auto_promotion_after=st.sampled_from([None, timedelta(seconds=20)]),
    scale_down_delay=st.sampled_from([timedelta(), timedelta(seconds=30)]),
    pre_promotion=st.sampled_from([None, CHECK]),
    post_promotion=st.sampled_from([None, CHECK]),
)
managed_steps: SearchStrategy[CanaryStep] = st.sampled_from(
    [
        SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(exact="yes")),)),
        SetHeaderRoute("beta"),
        SetMirrorRoute("copies", (RequestMatch(),), 10),
        SetCanaryScale(replicas=2),
        SetCanaryScale(weight=60),
        SetCanaryScale(match_traffic_weight=True),
    ]
)
routed: SearchStrategy[Canary] = st.builds(
    lambda listed, is_dynamic, floor, has_pair, delay, limit, threshold: a_canary(
        *listed,
        dynamic_stable=is_dynamic,
        min_pods=floor,
        ping_pong=PingPong("ping", "pong") if has_pair else None,
        abort_scale_down_delay=delay,
        scale_down_delay_revisions=limit,
        progress_threshold=threshold,
        managed_routes=("beta", "copies"),
    ),
    st.lists(st.one_of(steps, managed_steps), max_size=6),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.sampled_from([None, timedelta(), timedelta(seconds=20)]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([None, Quota(50, is_percent=True)]),
)
"""Every mode of a canary whose weights are carried by routes."""
strategies: SearchStrategy[Strategy] = st.one_of(canaries, blue_greens, routed)


def _respec(here: Miniature, **fields: object) -> None:
    here.rollout = replace(here.rollout, **fields, generation=here.rollout.generation + 1)  # type: ignore[arg-type]  # fields by name


def _later(here: Miniature) -> None:
    here.now += timedelta(seconds=25)


DEEDS: dict[str, Callable[[Miniature], object]] = {
    "v1": lambda here: here.release("v1"),
    "v2": lambda here: here.release("v2"),
    "v3": lambda here: here.release("v3"),
    "break v2": lambda here: here.broken.add("v2"),
    "mend": lambda here: here.broken.clear(),
    "abort": lambda here: here.patch(is_aborted=True),
    "retry": lambda here: here.patch(is_aborted=False),
    "promote": lambda here: here.patch(pauses=()),
    "promote fully": lambda here: here.patch(promote_fully=True),
    "hold": lambda here: _respec(here, is_paused=True),
    "go on": lambda here: _respec(here, is_paused=False),
    "ready": lambda here: here.ready(),
    "round": lambda here: here.round(),
    "wait": _later,
    "well": lambda here: here.finish("Successful"),
    "failed": lambda here: here.finish("Failed"),
    "unsure": lambda here: here.finish("Inconclusive"),
    "grow": lambda here: here.scale(7),
    "shrink": lambda here: here.scale(2),
    "to zero": lambda here: here.scale(0),
    "a window": lambda here: _respec(here, rollback_window=2),
    "routers deny": lambda here: setattr(here, "gateway", Verified(False, "no")),
    "routers agree": lambda here: setattr(here, "gateway", Verified(True)),
}
"""Things that happen, by name."""

stories = st.lists(st.sampled_from([*DEEDS, "round", "round", "round"]), max_size=25)
careful = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def lived(strategy: Strategy, story: list[str]) -> Miniature:
    """A rollout after all of this."""
    here = Miniature(a_rollout(strategy))
    for deed in story:
        DEEDS[deed](here)
    return here


def shifts(plan: Plan) -> list[ShiftTraffic]:
    """The plan's writes to routes."""
    return [effect for effect in plan.effects if isinstance(effect, ShiftTraffic)]


@careful
@given(st.one_of(canaries, routed), stories)
def test_weights_are_a_whole(strategy: Canary, story: list[str]) -> None:
    """Canary, stable and all others together are the total, and none is negative."""
    for plan in lived(strategy, story).plans:
        for shift in shifts(plan):
            parts = [shift.shares.canary, shift.shares.stable, *shift.shares.extra]
            assert sum(part.weight for part in parts) == shift.shares.total == strategy.max_weight
            assert all(0 <= part.weight <= shift.shares.total for part in parts)


@careful
@given(strategies, stories)
def test_the_same_world_gives_the_same_plan(strategy: Strategy, story: list[str]) -> None:
    """Nothing but the arguments counts."""
    here = lived(strategy, story)

    assert decide(here.snapshot, here.now) == decide(here.snapshot, here.now)


@careful
@given(strategies, stories)
def test_every_world_settles_and_then_rests(strategy: Strategy, story: list[str]) -> None:
    """However it got there, a rollout comes to rest, and a world at rest gives no effects and writes nothing."""
    here = lived(strategy, story)
    here.settle(ROUNDS)

    plan = here.decide()
    assert plan.effects == ()
    assert plan.events == ()
    assert plan.questions == ()
    assert plan.status == here.status


@careful
@given(strategies, stories)
def test_waking_lies_ahead(strategy: Strategy, story: list[str]) -> None:
    """A wake-up now or in the past would be a loop."""
    here = Miniature(a_rollout(strategy))
    for deed in [*story, "round"]:
        DEEDS[deed](here)
        wake_at = here.decide().wake_at
        assert wake_at is None or wake_at > here.now


@careful
@given(strategies, stories, st.booleans())
def test_an_abort_leads_to_stable(strategy: Strategy, story: list[str], is_held: bool) -> None:
    """In finitely many rounds, held or not, all users are on the stable version wherever its pods get ready."""
    here = lived(strategy, story)
    here.broken.clear()
    _respec(here, is_paused=False, replicas=4)
    here.settle(ROUNDS)
    _respec(here, is_paused=is_held)
    here.settle(ROUNDS)
    stable = here.status.stable
    here.patch(is_aborted=True)
    here.settle(ROUNDS)

    assert here.status.stable == stable
    assert serving(here, [stable]) >= 4
    if isinstance(strategy, BlueGreen):
        assert here.services["active"].hash == stable
    elif isinstance(strategy, Canary) and strategy.is_routed:
        assert here.route is not None
        assert here.route.canary == 0
        assert here.route.managed == ()
        assert here.services[here.rollout.services.stable].hash == stable


@careful
@given(st.one_of(canaries.filter(lambda canary: canary.is_routed), routed), stories)
def test_no_weight_to_a_version_that_cannot_serve(strategy: Canary, story: list[str]) -> None:
    """Whenever a plan gives a version weight, that version has a pod that serves."""
    here = Miniature(a_rollout(strategy))
    for deed in story:
        plan = here.decide()
        available = {v.hash: v.available for v in here.versions.values()}
        for shift in shifts(plan):
            if shift.shares.canary.weight > 0:
                assert available.get(shift.shares.canary.hash, 0) > 0
        DEEDS[deed](here)


@careful
@given(strategies, stories)
def test_an_undisturbed_update_ends_in_health(strategy: Strategy, story: list[str]) -> None:
    """With pods ready, analyses well and pauses lifted, the wanted version becomes stable."""
    here = lived(strategy, story)
    here.broken.clear()
    here.gateway = None
    here.patch(is_aborted=False)
    _respec(here, is_paused=False, replicas=4)
    for _ in range(30):
        here.run(timedelta(minutes=20))
        here.finish("Successful")
        here.patch(pauses=())
    here.settle(ROUNDS)

    assert here.status.phase is Phase.HEALTHY
    assert here.status.stable == here.rollout.target


@careful
@given(st.one_of(canaries.filter(lambda canary: canary.is_routed), routed), stories)
def test_stable_keeps_the_pods_that_its_traffic_needs(strategy: Canary, story: list[str]) -> None:
    """No plan takes pods from stable that the routes, as they are before it, still send requests to."""
    here = Miniature(a_rollout(strategy))
    for deed in story:
        plan, stable, size = here.decide(), here.status.stable, here.rollout.size
        versions = {version.name: version for version in here.versions.values()}
        for effect in plan.effects:
            if isinstance(effect, ScaleVersion) and versions[effect.name].hash == stable and here.route is not None:
                needed = -(-size * here.route.stable // here.route.total)
                assert effect.replicas >= min(needed, versions[effect.name].replicas)
        DEEDS[deed](here)


@careful
@given(st.one_of(canaries.filter(lambda canary: canary.is_routed), routed), stories)
def test_what_has_weight_keeps_its_pods(strategy: Canary, story: list[str]) -> None:
    """No plan empties a version that has weight by the status that it leaves behind."""
    here = Miniature(a_rollout(strategy))
    for deed in story:
        plan = here.decide()
        after = plan.status.canary.shares
        emptied = {e.name for e in plan.effects if isinstance(e, ScaleVersion) and e.replicas == 0}
        hashes = {version.hash for version in here.versions.values() if version.name in emptied}
        if after is not None and here.rollout.size > 0:
            assert not {share.hash for share in (after.canary, after.stable) if share.weight > 0} & hashes
        DEEDS[deed](here)
