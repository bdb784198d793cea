"""expr(_time), metric_verdict_*, measurement_schedule and validation_analysis: the analysis engine beside Argo's."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis import decide, model, verdict
from analysis.errors import AnalysisError
from analysis.model import Measurement, Metric, Phase, RunSpec, RunStatus, Summary
from analysis.moments import moment_of
from analysis.units import parse_time
from analysis.validation import faults
from rollouts.dialects.argo.analysis import (
    parse_metric,
    parse_metrics,
    parse_rules,
    parse_run,
)
from rollouts.dialects.argo.analysis_run import parse_status, project_status
from rollouts.model.objects import Json
from tests.golden.category import Category

NOW = datetime(2026, 8, 17, 12, tzinfo=UTC)
"""The clock of expr and expr_time; no case shows it."""


def _value(result: Json) -> Any:
    value: Any = result.get("value")
    match result["type"]:
        case "vector":
            return tuple(map(float, value))
        case "scalar":
            return float(value)
        case "nil":
            return None
        case _:
            return _floats(value)


def _floats(value: Any) -> Any:
    """JSON as Go reads it: every number is a float."""
    match value:
        case int() | float() if not isinstance(value, bool):
            return float(value)
        case list():
            return [_floats(item) for item in value]
        case dict():
            return {key: _floats(item) for key, item in value.items()}
        case _:
            return value


def _expr(given: Json) -> Json:
    metric = Metric(
        "m", "web", success_condition=given["successCondition"], failure_condition=given["failureCondition"]
    )
    phase, message = verdict.judge(metric, _value(given["result"]), NOW)
    return {"phase": phase, "error": message or None}


def _expr_time(given: Json) -> Json:
    try:
        return {"time": _written(moment_of(given["expression"], NOW)), "error": None}
    except AnalysisError as error:
        return {"error": str(error)}


def _verdict_metric(given: Json) -> Json:
    metric = parse_metric(given["metric"])
    result = parse_status({"status": {"metricResults": [given["metricResult"]]}}).results[0]
    forced, reason = verdict.exceeded(metric, result)
    return {
        "effectiveCount": metric.effective_count,
        "limitPhase": forced,
        "limitMessage": reason,
        "phase": verdict.assess_metric(metric, result, is_terminating=given["terminating"]),
    }


def _verdict_run(given: Json) -> Json:
    spec, status = parse_run(given["analysisRun"]), parse_status(given["analysisRun"])
    names = [metric.name for metric in spec.metrics]
    dry = frozenset(verdict.matching(spec.dry_run, names, "dryRun"))
    after = verdict.assess_run(spec, spec.metrics, status, dry)
    results = after.status.results
    return {
        "phase": after.status.phase,
        "message": after.status.message,
        "metricResults": [{"name": r.name, "phase": r.phase, "message": r.message} for r in results],
        "runSummary": _counts(after.status.run_summary),
        "dryRunSummary": _counts(after.status.dry_run_summary),
        "terminating": verdict.is_terminating(spec, after.status),
    }


def _counts(summary: Summary | None) -> Json:
    fields = ("count", "successful", "failed", "inconclusive", "error")
    return {name: getattr(summary, name) for name in fields if getattr(summary, name)}


def _schedule(given: Json) -> Json:
    spec, status, now = parse_run(given["analysisRun"]), parse_status(given["analysisRun"]), parse_time(given["now"])
    is_ending = verdict.is_terminating(spec, status)
    tasks = [(m.name, decide.due_task(m, status, now, is_ending=is_ending)) for m in spec.metrics]
    moment, expires = decide.next_moment(spec.metrics, status, now), decide.expires_at(spec, status)
    return {
        "due": [{"metric": name, "resume": task is not decide.Task.MEASURE} for name, task in tasks if task],
        "nextReconcileTime": None if moment is None else _written(moment),
        "enqueueAfterSeconds": None if moment is None else max(0.0, (moment - now).total_seconds()),
        "ttlExceeded": expires is not None and expires <= now,
    }


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z").replace("00000Z", "Z")


class _Script:
    """A provider that plays what the case wrote down."""

    def __init__(self, measurements: Json) -> None:
        self._measurements = measurements
        self._asked: dict[str, int] = {}
        self.calls: list[str] = []

    def take(self, due: decide.Due, now: datetime) -> decide.Taken:
        """The next measurement of a metric; the last one repeats."""
        if due.task is decide.Task.TERMINATE and due.pending is not None:
            self.calls.append(f"terminate {due.name}")
            ended = replace(due.pending, phase=Phase.SUCCESSFUL, message=decide.TERMINATED, finished=now)
            return decide.Taken(due.name, ended)
        self.calls.append(f"{'resume' if due.pending else 'run'} {due.name}")
        index = self._asked.get(due.name, 0)
        self._asked[due.name] = index + 1
        script = self._measurements[due.name]
        started = due.pending.started if due.pending else now
        return decide.Taken(due.name, _scripted(script[min(index, len(script) - 1)], started, now))


def _scripted(line: Json, started: datetime | None, now: datetime) -> Measurement:
    phase, resume_at = Phase(line["phase"]), line.get("resumeAt")
    return Measurement(
        phase,
        started,
        now if phase.is_done else None,
        line.get("value", ""),
        line.get("message", ""),
        resume_at=parse_time(resume_at) if resume_at else None,
    )


def sequence(given: Json) -> list[Json]:
    """The syncs of a metric_verdict_sequence case, : events, the provider's calls and the status."""
    spec, status = parse_run(given["analysisRun"]), parse_status(given["analysisRun"])
    now, script = parse_time(given["now"]), _Script(given["measurements"])
    syncs: list[Json] = []
    for index in range(given["syncs"]):
        if given.get("terminateAtSync") is not None and index >= given["terminateAtSync"]:
            spec = replace(spec, terminate=True)
        script.calls.clear()
        plan = _round(spec, status, now, script)
        status = plan.status
        syncs.append(_synced(spec, plan, sorted(script.calls)))
        now += timedelta(seconds=given["stepSeconds"])
    return syncs


