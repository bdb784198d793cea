"""The status, projected to the letter and read back."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rollouts.dialects.argo.rollout import parse
from rollouts.dialects.argo.status import project, read
from rollouts.model.status import (
    AnalysisStatus,
    BlueGreenStatus,
    CanaryStatus,
    Condition,
    Counts,
    PauseCondition,
    Phase,
    Status,
)
from rollouts.model.weights import Share, Shares
from tests.unit.dialects.argo.test_rollout import a_manifest

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
CANARY = parse(a_manifest({"canary": {"steps": [{"setWeight": 5}]}}))
BLUE_GREEN = parse(a_manifest({"blueGreen": {"activeService": "a"}}))

FULL = Status(
    observed_generation="3",
    phase=Phase.PAUSED,
    message="CanaryPauseStep",
    current="new",
    stable="old",
    step=0,
    steps_hash="steps",
    collisions=1,
    counts=Counts(5, 1, 5, 5, 5),
    selector="app=shop",
    is_aborted=True,
    aborted_at=NOON,
    pauses=(PauseCondition("CanaryPauseStep", NOON),),
    paused_by_controller=True,
    canary=CanaryStatus(
        Shares(Share(5, "c", "new"), Share(95, "s", "old")), True, AnalysisStatus("run", "Running", "so far so good")
    ),
    conditions=(Condition("Paused", "True", "RolloutPaused", "Rollout is paused", NOON, NOON),),
)


def test_what_is_projected_is_read_back() -> None:
    """Nothing is lost on the way through the cluster."""
    assert read(_pruned(project(FULL, CANARY))) == FULL


def test_blue_green_has_its_own_part() -> None:
    """Selectors, the latch and both analyses."""
    own = BlueGreenStatus(
        "new", "new", True, AnalysisStatus("pre", "Successful"), AnalysisStatus("post", "Failed", "m")
    )
    status = Status(blue_green=own)

    assert read(_pruned(project(status, BLUE_GREEN))) == status


def test_the_projection_has_argos_names() -> None:
    """Tools match on these."""
    assert _pruned(project(FULL, CANARY)) == {
        "observedGeneration": "3",
        "phase": "Paused",
        "message": "CanaryPauseStep",
        "currentPodHash": "new",
        "stableRS": "old",
        "currentStepIndex": 0,
        "currentStepHash": "steps",
        "collisionCount": 1,
        "replicas": 5,
        "updatedReplicas": 1,
        "readyReplicas": 5,
        "availableReplicas": 5,
        "HPAReplicas": 5,
        "selector": "app=shop",
        "abort": True,
        "abortedAt": "2026-11-01T12:00:00Z",
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-01T12:00:00Z"}],
        "controllerPause": True,
        "canary": {
            "weights": {
                "canary": {"weight": 5, "serviceName": "c", "podTemplateHash": "new"},
                "stable": {"weight": 95, "serviceName": "s", "podTemplateHash": "old"},
                "verified": True,
            },
            "currentStepAnalysisRunStatus": {"name": "run", "status": "Running", "message": "so far so good"},
        },
        "blueGreen": {},
        "conditions": [
            {
                "type": "Paused",
                "status": "True",
                "reason": "RolloutPaused",
                "message": "Rollout is paused",
                "lastUpdateTime": "2026-11-01T12:00:00Z",
                "lastTransitionTime": "2026-11-01T12:00:00Z",
            }
        ],
    }


def test_an_empty_status_asks_for_empty_fields() -> None:
    """Absent fields stand as None, so that a patch can take them away."""
    projected = project(Status(), CANARY)

    assert projected["abort"] is None
    assert projected["pauseConditions"] is None
    assert _pruned(projected) == {"canary": {}, "blueGreen": {}}


def test_the_other_strategys_part_is_emptied() -> None:
    """What a blue-green left behind, a canary clears; and the other way round."""
    both = replace(FULL, blue_green=BlueGreenStatus("new", "new"))
    as_canary, as_blue_green = project(both, CANARY), project(both, BLUE_GREEN)

    assert (as_canary["blueGreen"]["activeSelector"], as_blue_green["canary"]["weights"]) == (None, None)
    assert (_pruned(as_canary["blueGreen"]), _pruned(as_blue_green["canary"])) == ({}, {})


def test_nonsense_is_read_as_nothing() -> None:
    """A status that another program has spoilt does not stop the loop."""
    assert read(
        {"phase": 5, "conditions": "x", "pauseConditions": [3], "canary": [], "currentStepIndex": "2"}
    ) == Status(pauses=(PauseCondition("", datetime(1970, 1, 1, tzinfo=UTC)),))


def test_no_step_is_before_the_first() -> None:
    """A negative index, patched by hand, is the first step and not one counted from the end."""
    assert read({"currentStepIndex": -1}).step == 0


def test_years_have_four_digits() -> None:
    """A restartAt of Go's zero time is written back as an API server takes it, so that its round ends."""
    status = project(replace(FULL, restarted_at=datetime(1, 1, 1, tzinfo=UTC)), CANARY)

    assert status["restartedAt"] == "0001-01-01T00:00:00Z"


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return value
