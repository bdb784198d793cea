"""Webhooks of a run: who is asked when, what a refusal costs, and who is only told."""

from datetime import timedelta

from rollouts.decide import decide
from rollouts.model.effects import CallGate, ScaleTarget, ShiftTraffic
from rollouts.model.questions import AskGate
from rollouts.model.weights import Weights
from tests.builders.ticking import a_canary, a_run, a_webhook, started

REFUSED = {"status": 403, "body": "not now"}


def test_a_rollout_waits_for_approval() -> None:
    """Until the webhook agrees nothing of the new version runs; the refusal is told once."""
    here = started(a_canary(webhooks=[a_webhook("confirm-rollout", "gate")]))
    here.hooks["/hook/gate"] = REFUSED
    here.release("web:2")
    here.tick()
    assert (here.phase, here.sizes[0]) == ("Waiting", 0)
    assert here.texts() == ["Halt web.shop advancement waiting for approval gate"]

    here.tick()
    assert (here.phase, here.texts()) == ("Waiting", [])

    here.hooks.clear()
    here.tick()
    assert (here.phase, here.sizes[0]) == ("Progressing", 2)
    assert here.calls == [("/hook/gate", "Initialized"), ("/hook/gate", "Waiting"), ("/hook/gate", "Waiting")]


def test_a_refused_start_costs_one_of_the_budget() -> None:
    """A pre-rollout webhook that says no keeps the new version from its first users."""
    here = a_run(a_canary(webhooks=[a_webhook("pre-rollout", "pre")]))
    here.hooks["/hook/pre"] = REFUSED
    here.tick()

    assert (here.route, here.status["failedChecks"]) == (Weights(0, 100), 1)
    assert here.texts()[-1] == "Halt web.shop advancement pre-rollout check pre failed not now"


def test_webhooks_are_asked_in_order_until_one_refuses() -> None:
    """The second is not called when the first has failed, and no metric is asked either."""
    here = a_run(a_canary(webhooks=[a_webhook("rollout", "one"), a_webhook("", "two")]))
    here.tick()
    here.hooks["/hook/one"] = REFUSED
    here.tick()

    assert here.calls == [("/hook/one", "Progressing")]
    assert here.texts() == ["Halt web.shop advancement external check one failed not now"]


def test_more_traffic_waits_for_approval() -> None:
    """The weight stays without a failure; the event comes with every tick that waits."""
    here = a_run(a_canary(webhooks=[a_webhook("confirm-traffic-increase", "more")]))
    here.tick()
    here.hooks["/hook/more"] = REFUSED
    here.tick(2)

    assert (here.route, here.status["failedChecks"]) == (Weights(20, 80), 0)
    assert here.texts() == ["Halt web.shop advancement waiting for traffic increase approval more"]


def test_a_promotion_waits_for_approval_and_is_judged_meanwhile() -> None:
    """While it waits the new version keeps its traffic, and can still fail."""
    here = a_run(a_canary(webhooks=[a_webhook("confirm-promotion", "go")]))
    here.hooks["/hook/go"] = REFUSED
    here.settle("WaitingPromotion")
    assert (here.route, here.status["canaryWeight"]) == (Weights(40, 60), 0)

    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    assert here.route == Weights(0, 100)


def test_a_webhook_brings_about_a_rollback() -> None:
    """Refusing is its normal answer and only told; agreeing ends the run."""
    here = a_run(a_canary(webhooks=[a_webhook("rollback", "rb")]))
    here.hooks["/hook/rb"] = REFUSED
    here.tick()
    assert here.texts()[0] == "Rollback hook rb not signaling a rollback"

    here.hooks.clear()
    here.tick()
    assert here.phase == "Failed"
    assert here.texts() == [
        "Rollback check rb passed",
        "Rolling back web.shop manual webhook invoked",
        "Canary failed! Scaling down web.shop",
    ]


def test_a_rollback_never_waits_for_those_who_are_told() -> None:
    """Traffic is back before the post-rollout webhook is called; what it says is told when it comes."""
    here = a_run(a_canary(webhooks=[a_webhook("post-rollout", "after")]))
    here.tick()
    here.states["web"] = "deadline"
    plan = here.tick()

    kinds = [type(effect) for effect in plan.effects]
    assert (kinds, plan.questions) == ([ShiftTraffic, ScaleTarget, CallGate], ())
    assert here.texts()[-1] == "Post-rollout check after passed"


def test_a_success_is_told_before_the_last_pods_go() -> None:
    """The webhook hears of Succeeded while the target still stands by; its refusal changes nothing."""
    here = a_run(a_canary(webhooks=[a_webhook("post-rollout", "after")]))
    here.hooks["/hook/after"] = REFUSED
    here.settle("Finalising")
    here.now += timedelta(seconds=30)
    plan = decide(here.snapshot(), here.now)
    assert [q.phase for q in plan.questions if isinstance(q, AskGate)] == ["Succeeded"]

    here.tick()
    assert here.phase == "Succeeded"
    assert here.texts() == [
        "Post-rollout hook after failed not now",
        "Promotion completed! Scaling down web.shop",
    ]
