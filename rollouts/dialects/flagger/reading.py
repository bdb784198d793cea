"""Tolerant reading of JSON, as this dialect's decoder reads: what has the wrong type counts as absent.

Called by every module of the dialect. Mistakes that matter are found by faults.py, not here.
"""

import re
from datetime import timedelta
from typing import Any

from rollouts.model.reading import text

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def number(value: Any) -> float | None:
    """The number, or None; a bool is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def integer(value: Any, default: int = 0) -> int:
    """The whole number, or the default."""
    found = number(value)
    return default if found is None else int(found)


def duration(value: Any) -> timedelta | None:
    """`90s`, `1m30s`; None when it is no duration."""
    parts = list(_PART.finditer(text(value)))
    if not parts or "".join(part.group() for part in parts) != value:
        return None
    return timedelta(seconds=sum(float(part[1]) * _SECONDS[part[2]] for part in parts))
