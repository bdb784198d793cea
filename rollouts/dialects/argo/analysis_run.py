"""The status of an AnalysisRun: read back into analysis.model, and projected, to the letter.

Called by the AnalysisRun kind each round. Fields that Go omits when they are zero are None in the projection where the
status itself has them (a merge patch then removes them), and left out inside of lists, which are written whole.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.model import Measurement, MetricResult, Phase, RunStatus, Summary
from rollouts.dialects.argo.reading import flag, integer
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, rfc3339, text

_PHASES = frozenset(phase.value for phase in Phase)


def parse_status(manifest: Mapping[str, Any]) -> RunStatus:
    """What a run has come to, from its object."""
    status = mapping(manifest.get("status"))
    dry = status.get("dryRunSummary")
    return RunStatus(
        phase=parse_phase(status.get("phase")),
        message=text(status.get("message")),
        results=tuple(_result(mapping(result)) for result in items(status.get("metricResults"))),
        run_summary=_summary(status.get("runSummary")),
        dry_run_summary=_summary(dry) if isinstance(dry, dict) else None,
        started=moment(status.get("startedAt")),
        completed=moment(status.get("completedAt")),
    )


def parse_phase(value: Any) -> Phase:
    """A phase of a status; UNSET where it is none."""
    return Phase(value) if isinstance(value, str) and value in _PHASES else Phase.UNSET


def _summary(value: Any) -> Summary:
    counts = mapping(value)
    return Summary(*(integer(counts.get(name)) or 0 for name in _COUNTS))


_COUNTS = ("count", "successful", "failed", "inconclusive", "error")


def _result(result: Mapping[str, Any]) -> MetricResult:
    def counted(name: str) -> int:
        return integer(result.get(name)) or 0

    return MetricResult(
        name=text(result.get("name")),
        phase=parse_phase(result.get("phase")),
        measurements=tuple(_measurement(mapping(item)) for item in items(result.get("measurements"))),
        message=text(result.get("message")),
        count=counted("count"),
        successful=counted("successful"),
        failed=counted("failed"),
        inconclusive=counted("inconclusive"),
        error=counted("error"),
        consecutive_error=counted("consecutiveError"),
        consecutive_success=counted("consecutiveSuccess"),
        is_dry_run=flag(result.get("dryRun")),
        metadata=mapping(result.get("metadata")),
    )


def _measurement(item: Mapping[str, Any]) -> Measurement:
    return Measurement(
        phase=parse_phase(item.get("phase")),
        started=moment(item.get("startedAt")),
        finished=moment(item.get("finishedAt")),
        value=text(item.get("value")),
        message=text(item.get("message")),
        metadata=mapping(item.get("metadata")),
        resume_at=moment(item.get("resumeAt")),
    )


def is_over(manifest: Mapping[str, Any]) -> bool:
    """The run has ended, and no time to live will take it away: nothing happens to it any more by itself."""
    status = mapping(manifest.get("status"))
    if not parse_phase(status.get("phase")).is_done:
        return False
    return status.get("completedAt") is None or not mapping(mapping(manifest.get("spec")).get("ttlStrategy"))


def without_details(manifest: Json) -> Json:
    """A run that has ended as far as anybody here still reads it: no metrics, no measurements (most of its size)."""
    status = mapping(manifest.get("status"))
    if not parse_phase(status.get("phase")).is_done:
        return manifest
    spec = mapping(manifest.get("spec"))
    return {
        **manifest,
        "spec": {name: spec[name] for name in _READ_OF_SPEC if name in spec},
        "status": {name: status[name] for name in _READ_OF_STATUS if name in status},
    }


_READ_OF_SPEC = ("terminate", "ttlStrategy")
_READ_OF_STATUS = ("phase", "message", "startedAt", "completedAt")


def project_status(status: RunStatus) -> Json:
    """The whole status; None stands for a field that must be absent."""
    dry = status.dry_run_summary
    return {
        "phase": str(status.phase),
        "message": status.message or None,
        "metricResults": [_projected(result) for result in status.results] or None,
        "runSummary": _counts(status.run_summary),
        "dryRunSummary": None if dry is None else _counts(dry),
        "startedAt": _time(status.started),
        "completedAt": _time(status.completed),
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)


def _counts(summary: Summary) -> Json:
    counts = (summary.count, summary.successful, summary.failed, summary.inconclusive, summary.error)
    return {name: count or None for name, count in zip(_COUNTS, counts, strict=True)}


def _projected(result: MetricResult) -> Json:
    kept = {
        "measurements": [_projected_measurement(measurement) for measurement in result.measurements],
        "message": result.message,
        "count": result.count,
        "successful": result.successful,
        "failed": result.failed,
        "inconclusive": result.inconclusive,
        "error": result.error,
        "consecutiveError": result.consecutive_error,
        "consecutiveSuccess": result.consecutive_success,
        "dryRun": result.is_dry_run,
        "metadata": dict(result.metadata),
    }
    return {"name": result.name, "phase": str(result.phase), **{name: value for name, value in kept.items() if value}}


def _projected_measurement(measurement: Measurement) -> Json:
    kept = {
        "message": measurement.message,
        "startedAt": _time(measurement.started),
        "finishedAt": _time(measurement.finished),
        "value": measurement.value,
        "metadata": dict(measurement.metadata),
        "resumeAt": _time(measurement.resume_at),
    }
    return {"phase": str(measurement.phase), **{name: value for name, value in kept.items() if value}}
