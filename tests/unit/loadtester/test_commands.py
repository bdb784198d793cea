"""Commands of users: how they end, what is kept of what they say, and that nothing of them stays."""

import asyncio
import ctypes
import os
import sys
from pathlib import Path

import pytest

from rollouts.loadtester.commands import KEPT, Outcome, run
from tests.builders.loadtesters import is_alive, until_gone

LONG = 60.0
ADOPT = 36
"""PR_SET_CHILD_SUBREAPER."""


async def shell(command: str, within: float = LONG) -> Outcome:
    """A command of sh."""
    return await run(("sh", "-c", command), os.environ, within)


async def test_output_and_complaints_come_in_one_text() -> None:
    """In the order in which they were written."""
    assert await shell("echo one; echo two >&2; echo three") == Outcome("one\ntwo\nthree\n")


@pytest.mark.parametrize(
    ("command", "error"), [("exit 3", "exit status 3"), ("kill -9 $$", "signal: killed"), ("true", "")]
)
async def test_an_end_has_a_name(command: str, error: str) -> None:
    """As Go programs name it."""
    assert (await shell(command)).error == error


async def test_a_program_that_is_not_there_is_named() -> None:
    """It is an outcome like others."""
    outcome = await run(("no-such-program", "x"), os.environ, LONG)

    assert outcome == Outcome(error="no-such-program cannot be started: No such file or directory")


async def test_of_much_output_the_end_is_kept() -> None:
    """Where failures are explained; what is missing is said."""
    outcome = await shell(f"head -c {3 * KEPT} /dev/zero | tr '\\0' x; echo; echo the end; exit 1")

    lost = 2 * KEPT + len("\nthe end\n")
    assert outcome.output.startswith(f"[{lost} bytes before this are not kept]\n")
    assert outcome.output.endswith("x\nthe end\n")
    assert outcome.error == "exit status 1"


async def test_a_command_beyond_its_time_ends_with_its_children() -> None:
    """What it has said by then is kept."""
    outcome = await shell("sleep 1000 & echo $!; wait", within=0.3)

    assert outcome.error == "timed out after 300ms"
    await until_gone(outcome.output.strip())


async def test_stragglers_end_with_their_command() -> None:
    """What it leaves running in the background, apart from its output, does not outlive it."""
    outcome = await shell("sleep 1000 >/dev/null 2>&1 & echo $!")

    assert outcome.error == ""
    await until_gone(outcome.output.strip())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets others than the first process adopt orphans")
async def test_orphans_of_a_command_are_buried() -> None:
    """As the first process of a container, to which orphans fall, we leave no dead ones behind."""
    libc = ctypes.CDLL(None)
    libc.prctl(ADOPT, 1, 0, 0, 0)
    try:
        outcome = await shell("for n in 1 2 3; do sleep 1000 >/dev/null 2>&1 & echo $!; done")
    finally:
        libc.prctl(ADOPT, 0, 0, 0, 0)

    assert len(outcome.output.split()) == 3
    assert set(outcome.output.split()).isdisjoint(os.listdir("/proc"))


async def test_a_cancelled_command_ends_with_its_children(tmp_path: Path) -> None:
    """Also where it takes no notice of SIGTERM."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = asyncio.create_task(shell(f"trap '' TERM; sleep 1000 & echo $$ $! >{pipe}; wait; wait"))
    numbers = (await asyncio.to_thread(pipe.read_text)).split()
    assert all(is_alive(number) for number in numbers)
    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    assert len(numbers) == 2
    for number in numbers:
        await until_gone(number)
