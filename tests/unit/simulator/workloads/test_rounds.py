"""The queue of a controller: order, merging, timers, back-off."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from rollouts.cluster.errors import ServerError
from rollouts.simulator.clock import EPOCH, run_virtual, virtual_now
from rollouts.simulator.workloads.rounds import Rounds, Wake
from rollouts.simulator.workloads.selectors import Key
from tests.builders.simulated import seconds

A, B = ("shop", "a"), ("shop", "b")


def told(
    reconcile: Callable[[Key, int], Wake | None], script: Callable[[Rounds], Awaitable[Any]]
) -> tuple[list[tuple[float, str]], Rounds]:
    """Rounds (seconds, name) that a script of wakes brings; `reconcile` gets the key and its round's number."""
    history: list[tuple[float, str]] = []
    counts: dict[Key, int] = {}

    async def round_of(key: Key) -> Wake | None:
        history.append(((virtual_now() - EPOCH).total_seconds(), key[1]))
        counts[key] = counts.get(key, 0) + 1
        return reconcile(key, counts[key])

    async def main() -> Rounds:
        rounds = Rounds("test", round_of, virtual_now)
        task = asyncio.get_running_loop().create_task(rounds.run())
        await script(rounds)
        task.cancel()
        return rounds

    return history, run_virtual(main())


async def wakes(rounds: Rounds, *keys: Key) -> None:
    """Wake these at once, then wait a while."""
    for key in keys:
        rounds.wake(key)
    await asyncio.sleep(1)


def after(moment: float) -> datetime:
    """A moment of the run."""
    return EPOCH + seconds(moment)


def test_bursts_merge_and_order_is_arrival() -> None:
    """Many wakes of a key are one round; who came first is first."""
    history, _ = told(lambda _key, _count: None, lambda rounds: wakes(rounds, B, A, B, B, A))

    assert history == [(0, "b"), (0, "a")]


def test_a_round_can_ask_for_the_next_one() -> None:
    """The wake comes at its moment, and only the last one asked for counts."""

    def reconcile(_key: Key, count: int) -> Wake | None:
        return Wake(after(0.5)) if count == 1 else Wake(after(0.7)) if count == 2 else None

    async def script(rounds: Rounds) -> None:
        rounds.wake(A)
        await asyncio.sleep(0.2)
        rounds.wake(A)
        await asyncio.sleep(2)

    history, _ = told(reconcile, script)

    assert history == [(0, "a"), (0.2, "a"), (0.7, "a")]


def test_a_refusal_is_tried_again_later_and_later() -> None:
    """What the API server refuses comes back with growing pauses until it works."""

    def reconcile(_key: Key, count: int) -> Wake | None:
        if count < 4:
            raise ServerError("busy")
        return None

    history, rounds = told(reconcile, lambda rounds: wakes(rounds, A))

    assert history == [(0, "a"), (0.1, "a"), (0.3, "a"), (0.7, "a")]
    assert rounds.failures == {}


def test_a_broken_round_is_kept_until_its_key_changes() -> None:
    """A defect is shown under its key, stops nobody else, and is forgotten by the next good round."""

    def reconcile(key: Key, count: int) -> Wake | None:
        if key == A and count == 1:
            raise ValueError("nonsense")
        return None

    seen: list[list[Key]] = []

    async def script(rounds: Rounds) -> None:
        for keys in ((A, B), (A,)):
            await wakes(rounds, *keys)
            seen.append(list(rounds.failures))

    history, _ = told(reconcile, script)

    assert [name for _, name in history] == ["a", "b", "a"]
    assert seen == [[A], []]


def test_standing_wakes_are_nothing_to_wait_for() -> None:
    """The next due moment leaves crash loops out."""

    def reconcile(key: Key, _count: int) -> Wake | None:
        return Wake(after(10), is_standing=True) if key == A else Wake(after(20))

    _, rounds = told(reconcile, lambda rounds: wakes(rounds, A, B))

    assert (rounds.is_quiet, rounds.next_due) == (True, after(20))
