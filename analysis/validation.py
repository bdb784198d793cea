"""Is this a metric that can be run? Called by decide (a run's first round), by lint and admission through the dialects.

The texts and their order are Argo's; the first one is a run's message. What a check cannot know before arguments are
filled in (`count: "{{args.n}}"`) passes here and is checked again when they are.
"""

from collections.abc import Callable, Iterator, Sequence

from analysis.errors import DurationError
from analysis.model import DEFAULT_ERROR_LIMIT, Metric, number

Check = Callable[[Metric], str | None]


def faults(metrics: Sequence[Metric]) -> tuple[tuple[str, str], ...]:
    """(path, message) of each mistake; path is `metrics[i]`, or empty where the list itself is wrong."""
    if not metrics:
        return (("", "no metrics specified"),)
    return tuple(_found(metrics))


def _found(metrics: Sequence[Metric]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for index, metric in enumerate(metrics):
        path = f"metrics[{index}]"
        if metric.name in seen:
            yield path, f"duplicate name '{metric.name}'"
        seen.add(metric.name)
        yield from ((path, message) for check in CHECKS if (message := check(metric)))


def bad_interval(metric: Metric) -> str | None:
    """The interval is no duration."""
    try:
        metric.every()
    except DurationError as error:
        return f"invalid interval string: {error}"
    return None


def bad_delay(metric: Metric) -> str | None:
    """The initial delay is no duration."""
    try:
        metric.delay()
    except DurationError as error:
        return f"invalid startDelay string: {error}"
    return None


def count_below_limits(metric: Metric) -> str | None:
    """So few measurements that a limit could never be reached."""
    count, failures = number(metric.count), number(metric.failure_limit)
    if count <= 0:
        return None
    successes = number(metric.consecutive_success_limit)
    if failures >= 0 and successes >= 0 and count < failures + successes:
        return (
            f"count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failures} + {successes}) if both >= 0"
        )
    if count < successes:
        return "count must be >= consecutiveSuccessLimit"
    return "count must be >= inconclusiveLimit" if count < number(metric.inconclusive_limit) else None


def interval_missing(metric: Metric) -> str | None:
    """Several measurements, but nobody said how far apart."""
    is_several = metric.count is not None and number(metric.count) > 1
    return "interval must be specified when count > 1" if is_several and not metric.interval else None


def failure_limit_negative(metric: Metric) -> str | None:
    """Below -1, which turns the limit off."""
    return "failureLimit must be >= 0, or -1 to be disabled" if number(metric.failure_limit) < -1 else None


def inconclusive_limit_negative(metric: Metric) -> str | None:
    """A counter never gets below zero."""
    return "inconclusiveLimit must be >= 0" if number(metric.inconclusive_limit) < 0 else None


def error_limit_negative(metric: Metric) -> str | None:
    """A counter never gets below zero."""
    limit = number(metric.consecutive_error_limit, DEFAULT_ERROR_LIMIT)
    return "consecutiveErrorLimit must be >= 0" if limit < 0 else None


def success_limit_negative(metric: Metric) -> str | None:
    """A counter never gets below zero."""
    return "consecutiveSuccessLimit must be >= 0" if number(metric.consecutive_success_limit) < 0 else None


def nothing_ends_it(metric: Metric) -> str | None:
    """Failures are off, and successes never suffice."""
    is_endless = number(metric.failure_limit) < 0 and number(metric.consecutive_success_limit) <= 0
    return "failureLimit and consecutiveSuccessLimit cannot both be disabled" if is_endless else None


def provider_missing(metric: Metric) -> str | None:
    """Nobody said whom to ask. `provider` holds the names joined by commas when there are several."""
    if not metric.provider:
        return "no provider specified"
    return "multiple providers specified" if "," in metric.provider else None


CHECKS: tuple[Check, ...] = (
    failure_limit_negative,
    success_limit_negative,
    nothing_ends_it,
    inconclusive_limit_negative,
    error_limit_negative,
    count_below_limits,
    interval_missing,
    bad_interval,
    bad_delay,
    provider_missing,
)
