"""What a person asks of a Canary's run: told in ticks, with the annotation that the CLI writes."""

from typing import Any

import pytest

from rollouts.dialects.flagger import commands
from rollouts.model import gates as moments
from rollouts.model.command import Command, Verb
from rollouts.model.weights import Weights
from tests.builders.ticking import World, a_canary, a_run, a_webhook, started

CLOSED = {"/hook/hook": {"status": 403, "body": "no"}}


def guarded(moment: str, **analysis: Any) -> World:
    """A Canary with a gate at this moment that says no, and a new version on its way."""
    here = started(a_canary(webhooks=[a_webhook(moment)], **analysis))
    here.hooks = dict(CLOSED)
    here.release("web:2")
    here.tick()
    return here


def test_a_person_lets_a_version_begin() -> None:
    """A promotion of what waits for approval opens its gate; nobody asks the webhook any more."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    assert here.phase == "Waiting"

    here.command(Verb.PROMOTE, moments.CONFIRM_ROLLOUT)
    here.calls.clear()
    here.tick()

    assert here.phase == "Progressing"
    assert here.texts()[0] == "Confirm-rollout check hook approved by user"
    assert here.calls == []


def test_an_approval_does_not_hold_for_a_later_version() -> None:
    """What was approved is this version: the next one waits again, though the annotation stands."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    here.command(Verb.PROMOTE, moments.CONFIRM_ROLLOUT)
    here.release("web:3")
    here.tick()

    assert here.phase == "Waiting"


