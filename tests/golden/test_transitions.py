"""The comparison of single reconciles sees every field that it says it compares."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.golden.category import Json
from tests.golden.runner import cases, run
from tests.golden.transitions import TRANSITIONS

DATA = Path(__file__).parent / "data" / "status_transitions.jsonl.gz"
GOLDEN = {case["id"]: case for case in cases(DATA)}


def _write(output: Json, resource: str) -> Json:
    return next(w for w in output["writes"] if w["resource"] == resource and w.get("subresource") != "status")


def _status(name: str, value: Any) -> Callable[[Json], None]:
    return lambda output: output["rolloutStatusAfter"].__setitem__(name, value)


def _condition(name: str) -> Callable[[Json], None]:
    return lambda output: output["rolloutStatusAfter"]["conditions"][0].__setitem__(name, "another")


CREATED = "st-basic-surge1-happy-06"
SHIFTED = "st-tr-plain-full-09"
SCALED = "st-analysis-step-Error-16"
HEADED = "st-tr-header-10"
CHANGES: dict[str, tuple[str, Callable[[Json], None]]] = {
    "object created": (CREATED, lambda output: _write(output, "replicasets").__setitem__("name", "demo-other")),
    "object not created": (CREATED, lambda output: output["writes"].clear()),
    "object deleted": (
        CREATED,
        lambda output: output["writes"].append({"verb": "delete", "resource": "replicasets", "name": "demo-old"}),
    ),
    "size": (SCALED, lambda output: _write(output, "replicasets")["changes"]["spec"].__setitem__("replicas", 1)),
    "weight": (SHIFTED, lambda output: output["trafficCalls"][1].__setitem__("weight", 21)),
    "weights of others": (
        SHIFTED,
        lambda output: output["trafficCalls"][1].update(additionalDestinations=[{"weight": 5, "podTemplateHash": "x"}]),
    ),
    "canary's hash": (SHIFTED, lambda output: output["trafficCalls"][0].__setitem__("canaryHash", "other")),
    "stable's hash": (SHIFTED, lambda output: output["trafficCalls"][0].__setitem__("stableHash", "other")),
    "order of calls": (
        SHIFTED,
        lambda output: output["trafficCalls"].insert(0, {"call": "setWeight", "weight": 5}),
    ),
    "managed route": (HEADED, lambda output: output["trafficCalls"][0]["step"].__setitem__("name", "other")),
    "managed routes gone": (HEADED, lambda output: output["trafficCalls"].pop(0)),
    "event's type": (SHIFTED, lambda output: output["events"][0].__setitem__("type", "Warning")),
    "event's reason": (SHIFTED, lambda output: output["events"][0].__setitem__("reason", "Other")),
    "event's message": (SHIFTED, lambda output: output["events"][0].__setitem__("message", "other")),
    "order of events": (SHIFTED, lambda output: output["events"].reverse()),
    "phase": (SHIFTED, _status("phase", "Degraded")),
    "message": (SHIFTED, _status("message", "other")),
    "step": (SHIFTED, _status("currentStepIndex", 3)),
    "hash": (SHIFTED, _status("currentPodHash", "other")),
    "counts": (SHIFTED, _status("availableReplicas", 77)),
    "recorded weights": (
        SHIFTED,
        lambda output: output["rolloutStatusAfter"]["canary"]["weights"]["canary"].__setitem__("weight", 33),
    ),
    "duration": (SHIFTED, lambda output: output["rolloutStatusAfter"].pop("duration")),
    "condition's type": (SHIFTED, _condition("type")),
    "condition's status": (SHIFTED, _condition("status")),
    "condition's reason": (SHIFTED, _condition("reason")),
    "condition's message": (SHIFTED, _condition("message")),
    "order of conditions": (SHIFTED, lambda output: output["rolloutStatusAfter"]["conditions"].reverse()),
    "a field that is absent": (SHIFTED, _status("abort", True)),
}
"""What may come out otherwise, on a case whose output has it."""


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_changed_field_is_a_mismatch(change: str) -> None:
    """With any compared field of Argo's output changed, a case that was equal no longer is."""
    id_, alter = CHANGES[change]
    case = deepcopy(GOLDEN[id_])
    assert run(TRANSITIONS, [case]).passed == 1

    alter(case["output"])
    assert len(run(TRANSITIONS, [case]).mismatches) == 1


def test_times_are_not_compared() -> None:
    """Of every moment only that there is one counts."""
    case = deepcopy(GOLDEN[SHIFTED])
    case["output"]["rolloutStatusAfter"]["conditions"][0]["lastUpdateTime"] = "2020-01-01T00:00:00Z"

    assert run(TRANSITIONS, [case]).passed == 1


def test_calls_that_repeat_what_stands_are_not_compared() -> None:
    """A router that is told once more what it knows is told nothing."""
    case = deepcopy(GOLDEN[SHIFTED])
    case["output"]["trafficCalls"] *= 2

    assert run(TRANSITIONS, [case]).passed == 1
