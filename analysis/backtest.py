"""An analysis played over recorded data: what would it have said? Pure; called by `sluice backtest`.

A run is decided by the code that decides real ones, with a clock of its own: measurements are taken when a real run
would have taken them and answered by the Book, so that count, interval, delays, limits and the retry after an error are
all as in life. A metric is judged once for a moment, whichever run asks.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from math import isnan

from analysis.decide import ERROR_RETRY, Taken, decide, record, resolved, settle
from analysis.errors import AnalysisError
from analysis.model import Measurement, Metric, Phase, RunSpec, RunStatus
from analysis.outcomes import measured
from analysis.providers import provider_of
from analysis.recording import Recording, common
from analysis.requests import Defaults, Flow, Outcome, Setting

SLACK = timedelta(minutes=5)
"""What is recorded beyond a run's planned end: errors make it longer."""
ENDLESS_INTERVALS = 10
"""How many of its intervals a metric without a count is watched, unless the user says how long."""


@dataclass(frozen=True, slots=True)
class Start:
    """A moment at which a run would have begun. `is_bad` is what is known of the release: None for nothing."""

    at: datetime
    name: str = ""
    is_bad: bool | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A run that was played. `ended` None: the data ended first. `taken` are its measurements, by number."""

    start: Start
    status: RunStatus
    ended: datetime | None
    taken: int

    @property
    def is_abort(self) -> bool:
        """It would have stopped the release."""
        return self.status.phase in (Phase.FAILED, Phase.ERROR)


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric at one moment. `number` is its value where it is one; `is_empty`: there was no data."""

    at: datetime
    measurement: Measurement
    number: float | None
    is_empty: bool


class _OverError(Exception):
    """The recording ends before this moment."""


@dataclass(slots=True)
class Book:
    """Every recording by the metric's name, and every verdict that was asked for."""

    metrics: Mapping[str, Metric]
    recordings: Mapping[str, Sequence[Recording]]
    defaults: Defaults = field(default_factory=Defaults)
    samples: defaultdict[str, dict[datetime, Sample]] = field(default_factory=lambda: defaultdict(dict))

    def look(self, name: str, at: datetime) -> Sample:
        """The metric at this moment, judged."""
        known = self.samples[name].get(at)
        if known is None:
            known = self.samples[name][at] = self._judged(self.metrics[name], at)
        return known

    def story(self, name: str) -> tuple[Sample, ...]:
        """All that was looked at of a metric, in order."""
        return tuple(self.samples[name][at] for at in sorted(self.samples[name]))

    def _judged(self, metric: Metric, at: datetime) -> Sample:
        try:
            outcome = self._driven(provider_of(metric.provider).run(metric, Setting(at, self.defaults)), metric.name)
        except AnalysisError as error:
            return Sample(at, Measurement(Phase.ERROR, at, at, message=str(error)), None, is_empty=False)
        result = getattr(outcome, "result", None)
        return Sample(at, measured(metric, outcome, at, at), number_of(result), is_empty=_is_empty(result))

    def _driven(self, flow: Flow, name: str) -> Outcome:
        try:
            request = next(flow)
            while True:
                tape = next((tape for tape in self.recordings[name] if tape.answers(request)), None)
                if tape is None:
                    raise _OverError
                request = flow.send(tape.answer(request))
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome


def number_of(result: object) -> float | None:
    """The value as one number: a scalar, or the first of a vector; None where there is none."""
    first = result[0] if isinstance(result, tuple | list) and result else result
    return float(first) if isinstance(first, int | float) and not isinstance(first, bool) else None


def _is_empty(result: object) -> bool:
    if isinstance(result, tuple | list):
        return all(map(_is_empty, result))
    return result is None or (isinstance(result, float) and isnan(result))


def concrete(spec: RunSpec) -> RunSpec:
    """The same with its arguments filled in, once for all runs."""
    return replace(spec, metrics=resolved(spec), args=())


def planned(spec: RunSpec, lasts: timedelta | None = None) -> timedelta:
    """How long a run without errors takes: until its last metric is through, or as long as the user says."""
    if lasts is not None:
        return lasts
    return max((_planned(metric) for metric in spec.metrics), default=timedelta())


def _planned(metric: Metric) -> timedelta:
    count = metric.effective_count or ENDLESS_INTERVALS + 1
    return metric.delay() + (count - 1) * (metric.every() or ERROR_RETRY)


def is_endless(spec: RunSpec) -> bool:
    """Whether some metric goes on until somebody ends it."""
    return any(metric.effective_count is None for metric in spec.metrics)


def grid_of(spec: RunSpec, every: timedelta | None) -> timedelta:
    """The step on which every moment lies at which some run may measure."""
    steps = [ERROR_RETRY, *([every] if every else [])]
    for metric in spec.metrics:
        steps += [step for step in (metric.every(), metric.delay()) if step]
    return reduce(common, steps)


def starts(first: datetime, last: datetime, every: timedelta) -> Iterator[Start]:
    """A start at each interval, as long as a run still fits in."""
    while first <= last:
        yield Start(first)
        first += every


def play(spec: RunSpec, start: Start, book: Book, lasts: timedelta | None = None) -> Played:
    """The run that begins then. `lasts`: the release is through by that time, and ends what still runs."""
    status, now, taken = RunStatus(), start.at, 0
    until = start.at + planned(spec, lasts) if lasts is not None or is_endless(spec) else None
    try:
        while True:
            is_through = until is not None and now >= until
            status, wake_at, count = _round(replace(spec, terminate=is_through), status, book, now)
            taken += count
            if status.phase.is_done or wake_at is None:
                return Played(start, status, now if status.phase.is_done else None, taken)
            now = wake_at if until is None or is_through else min(wake_at, until)
    except _OverError:
        return Played(start, status, None, taken)


def _round(spec: RunSpec, status: RunStatus, book: Book, now: datetime) -> tuple[RunStatus, datetime | None, int]:
    plan = decide(spec, status, now)
    if not plan.due:
        return plan.status, plan.wake_at, 0
    status = plan.status
    for due in plan.due:
        status = record(spec, status, Taken(due.name, book.look(due.name, now.replace(microsecond=0)).measurement))
    settled = settle(spec, status, now)
    return settled.status, settled.wake_at, len(plan.due)
