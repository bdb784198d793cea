"""Methods of moments, spans, months and places, as Go's time package has them. Read by the checker and by calls.

A row: what the method takes after its value, what it gives, and what it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.layouts import written
from analysis.expression.operations import between, later
from analysis.expression.types import (
    BOOL,
    FLOAT,
    INT,
    INT64,
    MONTH,
    SPAN,
    STRING,
    TIME,
    WEEKDAY,
    ZONE,
    Kind,
    Signature,
    Type,
)
from analysis.expression.values import Duration, Int64, Month, Weekday, dynamic_name, shown, wrap

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAWN = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is called on its value."""

    takes: tuple[Type, ...]
    gives: Type
    run: Callable[..., Any]


def method_type(base: Type, name: str) -> Type | None:
    """The type of a method of values of this type; None when there is none."""
    method = METHODS.get(base.name, {}).get(name)
    if method is None:
        return None
    return Type(Kind.FUNC, f"func({base.name})", function=Signature(name, method.takes, method.gives))


def method_of(value: Any, name: Any) -> Callable[..., Any] | None:
    """A value's method, bound to it; None when there is none."""
    method = METHODS.get(dynamic_name(value), {}).get(name) if isinstance(name, str) else None
    return None if method is None else lambda *arguments: method.run(value, *arguments)


def _since(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _unix(unit: int) -> Callable[[datetime], int]:
    return lambda moment: Int64(_since(moment) // unit)


def _unix_nano(moment: datetime) -> int:
    return Int64(wrap(_since(moment) * 1000))


def _nanosecond(moment: datetime) -> int:
    return moment.microsecond * 1000


def _add_date(moment: datetime, years: int, months: int, days: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + years * 12 + months, 12)
    try:
        # days beyond the month's end run on into the next one
        return moment.replace(year=year, month=month + 1, day=1) + timedelta(days=moment.day - 1 + days)
    except (ValueError, OverflowError):
        raise ExpressionError("the time lies outside of the years 1 to 9999") from None


def _truncated(moment: datetime, span: Duration) -> datetime:
    if span.nanoseconds <= 0:
        return moment
    return later(moment, -((moment - _DAWN) // _MICROSECOND * 1000 % span.nanoseconds))


def _rounded(moment: datetime, span: Duration) -> datetime:
    down = _truncated(moment, span)
    rest = between(down, moment).nanoseconds
    return later(down, span.nanoseconds) if span.nanoseconds > 0 and rest * 2 >= span.nanoseconds else down


def _span_truncated(span: Duration, step: Duration) -> Duration:
    if step.nanoseconds <= 0:
        return span
    size = abs(span.nanoseconds) // step.nanoseconds * step.nanoseconds
    return Duration(-size if span.nanoseconds < 0 else size)


def _span_rounded(span: Duration, step: Duration) -> Duration:
    if step.nanoseconds <= 0:
        return span
    size = (abs(span.nanoseconds) * 2 + step.nanoseconds) // (2 * step.nanoseconds) * step.nanoseconds
    return Duration(wrap(-size if span.nanoseconds < 0 else size))


def _units(size: int) -> Callable[[Duration], float]:
    return lambda span: span.nanoseconds / size


def _whole(size: int) -> Callable[[Duration], int]:
    # cut, not rounded down
    return lambda span: Int64(abs(span.nanoseconds) // size * (-1 if span.nanoseconds < 0 else 1))


def _compared(moment: datetime, other: datetime) -> int:
    return (moment > other) - (moment < other)


def _zoned(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone)


_TEXT = Method((), STRING, shown)
METHODS: Mapping[str, Mapping[str, Method]] = {
    TIME.name: {
        "Year": Method((), INT, lambda moment: moment.year),
        "Month": Method((), MONTH, lambda moment: Month(moment.month)),
        "Day": Method((), INT, lambda moment: moment.day),
        "Hour": Method((), INT, lambda moment: moment.hour),
        "Minute": Method((), INT, lambda moment: moment.minute),
        "Second": Method((), INT, lambda moment: moment.second),
        "Nanosecond": Method((), INT, _nanosecond),
        "YearDay": Method((), INT, lambda moment: moment.timetuple().tm_yday),
        "Weekday": Method((), WEEKDAY, lambda moment: Weekday(moment.isoweekday() % 7)),
        "Unix": Method((), INT64, _unix(1_000_000)),
        "UnixMilli": Method((), INT64, _unix(1_000)),
        "UnixMicro": Method((), INT64, _unix(1)),
        "UnixNano": Method((), INT64, _unix_nano),
        "Format": Method((STRING,), STRING, written),
        "Add": Method((SPAN,), TIME, lambda moment, span: later(moment, span.nanoseconds)),
        "Sub": Method((TIME,), SPAN, lambda moment, other: between(other, moment)),
        "AddDate": Method((INT, INT, INT), TIME, _add_date),
        "After": Method((TIME,), BOOL, lambda moment, other: moment > other),
        "Before": Method((TIME,), BOOL, lambda moment, other: moment < other),
        "Equal": Method((TIME,), BOOL, lambda moment, other: moment == other),
        "Compare": Method((TIME,), INT, _compared),
        "IsZero": Method((), BOOL, lambda moment: moment == _DAWN),
        "UTC": Method((), TIME, lambda moment: moment.astimezone(UTC)),
        "Local": Method((), TIME, lambda moment: moment.astimezone(UTC)),
        "In": Method((ZONE,), TIME, _zoned),
        "Location": Method((), ZONE, lambda moment: moment.tzinfo),
        "Truncate": Method((SPAN,), TIME, _truncated),
        "Round": Method((SPAN,), TIME, _rounded),
        "String": _TEXT,
    },
    SPAN.name: {
        "Hours": Method((), FLOAT, _units(3_600_000_000_000)),
        "Minutes": Method((), FLOAT, _units(60_000_000_000)),
        "Seconds": Method((), FLOAT, _units(1_000_000_000)),
        "Milliseconds": Method((), INT64, _whole(1_000_000)),
        "Microseconds": Method((), INT64, _whole(1_000)),
        "Nanoseconds": Method((), INT64, _whole(1)),
        "Truncate": Method((SPAN,), SPAN, _span_truncated),
        "Round": Method((SPAN,), SPAN, _span_rounded),
        "Abs": Method((), SPAN, lambda span: Duration(min(abs(span.nanoseconds), (1 << 63) - 1))),
        "String": _TEXT,
    },
    MONTH.name: {"String": _TEXT},
    WEEKDAY.name: {"String": _TEXT},
    ZONE.name: {"String": _TEXT},
}
