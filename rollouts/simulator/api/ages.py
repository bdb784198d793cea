"""Spans of time as kubectl words them: 45s, 3m20s, 2h5m, 3d4h, 120d. Called by the tables."""

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(timestamp: str | None, now: datetime) -> str:
    """How long ago; `<unknown>` for no time, `<invalid>` for one that cannot be read or lies ahead."""
    if not timestamp:
        return "<unknown>"
    try:
        then = datetime.fromisoformat(timestamp)
    except (ValueError, TypeError):
        return "<invalid>"
    return duration(now - then)


def duration(span: timedelta) -> str:
    """At most two units, fewer the longer it is."""
    seconds = int(span.total_seconds())
    if seconds < -1:
        return "<invalid>"
    return _short(max(0, seconds)) if seconds < 3 * _HOUR else _long(seconds)


def _short(seconds: int) -> str:
    minutes = seconds // _MINUTE
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    return _two(minutes, "m", seconds % _MINUTE, "s") if minutes < 10 else f"{minutes}m"


def _long(seconds: int) -> str:
    hours, days = seconds // _HOUR, seconds // _DAY
    if hours < 8:
        return _two(hours, "h", seconds // _MINUTE % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 8 * 365 else f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
