"""Rounds that are folded into one: the same story in fewer writes, and the same end after a kill at any effect."""

import re
from copy import deepcopy
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rollouts.decide import decide
from rollouts.decide.ahead import decide_ahead
from rollouts.model.effects import CreateVersion, ScaleVersion, StartAnalysis
from rollouts.model.status import Condition, Status
from rollouts.model.strategy import Canary, Quota, SetCanaryScale, Strategy
from tests.builders.rollouts import START, Miniature, a_canary, a_rollout, deployed, pause, weight
from tests.properties.test_decide import DEEDS, stories, strategies

ROUNDS = 60

basics: SearchStrategy[Strategy] = st.builds(
    lambda weights: Canary(tuple(map(weight, weights))),
    st.lists(st.integers(0, 100), max_size=3),
)
"""Canaries of which nobody but pods can tell how far they are: those whose last stretch is one plan."""

UNDER_WAY = ("NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated")
"""What the Progressing condition says of an update that goes on: who finds a version has not made it."""

CAREFUL = Canary((weight(25), weight(75)), max_surge=Quota(2), max_unavailable=Quota(0))
STEP_BEFORE_GROWTH = ["round", "ready", "round", "v2", *(["round", "ready"] * 2)]
"""A step is done, and the next one asks for more pods: with the old status they would be taken back."""

worlds = st.tuples(st.one_of(strategies, basics), st.sampled_from([1, 2, 4]), stories)
careful = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


class Slow(Miniature):
    """A cluster in which nothing but our own writes happens: pods stay as they are, analyses do not begin."""

    def carry_out(self, effect: object) -> None:
        """As everywhere, but that a smaller version keeps its pods for now, and a new run has no phase."""
        before = dict(self.versions)
        super().carry_out(effect)  # type: ignore[arg-type]  # any effect
        if isinstance(effect, ScaleVersion):
            was, now = before[effect.name], self.versions[effect.name]
            now = replace(now, current=was.current, ready=was.ready, available=was.available)
            self.versions[effect.name] = now
        if isinstance(effect, StartAnalysis):
            self.analyses[effect.name] = replace(self.analyses[effect.name], phase="")


def lived(strategy: Strategy, replicas: int, story: list[str]) -> Slow:
    """A rollout after all of this, every round of it folded."""
    here = Slow(a_rollout(strategy, replicas=replicas), deciding=decide_ahead)
    for deed in story:
        DEEDS[deed](here)
    return here


def twin(here: Slow) -> Slow:
    """Another world that is just so."""
    return deepcopy(here)


def rest(here: Slow) -> list[dict[str, int]]:
    """Rounds until nothing is left to do, with pods as they are; the sizes of all versions along the way."""
    sizes = [sizes_of(here)]
    for _ in range(ROUNDS):
        if here.is_settled():
            return sizes
        here.round()
        sizes.append(sizes_of(here))
    raise AssertionError(f"no rest after {ROUNDS} rounds: {here.plans[-1]}")


def sizes_of(here: Slow) -> dict[str, int]:
    """Pods asked for, by version."""
    return {version.name: version.replicas for version in here.versions.values()}


def seen(here: Slow) -> object:
    """All that users see, times apart."""
    versions = {
        v.name: (v.replicas, v.revision, v.desired_then, v.scale_down_at is None) for v in here.versions.values()
    }
    services = {name: (service.hash, service.managed_by) for name, service in here.services.items()}
    runs = {(run.role, run.step, run.hash, run.phase, run.is_terminating) for run in here.analyses.values()}
    return versions, services, here.route, runs, timeless(here.status), here.rollout.revision


def timeless(status: Status) -> Status:
    """The status without moments, the order of conditions, and how an update got under way."""
    return replace(
        status,
        message=_unnumbered(status.message),
        aborted_at=status.aborted_at and START,
        pauses=tuple(replace(pause, since=START) for pause in status.pauses),
        conditions=tuple(sorted(map(_timeless, status.conditions), key=lambda condition: condition.type)),
    )


def _timeless(condition: Condition) -> Condition:
    if condition.reason in UNDER_WAY:
        condition = replace(condition, reason="under way", message="")
    return replace(condition, message=_unnumbered(condition.message), updated=START, changed=START)


def _unnumbered(message: str) -> str:
    """Argo: an abort that begins in the round that numbers the version still names the number before."""
    return re.sub(r"revision \d+", "revision", message)


@careful
@given(worlds)
def test_a_fold_is_what_its_rounds_would_have_been(world: tuple[Strategy, int, list[str]]) -> None:
    """Effects, status and events of one folded plan are those of Argo's rounds, one after the other."""
    folded = lived(*world)
    single = twin(folded)
    single.deciding = decide
    folded.events.clear()
    single.events.clear()

    folded.round()

    for _ in range(ROUNDS):
        if single.events == folded.events and seen(single) == seen(folded):
            return
        single.round()
    assert (single.events, seen(single)) == (folded.events, seen(folded))


@careful
@given(worlds, st.integers(0, 8))
@example((CAREFUL, 4, STEP_BEFORE_GROWTH), 1)
def test_a_kill_after_any_effect_changes_nothing(world: tuple[Strategy, int, list[str]], count: int) -> None:
    """The next process meets some effects done and the old status, and comes to the same end without a step back."""
    calm = lived(*world)
    killed = twin(calm)
    plan = killed.decide()
    if plan.effects == decide(killed.snapshot, killed.now).effects:
        return  # a single round's, which no fold has put before the status
    for effect in plan.effects[:count]:
        killed.carry_out(effect)

    before = sizes_of(calm)
    rest(calm)
    after = sizes_of(calm)
    for sizes in rest(killed):
        for name, size in sizes.items():
            low, high = sorted((before.get(name, 0), after.get(name, 0)))
            assert low <= size <= high
    assert seen(killed) == seen(calm)

    calm.settle()
    killed.settle()
    assert seen(killed) == seen(calm)


def test_a_version_is_not_created_at_the_size_of_a_later_step() -> None:
    """A first step that asks for no pods is done at once; who ends before the second takes its pods back."""
    here = deployed(a_canary(SetCanaryScale(match_traffic_weight=True), weight(50), pause()))
    here.release("v2")
    plan = decide_ahead(here.snapshot, here.now)

    assert [effect.replicas for effect in plan.effects if isinstance(effect, CreateVersion)] == [0]


@careful
@given(worlds)
def test_a_status_that_may_wait_is_come_to_again(world: tuple[Strategy, int, list[str]]) -> None:
    """Carry out such a plan's effects and forget its status: the next plan has it, and does nothing a second time."""
    here = lived(*world)
    plan = here.decide()
    if not plan.may_wait:
        return
    for effect in plan.effects:
        here.carry_out(effect)

    again = here.decide()

    assert again.effects == ()
    assert again.status == plan.status
    assert set(again.events) <= set(plan.events)


@careful
@given(worlds)
def test_folded_rounds_come_to_rest(world: tuple[Strategy, int, list[str]]) -> None:
    """And then there is nothing to do, to say or to write, as after single ones."""
    here = lived(*world)
    here.settle(ROUNDS)

    plan = here.decide()
    assert (plan.effects, plan.events, plan.questions, plan.status) == ((), (), (), here.status)
