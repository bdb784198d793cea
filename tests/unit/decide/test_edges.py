"""Where Flagger's ways cost users something: ours by default, Flagger's to the letter where somebody asks for it."""

from math import inf
from typing import Any

import pytest

from rollouts.model.alerts import Severity
from rollouts.model.weights import Weights
from tests.builders.ticking import World, a_canary, a_run, a_webhook, started


def strict(**given: Any) -> dict[str, Any]:
    """A Canary that is to be run to the letter."""
    canary = a_canary(**given)
    canary["metadata"]["annotations"] = {"sluice.dev/flagger-strict": "true"}
    return canary


@pytest.mark.parametrize(("canary", "phase"), [(a_canary(), "Progressing"), (strict(), "Failed")])
def test_e01_a_version_that_comes_while_the_copy_is_down_is_tried_later(canary: dict[str, Any], phase: str) -> None:
    """After a failure: to the letter it counts as seen at once, and is never tried."""
    here = a_run(canary)
    here.states["web"] = "deadline"
    here.settle("Failed")
    here.states = {"web-primary": "pending"}
    here.release("web:3")
    here.tick()
    here.states = {}
    here.tick(2)

    assert here.phase == phase


@pytest.mark.parametrize(("canary", "weight"), [(a_canary(), 100), (strict(), 0)])
def test_e03_users_stay_on_the_version_that_works(canary: dict[str, Any], weight: int) -> None:
    """After a failed promotion a fix is pushed: to the letter all users go back to the copy that cannot run."""
    here = a_run(canary)
    here.settle("Promoting")
    here.states["web-primary"] = "deadline"
    here.tick()
    here.release("web:3")
    here.tick()

    assert here.route == Weights(weight, 100 - weight)
    assert here.sizes[0] == (2 if weight else 0)


@pytest.mark.parametrize(("canary", "phase"), [(a_canary(), "Failed"), (strict(), "Progressing")])
def test_e04_a_version_that_was_taken_back_is_not_judged(canary: dict[str, Any], phase: str) -> None:
    """The user reverts in the middle of a run: to the letter the old version is judged, and promoted again."""
    here = a_run(canary)
    here.tick()
    here.release("web:1")
    here.tick()
    assert here.phase == phase

    here.tick(12)
    assert here.phase == ("Failed" if phase == "Failed" else "Succeeded")


@pytest.mark.parametrize(("give", "phase"), [(a_canary, "Succeeded"), (strict, "Progressing")])
def test_e04_what_is_taken_back_needs_no_approval(give: Any, phase: str) -> None:
    """A revert before the gate opens: to the letter the old version is run as soon as it does."""
    here = started(give(webhooks=[a_webhook("confirm-rollout", "gate")]))
    here.hooks["/hook/gate"] = {"status": 403, "body": "not now"}
    here.release("web:2")
    here.settle("Waiting")
    here.release("web:1")
    here.hooks.clear()
    here.tick()

    assert here.phase == phase
    assert here.sizes[0] == (2 if phase == "Progressing" else 0)


@pytest.mark.parametrize(("canary", "phase"), [(a_canary(), "Finalising"), (strict(), "Failed")])
def test_e07_a_promotion_goes_on_without_the_target(canary: dict[str, Any], phase: str) -> None:
    """The copy runs the new version already: to the letter a target that breaks now fails what is promoted."""
    here = a_run(canary)
    here.settle("Promoting")
    here.states["web"] = "deadline"
    here.tick()

    assert here.phase == phase
    assert here.route == Weights(0, 100)


@pytest.mark.parametrize(("canary", "alerts"), [(a_canary(), [Severity.ERROR]), (strict(), [])])
def test_e08_a_spent_deadline_is_an_alert(canary: dict[str, Any], alerts: list[Severity]) -> None:
    """A version that never got ready: to the letter nobody is alerted."""
    here = a_run(canary)
    here.states["web"] = "deadline"
    here.tick()

    assert [alert.severity for alert in here.alerts] == alerts


@pytest.mark.parametrize(("canary", "failed"), [(a_canary(), 1), (strict(), 0)])
def test_e11_an_endless_duration_fails(canary: dict[str, Any], failed: int) -> None:
    """To the letter it is none at all, and passes."""
    here = a_run(canary)
    here.tick()
    here.metrics["request-duration"] = inf
    here.tick()

    assert here.status["failedChecks"] == failed


@pytest.mark.parametrize("give", [a_canary, strict])
def test_a_weight_of_nobodys_goes_on_from_there(give: Any) -> None:
    """A hand set 25 between the steps: ours goes to the next step, to the letter everything comes at once."""
    here = a_run(give(stepWeights=[10, 30, 60]))
    here.tick()
    here.route = Weights(25, 75)
    here.tick()

    assert here.route is not None
    assert here.route.canary == (30 if give is a_canary else 100)


