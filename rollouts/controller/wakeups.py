"""The queue: which key needs a round, and when. One for each kind; filled by events, timers and answers.

Bursts merge into one round; a key never has two rounds at once (a wake meanwhile gives one more round after it); timed
wakes lie on one heap with a single timer; a failing key backs off alone and delays nobody. Nothing here is durable:
after a restart every object is looked at once, and that finds all there is to do.
"""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.cluster.errors import ClusterError
from rollouts.controller.clock import Clock
from rollouts.controller.kinds.protocol import Key
from rollouts.model.errors import RolloutsError, TemporaryError

_RESOLUTION = 1e-6
"""Seconds by which a loop may ring early; a timer that found itself too early would only ring again at once."""

_SLACK = 100
"""Replaced entries that the heap may hold beside as many again as there are keys."""

Round = Callable[[Key, datetime], Awaitable[datetime | None]]
"""One round of a key; the moment of the next one, if time alone can bring it."""

Trouble = Callable[[Key, BaseException, float], None]
"""Told of a failed round, and of the seconds until the next."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts of a failing key: doubled from `first` to `longest`, with jitter."""

    first: float = 0.02
    longest: float = 60.0

    def after(self, failures: int, dice: random.Random) -> float:
        """The pause after so many failures in a row."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30)) * dice.uniform(0.75, 1.0)


class Wakeups:
    """Keys that wait for their round. `wake` may be called at any time; rounds are made while `run` runs."""

    def __init__(
        self,
        handle: Round,
        *,
        clock: Clock,
        workers: int = 10,
        on_trouble: Trouble = lambda _key, _error, _pause: None,
        on_added: Callable[[Key], None] = lambda _key: None,
        dice: random.Random | None = None,
    ) -> None:
        self._handle = handle
        self._clock = clock
        self._workers = workers
        self._on_trouble = on_trouble
        self._on_added = on_added
        self._backoff = Backoff()
        self._dice = dice or random.Random()
        self._ready: deque[Key] = deque()
        self._waiting: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._work = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_idle(self) -> bool:
        """No round runs and none is ready; timed ones may lie ahead."""
        return not (self._ready or self._running)

    def wake(self, key: Key) -> None:
        """This key needs a round, as soon as a worker is free."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._on_added(key)
            self._ready.append(key)
            self._work.set()

    def wake_at(self, key: Key, when: datetime) -> None:
        """This key needs a round at `when`; takes the place of an earlier timed wake of the key."""
        self._wake_after(key, (when - self._clock()).total_seconds())

    async def run(self, stop: asyncio.Event, *, grace: float = 5.0) -> None:
        """Make rounds until `stop`; rounds that run then have `grace` seconds to end before they are cancelled."""
        self._arm()
        workers = [asyncio.create_task(self._work_on(stop)) for _ in range(self._workers)]
        try:
            await stop.wait()
            self._work.set()
            await asyncio.wait(workers, timeout=grace)
        finally:
            await _cancel(workers)
            self._disarm()

    async def _work_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._ready:
                self._work.clear()
                await self._work.wait()
                continue
            await self._round(self._ready.popleft())

    async def _round(self, key: Key) -> None:
        self._waiting.discard(key)
        self._running.add(key)
        try:
            next_at = await self._handle(key, self._clock())
        except Exception as error:
            self._retry(key, error)
        else:
            self._failures.pop(key, None)
            if next_at is None:
                self._due.pop(key, None)
            else:
                self.wake_at(key, next_at)
        finally:
            self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.wake(key)

    def _retry(self, key: Key, error: Exception) -> None:
        self._failures[key] = self._failures.get(key, 0) + 1
        pause = self._pause_after(error, self._failures[key])
        self._on_trouble(key, error, pause)
        self._wake_after(key, pause)

    def _pause_after(self, error: Exception, failures: int) -> float:
        match error:
            case TemporaryError(retry_after=timedelta() as wish):
                return max(wish.total_seconds(), self._backoff.after(failures, self._dice))
            case ClusterError(retry_after=float() | int() as seconds):
                return float(seconds)
            case RolloutsError():
                return self._backoff.after(failures, self._dice)
            case _:  # a defect of ours: no hurry to see it again
                return max(1.0, self._backoff.after(failures, self._dice))

    def _wake_after(self, key: Key, seconds: float) -> None:
        due = asyncio.get_running_loop().time() + max(0.0, seconds)
        self._due[key] = due
        heapq.heappush(self._heap, (due, key))
        if len(self._heap) > _SLACK + 2 * len(self._due):
            self._heap = [(due, key) for key, due in self._due.items()]
            heapq.heapify(self._heap)
        self._arm()

    def _arm(self) -> None:
        """One timer, for the head of the heap; entries that were replaced fall off here."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        self._disarm()
        if self._heap:
            self._timer = asyncio.get_running_loop().call_at(self._heap[0][0], self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        now = asyncio.get_running_loop().time() + _RESOLUTION
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                self.wake(key)
        self._arm()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
