"""Which tasks run: none twice, and no more than there are places for."""

import asyncio

import pytest

from rollouts.loadtester.commands import Outcome
from rollouts.loadtester.errors import BusyError, EndingError, FailedError
from rollouts.loadtester.meters import Meters
from rollouts.loadtester.tasks import Task, Tasks


class Work:
    """Something that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> Outcome:
        self.begun += 1
        await self.may_end.wait()
        return Outcome(f"run {self.begun}")

    def task(self, key: str = "load") -> Task:
        """A task of it."""
        return Task("cmd", "podinfo.test", key, ("podinfo.test", key), self)


async def turn() -> None:
    """Let everything that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_same_task_is_not_started_twice() -> None:
    """Who asks for it while it runs gets the outcome of the one that runs; afterwards it starts anew."""
    work, tasks = Work(), Tasks(2, 2, Meters())
    waiting = [asyncio.create_task(tasks.finish(work.task())) for _ in range(3)]
    await turn()
    work.may_end.set()

    assert await asyncio.gather(*waiting) == [Outcome("run 1")] * 3
    assert await tasks.finish(work.task()) == Outcome("run 2")


async def test_tasks_wait_for_a_place_and_no_more_wait_than_may() -> None:
    """One runs, one waits, the third is refused; and there is place again when the first has ended."""
    work, meters = Work(), Meters()
    tasks = Tasks(1, 1, meters)
    tasks.start(work.task("a"))
    last = tasks.start(work.task("b"))
    with pytest.raises(BusyError, match="2 tasks are running or waiting"):
        tasks.start(work.task("c"))
    await turn()
    assert work.begun == 1
    page = meters.render().decode()
    work.may_end.set()
    await last
    assert work.begun == 2
    tasks.start(work.task("c"))
    await tasks.close()

    assert 'tasks_running{type="cmd"} 1.0' in page
    assert 'tasks_waiting{type="cmd"} 1.0' in page
    assert 'tasks_total{end="refused",type="cmd"} 1.0' in page


async def test_at_the_end_tasks_are_ended_and_none_begins() -> None:
    """Who waits is told so, and who comes too late."""
    work, tasks = Work(), Tasks(1, 5, Meters())
    waiting = [asyncio.create_task(tasks.finish(work.task(key))) for key in ("runs", "waits")]
    await turn()
    await tasks.close()

    for task in waiting:
        with pytest.raises(EndingError, match="the load tester ended before"):
            await task
    with pytest.raises(EndingError, match="is ending"):
        tasks.start(work.task())
    assert work.begun == 1


@pytest.mark.parametrize(
    ("error", "said"), [(FailedError("no answer"), "no answer"), (KeyError("status"), "KeyError: 'status'")]
)
async def test_what_goes_wrong_inside_is_an_outcome(error: Exception, said: str) -> None:
    """A defect too: nobody waits for a task in the background, and its place must be free again."""

    async def fail() -> Outcome:
        raise error

    tasks = Tasks(1, 0, Meters())

    assert await tasks.finish(Task("cmd", "podinfo.test", "x", "x", fail)) == Outcome(error=said)
    assert await tasks.finish(Task("cmd", "podinfo.test", "x", "x", fail)) == Outcome(error=said)
