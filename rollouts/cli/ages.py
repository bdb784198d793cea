"""Times as kubectl words them. Called by info; knows no clock."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

FOREVER = timedelta(seconds=(2**63 - 1) / 1e9)
"""What Go makes of the time since the year 1: an object without a time looks this old."""


def moment(text: object) -> datetime | None:
    """An RFC 3339 time; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def in_seconds(text: object) -> timedelta | None:
    """A Go duration (1m30s, 500ms); a plain number is seconds; None for anything else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", str(text))
    if str(text).isdigit():
        return timedelta(seconds=float(str(text)))
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in parts))


def since(text: object, now: datetime) -> str:
    """How long ago this RFC 3339 time was."""
    start = moment(text)
    return human(FOREVER if start is None else now - start)


def human(span: timedelta) -> str:
    """At most two units, the second only while it matters: 119s, 9m59s, 3h, 2d5h, 400d, 3y."""
    seconds = int(span.total_seconds())
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 180:
        return f"{minutes}m" + (_rest(seconds % 60, "s") if minutes < 10 else "")
    if hours < 48:
        return f"{hours}h" + (_rest(minutes % 60, "m") if hours < 8 else "")
    return _in_days(days, hours)


def _in_days(days: int, hours: int) -> str:
    if days < 730:
        return f"{days}d" + (_rest(hours % 24, "h") if days < 8 else "")
    years = days // 365
    return f"{years}y" + (_rest(days % 365, "d") if years < 8 else "")


def _rest(amount: int, unit: str) -> str:
    return f"{amount}{unit}" if amount else ""
