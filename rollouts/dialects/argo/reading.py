"""Tolerant reading of JSON: what has the wrong type counts as absent, as in Argo's decoder.

Called by the parsers of this dialect. The API server has already held objects to their schema; what comes here from
files or from a cluster with an older schema must not stop a loop.
"""

import re
from datetime import timedelta
from typing import Any

from rollouts.model.strategy import Quota

_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_TOO_LARGE = 2**63
_TOO_MANY_SECONDS = 2**31
_LONGEST_SECONDS = 2**63 / 1e9
"""Go counts durations in nanoseconds."""
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def integer(value: Any) -> int | None:
    """The whole number, or None; a bool is no number, and neither is what needs more than 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _TOO_LARGE:
        return None
    return int(value) if value == int(value) else None


def flag(value: Any, *, default: bool = False) -> bool:
    """The bool, or the default."""
    return value if isinstance(value, bool) else default


def seconds(value: Any, default: timedelta) -> timedelta:
    """A number of seconds as a duration."""
    found = optional_seconds(value)
    return default if found is None else found


def optional_seconds(value: Any) -> timedelta | None:
    """A number of seconds as a duration, None where there is none; like Go's, it has 32 bits."""
    number = integer(value)
    return timedelta(seconds=number) if number is not None and abs(number) < _TOO_MANY_SECONDS else None


def go_duration(value: str) -> timedelta | None:
    """`90s`, `1h30m` as Go writes durations; None when it is no duration."""
    sign, body = (-1, value[1:]) if value.startswith("-") else (1, value.removeprefix("+"))
    if body == "0":
        return timedelta()
    parts = list(_DURATION_PART.finditer(body))
    if not parts or "".join(p.group() for p in parts) != body:
        return None
    total = sum(float(p[1]) * _UNIT_SECONDS[p[2]] for p in parts)
    return sign * timedelta(seconds=total) if total < _LONGEST_SECONDS else None


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
        return optional_seconds(number)
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
