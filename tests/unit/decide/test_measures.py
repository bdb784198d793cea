"""Checks of a tick: asked together, judged in order, and what a failure costs."""

from datetime import timedelta

import pytest

from rollouts.decide import decide
from rollouts.decide.measures import shown
from rollouts.model.questions import AskMetric
from rollouts.model.strategy import Unit
from rollouts.model.weights import Weights
from tests.builders.ticking import a_run


def test_a_failed_check_halts_and_costs_one_of_the_budget() -> None:
    """The weight stays, the count rises, and the event tells what was measured against which bound."""
    here = a_run()
    here.tick()
    here.metrics["request-success-rate"] = 98.5
    here.tick()

    assert (here.route, here.status["failedChecks"]) == (Weights(20, 80), 1)
    assert here.texts() == ["Halt web.shop advancement success rate 98.50% < 99%"]


def test_the_last_of_the_budget_rolls_back_in_the_next_tick() -> None:
    """Failures add up over the run; at the threshold all traffic returns and the target goes to zero."""
    here = a_run()
    here.tick()
    here.metrics["request-duration"] = 0.9
    here.tick(2)
    assert (here.phase, here.status["failedChecks"]) == ("Progressing", 2)

    here.tick()
    assert (here.phase, here.status["failedChecks"], here.sizes[0]) == ("Failed", 0, 0)
    assert here.route == Weights(0, 100)
    assert here.texts() == [
        "Rolling back web.shop failed checks threshold reached 2",
        "Canary failed! Scaling down web.shop",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            "none",
            "Halt advancement no values found for gatewayapi:v1 metric request-duration "
            "probably web.shop is not receiving traffic",
        ),
        ("+Inf", "Halt web.shop advancement request duration +Inf > 500ms"),
        (61.5, "Halt web.shop advancement request duration 1m1.5s > 500ms"),
    ],
)
def test_what_cannot_be_judged_is_a_failure(value: object, text: str) -> None:
    """No value, and one beyond measure, count against a version like a bad one."""
    here = a_run()
    here.tick()
    here.metrics["request-duration"] = value
    here.tick()

    assert (here.texts(), here.status["failedChecks"]) == ([text], 1)


def test_an_open_question_has_no_effects() -> None:
    """A round that asks leaves status and world alone; all checks of a tick are asked together."""
    here = a_run()
    here.tick()
    here.now += timedelta(seconds=30)
    plan = decide(here.snapshot(), here.now)

    assert (plan.effects, plan.events, plan.status) == ((), (), here.rollout.status)
    assert [q.name for q in plan.questions if isinstance(q, AskMetric)] == ["request-success-rate", "request-duration"]


def test_the_same_tick_asks_the_same_and_the_next_asks_afresh() -> None:
    """An answer that comes late in a tick still counts for it, and never for the next."""
    here = a_run()
    here.tick()
    here.now += timedelta(seconds=30)
    first = decide(here.snapshot(), here.now).questions
    later = decide(here.snapshot(), here.now + timedelta(seconds=7)).questions
    here.tick()
    here.now += timedelta(seconds=30)
    following = decide(here.snapshot(), here.now).questions

    assert first == later
    assert not set(first) & set(following)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (999.9, "999ms"), (1500, "1.5s"), (60_000, "1m0s"), (500_900, "8m20.9s"), (3_600_000, "1h0m0s")],
)
def test_durations_are_shown_as_go_shows_them(milliseconds: float, text: str) -> None:
    """Events name durations in the form that users know."""
    assert shown(milliseconds, Unit.MILLISECONDS) == text
