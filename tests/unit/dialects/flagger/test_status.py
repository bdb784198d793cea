"""A Canary's status, there and back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rollouts.dialects.flagger.status import project, read
from rollouts.model.status import Cookies, Phase, Status, TickStatus

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICKED = "2026-11-01T12:00:00Z"


def a_status(phase: Phase = Phase.PROGRESSING) -> Status:
    """A run at 20 % with one failure, whose users are kept by cookies."""
    cookies = Cookies(new="new=a", copy="old=b")
    configs = {"configmap/env": "0123456789abcdef"}
    return Status(phase=phase, ticks=TickStatus(1, 20, 0, "sluice-b", "sluice-a", NOW, configs, cookies))


def test_a_status_is_written_as_flagger_writes_it() -> None:
    """Counters, hashes and the one condition that pipelines wait for."""
    assert project(a_status()) == {
        "phase": "Progressing",
        "failedChecks": 1,
        "canaryWeight": 20,
        "iterations": 0,
        "lastAppliedSpec": "sluice-b",
        "lastPromotedSpec": "sluice-a",
        "trackedConfigs": {"configmap/env": "0123456789abcdef"},
        "sessionAffinityCookie": "new=a",
        "previousSessionAffinityCookie": None,
        "primarySessionAffinityCookie": "old=b",
        "lastTransitionTime": TICKED,
        "conditions": [
            {
                "type": "Promoted",
                "status": "Unknown",
                "reason": "Progressing",
                "message": "New revision detected, progressing canary analysis.",
                "lastUpdateTime": TICKED,
                "lastTransitionTime": TICKED,
            }
        ],
    }


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase.value not in ("Paused", "Healthy", "Degraded")])
def test_every_phase_comes_back(phase: Phase) -> None:
    """What was written is read as it was, and written again it is the same."""
    written = project(a_status(phase))
    seen = read(written, "sluice-b")

    assert replace(seen, conditions=()) == a_status(phase)
    assert project(seen) == written


@pytest.mark.parametrize(("phase", "value"), [(Phase.SUCCEEDED, "True"), (Phase.FAILED, "False")])
def test_the_condition_says_whether_a_version_was_promoted(phase: Phase, value: str) -> None:
    """`kubectl wait --for=condition=promoted` is what pipelines are built on."""
    (condition,) = project(a_status(phase))["conditions"]

    assert (condition["type"], condition["status"], condition["reason"]) == ("Promoted", value, phase.value)


def test_a_condition_that_stands_keeps_its_times() -> None:
    """A tick that changes no phase moves lastTransitionTime of the status only."""
    seen = read(project(a_status()), "sluice-b")
    later = replace(seen, ticks=replace(seen.ticks, ticked=NOW.replace(minute=5)))

    written = project(later)
    assert written["lastTransitionTime"] == "2026-11-01T12:05:00Z"
    assert written["conditions"][0]["lastUpdateTime"] == TICKED


def test_what_flagger_has_settled_is_taken_as_seen() -> None:
    """Its hashes cannot be compared with ours: a take-over must not start a run."""
    seen = read({"phase": "Succeeded", "lastAppliedSpec": "5d8b", "lastPromotedSpec": "5d8b"}, "sluice-x")

    assert (seen.ticks.applied, seen.ticks.promoted) == ("sluice-x", "sluice-x")


def test_what_flagger_was_about_to_judge_is_judged_on() -> None:
    """A run in flight goes on with the template that is there; what was promoted stays another."""
    seen = read({"phase": "Progressing", "lastAppliedSpec": "5d8b", "lastPromotedSpec": "9f1c"}, "sluice-x")

    assert (seen.ticks.applied, seen.ticks.promoted) == ("sluice-x", "9f1c")


def test_an_empty_status_is_a_new_canary() -> None:
    """Nothing is known, and nothing that makes no sense is believed."""
    assert read({"phase": "Terminated?", "conditions": "none"}, "sluice-x") == Status()
