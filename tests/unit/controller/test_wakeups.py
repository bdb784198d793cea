"""The queue: examples of each promise, and properties over random wakes, in virtual time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.cluster.errors import TooManyRequestsError
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.wakeups import Backoff, Wakeups
from rollouts.model.errors import TemporaryError
from rollouts.simulator.clock import run_virtual, virtual_now


def a_key(name: str) -> Key:
    return Key("rollouts", "default", name)


A, B = a_key("a"), a_key("b")


class Desk:
    """A queue whose rounds take `seconds`, fail as told, and are noted with their time."""

    def __init__(self, *, seconds: float = 0.0, workers: int = 4) -> None:
        self.rounds: list[tuple[str, float]] = []
        self.next_at: dict[Key, datetime | None] = {}
        self.errors: dict[Key, list[Exception]] = {}
        self.at_once: dict[Key, int] = {}
        self.most_at_once = 0
        self.busiest = 0
        self._seconds = seconds
        self.queue = Wakeups(self._round, clock=virtual_now, workers=workers, dice=random.Random(1))

    async def _round(self, key: Key, now: datetime) -> datetime | None:
        self.rounds.append((key.name, asyncio.get_running_loop().time()))
        self.at_once[key] = self.at_once.get(key, 0) + 1
        self.most_at_once = max(self.most_at_once, self.at_once[key])
        self.busiest = max(self.busiest, sum(self.at_once.values()))
        try:
            await asyncio.sleep(self._seconds)
            if self.errors.get(key):
                raise self.errors[key].pop(0)
        finally:
            self.at_once[key] -= 1
        return self.next_at.pop(key, None)


def play(make: Callable[[], Desk], story: Callable[[Desk], Awaitable[None]]) -> Desk:
    """Run a story while the queue runs."""

    async def main() -> Desk:
        desk, stop = make(), asyncio.Event()
        running = asyncio.create_task(desk.queue.run(stop))
        await story(desk)
        stop.set()
        await running
        return desk

    return run_virtual(main())


def test_a_burst_of_wakes_makes_one_round() -> None:
    """Wakes that come before a worker is free merge."""

    async def story(desk: Desk) -> None:
        for _ in range(50):
            desk.queue.wake(A)
        await asyncio.sleep(1)

    assert play(Desk, story).rounds == [("a", 0.0)]


def test_a_wake_during_a_round_gives_one_more_round_after_it() -> None:
    """What came in too late to be seen is seen next, and never at the same time."""

    async def story(desk: Desk) -> None:
        desk.queue.wake(A)
        await asyncio.sleep(1)
        desk.queue.wake(A)
        desk.queue.wake(A)
        await asyncio.sleep(20)

    desk = play(lambda: Desk(seconds=5), story)

    assert desk.rounds == [("a", 0.0), ("a", 5.0)]
    assert desk.most_at_once == 1


def test_a_round_that_names_a_moment_is_followed_at_that_moment() -> None:
    """Timed wakes are exact."""

    async def story(desk: Desk) -> None:
        desk.next_at[A] = virtual_now() + timedelta(seconds=37)
        desk.queue.wake(A)
        await asyncio.sleep(100)

    assert play(Desk, story).rounds == [("a", 0.0), ("a", 37.0)]


def test_a_later_round_replaces_the_timed_wake_of_an_earlier_one() -> None:
    """Only the newest decision knows when the next is due."""

    async def story(desk: Desk) -> None:
        desk.next_at[A] = virtual_now() + timedelta(seconds=10)
        desk.queue.wake(A)
        await asyncio.sleep(5)
        desk.next_at[A] = virtual_now() + timedelta(seconds=20)
        desk.queue.wake(A)
        await asyncio.sleep(100)

    assert play(Desk, story).rounds == [("a", 0.0), ("a", 5.0), ("a", 25.0)]


def test_a_failing_key_backs_off_and_delays_no_other() -> None:
    """Each failure doubles the pause of this key only."""

    async def story(desk: Desk) -> None:
        desk.errors[A] = [TemporaryError("not yet") for _ in range(12)]
        desk.queue.wake(A)
        await asyncio.sleep(1)
        desk.queue.wake(B)
        await asyncio.sleep(400)

    desk = play(Desk, story)
    pauses = [after - before for before, after in zip(_times(desk, "a"), _times(desk, "a")[1:], strict=False)]

    assert len(pauses) == 12
    assert all(0.75 * 0.02 * 2**n <= pause <= min(60.0, 0.02 * 2**n) for n, pause in enumerate(pauses))
    assert _times(desk, "b") == [1.0]


def test_success_forgets_the_failures() -> None:
    """The next failure starts with a short pause again."""

    async def story(desk: Desk) -> None:
        desk.errors[A] = [TemporaryError("not yet") for _ in range(5)]
        desk.queue.wake(A)
        await asyncio.sleep(100)
        desk.errors[A] = [TemporaryError("not yet")]
        desk.queue.wake(A)
        await asyncio.sleep(100)

    times = _times(play(Desk, story), "a")

    assert times[-1] - times[-2] <= 0.02


def test_a_named_pause_is_kept() -> None:
    """Retry-After and retry_after win over the back-off."""

    async def story(desk: Desk) -> None:
        desk.errors[A] = [TemporaryError("wait", retry_after=timedelta(seconds=7))]
        desk.errors[B] = [TooManyRequestsError("wait", retry_after=3)]
        desk.queue.wake(A)
        desk.queue.wake(B)
        await asyncio.sleep(100)

    desk = play(Desk, story)

    assert _times(desk, "a") == [0.0, 7.0]
    assert _times(desk, "b") == [0.0, 3.0]


def test_a_defect_is_not_repeated_in_a_hurry() -> None:
    """Anything that is not an error of ours waits at least a second, and the worker lives on."""

    async def story(desk: Desk) -> None:
        desk.errors[A] = [ZeroDivisionError()]
        desk.queue.wake(A)
        await asyncio.sleep(10)

    assert _times(play(Desk, story), "a") == [0.0, 1.0]


def test_stopping_lets_a_running_round_end() -> None:
    """Graceful within its time, and nothing new begins."""

    async def story(desk: Desk) -> None:
        desk.queue.wake(A)
        await asyncio.sleep(1)
        desk.queue.wake(B)
        desk.queue.wake(A)

    desk = play(lambda: Desk(seconds=3, workers=1), story)

    assert desk.rounds == [("a", 0.0)]
    assert desk.at_once == {A: 0}


def test_wakes_before_the_start_are_kept() -> None:
    """A standby collects, and works when it leads."""

    async def main() -> list[tuple[str, float]]:
        desk, stop = Desk(), asyncio.Event()
        desk.queue.wake(A)
        desk.queue.wake_at(B, virtual_now() + timedelta(seconds=5))
        await asyncio.sleep(10)
        running = asyncio.create_task(desk.queue.run(stop))
        await asyncio.sleep(1)
        stop.set()
        await running
        return desk.rounds

    assert run_virtual(main()) == [("a", 10.0), ("b", 10.0)]


def test_replaced_wakes_do_not_pile_up() -> None:
    """A key that is looked at often, and each time put off far, leaves a bounded heap behind."""

    async def main() -> int:
        desk = Desk()
        for _ in range(5000):
            desk.queue.wake_at(A, virtual_now() + timedelta(hours=1))
            desk.queue.wake_at(B, virtual_now() + timedelta(hours=1))
        return len(desk.queue._heap)

    assert run_virtual(main()) <= 110


@settings(max_examples=60, deadline=None)
@given(
    wakes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 200)), min_size=1, max_size=40),
    seconds=st.floats(0.1, 4),
    workers=st.integers(1, 4),
)
def test_every_wake_is_followed_by_a_round_and_no_key_has_two_at_once(
    wakes: list[tuple[int, int]], seconds: float, workers: int
) -> None:
    """Whatever the timing: no wake is lost, no key runs twice at once, no more rounds at once than workers."""

    woken: list[tuple[str, float]] = []

    async def story(desk: Desk) -> None:
        loop = asyncio.get_running_loop()

        def wake(name: str) -> None:
            woken.append((name, loop.time()))  # not the moment asked for: a loop may ring a resolution early
            desk.queue.wake(a_key(name))

        for number, at in wakes:
            loop.call_at(at / 10, wake, str(number))
        await asyncio.sleep(1000)

    desk = play(lambda: Desk(seconds=seconds, workers=workers), story)

    assert len(woken) == len(wakes)
    assert all(any(begun >= at for begun in _times(desk, name)) for name, at in woken)
    assert desk.most_at_once == 1
    assert desk.busiest <= workers
    assert len(desk.rounds) <= len(wakes)


@given(failures=st.integers(1, 200), seed=st.integers(0, 9))
def test_the_pause_of_a_back_off_stays_in_bounds(failures: int, seed: int) -> None:
    """Never zero, never longer than the longest."""
    backoff = Backoff()

    assert 0 < backoff.after(failures, random.Random(seed)) <= backoff.longest


def _times(desk: Desk, name: str) -> list[float]:
    return [at for who, at in desk.rounds if who == name]
