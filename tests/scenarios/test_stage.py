"""The stage itself: its waits fail when they should, and say what a person needs."""

from datetime import timedelta

import pytest

from rollouts.cli.session import CommandError
from tests.builders.manifests import a_rollout, canary, pause, weight
from tests.scenarios.embedded import answer, play
from tests.scenarios.playing import namespace_of
from tests.scenarios.stage import Stage

SPACE = "stage"


async def paused(stage: Stage) -> None:
    """A rollout that pauses at its first step."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=1))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)


def test_what_never_comes_is_told_with_a_picture() -> None:
    """A wait that fails names what was awaited, the status, ReplicaSets, pods, events and the controller's lines."""

    async def story(stage: Stage) -> None:
        await paused(stage)
        await stage.until(lambda world: world.phase() == "Healthy", within=5)

    with pytest.raises(AssertionError) as failure:
        play(story, SPACE)

    told = str(failure.value)
    for part in ('world.phase() == "Healthy"', "Paused CanaryPauseStep", "ReplicaSet ", "Pod web-", "RolloutPaused"):
        assert part in told
    assert "event=reconciled rollout=stage/web" in told


@pytest.mark.parametrize(
    "events",
    [
        ["RolloutAddedToInformer"],
        ["RolloutAddedToInformer", "SkipSteps"],
        [("RolloutAddedToInformer", "another message")],
    ],
)
def test_other_events_fail(events: list[str | tuple[str, str]]) -> None:
    """One too many, another reason and another message are told apart."""

    async def story(stage: Stage) -> None:
        await stage.apply(a_rollout(canary(), replicas=1))
        await stage.healthy()
        await stage.expect_events(*events)

    with pytest.raises(AssertionError, match="RolloutAddedToInformer"):
        play(story, SPACE)


def test_events_that_are_missing_fail() -> None:
    """One too few is waited for, in vain."""

    async def story(stage: Stage) -> None:
        await stage.expect_events("RolloutCompleted", within=5)

    with pytest.raises(AssertionError, match="not within 5 s: 1 events about web"):
        play(story, SPACE)


def test_an_error_in_a_question_is_the_scenarios_own() -> None:
    """A predicate that breaks fails its scenario, not the watch that asked it."""

    async def story(stage: Stage) -> None:
        await stage.apply(a_rollout(canary(), replicas=1))
        await stage.until(lambda world: world.status()["nothing"])

    with pytest.raises(KeyError, match="nothing"):
        play(story, SPACE)


def test_every_change_is_seen() -> None:
    """What holds for a moment only is recorded, and found by a wait."""

    async def story(stage: Stage) -> None:
        sizes = stage.record(lambda world: world.sizes())
        await stage.apply(a_rollout(canary(), replicas=2))
        await stage.until(lambda world: world.sizes() == {"web:v1": 0} or world.sizes() == {"web:v1": 2})
        await stage.healthy()
        assert sizes[0] == {}
        assert sizes[-1] == {"web:v1": 2}

    play(story, SPACE)


def test_a_record_that_breaks_fails_its_scenario() -> None:
    """A question that breaks while it is recorded ends that record only, and fails the scenario when it is over."""
    reached = []

    async def story(stage: Stage) -> None:
        stage.record(lambda world: world.sizes() and world.sizes()["nothing"])
        await stage.apply(a_rollout(canary(), replicas=1))
        await stage.healthy()
        reached.append(stage.world.phase())

    with pytest.raises(KeyError, match="nothing"):
        play(story, SPACE)

    assert reached == ["Healthy"]


def test_commands_that_fail_fail_the_scenario() -> None:
    """Our CLI's complaint is the scenario's."""

    async def story(stage: Stage) -> None:
        await stage.apply(a_rollout(canary(), replicas=1))
        await stage.healthy()
        await stage.undo()

    with pytest.raises(CommandError, match="no revision found"):
        play(story, SPACE)


def test_kubectl_needs_real_time() -> None:
    """A scenario that is not served is told how to be."""

    async def story(stage: Stage) -> None:
        await stage.kubectl("version")

    with pytest.raises(AssertionError, match=r"@scenario\(served=True\)"):
        play(story, SPACE)


def test_seconds_are_virtual() -> None:
    """An hour of a scenario takes no time; its moments are the stage's clock."""

    async def story(stage: Stage) -> None:
        began = stage.house.clock()
        await stage.seconds(3600)
        assert stage.house.clock() - began == timedelta(hours=1)

    play(story, SPACE)


def test_prometheus_answers_numbers_and_what_it_is_told() -> None:
    """A number is its own answer, a query of the stage has the last value said, all else has no data."""
    results = [answer(query, {"shop/errors": 0.2})["data"]["result"] for query in ("3", "shop/errors", "else")]

    assert [[one["value"][1] for one in result] for result in results] == [["3.0"], ["0.2"], []]


def test_namespaces_are_named_for_their_stories() -> None:
    """Letters, digits and dashes, short enough for Kubernetes."""
    assert namespace_of("test_canary_promoted") == "canary-promoted"
    assert namespace_of(f"test_{'long_' * 20}") == ("long-" * 12).strip("-")
