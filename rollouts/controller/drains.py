"""When each rollout's routes and Services were written last, for decisions about what they may still lead to.

Kept by reconcile, in memory: what a controller does not know it takes for "just now", so a restart only waits longer.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from rollouts.controller.kinds.protocol import Key
from rollouts.model.effects import Effect, PointService, ShiftTraffic
from rollouts.model.snapshot import Snapshot


class Drains:
    """By key. `drain` is how long requests may still come on an old word."""

    drain = timedelta(seconds=10)

    def __init__(self) -> None:
        self._moved: dict[Key, datetime | None] = {}
        self._verified: set[Key] = set()

    def seen(self, key: Key, snapshot: Snapshot, now: datetime) -> Snapshot:
        """The snapshot with what is known of the last move.

        A router that says when it has taken a weight has not moved before that, however long ago the write was.
        """
        if not snapshot.rollout.status.canary.verified:
            self._verified.discard(key)
        elif key not in self._verified:
            self._verified.add(key)
            self._moved[key] = None
        moved = self._moved.get(key)
        if moved is None:  # unknown, or done in the round before, whose end nobody timed
            moved = self._moved[key] = now
        return replace(snapshot, moved_at=moved, drain=self.drain)

    def note(self, key: Key, done: Iterable[Effect]) -> None:
        """These effects were carried out, or may have been, also by a round that failed then."""
        if any(isinstance(effect, PointService | ShiftTraffic) for effect in done):
            self._moved[key] = None

    def forget(self, key: Key) -> None:
        """The rollout is gone."""
        self._moved.pop(key, None)
        self._verified.discard(key)
