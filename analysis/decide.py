"""What a run does now: a pure function of its spec, its status and the time.

Called by controller/kinds/analysisrun, later by backtest with recorded measurements. One round is: `decide` says which
measurements are due; the shell takes them; `record` writes each into the status; `settle` draws the conclusions. When
nothing is due, `decide` settles by itself. Rules of time: spec/argo-rollouts.md §3.1.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from analysis import verdict
from analysis.errors import AnalysisError, DurationError
from analysis.model import (
    DEFAULT_RETENTION,
    Measurement,
    Metric,
    MetricResult,
    Phase,
    RunSpec,
    RunStatus,
)
from analysis.template import resolve, values_of
from analysis.validation import faults

ERROR_RETRY = timedelta(seconds=10)
"""How long after an error the next try comes, whatever the interval."""
JUST_AFTER = timedelta(milliseconds=1)
"""A measurement is due after its moment, not at it."""
QUICK = 0.25
"""Part of the interval that a measurement may take and still be scheduled from its start."""
TERMINATED = "Metric Terminated"


class Task(Enum):
    """What to do with a due metric."""

    MEASURE = "measure"
    RESUME = "resume"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class Due:
    """A metric to be measured now. `metric` is as the user wrote it, arguments still in it; `name` has them."""

    name: str
    metric: Metric
    task: Task
    pending: Measurement | None = None


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A Kubernetes event of the run. Reason and message are API."""

    reason: str
    message: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One round. With something due, the status is only what is known before it is done.

    `wake_at` is None when only a change of the object can matter; `is_expired`: the run may be deleted; `crowded` are
    the metrics that have just lost measurements by age, with the number that they keep.
    """

    status: RunStatus
    due: tuple[Due, ...] = ()
    wake_at: datetime | None = None
    events: tuple[RunEvent, ...] = ()
    is_expired: bool = False
    crowded: Mapping[str, int] = field(default_factory=dict)


def decide(spec: RunSpec, status: RunStatus, now: datetime) -> RunPlan:
    """The plan for this moment."""
    if status.phase.is_done:
        expires = expires_at(spec, status)
        is_expired = expires is not None and expires <= now
        return RunPlan(status, wake_at=None if is_expired else expires, is_expired=is_expired)
    try:
        metrics = resolved(spec)
    except AnalysisError as error:
        return _refused(status, f"Unable to resolve metric arguments: {error}")
    invalid = _invalid(spec, metrics)
    if invalid:
        return _refused(status, f"Analysis spec invalid: {invalid}")
    begun = status if status.started else replace(status, started=now)
    due = tuple(_due(spec, metrics, begun, now))
    if due:
        running = begun if begun.phase else replace(begun, phase=Phase.RUNNING)
        return RunPlan(running, due, wakes_at(spec, running, now, besides={task.name for task in due}))
    return settle(spec, begun, now)


def settle(spec: RunSpec, status: RunStatus, now: datetime) -> RunPlan:
    """The run after its measurements: verdicts, events, what is kept, when to come again."""
    try:
        metrics = resolved(spec)
    except AnalysisError as error:
        return _refused(status, f"Unable to resolve metric arguments: {error}")
    names = [metric.name for metric in metrics]
    dry = frozenset(verdict.matching(spec.dry_run, names, "dryRun"))
    assessed = verdict.assess_run(spec, metrics, status, dry)
    limits = _limits(spec, names)
    after = _within(limits, assessed.status)
    crowded = _crowded(limits, assessed.status)
    events = [_event("Metric", f"Metric '{result.name}'", result.phase) for result in assessed.ended]
    if not after.phase.is_done:
        wake_at = wakes_at(spec, after, now, besides=())
        return RunPlan(after, wake_at=wake_at, events=tuple(events), crowded=crowded)
    done = replace(after, completed=now)
    events.append(_event("AnalysisRun", "Analysis", done.phase))
    expires = expires_at(spec, done)
    wake_at = max(expires, now + JUST_AFTER) if expires else None
    return RunPlan(done, wake_at=wake_at, events=tuple(events), crowded=crowded)


def resolved(spec: RunSpec, secrets: Mapping[str, str] | None = None) -> tuple[Metric, ...]:
    """The metrics with their arguments filled in; ArgumentError where that cannot be done."""
    values = values_of(spec.args, secrets)
    return tuple(resolve(metric, values) for metric in spec.metrics)


def _invalid(spec: RunSpec, metrics: Sequence[Metric]) -> str:
    found = faults(metrics)
    if found:
        path, message = found[0]
        return f"{path}: {message}" if path else message
    names = [metric.name for metric in metrics]
    try:
        verdict.matching(spec.dry_run, names, "dryRun")
        verdict.matching(spec.retention, names, "measurementRetention")
    except AnalysisError as error:
        return str(error)
    return ""


def _refused(status: RunStatus, message: str) -> RunPlan:
    # Argo sets no completedAt here, so such a run is never collected by its time to live
    return RunPlan(
        replace(status, phase=Phase.ERROR, message=message), events=(_event("AnalysisRun", "Analysis", Phase.ERROR),)
    )


def _event(kind: str, subject: str, phase: Phase) -> RunEvent:
    is_warning = phase in (Phase.FAILED, Phase.ERROR)
    return RunEvent(f"{kind}{phase}", f"{subject} Completed. Result: {phase}", is_warning)


def _due(spec: RunSpec, metrics: Sequence[Metric], status: RunStatus, now: datetime) -> Iterator[Due]:
    is_ending = verdict.is_terminating(spec, status)
    for written, metric in zip(spec.metrics, metrics, strict=True):
        task = due_task(metric, status, now, is_ending=is_ending)
        if task is not None:
            result = status.result(metric.name)
            pending = result.last if result is not None and task is not Task.MEASURE else None
            yield Due(metric.name, written, task, pending)


def due_task(metric: Metric, status: RunStatus, now: datetime, *, is_ending: bool) -> Task | None:
    """What a metric needs now, if anything."""
    result = status.result(metric.name)
    last = result.last if result is not None else None
    if result is not None and result.phase.is_done:
        return None
    if last is not None and last.finished is None:
        if is_ending:
            return Task.TERMINATE
        return None if last.resume_at is not None and last.resume_at > now else Task.RESUME
    if is_ending:
        return None
    if result is None or last is None:
        return Task.MEASURE if _is_begun(metric, status, now) else None
    moment = _next_moment(metric, result, last, unspaced=ERROR_RETRY)
    return Task.MEASURE if moment is not None and moment < now else None


def _is_begun(metric: Metric, status: RunStatus, now: datetime) -> bool:
    if not metric.initial_delay:
        return True
    try:
        return status.started is not None and status.started + metric.delay() <= now
    except DurationError:
        return False


def _next_moment(
    metric: Metric, result: MetricResult, last: Measurement, *, unspaced: timedelta | None
) -> datetime | None:
    """When a metric is measured again, `unspaced` after its last one if it has no interval; None: never."""
    count = metric.effective_count
    if last.finished is None or (count is not None and result.count >= count):
        return None
    wait = _wait_after(metric, last, unspaced)
    return None if wait is None else _counted_from(last, last.finished, wait) + wait


def _counted_from(last: Measurement, finished: datetime, wait: timedelta) -> datetime:
    """From when a wait counts: the start of a quick measurement, so that nothing drifts, else the end, as in Argo."""
    is_quick = last.phase is not Phase.ERROR and last.started is not None and finished - last.started <= wait * QUICK
    return last.started if is_quick and last.started is not None else finished


def _wait_after(metric: Metric, last: Measurement, unspaced: timedelta | None) -> timedelta | None:
    if last.phase is Phase.ERROR:
        return ERROR_RETRY
    try:
        interval = metric.every()
    except DurationError:
        return None
    return unspaced if interval is None else interval


def next_moment(metrics: Iterable[Metric], status: RunStatus, now: datetime) -> datetime | None:
    """When the next measurement of any metric starts or goes on; None: nothing is left to wait for."""
    moments = [moment for metric in metrics if (moment := _waits_for(metric, status, now)) is not None]
    return min(moments, default=None)


def _waits_for(metric: Metric, status: RunStatus, now: datetime) -> datetime | None:
    result = status.result(metric.name)
    last = result.last if result is not None else None
    if result is None or last is None:
        return None if result is not None and result.phase.is_done else _begins_at(metric, status, now)
    if result.phase.is_done:
        return None
    if last.finished is None:
        return last.resume_at
    return _next_moment(metric, result, last, unspaced=None)


def _begins_at(metric: Metric, status: RunStatus, now: datetime) -> datetime | None:
    if not metric.initial_delay:
        return None  # due at once, so there is nothing to wait for
    try:
        return (status.started or now) + metric.delay()
    except DurationError:
        return None


def wakes_at(spec: RunSpec, status: RunStatus, now: datetime, *, besides: Container[str]) -> datetime | None:
    """When time alone calls for another round; metrics in `besides` are being measured and report by themselves.

    A run that a metric has just spoilt comes again at once: only then do the others end.
    """
    if verdict.is_terminating(spec, status):
        return now + JUST_AFTER
    waiting = [metric for metric in resolved(spec) if metric.name not in besides]
    moment = next_moment(waiting, status, now)
    return None if moment is None else max(moment, now) + JUST_AFTER


@dataclass(frozen=True, slots=True)
class Taken:
    """A measurement as the runner brings it back. `metadata` is what its provider has to say of the metric itself."""

    name: str
    measurement: Measurement
    metadata: Mapping[str, str] = field(default_factory=dict)


def record(spec: RunSpec, status: RunStatus, taken: Taken) -> RunStatus:
    """The status with a measurement taken in: after the last one, or in its place when that had not ended."""
    name, measurement = taken.name, taken.measurement
    is_dry_run = verdict.matching_any(spec.dry_run, name)
    result = status.result(name) or MetricResult(name, Phase.RUNNING, is_dry_run=is_dry_run)
    result = replace(result, metadata={**result.metadata, **taken.metadata})
    kept = result.measurements[:-1] if result.is_measuring else result.measurements
    counted = _counted(replace(result, measurements=(*kept, measurement)), measurement.phase)
    if status.result(name) is None:
        return replace(status, results=(*status.results, counted))
    return replace(status, results=tuple(counted if r.name == name else r for r in status.results))


def _counted(result: MetricResult, phase: Phase) -> MetricResult:
    match phase:
        case Phase.SUCCESSFUL:
            counted = replace(
                result, successful=result.successful + 1, consecutive_success=result.consecutive_success + 1
            )
        case Phase.FAILED:
            counted = replace(result, failed=result.failed + 1, consecutive_success=0)
        case Phase.INCONCLUSIVE:
            counted = replace(result, inconclusive=result.inconclusive + 1, consecutive_success=0)
        case Phase.ERROR:
            errors = result.consecutive_error + 1
            return replace(result, error=result.error + 1, consecutive_error=errors, consecutive_success=0)
        case _:
            return result
    return replace(counted, count=result.count + 1, consecutive_error=0)


def _limits(spec: RunSpec, names: Sequence[str]) -> dict[str, int]:
    """How many measurements each metric keeps."""
    rules = verdict.matching(spec.retention, names, "measurementRetention")
    own = {name: rule.limit for name, rule in rules.items() if rule.limit > 0}
    return {name: own.get(name, DEFAULT_RETENTION) for name in names}


def _crowded(limits: Mapping[str, int], status: RunStatus) -> dict[str, int]:
    counts = {result.name: len(result.measurements) for result in status.results}
    return {name: limit for name, limit in limits.items() if counts.get(name, 0) > limit}


def _within(limits: Mapping[str, int], status: RunStatus) -> RunStatus:
    results = tuple(
        replace(result, measurements=result.measurements[-limits.get(result.name, DEFAULT_RETENTION) :])
        for result in status.results
    )
    return replace(status, results=results)


def expires_at(spec: RunSpec, status: RunStatus) -> datetime | None:
    """When a finished run's time to live is over; None: never. Argo counts whole seconds, and more than allowed."""
    life = spec.time_to_live
    if life is None or status.completed is None or not status.phase.is_done:
        return None
    seconds = life.after_completion
    if status.phase is Phase.FAILED and life.after_failure is not None:
        seconds = life.after_failure
    if status.phase is Phase.SUCCESSFUL and life.after_success is not None:
        seconds = life.after_success
    return None if seconds is None else status.completed + timedelta(seconds=seconds + 1)
