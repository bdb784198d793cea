"""AnalysisRuns as values and as pictures: each metric's measurements, its conditions, and the thresholds in them.

Called by `analysis`; pure. Thresholds are the numbers that a condition compares its result with, arguments filled in.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from analysis.errors import AnalysisError
from analysis.model import Measurement, Metric, MetricResult
from analysis.template import resolve, values_of
from rollouts.cli.ages import human
from rollouts.cli.chart import Point, Threshold, chart, shortened
from rollouts.cli.info import HASH, revision_of, sign_of
from rollouts.cli.style import Style, cut
from rollouts.dialects.argo.analysis import parse_run
from rollouts.dialects.argo.analysis_run import parse_status

_RESULT = r"(?:float\(|int\()?result(?:\[[^\]]*\]|\.\w+)*\)?"
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_RIGHT = re.compile(rf"{_RESULT}\s*(<=|>=|==|!=|<|>)\s*{_NUMBER}")
_LEFT = re.compile(rf"{_NUMBER}\s*(<=|>=|==|!=|<|>)\s*{_RESULT}")
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_TONES = {"Successful": "good", "Failed": "bad", "Error": "warn", "Inconclusive": "warn"}
Run = Mapping[str, Any]


def thresholds_of(condition: str) -> tuple[Threshold, ...]:
    """The numbers that the result is compared with, in order and each once; a length is no value."""
    found = [Threshold(op, float(value)) for op, value in _RIGHT.findall(_unsized(condition))]
    found += [Threshold(_MIRRORED[op], float(value)) for value, op in _LEFT.findall(_unsized(condition))]
    return tuple(dict.fromkeys(found))


def _unsized(condition: str) -> str:
    """The condition without its lengths: `len(result) == 0` compares no measured value."""
    return re.sub(r"len\([^()]*\)", "size", condition)


def value_of(text: str) -> float | None:
    """The first number of a measured value: `[0.96]`, `0.96`, `[0.96 0.2]`; None for anything else."""
    found = re.match(rf"\[?\s*{_NUMBER}(?=[\s,\]]|$)", text.strip())
    return float(found[1]) if found else None


def of_rollout(runs: Sequence[Run], uid: str, *, every: bool) -> list[Run]:
    """The rollout's runs, oldest first: those of the newest revision that has any, or all."""
    mine = [run for run in runs if any(o.get("uid") == uid for o in run["metadata"].get("ownerReferences") or ())]
    newest = max((revision_of(run) for run in mine), default=0)
    chosen = [run for run in mine if every or revision_of(run) == newest]
    return sorted(chosen, key=lambda run: (run["metadata"].get("creationTimestamp", ""), run["metadata"]["name"]))


def pictures(run: Run, style: Style, now: datetime) -> Iterator[str]:
    """The run, metric by metric."""
    status, labels = parse_status(run), run["metadata"].get("labels") or {}
    phase = str(status.phase) or "Pending"
    age = f", {human(now - status.started)} ago" if status.started else ""
    about = f"{labels.get('rollout-type') or 'analysis'} of revision {revision_of(run)} ({labels.get(HASH, '')})"
    word = style.tone(f"{sign_of(phase)} {phase}", _TONES.get(phase))
    yield f"{style.bold(run['metadata']['name'])}: {word}, {about}{age}"
    if status.message:
        yield from (f"  {line}" for line in cut(status.message, style.width - 2))
    results = {result.name: result for result in status.results}
    for metric in metrics_of(run):
        yield ""
        yield from _metric(metric, results.get(metric.name, MetricResult(metric.name)), style)


def metrics_of(run: Run) -> Iterator[Metric]:
    """The metrics with their arguments filled in, as far as that can be done."""
    spec = parse_run(run)
    values = values_of(spec.args)
    for metric in spec.metrics:
        try:
            yield resolve(metric, values)
        except AnalysisError:
            yield metric


def _metric(metric: Metric, result: MetricResult, style: Style) -> Iterator[str]:
    counted = "" if metric.effective_count is None else f" of {metric.effective_count}"
    signs = (("✔", "successful"), ("✖", "failed"), ("?", "inconclusive"), ("⚠", "error"))
    told = "".join(f"  {sign} {getattr(result, name)}" for sign, name in signs if getattr(result, name))
    dry = "  (dry run)" if result.is_dry_run else ""
    yield f"  {style.bold(metric.name)}  {metric.provider}  {result.count}{counted} measured{told}{dry}"
    conditions = (("success", metric.success_condition), ("failure", metric.failure_condition))
    for word, condition in conditions:
        lines = cut(condition, style.width - 13) if condition else []
        yield from (f"  {style.dim(f'{word:>9}' if not i else ' ' * 9)}  {line}" for i, line in enumerate(lines))
    points = [Point(value_of(m.value), str(m.phase)) for m in result.measurements]
    thresholds = [each for _, condition in conditions for each in thresholds_of(condition)]
    yield from chart(points, thresholds, style)
    yield from _below(result, style)


def _below(result: MetricResult, style: Style) -> Iterator[str]:
    """From when to when, the last value, and what went wrong."""
    if not result.measurements:
        yield style.dim("    nothing measured yet")
        return
    first, last = result.measurements[0], result.measurements[-1]
    yield style.dim(
        f"    {_clock(first)} to {_clock(last)}, last {shortened(last.value) or last.message or last.phase}"
    )
    troubled = [m.message for m in result.measurements if m.message]
    for message in dict.fromkeys([*troubled[-1:], *([result.message] if result.message else [])]):
        yield from (f"    {style.tone(line, 'warn')}" for line in cut(message, style.width - 4))


def _clock(measurement: Measurement) -> str:
    moment = measurement.finished or measurement.started
    return f"{moment:%H:%M:%S}" if moment else "?"


def as_json(run: Run) -> dict[str, Any]:
    """The run for programs: every measurement as a number, and the thresholds."""
    status = parse_status(run)
    results = {result.name: result for result in status.results}
    return {
        "name": run["metadata"]["name"],
        "revision": revision_of(run),
        "phase": str(status.phase),
        "message": status.message,
        "metrics": [_metric_json(metric, results.get(metric.name)) for metric in metrics_of(run)],
    }


def _metric_json(metric: Metric, result: MetricResult | None) -> dict[str, Any]:
    conditions = (metric.success_condition, metric.failure_condition)
    thresholds = [each for condition in conditions for each in thresholds_of(condition)]
    return {
        "name": metric.name,
        "successCondition": metric.success_condition,
        "failureCondition": metric.failure_condition,
        "thresholds": [{"operator": t.operator, "value": t.value} for t in thresholds],
        "measurements": [
            {"phase": str(m.phase), "value": value_of(m.value), "text": m.value, "message": m.message, "at": _clock(m)}
            for m in (result.measurements if result else ())
        ],
    }


def dump(runs: Sequence[Run]) -> str:
    """All runs as one JSON text."""
    return json.dumps([as_json(run) for run in runs], indent=2, ensure_ascii=False)