def test_an_approval_does_not_hold_for_the_same_version_another_time() -> None:
    """A version that was promoted, replaced and comes back has to be approved again."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    here.command(Verb.PROMOTE, moments.CONFIRM_ROLLOUT)
    here.settle("Succeeded")
    here.hooks = {}
    here.release("web:3")
    here.tick()
    here.settle("Succeeded")
    here.hooks = dict(CLOSED)
    here.release("web:2")
    here.tick(2)

    assert here.phase == "Waiting"


def test_a_person_agrees_to_more_traffic_once() -> None:
    """The gate before more traffic is opened at one weight; at the next one it is asked again."""
    here = guarded(moments.CONFIRM_TRAFFIC_INCREASE)
    here.tick()
    assert here.route == Weights(0, 100)

    here.command(Verb.PROMOTE, moments.CONFIRM_TRAFFIC_INCREASE, 0)
    here.tick()
    assert here.route == Weights(20, 80)
    here.tick()
    assert here.route == Weights(20, 80)

    here.command(Verb.PROMOTE, moments.CONFIRM_TRAFFIC_INCREASE, 20)
    here.tick()
    assert here.route == Weights(40, 60)


def test_a_person_agrees_to_the_promotion() -> None:
    """A version that has passed is promoted when a person says so."""
    here = guarded(moments.CONFIRM_PROMOTION, iterations=1)
    here.settle("WaitingPromotion")
    here.command(Verb.PROMOTE, moments.CONFIRM_PROMOTION)
    here.settle("Succeeded")

    assert here.sizes == (0, 2)


def test_the_gates_of_other_moments_stay_closed() -> None:
    """An approval to begin is none to promote."""
    here = guarded(moments.CONFIRM_PROMOTION)
    here.command(Verb.PROMOTE, moments.CONFIRM_ROLLOUT)
    here.settle("WaitingPromotion")
    here.tick(3)

    assert here.phase == "WaitingPromotion"


def test_a_finish_promotes_without_another_check() -> None:
    """No webhook and no metric is asked any more; users stay where they are until the copy is ready."""
    here = a_run(a_canary(webhooks=[a_webhook(moments.CONFIRM_PROMOTION)]))
    here.hooks, here.metrics = dict(CLOSED), {"request-success-rate": 1}
    here.tick()
    here.command(Verb.FINISH)
    here.tick()

    assert (here.phase, here.route) == ("Promoting", Weights(20, 80))
    assert here.texts() == [
        "Promoting web.shop without further analysis, asked by user",
        "Copying web.shop template spec to web-primary.shop",
    ]
    here.settle("Succeeded")
    assert (here.route, here.sizes) == (Weights(0, 100), (0, 2))


def test_a_finish_waits_for_pods_that_are_not_ready() -> None:
    """A version that does not run is never promoted."""
    here = a_run()
    here.states["web"] = "pending"
    here.command(Verb.FINISH)
    here.tick()

    assert here.phase == "Progressing"


def test_a_held_run_is_watched_on_and_goes_on_when_let_go() -> None:
    """The weight stays, checks are asked; it is told once, as a condition, and taken back with the annotation."""
    here = a_run()
    here.tick()
    here.command(Verb.PAUSE)
    here.tick()
    assert here.texts() == ["Pausing web.shop"]
    assert (here.status["conditions"][1]["type"], here.status["conditions"][1]["status"]) == ("Paused", "True")

    here.tick(3)
    assert (here.texts(), here.route) == ([], Weights(20, 80))
    assert len(here.asked) == 2

    del here.canary["metadata"]["annotations"]
    here.tick()
    assert here.texts() == ["Resuming web.shop", "Advance web.shop canary weight 40"]
    assert [condition["type"] for condition in here.status["conditions"]] == ["Promoted"]


def test_a_held_run_can_fail() -> None:
    """Holding a bad version keeps no user on it."""
    here = a_run()
    here.tick()
    here.command(Verb.PAUSE)
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")

    assert (here.route, here.sizes) == (Weights(0, 100), (0, 2))
    assert [condition["type"] for condition in here.status["conditions"]] == ["Promoted"]


def test_a_run_that_is_held_before_it_begins_asks_nobody() -> None:
    """Its webhooks are not called again and again."""
    here = a_run(a_canary(webhooks=[a_webhook(moments.PRE_ROLLOUT)]))
    here.command(Verb.PAUSE)
    here.tick(3)

    assert (here.calls, here.route, here.phase) == ([], Weights(0, 100), "Progressing")


def test_what_failed_is_tried_again_once() -> None:
    """A retry begins one run; when that fails too, it stays failed though the annotation stands."""
    here = a_run()
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    here.tick()
    here.command(Verb.RETRY)
    here.tick()
    assert here.texts() == ["Retrying web.shop, asked by user", "New revision detected! Scaling up web.shop"]
    assert (here.phase, here.sizes, here.status["failedChecks"]) == ("Progressing", (2, 2), 0)

    here.settle("Failed")
    here.tick(3)
    assert here.phase == "Failed"


def test_a_retry_can_succeed() -> None:
    """What failed for somebody else's fault is promoted the second time."""
    here = a_run()
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    here.metrics["request-success-rate"] = 100
    here.command(Verb.RETRY)
    here.tick()
    here.settle("Succeeded", "Failed")

    assert here.phase == "Succeeded"


def retried_at_its_gate() -> World:
    """What was aborted at a closed gate is tried again: it waits at the same gate."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    here.command(Verb.ABORT)
    here.carry_out(here.decide())
    here.command(Verb.RETRY)
    here.tick(3)
    return here


def test_a_retry_waits_for_approval() -> None:
    """Nobody has taken it back: it begins as soon as a person, or the gate, agrees."""
    here = retried_at_its_gate()
    assert (here.phase, here.sizes) == ("Waiting", (0, 2))
    assert not [event for plan in here.plans for event in plan.events if "taken back" in event.message]

    here.command(Verb.PROMOTE, moments.CONFIRM_ROLLOUT)
    here.tick()
    here.settle("Succeeded", "Failed")
    assert here.phase == "Succeeded"


@pytest.mark.parametrize(("image", "phase"), [("web:1", "Succeeded"), ("web:3", "Waiting")])
def test_a_retry_that_waits_can_be_taken_back(image: str, phase: str) -> None:
    """By what the primary runs; another version waits in its place."""
    here = retried_at_its_gate()
    here.release(image)
    here.tick(2)

    assert here.phase == phase


def test_a_retry_that_waits_can_be_aborted() -> None:
    """And stays so when the gate opens."""
    here = retried_at_its_gate()
    here.command(Verb.ABORT)
    here.carry_out(here.decide())
    here.hooks = {}
    here.tick(2)

    assert (here.phase, here.sizes) == ("Failed", (0, 2))


def test_what_is_promoted_already_waits_too_when_it_is_tried_again() -> None:
    """A failure was followed by a way back; a retry at a closed gate tries what stands, once it opens."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    here.command(Verb.ABORT)
    here.carry_out(here.decide())
    here.release("web:1")
    here.command(Verb.RETRY)
    here.tick(3)
    assert here.phase == "Waiting"

    here.hooks = {}
    here.tick()
    assert here.phase == "Progressing"