def _round(spec: RunSpec, status: RunStatus, now: datetime, script: _Script) -> decide.RunPlan:
    plan = decide.decide(spec, status, now)
    if not plan.due:
        return plan
    status = plan.status
    for due in plan.due:
        status = decide.record(spec, status, script.take(due, now))
    return decide.settle(spec, status, now)


def _synced(spec: RunSpec, plan: decide.RunPlan, calls: list[str]) -> Json:
    """What a sync shows, but for its queueing and its clean-up calls: those are the shell's and the providers'."""
    order = [metric.name for metric in spec.metrics]
    ordered = sorted(plan.status.results, key=lambda result: order.index(result.name))
    return {
        "events": [(event.reason, event.message, event.is_warning) for event in plan.events],
        "providerCalls": calls,
        "status": _without_none(project_status(replace(plan.status, results=tuple(ordered)))),
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def _sequences(given: Json) -> Json:
    return {"syncs": sequence(given)}


def _shown_syncs(_: Json, output: Json) -> Json:
    """The recorded syncs in the shape of ours."""
    syncs = [
        {
            "events": [(e["reason"], e["message"], e["type"] == "Warning") for e in sync["events"]],
            "providerCalls": [call for call in sync["providerCalls"] if not call.startswith("garbageCollect")],
            "status": sync["status"],
        }
        for sync in output["syncs"]
    ]
    return {"syncs": syncs}


def _validation(given: Json) -> Json:
    metrics = parse_metrics(given["metrics"])
    found = faults(metrics)
    names = [metric.name for metric in metrics]
    answer: Json = {"error": ": ".join(part for part in found[0] if part) if found else None}
    answer |= _matched(given.get("dryRun"), names, "dryRun", lambda _: True)
    return answer | _matched(given.get("measurementRetention"), names, "measurementRetention", lambda rule: rule.limit)


def _matched(rules: Any, names: Iterable[str], kind: str, shown: Any) -> Json:
    try:
        found: dict[str, model.Rule] = verdict.matching(parse_rules(rules), list(names), kind)
    except AnalysisError as error:
        return {f"{kind}Error": str(error)}
    return {f"{kind}Error": None, f"{kind}Metrics": {name: shown(rule) for name, rule in found.items()}}


EXPR = Category("expr", _expr)
EXPR_TIME = Category("expr_time", _expr_time)
SEQUENCE = Category("metric_verdict_sequence", _sequences, shown=_shown_syncs)
VERDICT_METRIC = Category("metric_verdict_metric", _verdict_metric)
VERDICT_RUN = Category("metric_verdict_run", _verdict_run)
SCHEDULE = Category("measurement_schedule", _schedule)
VALIDATION = Category("validation_analysis", _validation)
