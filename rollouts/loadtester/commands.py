"""A user's command, run to its end. Called by kinds.

A command is a process group: when it has ended, was told to (time over, we end) or cannot be waited for, all that it
started ends with it. Of its output the end is kept, for that is where a failure is explained.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from analysis.units import format_duration

KEPT = 64 * 1024
"""Bytes of a command's output that are kept."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""
_BURIALS = 100
"""How often is looked for the orphans of one command, at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task went: `error` is "" for well."""

    output: str = ""
    error: str = ""


class _Tail:
    """The last bytes of all that is added."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._lost = 0

    def add(self, part: bytes) -> None:
        self._kept += part
        over = len(self._kept) - KEPT
        if over > 0:
            del self._kept[:over]
            self._lost += over

    def text(self) -> str:
        said = self._kept.decode(errors="replace")
        return f"[{self._lost} bytes before this are not kept]\n{said}" if self._lost else said


async def run(words: Sequence[str], env: Mapping[str, str], timeout: float) -> Outcome:  # noqa: ASYNC109  # seconds
    """Run it. Its outcome tells of a command that cannot be started, fails, or takes longer than `timeout` too."""
    starting = asyncio.ensure_future(_started(words, env))
    try:
        process = await asyncio.shield(starting)  # a cancelled start would leave the children of the command behind
    except OSError as error:
        return Outcome(error=f"{words[0]} cannot be started: {error.strerror or error}")
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await _end(await starting)
        raise
    tail = _Tail()
    try:
        async with asyncio.timeout(timeout):
            await _listen(process, tail)
            code = await process.wait()
    except TimeoutError:
        return Outcome(tail.text(), f"timed out after {format_duration(timedelta(seconds=timeout))}")
    finally:
        await _end(process)
    return Outcome(tail.text(), _worded(code))


async def _started(words: Sequence[str], env: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *words,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def _listen(process: asyncio.subprocess.Process, tail: _Tail) -> None:
    assert process.stdout is not None  # a pipe, as asked for
    while part := await process.stdout.read(KEPT):
        tail.add(part)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole group, asked first; at once where only stragglers of an ended command are left."""
    if process.returncode is None and _signalled(process.pid, signal.SIGTERM):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await process.wait()
    _signalled(process.pid, signal.SIGKILL)
    await process.wait()
    await _bury(process.pid)


async def _bury(group: int) -> None:
    """Take the codes of its orphans, which are ours where we are a container's first process. Nobody else would."""
    for _ in range(_BURIALS):
        if _is_buried(group):
            return
        await asyncio.sleep(0.01)


def _is_buried(group: int) -> bool:
    """Take the codes of all that have ended; whether none of them is ours any more."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return True
    return False


def _signalled(group: int, number: signal.Signals) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # the latter where all of it are somebody else's by now
        return False
    return True


def _worded(code: int) -> str:
    """How it ended, in the words that Go programs have for it."""
    if code < 0:
        return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    return f"exit status {code}" if code else ""
