"""Moments by Go's layouts (`2006-01-02 15:04:05`): read and written. Called by date() and by Format().

A layout is cut into the pieces that Go knows; each piece is a pattern to read by and a form to write in. The years are
1 to 9999 and fractions end at the microsecond, as Python has them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from analysis.errors import ExpressionError
from analysis.expression.values import Month, Weekday

_MONTHS, _DAYS = Month.NAMES, Weekday.NAMES


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a layout: what it may look like, which field it fills, how it is written."""

    pattern: str
    field: str
    write: Callable[[datetime], str]


def _offset(moment: datetime, form: str) -> str:
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    if form.startswith("Z") and not minutes:
        return "Z"
    hours, rest = divmod(abs(minutes), 60)
    colon = ":" if ":" in form else ""
    return f"{'-' if minutes < 0 else '+'}{hours:02d}" + (f"{colon}{rest:02d}" if len(form) > 3 else "")


def _names(names: tuple[str, ...], length: int | None = None) -> str:
    return "|".join(name[:length] for name in names)


def _zone(form: str) -> _Piece:
    digits = r"[+-]\d\d" + (r":\d\d" if ":" in form else r"\d\d" if len(form) > 3 else "")
    pattern = f"Z|{digits}" if form.startswith("Z") else digits
    return _Piece(pattern, "offset", lambda moment: _offset(moment, form))


def _number(field: str, value: Callable[[datetime], int], width: int, *, is_padded: bool = True) -> _Piece:
    pattern = rf"\d{{{width}}}" if is_padded else rf"\d{{1,{width}}}"
    return _Piece(pattern, field, lambda moment: f"{value(moment):0{width if is_padded else 1}d}")


_PIECES: Mapping[str, _Piece] = {
    "January": _Piece(_names(_MONTHS), "month_name", lambda moment: _MONTHS[moment.month - 1]),
    "Jan": _Piece(_names(_MONTHS, 3), "month_name", lambda moment: _MONTHS[moment.month - 1][:3]),
    "Monday": _Piece(_names(_DAYS), "weekday", lambda moment: _DAYS[moment.isoweekday() % 7]),
    "Mon": _Piece(_names(_DAYS, 3), "weekday", lambda moment: _DAYS[moment.isoweekday() % 7][:3]),
    "MST": _Piece("[A-Z]{3,4}", "zone", lambda moment: moment.tzname() or ""),
    "2006": _number("year", lambda moment: moment.year, 4),
    "002": _number("yearday", lambda moment: moment.timetuple().tm_yday, 3),
    "01": _number("month", lambda moment: moment.month, 2),
    "02": _number("day", lambda moment: moment.day, 2),
    "03": _number("hour12", lambda moment: (moment.hour + 11) % 12 + 1, 2),
    "04": _number("minute", lambda moment: moment.minute, 2),
    "05": _number("second", lambda moment: moment.second, 2),
    "06": _number("year2", lambda moment: moment.year % 100, 2),
    "15": _number("hour", lambda moment: moment.hour, 2),
    "1": _number("month", lambda moment: moment.month, 2, is_padded=False),
    "2": _number("day", lambda moment: moment.day, 2, is_padded=False),
    "_2": _Piece(r" ?\d{1,2}", "day", lambda moment: f"{moment.day:2d}"),
    "3": _number("hour12", lambda moment: (moment.hour + 11) % 12 + 1, 2, is_padded=False),
    "4": _number("minute", lambda moment: moment.minute, 2, is_padded=False),
    "5": _number("second", lambda moment: moment.second, 2, is_padded=False),
    "PM": _Piece("AM|PM", "half", lambda moment: "PM" if moment.hour >= 12 else "AM"),
    "pm": _Piece("am|pm", "half", lambda moment: "pm" if moment.hour >= 12 else "am"),
    **{form: _zone(form) for form in ("Z07:00", "Z0700", "Z07", "-07:00", "-0700", "-07")},
}
_CUT = re.compile(r"([.,](?:0+|9+)(?!\d))|(" + "|".join(sorted(map(re.escape, _PIECES), key=len, reverse=True)) + ")")


@lru_cache(maxsize=256)
def _reader(layout: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The layout as a pattern with a group for each field."""
    pattern, fields, at = "", [], 0
    for match in _CUT.finditer(layout):
        pattern += re.escape(layout[at : match.start()])
        at = match.end()
        if match[1]:
            pattern += rf"([.,]\d{{{len(match[1]) - 1}}})" if "0" in match[1] else r"([.,]\d+)?"
            fields.append("fraction")
            continue
        piece = _PIECES[match[2]]
        pattern += f"({piece.pattern})"
        fields.append(piece.field)
        if piece.field == "second" and layout[at : at + 1] not in (".", ","):
            pattern += r"([.,]\d+)?"  # a fraction may follow the seconds even where the layout has none
            fields.append("fraction")
    return re.compile(pattern + re.escape(layout[at:]), re.ASCII), tuple(fields)


def read(layout: str, text: str, zone: tzinfo = UTC) -> datetime:
    """The moment that a text names; ExpressionError."""
    pattern, fields = _reader(layout)
    match = pattern.fullmatch(text)
    if match is None:
        raise ExpressionError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "{layout}"')
    parts = {field: value for field, value in zip(fields, match.groups(), strict=True) if value}
    try:
        return _moment(parts, zone)
    except (ValueError, OverflowError):
        raise ExpressionError(f'parsing time "{text}": out of range') from None


def _moment(parts: dict[str, str], zone: tzinfo) -> datetime:
    found = datetime(
        _year(parts),
        _month(parts),
        int(parts.get("day", "1")),
        _hour(parts),
        int(parts.get("minute", "0")),
        int(parts.get("second", "0")),
        int((parts.get("fraction", ".0")[1:] + "000000")[:6]),
        _place(parts, zone),
    )
    if "yearday" in parts:
        return found.replace(month=1, day=1) + timedelta(days=int(parts["yearday"]) - 1)
    return found


def _year(parts: dict[str, str]) -> int:
    if "year2" in parts:
        short = int(parts["year2"])
        return short + (1900 if short >= 69 else 2000)
    return int(parts.get("year", "1"))


def _month(parts: dict[str, str]) -> int:
    if "month_name" in parts:
        return next(index for index, name in enumerate(_MONTHS, 1) if name.startswith(parts["month_name"]))
    return int(parts.get("month", "1"))


def _hour(parts: dict[str, str]) -> int:
    if "hour12" not in parts:
        return int(parts.get("hour", "0"))
    hour = int(parts["hour12"])
    if not 0 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if parts.get("half", "").upper() == "PM" else 0)


def _place(parts: dict[str, str], zone: tzinfo) -> tzinfo:
    offset = parts.get("offset", "").replace(":", "")
    if offset in ("", "Z"):
        return UTC if offset else zone
    minutes = int(offset[1:3]) * 60 + int(offset[3:5] or "0")
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def written(moment: datetime, layout: str) -> str:
    """The moment in a layout."""

    def one(match: re.Match[str]) -> str:
        if match[2]:
            return _PIECES[match[2]].write(moment)
        fraction = f"{moment.microsecond:06d}".ljust(9, "0")[: len(match[1]) - 1]
        if "9" in match[1]:
            fraction = fraction.rstrip("0")
        return match[1][0] + fraction if fraction else ""

    return _CUT.sub(one, layout)
