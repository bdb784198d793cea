"""Metrics, measurements and runs as values. Parsed by the dialects, moved on by decide, measured by the runner.

Fields that a user may template (`{{args.x}}`) stay texts until template.resolve has filled them in; `number` and
`duration` read them then, as forgivingly as Argo does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from analysis.units import parse_duration

Settings = Mapping[str, Any]
"""A provider's settings, as the user wrote them."""

IntOrText = int | str
"""A count or limit: a number, or a text that may hold arguments."""

DEFAULT_ERROR_LIMIT = 4
DEFAULT_RETENTION = 10


class Phase(StrEnum):
    """Where a measurement, metric or run stands. UNSET: before its first round."""

    UNSET = ""
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    FAILED = "Failed"

    @property
    def is_done(self) -> bool:
        """Nothing more will come."""
        return self in (Phase.SUCCESSFUL, Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE)

    @property
    def is_bad(self) -> bool:
        """Done, and it must not be taken for a success."""
        return self in (Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE)


def number(value: IntOrText | None, default: int = 0) -> int:
    """A count or limit as a number; a text that is none counts as 0. Argo: intstr.IntValue."""
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        return 0


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Secret in the run's namespace."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument of a template or run. Without value and source it must be supplied by whoever starts the run."""

    name: str
    value: str | None = None
    secret: SecretKey | None = None
    field_path: str | None = None

    @property
    def is_given(self) -> bool:
        """It has a value, or says where it comes from."""
        return self.value is not None or self.secret is not None or self.field_path is not None


@dataclass(frozen=True, slots=True)
class Metric:
    """What to ask, how often, and what counts as good. `provider` names a row of the registry."""

    name: str
    provider: str
    settings: Settings = field(default_factory=dict)
    interval: str = ""
    initial_delay: str = ""
    count: IntOrText | None = None
    success_condition: str = ""
    failure_condition: str = ""
    failure_limit: IntOrText | None = None
    inconclusive_limit: IntOrText | None = None
    consecutive_error_limit: IntOrText | None = None
    consecutive_success_limit: IntOrText | None = None

    @property
    def effective_count(self) -> int | None:
        """Measurements to take; None: as many as come until the run is ended."""
        if self.count is None or number(self.count) == 0:
            return None if self.interval else 1
        return number(self.count)

    def every(self) -> timedelta | None:
        """The interval, if there is one. DurationError when it is none."""
        return parse_duration(self.interval) if self.interval else None

    def delay(self) -> timedelta:
        """How long after the run's start the first measurement waits. DurationError when it is no duration."""
        return parse_duration(self.initial_delay) if self.initial_delay else timedelta()


@dataclass(frozen=True, slots=True)
class Rule:
    """A Go regular expression over metric names, and for retention how many measurements those metrics keep."""

    metric_name: str
    limit: int = 0


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """How long a finished run stays; None: for ever."""

    after_completion: int | None = None
    after_failure: int | None = None
    after_success: int | None = None


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One analysis to run. The metrics may still hold `{{args.…}}`."""

    metrics: tuple[Metric, ...]
    args: tuple[Arg, ...] = ()
    dry_run: tuple[Rule, ...] = ()
    retention: tuple[Rule, ...] = ()
    terminate: bool = False
    time_to_live: TimeToLive | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of a metric and its verdict. `resume_at` is set while the provider is still busy with it."""

    phase: Phase
    started: datetime | None = None
    finished: datetime | None = None
    value: str = ""
    message: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    resume_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MetricResult:
    """What a metric has come to: its last measurements, and counters over all of them."""

    name: str
    phase: Phase = Phase.UNSET
    measurements: tuple[Measurement, ...] = ()
    message: str = ""
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    is_dry_run: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Measurement | None:
        """The newest measurement."""
        return self.measurements[-1] if self.measurements else None

    @property
    def is_measuring(self) -> bool:
        """The newest measurement has not ended yet."""
        return self.last is not None and not self.last.phase.is_done


@dataclass(frozen=True, slots=True)
class Summary:
    """How many metrics ended how. `count` includes those that still run."""

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What a run has come to."""

    phase: Phase = Phase.UNSET
    message: str = ""
    results: tuple[MetricResult, ...] = ()
    run_summary: Summary = Summary()
    dry_run_summary: Summary | None = None
    started: datetime | None = None
    completed: datetime | None = None

    def result(self, name: str) -> MetricResult | None:
        """The result of the metric with this name."""
        return next((result for result in self.results if result.name == name), None)
