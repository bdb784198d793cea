"""Virtual time: jumps, order, dead ends and what it refuses."""

import asyncio
import threading
from datetime import datetime, timedelta

import pytest

from rollouts.simulator.clock import EPOCH, DeadlockError, LivelockError, VirtualTimeError, run_virtual, virtual_now


def test_a_sleep_moves_the_clock_by_its_length() -> None:
    """An hour's sleep takes an hour of virtual time and hardly any of ours."""

    async def main() -> datetime:
        await asyncio.sleep(3600)
        return virtual_now()

    assert run_virtual(main()) == EPOCH + timedelta(hours=1)


def test_timers_fire_in_order_of_their_moments() -> None:
    """Tasks that sleep wake in order of time, whatever the order of their start."""
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def main() -> None:
        await asyncio.gather(*(sleeper(seconds) for seconds in (3, 0.5, 2)))

    run_virtual(main())

    assert woken == [0.5, 2, 3]


def test_the_clock_stands_still_while_work_is_ready() -> None:
    """Yielding to other tasks costs no virtual time."""

    async def main() -> datetime:
        for _ in range(100):
            await asyncio.sleep(0)
        return virtual_now()

    assert run_virtual(main()) == EPOCH


def test_a_run_may_begin_at_any_moment() -> None:
    """`start` is the moment that the run's first line sees."""
    start = EPOCH + timedelta(days=400, microseconds=7)

    async def main() -> datetime:
        return virtual_now()

    assert run_virtual(main(), start=start) == start


def test_a_deadlock_names_who_waits() -> None:
    """A wait that nothing can end raises at once and names the coroutine that waits."""

    async def waits_for_nobody() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"no timer is set; waiting: .*waits_for_nobody"):
        run_virtual(waits_for_nobody())


def test_a_livelock_is_told_from_work() -> None:
    """Tasks that only keep each other busy end with an error instead of a hang."""

    async def never_rests() -> None:
        asyncio.get_running_loop().call_soon(again)
        await asyncio.Event().wait()

    def again() -> None:
        asyncio.get_running_loop().call_soon(again)

    with pytest.raises(LivelockError, match="never_rests"):
        run_virtual(never_rests(), most_turns=1000)


async def _thread() -> None:
    await asyncio.to_thread(threading.get_ident)


async def _connection() -> None:
    await asyncio.open_connection("127.0.0.1", 9)


async def _server() -> None:
    await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)


async def _subprocess() -> None:
    await asyncio.create_subprocess_exec("true")


@pytest.mark.parametrize("outside", [_thread, _connection, _server, _subprocess])
def test_the_outside_world_is_refused_by_name(outside) -> None:  # type: ignore[no-untyped-def]  # coroutine functions
    """Threads, sockets and programs raise a clear error instead of hanging the run."""
    with pytest.raises(VirtualTimeError, match="virtual time cannot wait for a"):
        run_virtual(outside())


def test_virtual_now_needs_a_virtual_loop() -> None:
    """Asked on a real loop, the virtual clock says what to do instead of guessing."""

    async def main() -> datetime:
        return virtual_now()

    with pytest.raises(VirtualTimeError, match="run_virtual"):
        asyncio.run(main())


def test_timeouts_follow_virtual_time() -> None:
    """`asyncio.timeout` ends a wait at its virtual moment."""

    async def main() -> datetime:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return virtual_now()

    assert run_virtual(main()) == EPOCH + timedelta(seconds=30)