def test_a_version_that_waits_for_approval_is_aborted_at_once() -> None:
    """Nothing of it runs, so nothing is rolled back; it does not begin when the gate opens."""
    here = guarded(moments.CONFIRM_ROLLOUT)
    here.command(Verb.ABORT)
    plan = here.carry_out(here.decide())
    here.hooks = {}
    here.tick(2)

    assert plan.effects == ()
    assert (here.phase, here.sizes) == ("Failed", (0, 2))


def test_an_abort_does_not_hit_a_version_that_has_just_come() -> None:
    """Between two ticks the target changed: the new version is tried, and not taken for the one that was aborted."""
    here = a_run()
    here.tick()
    here.command(Verb.ABORT)
    here.release("web:3")
    here.carry_out(here.decide())
    assert here.texts()[-1] == "New revision detected! Restarting analysis for web.shop"

    here.tick()
    assert (here.phase, here.route, here.rollout.target) == (
        "Progressing",
        Weights(20, 80),
        here.status["lastAppliedSpec"],
    )


def test_a_hold_ends_with_its_run() -> None:
    """A run that failed while it was held is not told to be held, nor to go on."""
    here = a_run()
    here.tick()
    here.command(Verb.PAUSE)
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    assert [condition["type"] for condition in here.status["conditions"]] == ["Promoted"]

    here.tick()
    assert here.texts() == []


def test_an_abort_does_not_hit_the_same_version_another_time() -> None:
    """After an abort the version may be retried, though the annotation of the abort was never taken away."""
    here = a_run()
    here.tick()
    here.command(Verb.ABORT)
    here.carry_out(here.decide())
    assert here.phase == "Failed"

    here.release("web:1")
    here.tick()
    here.release("web:2")
    here.tick(2)
    assert (here.phase, here.route) == ("Progressing", Weights(20, 80))


@pytest.mark.parametrize("verb", list(Verb))
def test_at_rest_a_command_says_nothing(verb: Verb) -> None:
    """Nobody is waiting, nothing runs: an annotation of whatever kind begins nothing."""
    here = started(a_canary())
    here.command(verb, moments.CONFIRM_ROLLOUT if verb is Verb.PROMOTE else "")
    here.tick(2)

    assert (here.phase, here.texts()) == ("Initialized", [])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abort",
        "abort {revision}",
        "abort {revision} 2020-01-01T00:00:00Z",
        "fly {revision} {since}",
        "abort x {since}",
        "promote:confirm-rollout:many {revision} {since}",
    ],
)
def test_an_annotation_that_makes_no_sense_says_nothing(value: str) -> None:
    """Another run's, another revision's, half of one, or no command at all."""
    here = a_run()
    status = here.status
    since = status["conditions"][0]["lastTransitionTime"]
    known = {"revision": status["lastAppliedSpec"], "since": since}
    here.canary["metadata"]["annotations"] = {commands.ANNOTATION: value.format(**known)}

    assert here.rollout.command is None


def test_a_command_is_read_as_it_was_written() -> None:
    """There and back, with the gate and the weight that it is about."""
    here = a_run()
    here.command(Verb.PROMOTE, moments.CONFIRM_TRAFFIC_INCREASE, 20)

    assert here.rollout.command == Command(Verb.PROMOTE, moments.CONFIRM_TRAFFIC_INCREASE, 20)
