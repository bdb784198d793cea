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
def test_a_version_that_comes_while_the_copy_is_down_is_tried_later(canary: dict[str, Any], phase: str) -> None:
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
def test_users_stay_on_the_version_that_works(canary: dict[str, Any], weight: int) -> None:
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
def test_a_version_that_was_taken_back_is_not_judged(canary: dict[str, Any], phase: str) -> None:
    """The user reverts in the middle of a run: to the letter the old version is judged, and promoted again."""
    here = a_run(canary)
    here.tick()
    here.release("web:1")
    here.tick()
    assert here.phase == phase

    here.tick(12)
    assert here.phase == ("Failed" if phase == "Failed" else "Succeeded")


@pytest.mark.parametrize(("give", "phase"), [(a_canary, "Succeeded"), (strict, "Progressing")])
def test_what_is_taken_back_needs_no_approval(give: Any, phase: str) -> None:
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
def test_a_promotion_goes_on_without_the_target(canary: dict[str, Any], phase: str) -> None:
    """The copy runs the new version already: to the letter a target that breaks now fails what is promoted."""
    here = a_run(canary)
    here.settle("Promoting")
    here.states["web"] = "deadline"
    here.tick()

    assert here.phase == phase
    assert here.route == Weights(0, 100)


@pytest.mark.parametrize(("canary", "alerts"), [(a_canary(), [Severity.ERROR]), (strict(), [])])
def test_a_spent_deadline_is_an_alert(canary: dict[str, Any], alerts: list[Severity]) -> None:
    """A version that never got ready: to the letter nobody is alerted."""
    here = a_run(canary)
    here.states["web"] = "deadline"
    here.tick()

    assert [alert.severity for alert in here.alerts] == alerts


@pytest.mark.parametrize(("canary", "failed"), [(a_canary(), 1), (strict(), 0)])
def test_an_endless_duration_fails(canary: dict[str, Any], failed: int) -> None:
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
