"""Lines that would come again and again, told now and then. Asked by whoever meets the same trouble for long.

An outage of the API server meets every watch and every round; the log must name it, not drown in it.
"""

import asyncio
from collections.abc import Hashable


class Seldom:
    """The first line about a subject passes, then one every `seconds`; those in between are counted."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._told: dict[Hashable, float] = {}
        self._held: dict[Hashable, int] = {}

    def passes(self, subject: Hashable) -> bool:
        """Whether to tell of it now."""
        now = asyncio.get_running_loop().time()
        if subject in self._told and now - self._told[subject] < self._seconds:
            self._held[subject] = self._held.get(subject, 0) + 1
            return False
        self._told[subject] = now
        return True

    def held(self, subject: Hashable) -> int:
        """How many lines were kept back since the last one; the count starts again."""
        return self._held.pop(subject, 0)

    def is_over(self, subject: Hashable) -> bool:
        """The trouble has ended: whether anybody had been told of it. The next line passes at once."""
        self._held.pop(subject, None)
        return self._told.pop(subject, None) is not None
