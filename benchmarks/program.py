"""A program under measurement: its process, its lines with the moments they came, its CPU and memory by the kernel.

Reads /proc, so it needs Linux. Used by all measures; ends what it started.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rollouts.model.errors import RolloutsError

_TICKS = os.sysconf("SC_CLK_TCK")
SLUICE = ("-c", "import sys; from rollouts.cli.main import sluice; sys.argv[0] = 'sluice'; sluice()")


@dataclass(slots=True)
class Program:
    """A running process. Moments are seconds since it was started."""

    process: asyncio.subprocess.Process
    began: float
    lines: list[tuple[float, str]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def said(self, pattern: str, *, within: float = 30.0) -> tuple[float, re.Match[str]]:
        """When it first printed a line like this, waiting for it. RolloutsError with the log if it does not."""
        try:
            async with asyncio.timeout(within):
                while (found := self._find(pattern)) is None and self.process.returncode is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            found = None
        if found is None:
            log = "\n  ".join(line for _, line in self.lines[-15:])
            raise RolloutsError(f"the program never said {pattern!r}; its last lines:\n  {log}")
        return found

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system, with those of its children that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:15]) / _TICKS

    def waited(self) -> float:
        """Seconds in which its main thread was ready to run and had no core: the neighbours' doing, not its own."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9

    def memory(self) -> tuple[float, float]:
        """Resident memory in MiB: at this moment, and at its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        rss, peak = (re.search(rf"^{name}:\s+(\d+) kB", status, re.M) for name in ("VmRSS", "VmHWM"))
        assert rss is not None
        assert peak is not None
        return int(rss[1]) / 1024, int(peak[1]) / 1024

    def _find(self, pattern: str) -> tuple[float, re.Match[str]] | None:
        for moment, line in self.lines:
            if match := re.search(pattern, line):
                return moment, match
        return None

    async def listen(self) -> None:
        """Take in its lines until it closes them."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append((time.perf_counter() - self.began, line.decode(errors="replace").rstrip()))
            self._changed.set()
        await self.process.wait()
        self._changed.set()


@asynccontextmanager
async def running(
    arguments: Sequence[str], *, home: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Program]:
    """`python ARGUMENTS`, with `environment` on top of ours. Ended by SIGTERM, else SIGKILL, when the block ends."""
    whole = {**os.environ, "HOME": str(home), "PYTHONUNBUFFERED": "1", **environment}
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=both, env=whole)
    program = Program(process, began)
    listening = asyncio.create_task(program.listen())
    try:
        yield program
    finally:
        await _end(process)
        await listening


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
