"""Tolerant reading of JSON: what has the wrong type counts as absent.

Called by dialects, traffic, workloads and gitsync, and by the shells that look into objects. The API server has already
held objects to their schema; what comes from files, from an older schema or from somebody else must not stop a round.
Mistakes that a user should hear of are found by the dialects' faults, not here.
"""

from datetime import UTC, datetime
from typing import Any

from rollouts.model.objects import Json


def mapping(value: Any) -> Json:
    """The object itself, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The list itself, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC; None when it is none."""
    try:
        parsed = datetime.fromisoformat(text(value))
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def rfc3339(value: datetime) -> str:
    """A time as Kubernetes writes it: whole seconds, UTC."""
    # a tenth of strftime's cost; years have 4 digits
    return value.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
