"""What measurements mean: for a metric, and for the run. Pure; the words are API.

Called by decide after every measurement, by the runner for the phase of a single one, later by backtest with the same
code. Limits and texts: spec/argo-rollouts.md §3.2 and §3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.conditions import holds
from analysis.model import (
    DEFAULT_ERROR_LIMIT,
    Metric,
    MetricResult,
    Phase,
    Rule,
    RunSpec,
    RunStatus,
    Summary,
    number,
)
from analysis.patterns import found_in

_FROM_BEST = (Phase.SUCCESSFUL, Phase.RUNNING, Phase.PENDING, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)


def judge(metric: Metric, result: Any, now: datetime) -> tuple[Phase, str]:
    """The phase of one measurement with this result, and for an Error its message. `now` is what conditions call so."""
    try:
        good = _condition("successCondition", metric.success_condition, result, now)
        bad = _condition("failureCondition", metric.failure_condition, result, now)
    except ExpressionError as error:
        return Phase.ERROR, str(error)
    if bad:
        return Phase.FAILED, ""
    if good or (good is None and (bad is not None or not metric.success_condition)):
        return Phase.SUCCESSFUL, ""
    return (Phase.FAILED if bad is None else Phase.INCONCLUSIVE), ""


def _condition(field: str, condition: str, result: Any, now: datetime) -> bool | None:
    if not condition:
        return None
    try:
        return holds(condition, result, now)
    except ExpressionError as error:
        raise ExpressionError(f'could not evaluate {field} "{condition}": {error}') from error


def exceeded(metric: Metric, result: MetricResult) -> tuple[Phase, str]:
    """The phase that a metric's limits force on it and why; UNSET while none does. Argo: later limits win."""
    errors = number(metric.consecutive_error_limit, DEFAULT_ERROR_LIMIT)
    if result.consecutive_error > errors:
        return Phase.ERROR, f"consecutiveErrors ({result.consecutive_error}) > consecutiveErrorLimit ({errors})"
    inconclusive = number(metric.inconclusive_limit)
    if result.inconclusive > inconclusive:
        return Phase.INCONCLUSIVE, f"inconclusive ({result.inconclusive}) > inconclusiveLimit ({inconclusive})"
    failures = number(metric.failure_limit)
    if failures >= 0 and result.failed > failures:
        return Phase.FAILED, f"failed ({result.failed}) > failureLimit ({failures})"
    return Phase.UNSET, ""


def assess_metric(metric: Metric, result: MetricResult, *, is_terminating: bool) -> Phase:
    """Where a metric stands after its measurements so far."""
    if result.phase.is_done:
        return result.phase
    if not result.measurements:
        return Phase.SUCCESSFUL if is_terminating else Phase.PENDING
    if result.is_measuring:
        return Phase.RUNNING
    forced, _ = exceeded(metric, result)
    if forced is not Phase.UNSET:
        return forced
    return _unforced(metric, result, is_terminating=is_terminating)


def _unforced(metric: Metric, result: MetricResult, *, is_terminating: bool) -> Phase:
    wanted = number(metric.consecutive_success_limit)
    if wanted > 0 and result.consecutive_success >= wanted:
        return Phase.SUCCESSFUL
    count = metric.effective_count
    if count is not None and result.count >= count:
        if wanted <= 0:
            return Phase.SUCCESSFUL
        return Phase.INCONCLUSIVE if number(metric.failure_limit) >= 0 else Phase.FAILED
    return Phase.SUCCESSFUL if is_terminating else Phase.RUNNING


