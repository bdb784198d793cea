"""A benchmark that is told to end leaves nothing running."""

import asyncio
import os
import signal

import pytest

from benchmarks.stopping import stoppable, to_its_end


def test_a_signal_ends_what_was_started() -> None:
    """Its own ending is run to the last line, whatever comes meanwhile."""
    ended: list[str] = []

    async def measure() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            for _ in range(10):
                await asyncio.sleep(0)
            ended.append("the control plane")

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stoppable(measure()))

    assert ended == ["the control plane"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_a_start_is_not_left_half_done() -> None:
    """Who is cancelled waits until it is whole, and can be taken back."""
    go, whole = asyncio.Event(), list[bool]()

    async def start() -> None:
        await go.wait()
        whole.append(True)

    waiting = asyncio.create_task(to_its_end(start()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert whole == [True]
