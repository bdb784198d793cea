"""The time. The one place that reads it; everything else is told `now`.

On a virtual event loop (simulator/clock.py) `now` moves with the loop, so an hour takes no time.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, in UTC."""


def wall_clock() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the one place