@pytest.mark.parametrize(("give", "phase"), [(a_canary, "Initializing"), (strict, "Failed")])
def test_a_start_waits_for_the_copy(give: Any, phase: str) -> None:
    """Without a route, a copy that does not come up at first: to the letter it has failed, and never begins."""
    here = World(give(provider="kubernetes", iterations=2), states={"web-primary": "deadline"})
    here.tick(2)

    assert here.phase == phase


def test_a_broken_copy_keeps_a_new_version_waiting_and_users_where_they_are() -> None:
    """At rest nobody is moved for a copy that broke, whatever comes."""
    here = started(a_canary())
    here.states["web-primary"] = "deadline"
    here.release("web:2")
    plan = here.tick()

    assert (plan.effects, here.phase) == ((), "Initialized")
    here.states = {}
    here.tick()
    assert here.phase == "Progressing"


BOTH = pytest.mark.parametrize("give", [a_canary, strict])


@BOTH
def test_e02_failed_ticks_of_a_run_add_up(give: Any) -> None:
    """In either mode: what a threshold means is what its user reckons with, however long the good ticks between."""
    here = a_run(give(stepWeight=5, maxWeight=50, threshold=2))
    here.tick()
    for value, failed in ((50, 1), (99.9, 1), (99.9, 1), (50, 2)):
        here.metrics["request-success-rate"] = value
        here.tick()
        assert here.status["failedChecks"] == failed

    here.tick()
    assert here.phase == "Failed"


@BOTH
def test_e03_a_fix_begins_with_everybody_on_the_copy(give: Any) -> None:
    """The copy is well again when the fix comes: to the letter everybody gets the fix at once, before any check."""
    here = a_run(give())
    here.settle("Promoting")
    here.states["web-primary"] = "deadline"
    here.tick()
    assert (here.phase, here.route) == ("Failed", Weights(100, 0))
    here.states = {}
    here.release("web:3")
    here.tick()

    assert here.phase == "Progressing"
    assert here.route == (Weights(0, 100) if give is a_canary else Weights(100, 0))


@BOTH
def test_e06_a_target_that_changes_while_it_is_promoted_loses_its_users(give: Any) -> None:
    """The copy is ready with what was judged: to the letter users stay longer on pods that nobody has judged."""
    here = a_run(give(stepWeightPromotion=10))
    here.settle("Promoting")
    here.release("web:3")
    here.tick()

    assert here.route == (Weights(0, 100) if give is a_canary else Weights(30, 70))
    here.settle("Succeeded")
    here.tick()
    assert here.phase == "Progressing", "the change is the next run"


@pytest.mark.parametrize(("give", "failed", "told"), [(a_canary, 1, "0.7ms > 0.5ms"), (strict, 0, "weight 40")])
def test_e11_a_bound_finer_than_a_millisecond_holds(give: Any, failed: int, told: str) -> None:
    """To the letter durations and their bounds lose what is less than one: 0.7 is not above 0.5."""
    latency = {"name": "request-duration", "interval": "30s", "thresholdRange": {"max": 0.5}}
    here = a_run(give(metrics=[latency]))
    here.metrics["request-duration"] = 0.0007
    here.tick(2)

    assert here.status["failedChecks"] == failed
    assert told in here.texts()[-1]


@BOTH
def test_e11_a_whole_bound_counts_whole_milliseconds(give: Any) -> None:
    """In either mode 500.9 is not above 500, as ever."""
    here = a_run(give())
    here.metrics["request-duration"] = 0.5009
    here.tick(2)

    assert here.status["failedChecks"] == 0


@BOTH
def test_e16_a_failed_rollout_rests(give: Any) -> None:
    """In either mode nothing is written where nothing changed: nobody needs a status that is new in each tick."""
    here = a_run(give())
    here.states["web"] = "deadline"
    here.settle("Failed")
    here.states = {}
    here.tick(2)
    before = here.status
    plan = here.tick()

    assert (here.status, plan.effects, here.texts(), plan.wake_at) == (before, (), [], None)


def looking_back(window: str, **analysis: Any) -> dict[str, Any]:
    """An analysis with a metric that sees this far back."""
    return {
        "metrics": [{"name": "request-success-rate", "interval": window, "thresholdRange": {"min": 99}}],
        **analysis,
    }


