"""Ends a measure by a signal as by its end: what it has started is stopped. Used by the command line."""

import asyncio
import signal
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


async def stoppable(work: Awaitable[T]) -> T:
    """Its result; the first signal cancels it, later ones do not disturb it while it ends what it has started."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        return await work
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Its result; whoever is cancelled meanwhile waits for it: half a start could not be taken back."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
