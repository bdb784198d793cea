"""Statuses that may wait a moment for a change that matters. Called by reconcile; the wait itself is the key's timer.

Nothing here is missed by a restart: the next process comes to the same plan (Plan.may_wait), and what it tells a second
time is told under the same names. The trade-off: numbers in a status are up to a second old, and a rollout costs about
half the writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.controller.kinds.protocol import Key
from rollouts.model.plan import Event, Plan

LONGEST = timedelta(seconds=1)


@dataclass(slots=True)
class _Wait:
    """Until when a key's status may be unwritten, and the events that went out meanwhile."""

    until: datetime
    told: frozenset[Event] = frozenset()


class Patience:
    """Who waits, since when."""

    def __init__(self) -> None:
        self._waits: dict[Key, _Wait] = {}

    def ends_at(self, key: Key, plan: Plan, now: datetime) -> datetime | None:
        """Until when this plan's status may be unwritten; None: it is to be written now."""
        if not plan.may_wait:
            return None
        wait = self._waits.setdefault(key, _Wait(now + LONGEST))
        return wait.until if now < wait.until else None

    def untold(self, key: Key, events: Iterable[Event]) -> tuple[Event, ...]:
        """Those that did not go out while the status waited."""
        told = self._waits[key].told if key in self._waits else frozenset()
        return tuple(event for event in events if event not in told)

    def tell(self, key: Key, events: Iterable[Event]) -> None:
        """These went out, and the status still waits."""
        self._waits[key].told |= frozenset(events)

    def end(self, key: Key) -> None:
        """The status is written, or nothing is left to write."""
        self._waits.pop(key, None)