@pytest.mark.parametrize(
    ("give", "window", "ticks"), [(a_canary, "30s", 0), (a_canary, "1m", 1), (a_canary, "2m", 3), (strict, "2m", 0)]
)
def test_e17_the_last_weight_is_promoted_on_what_was_measured_at_it(give: Any, window: str, ticks: int) -> None:
    """With a tick of 30 s: to the letter half of what promotes a version was measured before it had its weight."""
    here = a_run(give(**looking_back(window)))
    here.tick(2)
    assert here.route == Weights(40, 60)

    for _ in range(ticks):
        here.tick()
        assert (here.phase, here.route) == ("Progressing", Weights(40, 60))
    here.tick()
    assert here.phase == "Promoting"
    here.tick()
    assert [condition["type"] for condition in here.status["conditions"]] == ["Promoted"]


def test_e17_what_keeps_its_weight_is_still_judged() -> None:
    """It is told once, it fails as ever, and the next run begins without a trace of it."""
    here = a_run(a_canary(**looking_back("10m", threshold=1)))
    here.tick(3)
    assert here.texts() == ["web.shop keeps its weight until all that its metrics look back on is of this weight"]
    here.tick()
    assert here.texts() == []
    here.metrics["request-success-rate"] = 50
    here.tick(3)

    assert here.phase == "Failed"
    assert [condition["type"] for condition in here.status["conditions"]] == ["Promoted"]


def test_e17_a_switch_of_all_traffic_is_measured_too() -> None:
    """Rounds that moved nobody need no longer look; what everybody gets does."""
    here = a_run(a_canary(**looking_back("1m", iterations=2)))
    here.tick(3)
    assert here.route == Weights(100, 0)
    here.tick()
    assert here.phase == "Progressing"
    here.tick()

    assert here.phase == "Promoting"


@BOTH
def test_e20_a_rollback_is_heard_while_a_version_waits(give: Any) -> None:
    """Flagger's documentation promises it; to the letter the webhook is asked only once the run has begun."""
    here = started(give(webhooks=[a_webhook("confirm-rollout", "gate"), a_webhook("rollback", "back")]))
    here.hooks = {"/hook/gate": {"status": 403, "body": "no"}, "/hook/back": {"status": 403, "body": "no"}}
    here.release("web:2")
    here.settle("Waiting")
    del here.hooks["/hook/back"]
    here.tick()
    is_heard = give is a_canary

    assert here.phase == ("Failed" if is_heard else "Waiting")
    assert here.sizes[0] == 0
    assert [alert.message for alert in here.alerts] == (["Rolling back manual webhook invoked"] if is_heard else [])
    here.hooks.clear()
    here.tick(2)
    assert here.phase == "Failed"


@BOTH
def test_a_tick_whose_status_is_lost_gives_no_second_weight(give: Any) -> None:
    """The route was written, the status was not: to the letter the same tick, made again, goes one weight further."""
    here = a_run(give(stepWeight=10, maxWeight=50))
    here.tick()
    before = here.status
    here.tick()
    here.canary["status"] = before
    plan = here.carry_out(here.decide())

    assert here.route == (Weights(20, 80) if give is a_canary else Weights(30, 70))
    assert plan.status.ticks.weight == (20 if give is a_canary else 30)


@pytest.mark.parametrize(
    ("wish", "answer", "failed", "weight"),
    [
        ("fail", "none", 1, 20),
        ("hold", "none", 0, 20),
        ("pass", "none", 0, 40),
        ("hold", "error", 0, 20),
        ("pass", "error", 1, 20),
        ("hold", 50, 1, 20),
        ("pass", 50, 1, 20),
    ],
)
def test_e10_what_nobody_measured_does_what_its_user_wants(wish: str, answer: Any, failed: int, weight: int) -> None:
    """It fails the tick, holds the run at no cost, or passes; a value is judged, and no error ever passes."""
    canary = a_canary(threshold=3)
    canary["metadata"]["annotations"] = {"sluice.dev/no-data": wish}
    here = a_run(canary)
    here.tick()
    here.metrics["request-success-rate"] = answer
    here.tick()

    assert (here.status["failedChecks"], here.status["canaryWeight"]) == (failed, weight)
    assert here.texts()[0] != "Advance web.shop canary weight 40", "it is told in any case"


def test_e10_to_the_letter_nothing_measured_fails_whatever_is_wished() -> None:
    """There is no such wish in Flagger; one that is not known is refused here."""
    canary = strict()
    canary["metadata"]["annotations"]["sluice.dev/no-data"] = "pass"
    here = a_run(canary)
    here.tick()
    here.metrics["request-success-rate"] = "none"
    here.tick()
    assert here.status["failedChecks"] == 1

    canary = a_canary()
    canary["metadata"]["annotations"] = {"sluice.dev/no-data": "ignore"}
    (fault,) = World(canary).rollout.faults
    assert str(fault) == "metadata.annotations[sluice.dev/no-data]: 'ignore' is not known"
