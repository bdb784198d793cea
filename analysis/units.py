"""Durations, moments, numbers and quoted texts as Go programs read and write them. Pure; used all over analysis.

Moments in status fields have whole seconds (that is how Kubernetes writes them), so what is read back may be up to a
second older than what was meant; scheduling lives with that, as Argo's does.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from analysis.errors import DurationError

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_LONGEST = 1 << 63
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> timedelta:
    """A Go duration (`90s`, `1h30m`, `-1.5h`). Below a microsecond it is rounded. DurationError in Go's words."""
    return timedelta(microseconds=parse_nanoseconds(text) / 1000)


def parse_nanoseconds(text: str) -> int:
    """The same, to the nanosecond."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {quote(text)}")
    nanoseconds, at = 0, 0
    while at < len(rest):
        match = _PART.match(rest, at)
        whole, fraction, unit = match.groups() if match else ("", None, "")
        nanoseconds += _part(text, whole, fraction or "", unit)
        at = match.end() if match else len(rest)
    if nanoseconds >= _LONGEST:
        raise DurationError(f"time: invalid duration {quote(text)}")
    return sign * nanoseconds


def _part(text: str, whole: str, fraction: str, unit: str) -> int:
    if not whole and not fraction:
        raise DurationError(f"time: invalid duration {quote(text)}")
    if not unit:
        raise DurationError(f"time: missing unit in duration {quote(text)}")
    scale = _NANOSECONDS.get(unit)
    if scale is None:
        raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    parts: int = int(fraction or "0") * scale // 10 ** len(fraction)
    return int(whole or "0") * scale + parts


def format_duration(duration: timedelta) -> str:
    """The duration as Go prints it: `1h30m0s`, `1.5s`, `100ms`, `0s`."""
    microseconds = duration // timedelta(microseconds=1)
    if microseconds < 0:
        return "-" + format_duration(-duration)
    if microseconds < 1000:
        return f"{microseconds}µs" if microseconds else "0s"
    if microseconds < 1_000_000:
        return f"{_decimal(microseconds, 1000)}ms"
    minutes, rest = divmod(microseconds, 60_000_000)
    seconds = f"{_decimal(rest, 1_000_000)}s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def parse_time(text: str) -> datetime:
    """An RFC 3339 moment as Kubernetes writes it, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def format_time(moment: datetime) -> str:
    """The moment in whole seconds (cut, not rounded), as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_value(number: float) -> str:
    """A number without an exponent, as Go's FormatFloat(v, 'f', -1): `0.95`, `3`, `NaN`, `+Inf`."""
    text = _special(number)
    if text:
        return text
    if number == int(number) and abs(number) < 1e15:
        return "-0" if number == 0 and math.copysign(1, number) < 0 else str(int(number))
    return _plain(repr(number))


def format_number(number: float | int) -> str:
    """A number as Go's %v: like format_value, but `1e+21` from that size on and `1e-05` below 0.0001."""
    if isinstance(number, int):
        return str(number)
    text = _special(number)
    if text:
        return text
    size = abs(number)
    if size == 0 or 1e-4 <= size < 1e21:
        return format_value(number)
    digits, _, exponent = repr(number).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+03d}"


def _special(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return ""


def _plain(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}".rstrip("0")
    if point >= len(digits):
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}".rstrip("0").rstrip(".")


def quote(text: str) -> str:
    """The text as Go's strconv.Quote writes it. Control characters without a short form become `\\x01`."""
    return '"' + "".join(_quoted(char) for char in text) + '"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if char == " " or (char.isprintable() and not char.isspace()):
        return char
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
