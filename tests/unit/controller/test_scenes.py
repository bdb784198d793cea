"""What the metrics page says of rollouts and runs."""

from typing import Any

import pytest

from rollouts.controller.scenes import info_phase, rollout_rows, run_rows
from tests.unit.controller.stories import a_rollout, a_routed_canary


def a_condition(type_: str, reason: str) -> dict[str, str]:
    return {"type": type_, "reason": reason}


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ([], "Progressing"),
        ([a_condition("Progressing", "ReplicaSetUpdated")], "Progressing"),
        ([a_condition("Progressing", "NewReplicaSetAvailable")], "Completed"),
        ([a_condition("Progressing", "RolloutPaused")], "Paused"),
        ([a_condition("Progressing", "ProgressDeadlineExceeded")], "Timeout"),
        ([a_condition("Progressing", "ReplicaSetCreateError")], "Error"),
        ([a_condition("Progressing", "RolloutAborted")], "Abort"),
        ([a_condition("Progressing", "RolloutAborted"), a_condition("InvalidSpec", "InvalidSpec")], "InvalidSpec"),
    ],
)
def test_the_coarse_phase_is_argos(conditions: list[Any], phase: str) -> None:
    """Alerts match on it."""
    assert info_phase({"conditions": conditions}) == phase


def test_a_rollout_gives_its_sizes_and_its_router() -> None:
    """Unavailable is what is there and cannot serve."""
    manifest = a_routed_canary()[-1] | {"status": {"replicas": 3, "availableReplicas": 2, "updatedReplicas": 1}}
    rows = {row.metric: row for row in rollout_rows(manifest)}

    assert rows["rollout_info"].labels == {
        "namespace": "shop",
        "name": "web",
        "strategy": "canary",
        "traffic_router": "argoproj-labs/gatewayAPI",
        "phase": "Progressing",
    }
    sizes = ("desired", "available", "unavailable", "updated")
    assert [rows[f"rollout_info_replicas_{size}"].value for size in sizes] == [3, 2, 1, 1]


def test_objects_of_the_wrong_shape_are_still_counted() -> None:
    """A scrape must not fail because of one bad object."""
    broken = a_rollout() | {"spec": [], "status": "nonsense"}
    run = {"metadata": {"name": "r", "namespace": "shop"}, "status": None}

    assert next(rollout_rows(broken)).value == 1.0
    assert [row.labels["phase"] for row in run_rows(run, "analysis_run") if row.value] == ["Pending", "Pending"]
