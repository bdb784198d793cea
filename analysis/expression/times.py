"""`now`, `date`, `duration` and `timezone`. Called through functions.py."""

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from analysis.errors import DurationError, ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.layouts import read
from analysis.expression.operations import text
from analysis.expression.values import Duration
from analysis.units import parse_nanoseconds

_LAYOUTS = (
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
)


def now(frame: Frame, zone: tzinfo | None = None) -> datetime:
    """The moment of this evaluation."""
    return frame.now if zone is None else frame.now.astimezone(zone)


def duration(_: Frame, span: Any) -> Duration:
    """A span written as `1h30m`."""
    try:
        return Duration(parse_nanoseconds(text(span)))
    except DurationError as error:
        raise ExpressionError(str(error)) from None


def zone_of(_: Frame, name: Any) -> tzinfo:
    """A place on the time zones' list."""
    wanted = text(name)
    if wanted in ("", "UTC", "Local"):  # a controller runs in UTC
        return UTC
    try:
        return ZoneInfo(wanted)
    except (LookupError, ValueError, OSError):
        raise ExpressionError(f"unknown time zone {wanted}") from None


def date(frame: Frame, *arguments: Any) -> datetime:
    """A moment: the text, by a layout if one is given, in a zone if one is given (first as such, or last by name)."""
    zone: tzinfo = UTC
    if arguments and isinstance(arguments[0], tzinfo):
        zone, arguments = arguments[0], arguments[1:]
    if not arguments:
        raise ExpressionError("runtime error: index out of range [0] with length 0")
    moment = text(arguments[0])
    if len(arguments) == 1:
        return _read_any(moment, zone)
    layout = text(arguments[1])
    if len(arguments) > 2:
        zone = zone_of(frame, arguments[2])
    return read(layout, moment, zone)


def _read_any(moment: str, zone: tzinfo) -> datetime:
    for layout in _LAYOUTS:
        try:
            return read(layout, moment, zone)
        except ExpressionError:
            continue
    raise ExpressionError(f"invalid date {moment}")