def is_terminating(spec: RunSpec, status: RunStatus) -> bool:
    """Whether the run takes no new measurements: asked to end, or a metric that counts has gone bad."""
    return spec.terminate or any(result.phase.is_bad and not result.is_dry_run for result in status.results)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run as assessed: its new status, and the metrics that ended just now."""

    status: RunStatus
    ended: tuple[MetricResult, ...] = ()


def assess_run(spec: RunSpec, metrics: Sequence[Metric], status: RunStatus, dry: frozenset[str]) -> Verdict:
    """The run after its metrics' last measurements.

    `metrics` are resolved; `dry` names those that do not count. Phase and message of a run that goes on are Running
    and none; `completed` is left to the caller, who knows the time.
    """
    ending = is_terminating(spec, status)
    worst, message = Phase.UNSET, "Run Terminated" if spec.terminate else ""
    results: dict[str, MetricResult] = {result.name: result for result in status.results}
    ended: list[MetricResult] = []
    is_complete = True
    for metric in metrics:
        before = results.get(metric.name)
        if before is None:
            is_complete = is_complete and ending
            worst = worst or (Phase.SUCCESSFUL if ending else Phase.UNSET)
            continue
        after = _assessed(metric, before, is_terminating=ending)
        if after.phase.is_done:
            if before.phase is not after.phase:
                ended.append(after)
            worst, message = _weighed(metric, after, dry, worst, message)
            after = _noted(metric, after) if metric.name in dry else after
        else:
            is_complete = False
        results[metric.name] = after
    if not is_complete and not (ending and worst):
        worst, message = Phase.RUNNING, ""
    run, dry_run = summaries(metrics, results, dry)
    changed = replace(
        status,
        phase=worst or Phase.SUCCESSFUL,
        message=message,
        results=tuple(results.values()),
        run_summary=run,
        dry_run_summary=dry_run,
    )
    return Verdict(changed, tuple(ended))


def _assessed(metric: Metric, result: MetricResult, *, is_terminating: bool) -> MetricResult:
    phase = assess_metric(metric, result, is_terminating=is_terminating)
    if phase is result.phase:
        return result
    return replace(result, phase=phase, message=result.last.message if result.last else result.message)


def _weighed(
    metric: Metric, result: MetricResult, dry: frozenset[str], worst: Phase, message: str
) -> tuple[Phase, str]:
    """The run's worst phase so far and its message, with this ended metric taken in."""
    if metric.name in dry:
        return worst, message
    if worst is not Phase.UNSET and not _is_worse(result.phase, worst):
        return worst, message
    _, reason = exceeded(metric, result)
    if reason:
        message = f'Metric "{metric.name}" assessed {result.phase} due to {reason}'
        if result.message:
            message += f': "Error Message: {result.message}"'
    return result.phase, message


def _noted(metric: Metric, result: MetricResult) -> MetricResult:
    _, reason = exceeded(metric, result)
    return replace(result, message=f"Metric assessed {result.phase} due to {reason}") if reason else result


def _is_worse(phase: Phase, than: Phase) -> bool:
    return _FROM_BEST.index(phase) > _FROM_BEST.index(than)


def summaries(
    metrics: Sequence[Metric], results: dict[str, MetricResult], dry: frozenset[str]
) -> tuple[Summary, Summary]:
    """How many metrics ended how: those that count, and the dry ones. Argo: their limits say how, not their phase."""
    counting = [metric for metric in metrics if metric.name not in dry]
    return _summary(counting, results), _summary([metric for metric in metrics if metric.name in dry], results)


def _summary(metrics: Sequence[Metric], results: dict[str, MetricResult]) -> Summary:
    ended = [(metric, results[metric.name]) for metric in metrics if metric.name in results]
    phases = [exceeded(metric, result)[0] or Phase.SUCCESSFUL for metric, result in ended if result.phase.is_done]
    return Summary(
        count=len(metrics),
        successful=phases.count(Phase.SUCCESSFUL),
        failed=phases.count(Phase.FAILED),
        inconclusive=phases.count(Phase.INCONCLUSIVE),
        error=phases.count(Phase.ERROR),
    )


def matching(rules: Sequence[Rule], names: Sequence[str], kind: str) -> dict[str, Rule]:
    """The rule of each metric that a rule's expression matches (anywhere in its name; the last rule wins).

    ExpressionError when a rule matches nothing; `kind` (dryRun, measurementRetention) is its field.
    """
    found: dict[str, Rule] = {}
    for index, rule in enumerate(rules):
        hits = [name for name in names if found_in(rule.metric_name, name)]
        if not hits:
            raise ExpressionError(f"{kind}[{index}]: Rule didn't match any metric name(s)")
        found.update(dict.fromkeys(hits, rule))
    return found


def matching_any(rules: Sequence[Rule], name: str) -> bool:
    """Whether a rule is about the metric of this name."""
    return any(found_in(rule.metric_name, name) for rule in rules)
