"""Whose turn is it? One queue of keys for each controller of the embedded cluster, one round at a time.

Bursts of wakes merge; a round says when time alone brings the next one. Order is arrival, so that the same history of
writes gives the same history of rounds. What the API server refuses is tried again with back-off; a round that breaks
is kept under `failures` until its object changes: one bad object never stops the others.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.cluster.errors import ClusterError
from rollouts.simulator.workloads.selectors import Key

log = logging.getLogger(__name__)

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Wake:
    """The next round's moment. A standing one (a crash loop's next try) is nothing that anybody would wait for."""

    at: datetime
    is_standing: bool = False


Reconcile = Callable[[Key], Awaitable[Wake | None]]


class Rounds:
    """The queue of one controller."""

    def __init__(self, name: str, reconcile: Reconcile, now: Now) -> None:
        self.name = name
        self.failures: dict[Key, Exception] = {}
        self._reconcile = reconcile
        self._now = now
        self._ready: dict[Key, None] = {}
        self._timers: dict[Key, Wake] = {}
        self._heap: list[tuple[datetime, Key]] = []
        self._tries: dict[Key, int] = {}
        self._stir = asyncio.Event()
        self._is_busy = False

    def wake(self, key: Key) -> None:
        """This key needs a round."""
        self._ready[key] = None
        self._stir.set()

    @property
    def is_quiet(self) -> bool:
        """No round goes on, and no key waits for one now."""
        return not self._ready and not self._is_busy

    @property
    def next_due(self) -> datetime | None:
        """The moment of the next timed round that leads anywhere; None if there is none."""
        return min((wake.at for wake in self._timers.values() if not wake.is_standing), default=None)

    async def run(self) -> None:
        """Rounds without end; until cancelled."""
        while True:
            self._ring()
            if self._ready:
                await self._round(self._take())
            else:
                await self._rest()

    def _take(self) -> Key:
        key = next(iter(self._ready))
        del self._ready[key]
        return key

    def _ring(self) -> None:
        """Timed keys whose moment has come are ready."""
        while self._heap and self._heap[0][0] <= self._now():
            at, key = heapq.heappop(self._heap)
            if (wake := self._timers.get(key)) is not None and wake.at == at:
                del self._timers[key]
                self._ready[key] = None

    async def _round(self, key: Key) -> None:
        self._is_busy = True
        self._timers.pop(key, None)
        self.failures.pop(key, None)
        try:
            wake = await self._reconcile(key)
            self._tries.pop(key, None)
        except ClusterError as error:
            wake = self._retry(key, error)
        except Exception as error:
            log.exception("%s: round of %s/%s failed", self.name, *key)
            self.failures[key] = error
            wake = None
        finally:
            self._is_busy = False
        if wake is not None:
            self._timers[key] = wake
            heapq.heappush(self._heap, (wake.at, key))

    def _retry(self, key: Key, error: ClusterError) -> Wake:
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        log.debug("%s: %s/%s again: %s", self.name, *key, error)
        return Wake(self._now() + timedelta(seconds=min(0.05 * 2.0 ** min(tries, 20), 30.0)), is_standing=tries > 3)

    async def _rest(self) -> None:
        self._stir.clear()
        alarm = None
        if self._heap:
            delay = (self._heap[0][0] - self._now()).total_seconds()
            alarm = asyncio.get_running_loop().call_later(max(delay, 0.0), self._stir.set)
        try:
            await self._stir.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
