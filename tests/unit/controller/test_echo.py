"""Answers to our own writes: those that say nothing new wake nobody, those that do must."""

import asyncio
from contextlib import suppress

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Patch, PatchType, Target
from rollouts.controller.echo import is_echo, merged
from rollouts.controller.wakers import is_bookkeeping
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, tell

BEFORE: Json = {
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "resourceVersion": "1", "generation": 1, "annotations": {"a": "1"}},
    "spec": {"replicas": 1},
    "status": {"replicas": 1},
}


def answered(**parts: Json) -> Json:
    """What the server answers to a scaling to two, with these parts changed by others."""
    metadata = BEFORE["metadata"] | {"resourceVersion": "2", "generation": 2}
    return {**BEFORE, "metadata": metadata, "spec": {"replicas": 2}, **parts}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(), True),
        (answered(status={"replicas": 1, "readyReplicas": 1}), False),
        (answered(spec={"replicas": 3}), False),
        (answered(metadata=BEFORE["metadata"] | {"deletionTimestamp": "now"}), False),
        (answered(metadata=BEFORE["metadata"] | {"managedFields": [{}]}), True),
    ],
    ids=["just so", "ready meanwhile", "scaled by others", "deleted meanwhile", "kept in books"],
)
def test_an_answer_is_an_echo_if_it_holds_nothing_but_the_patch(answer: Json, expected: bool) -> None:
    """Versions and generations are the server's own."""
    assert is_echo(BEFORE, {"spec": {"replicas": 2}}, answer) is expected


def test_an_answer_about_something_unknown_is_no_echo() -> None:
    """Nobody can say what else is in it."""
    assert not is_echo(None, {}, BEFORE)


def test_a_merge_patch_removes_what_is_null() -> None:
    """RFC 7386, nested."""
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None}, "d": {"e": 4}}) == {"a": {"c": 2}, "d": {"e": 4}}


def test_what_kubernetes_notes_for_itself_is_no_news() -> None:
    """A controller that has seen a new generation; but never a count of pods."""
    looked = {**BEFORE, "status": {"replicas": 1, "observedGeneration": 1, "fullyLabeledReplicas": 1}}

    assert is_bookkeeping(BEFORE, looked)
    assert not is_bookkeeping(BEFORE, {**BEFORE, "status": {"replicas": 1, "availableReplicas": 1}})
    assert not is_bookkeeping(BEFORE, {**BEFORE, "spec": {"replicas": 2}})
    assert not is_bookkeeping({**BEFORE, "kind": "Rollout"}, {**looked, "kind": "Rollout"})


def test_a_settled_creation_takes_no_round_for_its_own_answers() -> None:
    """Three writes are answered; only pods make further rounds."""

    async def story(shop: Shop) -> None:
        running = await shop.start(Spy(shop.store))
        await shop.world.apply([a_canary({"setWeight": 50})])
        await asyncio.sleep(30)

        assert running.looks()["web"] <= 6

    tell(story)


def test_a_word_of_a_user_in_between_is_heard() -> None:
    """It comes with the answer to our own write: the watch brings nothing newer."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary({"setWeight": 50}, {"pause": {}})])
        await asyncio.sleep(30)
        asked: list[Json] = []

        def interrupt(write: Write) -> None:
            if not asked and write.verb == "patch" and write.kind == "Rollout":
                asked.append({"spec": {"paused": True}})
                pausing = shop.store.patch(Target(kinds.ROLLOUTS, "web", "shop"), Patch(PatchType.MERGE, asked[0]))
                with suppress(StopIteration):  # the store has done it when it first gives way
                    pausing.send(None)

        spy.fate = interrupt
        await shop.use("web:v2")
        await asyncio.sleep(30)

        assert asked
        assert await shop.phase() == ("Paused", "manually paused")

    tell(story)
