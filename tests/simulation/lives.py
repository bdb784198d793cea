"""A controller that is killed and started again. Called by play.py.

Killed means: no call of it is answered any more, every task of it is cancelled until it is gone, and nothing that it
held is seen by the next one.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollouts.cluster.port import Cluster
from rollouts.controller.wiring import Controller
from rollouts.simulator.clock import virtual_now
from tests.simulation.faults import FaultyCluster, Omen, Tally
from tests.simulation.witness import LONG_AGO

Tasks = list["asyncio.Task[Any]"]
Born = Callable[[Cluster, int], Controller]
"""Makes a controller on this cluster; the number tells which life it is."""

_TASKS: ContextVar[Tasks | None] = ContextVar("tasks of the life that is running", default=None)
LONGEST_DEATH = 20.0


def count_tasks() -> None:
    """From now on every task that a life starts is known to belong to it."""

    def make(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(work, loop=loop, **options)
        tasks = _TASKS.get()
        if tasks is not None:
            tasks.append(task)
        return task

    asyncio.get_running_loop().set_task_factory(make)  # type: ignore[arg-type]  # typeshed knows only generators


@dataclass
class Lives:
    """One controller after another. `omen` and `tally` are shared by all of them."""

    cluster: Cluster
    born: Born
    omen: Omen
    tally: Tally
    dice: random.Random
    plant: Callable[[Cluster], Cluster] = lambda cluster: cluster
    count: int = 0
    is_up: bool = False
    up_since: datetime = LONG_AGO
    _kill: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._live()
            await asyncio.sleep(self.dice.uniform(0, LONGEST_DEATH))

    async def restart(self) -> None:
        """Kill the one that lives, and wait for the next to be ready."""
        self._kill.set()
        self.is_up = False
        while not self.is_up:  # noqa: ASYNC110  # in virtual time looking again costs nothing
            await asyncio.sleep(1)

    async def _live(self) -> None:
        self.count += 1
        self._kill.clear()
        faulty = FaultyCluster(self.cluster, self.omen, tally=self.tally, dice=self.dice, die=self._kill.set)
        tasks: Tasks = []
        context = copy_context()
        context.run(_TASKS.set, tasks)
        controller = context.run(self.born, self.plant(faulty), self.count)
        main = asyncio.create_task(controller.run(asyncio.Event()), context=context)
        killed, ready = (asyncio.create_task(event.wait()) for event in (self._kill, controller.ready))
        ready.add_done_callback(lambda done: self._rise(done, faulty))
        try:
            await asyncio.wait({main, killed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.is_up, faulty.is_dead = False, True
            await _bury([main, killed, ready], tasks)
        if main.done() and not main.cancelled() and main.exception() is not None:
            raise AssertionError("the controller ended by itself") from main.exception()

    def _rise(self, ready: "asyncio.Task[Any]", faulty: FaultyCluster) -> None:
        self.is_up = not ready.cancelled() and not faulty.is_dead
        self.up_since = virtual_now()


async def _bury(own: Tasks, tasks: Tasks) -> None:
    """Cancel everything, and what that starts, until nothing is left."""
    for _ in range(1000):
        left = [task for task in (*own, *tasks) if not task.done()]
        if not left:
            await asyncio.gather(*own, *tasks, return_exceptions=True)
            return
        for task in left:
            task.cancel()
        await asyncio.sleep(0)
    raise AssertionError(f"a killed controller goes on: {left}")
