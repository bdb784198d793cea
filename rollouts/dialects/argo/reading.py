"""Tolerant reading of JSON: what has the wrong type counts as absent, as in Argo's decoder.

Called by the parsers of this dialect. The API server has already held objects to their schema; what comes here from
files or from a cluster with an older schema must not stop a loop.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rollouts.model.strategy import Quota

_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def mapping(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def integer(value: Any) -> int | None:
    """The whole number, or None; a bool is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def flag(value: Any, *, default: bool = False) -> bool:
    """The bool, or the default."""
    return value if isinstance(value, bool) else default


def seconds(value: Any, default: timedelta) -> timedelta:
    """A number of seconds as a duration."""
    number = integer(value)
    return default if number is None else timedelta(seconds=number)


def optional_seconds(value: Any) -> timedelta | None:
    """A number of seconds as a duration, None where there is none."""
    number = integer(value)
    return None if number is None else timedelta(seconds=number)


def go_duration(value: str) -> timedelta | None:
    """`90s`, `1h30m` as Go writes durations; None when it is no duration."""
    sign, body = (-1, value[1:]) if value.startswith("-") else (1, value.removeprefix("+"))
    if body == "0":
        return timedelta()
    parts = list(_DURATION_PART.finditer(body))
    if not parts or "".join(p.group() for p in parts) != body:
        return None
    return sign * timedelta(seconds=sum(float(p[1]) * _UNIT_SECONDS[p[2]] for p in parts))


def go_text(value: timedelta) -> str:
    """A duration as Go writes it: `30s`, `1m30s`, `1h0m0s`, `500ms`."""
    if value < timedelta(seconds=1):
        return f"{value.total_seconds() * 1000:g}ms" if value else "0s"
    minutes, seconds = divmod(value.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds:g}s"


def pause_duration(value: Any) -> timedelta | None:
    """A pause's duration: an int or a bare number in a string is seconds, otherwise a Go duration.

    None when it cannot be read as any of them.
    """
    number = integer(value)
    if number is None and isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value):
        number = int(value)
    if number is not None:
        return timedelta(seconds=number)
    return go_duration(value) if isinstance(value, str) else None


def quota(value: Any, default: Quota) -> Quota:
    """An int-or-percent. Argo: any string is a percentage, with or without its sign."""
    number = integer(value)
    if number is not None:
        return Quota(number)
    if isinstance(value, str):
        digits = value.removesuffix("%")
        return Quota(int(digits), is_percent=True) if re.fullmatch(r"-?\d+", digits) else Quota(0)
    return default


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC; None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def rfc3339(value: datetime) -> str:
    """A time as Kubernetes writes it: whole seconds, UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
