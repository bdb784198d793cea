"""The status of an AnalysisRun, there and back."""

from datetime import UTC, datetime
from typing import Any

from analysis.model import Measurement, MetricResult, Phase, RunStatus, Summary
from rollouts.dialects.argo.analysis_run import parse_status, project_status

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STATUS = RunStatus(
    phase=Phase.FAILED,
    message="bad",
    results=(
        MetricResult(
            "rate",
            Phase.FAILED,
            (
                Measurement(Phase.FAILED, NOW, NOW, "[0.5]", "why", {"warnings": "w"}),
                Measurement(Phase.RUNNING, NOW, resume_at=NOW),
            ),
            message="why",
            count=1,
            failed=1,
            is_dry_run=True,
            metadata={"ResolvedPrometheusQuery": "up"},
        ),
    ),
    run_summary=Summary(count=2, failed=1),
    dry_run_summary=Summary(count=1, error=1),
    started=NOW,
    completed=NOW,
)


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return value


def test_a_status_survives_the_trip_through_the_object() -> None:
    """What is projected is read back whole."""
    assert parse_status({"status": without_none(project_status(STATUS))}) == STATUS


def test_field_names_and_values_are_argos() -> None:
    """Zeroes are left out, moments are RFC 3339 in whole seconds."""
    projected = without_none(project_status(STATUS))

    assert projected["metricResults"][0] == {
        "name": "rate",
        "phase": "Failed",
        "measurements": [
            {
                "phase": "Failed",
                "message": "why",
                "startedAt": "2026-11-01T12:00:00Z",
                "finishedAt": "2026-11-01T12:00:00Z",
                "value": "[0.5]",
                "metadata": {"warnings": "w"},
            },
            {"phase": "Running", "startedAt": "2026-11-01T12:00:00Z", "resumeAt": "2026-11-01T12:00:00Z"},
        ],
        "message": "why",
        "count": 1,
        "failed": 1,
        "dryRun": True,
        "metadata": {"ResolvedPrometheusQuery": "up"},
    }
    assert projected["runSummary"] == {"count": 2, "failed": 1}
    assert projected["dryRunSummary"] == {"count": 1, "error": 1}


def test_what_is_over_is_marked_absent() -> None:
    """None tells the merge patch to remove a field that the object still has."""
    empty = project_status(RunStatus(Phase.RUNNING, started=NOW))

    assert (empty["message"], empty["completedAt"], empty["metricResults"], empty["dryRunSummary"]) == (None,) * 4
    assert empty["runSummary"] == dict.fromkeys(("count", "successful", "failed", "inconclusive", "error"))


def test_nonsense_counts_as_absent() -> None:
    """A status of the wrong shape is one that has not begun."""
    nonsense = {"status": {"phase": "Great", "metricResults": ["x"], "startedAt": 5, "runSummary": []}}

    assert parse_status(nonsense) == RunStatus(results=(MetricResult(""),))
    assert parse_status({}) == RunStatus()
