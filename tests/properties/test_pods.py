"""What holds for every restart and every role, whatever pods, sizes and budgets there are (Hypothesis)."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rollouts.decide.restart import restart_pods
from rollouts.decide.situation import Situation, Step
from rollouts.model import effects as e
from rollouts.model.objects import Json
from rollouts.model.questions import AskPods, PodsSeen
from rollouts.model.snapshot import Snapshot
from rollouts.model.status import Status
from rollouts.model.strategy import BlueGreen, Canary, PodMetadata, Quota, Strategy
from rollouts.model.workload import Pod, Version
from rollouts.workloads.metadata import changes, mark
from tests.builders.herd import a_herd
from tests.builders.rollouts import START, a_blue_green, a_canary, a_rollout

NAMES = ("shop-v1", "shop-v2", "shop-v3")
quotas = st.one_of(st.integers(0, 4).map(Quota), st.integers(0, 100).map(lambda value: Quota(value, is_percent=True)))
strategies: SearchStrategy[Strategy] = st.one_of(
    st.builds(lambda surge, missing: a_canary(max_surge=surge, max_unavailable=missing), quotas, quotas),
    st.builds(lambda missing: a_blue_green(max_unavailable=missing), quotas),
)
versions = st.builds(
    lambda name, size, available: Version(name, name[-2:], int(name[-1]), START, size, size, available, available),
    st.sampled_from(NAMES),
    st.integers(0, 5),
    st.integers(0, 6),
)
pods = st.builds(
    lambda version, number, age, is_ready, is_going: Pod(
        f"{version}-{number}", version, START - timedelta(seconds=age), is_ready=is_ready, is_going=is_going
    ),
    st.sampled_from(NAMES),
    st.integers(0, 30),
    st.integers(-5, 5),
    st.booleans(),
    st.booleans(),
)
words = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=3)
metadata = st.builds(PodMetadata, words, words)


@settings(max_examples=300, deadline=None)
@given(
    strategies,
    st.integers(0, 6),
    st.lists(versions, unique_by=lambda version: version.name),
    st.lists(pods, unique_by=lambda pod: pod.name),
)
def test_a_restart_takes_no_more_than_may_be_missing(
    strategy: Strategy, size: int, held: list[Version], there: list[Pod]
) -> None:
    """Whatever is stale, ReplicaSets or pods: the pods that serve are counted by the lower of both."""
    here = _situation(strategy, size, held, there)
    taken = _taken(restart_pods(here), there)
    serving = sum(
        min(version.available, sum(p.is_ready and not p.is_going for p in there if p.version == version.name))
        for version in held
    )
    least = max(size, sum(version.replicas for version in held)) - max(1, _may_be_missing(strategy, size))

    assert all(pod.created < START and not pod.is_going for pod in taken)
    assert sum(pod.is_ready for pod in taken) <= max(0, serving - least)


@settings(max_examples=60, deadline=None)
@given(strategies, st.integers(0, 6))
def test_a_restart_ends_with_new_pods_only(strategy: Strategy, size: int) -> None:
    """On the way never fewer serve than the user allows, and one pod at least wherever none may be missing."""
    here = a_herd(strategy, replicas=size)
    old = set(here.pods)
    here.restart()
    here.settle()

    assert old.isdisjoint(here.pods)
    assert len(here.pods) == size
    assert here.status.restarted_at == here.rollout.restart_at
    missing = _may_be_missing(strategy, size)
    if here.fewest is not None:
        assert here.fewest >= size - max(missing, 1 if size > 1 else missing)


@given(metadata, metadata, metadata)
def test_metadata_applied_twice_is_applied_once(wanted: PodMetadata, former: PodMetadata, own: PodMetadata) -> None:
    """A pod that has it is left alone; a template that has it stays as it is."""
    live = {"labels": dict(own.labels), "annotations": dict(own.annotations)}
    once = merged(live, changes(wanted, former, live))

    assert changes(wanted, former, once) == {}
    assert merged(once, changes(wanted, former)) == once
    assert wanted.labels.items() <= once["labels"].items()
    assert not (former.labels.keys() - wanted.labels.keys()) & once["labels"].keys()


@given(metadata, metadata, metadata)
def test_a_change_of_role_that_was_interrupted_ends_like_one_that_was_not(
    first: PodMetadata, second: PodMetadata, third: PodMetadata
) -> None:
    """Killed after the template, then wanted otherwise: nothing of the second role is left."""
    plain: Json = {"labels": {"app": "shop"}, "annotations": {}}
    template = merged(plain, changes(first, PodMetadata()))
    begun = mark(e.MarkVersion("shop", second, first, is_pending=True))
    template = merged(template, begun.get("spec", {}).get("template", {}).get("metadata", {}))
    both = PodMetadata({**first.labels, **second.labels}, {**first.annotations, **second.annotations})

    assert merged(template, changes(third, both)) == merged(plain, changes(third, PodMetadata()))


def merged(live: Json, patch: Json) -> Json:
    """The object after a merge patch."""
    result = dict(live)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def _situation(strategy: Strategy, size: int, held: list[Version], there: list[Pod]) -> Situation:
    rollout = a_rollout(strategy, replicas=size, target="v2")
    rollout = replace(rollout, restart_at=START, status=Status(stable="v1", current="v2"))
    snapshot = Snapshot(rollout, tuple(held), "shop-v2" if any(v.hash == "v2" for v in held) else None)
    here = Situation(snapshot, START, rollout.status, snapshot.versions)
    asked = restart_pods(here)
    for question in asked.questions if asked else ():
        assert isinstance(question, AskPods)
        seen = PodsSeen(tuple(pod for pod in there if pod.version in question.versions))
        here = replace(here, snapshot=replace(snapshot, answers={question: seen}))
    return here


def _taken(step: Step | None, there: list[Pod]) -> list[Pod]:
    names = {effect.name for effect in step.effects if isinstance(effect, e.EvictPod)} if step else set()
    return [pod for pod in there if pod.name in names]


def _may_be_missing(strategy: Strategy, size: int) -> int:
    assert isinstance(strategy, Canary | BlueGreen)
    allowed = min(strategy.max_unavailable.of(size, round_up=False), size)
    cannot_surge = isinstance(strategy, Canary) and strategy.max_surge.of(size, round_up=True) == 0
    return 1 if size and not allowed and cannot_surge else allowed
