"""Which tasks run, and how many at once. Called by server.

The same task is never started twice: asked for again while it runs, it counts as started, and who waits for a result
gets that of the one that runs. Each task has its place or a place to wait at; there are only so many of both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from rollouts.loadtester.commands import Outcome
from rollouts.loadtester.errors import BusyError, EndingError, LoadTesterError
from rollouts.loadtester.meters import Meters
from rollouts.telemetry.logs import log

Work = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do for a canary. Two tasks of one `key` are the same; `title` is what logs call it."""

    kind: str
    canary: str
    title: str
    key: Hashable
    work: Work
    is_told: bool = False


class Tasks:
    """Tasks of one sort: so many run at once, so many more wait."""

    def __init__(self, running: int, waiting: int, meters: Meters) -> None:
        self._most = running + waiting
        self._places = asyncio.Semaphore(running)
        self._meters = meters
        self._tasks: dict[Hashable, asyncio.Task[Outcome]] = {}
        self._is_ending = False

    def start(self, task: Task) -> "asyncio.Task[Outcome]":
        """See to it that it runs, soon. BusyError where there is no place even to wait."""
        if self._is_ending:
            raise EndingError("the load tester is ending: try again")
        there = self._tasks.get(task.key)
        if there is not None:
            log().info("the command is already running", canary=task.canary, command=task.title)
            return there
        if len(self._tasks) >= self._most:
            self._meters.refused(task.kind)
            raise BusyError(f"{self._most} tasks are running or waiting: try again, or raise --max-tasks")
        begun = self._tasks[task.key] = asyncio.create_task(self._run(task))
        begun.add_done_callback(lambda _: self._tasks.pop(task.key, None))
        return begun

    async def finish(self, task: Task) -> Outcome:
        """Start it, and wait for what becomes of it. EndingError where it was ended for our own end."""
        begun = self.start(task)
        await asyncio.wait({begun})
        if begun.cancelled():
            raise EndingError(f"the load tester ended before {task.title} did")
        return begun.result()

    async def close(self) -> None:
        """End them all, and begin no more."""
        self._is_ending = True
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, task: Task) -> Outcome:
        with self._meters.waiting(task.kind):
            await self._places.acquire()
        try:
            with self._meters.running(task.kind):
                log().info("command starting", canary=task.canary, command=task.title)
                outcome = await _outcome(task)
        finally:
            self._places.release()
        self._meters.ended(task.kind, is_well=not outcome.error)
        _tell(task, outcome)
        return outcome


async def _outcome(task: Task) -> Outcome:
    """What its work gives; a defect there must not be lost with a task that nobody waits for."""
    try:
        return await task.work()
    except LoadTesterError as error:
        return Outcome(error=str(error))
    except Exception as error:
        log().exception("a defect in a task", canary=task.canary, command=task.title)
        return Outcome(error=f"{type(error).__name__}: {error}")


def _tell(task: Task, outcome: Outcome) -> None:
    about = {"canary": task.canary, "command": task.title}
    if outcome.error:
        log().error("command failed", **about, error=outcome.error, output=outcome.output)
    elif task.is_told:
        log().info("command finished", **about, output=outcome.output)
    else:
        log().info("command finished", **about)
