"""Plugins that are programs: started once, spoken to by lines of JSON-RPC 2.0 over stdin and stdout.

A program is started with its first call and stays. One that ends is started anew by the next call; one that does not
answer in time is killed, with all of its children, and so is every program when the controller ends. It should end by
itself when its stdin is closed. What it writes to stderr goes to the controller's log.
"""

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from rollouts.cluster.port import Json
from rollouts.controller.plugins.protocol import MissingMethodError, Plugin, PluginError
from rollouts.telemetry.logs import log

LONGEST_LINE = 4 * 1024 * 1024
NO_METHOD = -32601
"""JSON-RPC's code for a method that is not there."""
LAST_MOMENT = 2.0
"""Seconds between the end of a program's answers and its own."""
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")
_PASSED_ON = ("PATH", "HOME", "TMPDIR", *_PROXIES)


@dataclass(slots=True)
class Program:
    """One program, and the calls that wait for its answers."""

    name: str
    command: tuple[str, ...]
    timeout: float
    _process: asyncio.subprocess.Process | None = None
    _reading: list[asyncio.Task[None]] = field(default_factory=list)
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def call(self, method: str, context: Json) -> Any:
        """Ask, and wait for the answer; PluginError says why there is none."""
        number = next(self._numbers)
        try:
            async with asyncio.timeout(self.timeout):
                process = await self._started()
                answer = self._waiting[number] = asyncio.get_running_loop().create_future()
                await self._send(process, {"jsonrpc": "2.0", "id": number, "method": method, "params": context})
                return await answer
        except TimeoutError:
            await self.close()
            raise PluginError(f"no answer within {self.timeout:g} s: the program was killed") from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Kill it, with its children."""
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        await process.wait()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        self._reading.clear()
        self._lose("the program was killed")

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return self._process
            try:
                process = await asyncio.create_subprocess_exec(
                    *self.command,
                    env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                    limit=LONGEST_LINE,
                )
            except OSError as error:
                raise PluginError(f"{self.command[0]} cannot be started: {error.strerror or error}") from error
            self._process = process
            self._reading = [asyncio.create_task(self._read(process)), asyncio.create_task(self._listen(process))]
            return process

    async def _send(self, process: asyncio.subprocess.Process, request: Json) -> None:
        assert process.stdin is not None  # a pipe, as asked for
        try:
            process.stdin.write(json.dumps(request, separators=(",", ":")).encode() + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise PluginError("the program has ended") from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Answers to their questions, until the program ends."""
        assert process.stdout is not None  # a pipe, as asked for
        with contextlib.suppress(ValueError):  # a line beyond all bounds: no program of ours
            while line := await process.stdout.readline():
                self._take(line)
        self._lose(f"the program ended with code {await _end_of(process)}")

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            answer = self._waiting.get(message["id"])
        except (ValueError, TypeError, KeyError, RecursionError):  # TypeError: also an id that cannot be one
            said = line.decode(errors="replace").strip()[:120]
            self._lose(f"it does not speak JSON-RPC by lines (a hashicorp go-plugin is not run): {said}")
            return
        if answer is None or answer.done():
            return
        if message.get("error"):
            answer.set_exception(_refusal(message["error"]))
        else:
            answer.set_result(message.get("result"))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # a pipe, as asked for
        with contextlib.suppress(ValueError):
            while line := await process.stderr.readline():
                log().info("a plugin says", plugin=self.name, line=line.decode(errors="replace").rstrip()[:1000])

    def _lose(self, why: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(PluginError(why))


def _refusal(error: Any) -> PluginError:
    if not isinstance(error, dict):
        return PluginError(str(error))
    kind = MissingMethodError if error.get("code") == NO_METHOD else PluginError
    return kind(str(error.get("message", error)))


async def _end_of(process: asyncio.subprocess.Process) -> int:
    """The code of a program that says no more: it gets a moment to end by itself."""
    try:
        async with asyncio.timeout(LAST_MOMENT):
            return await process.wait()
    except TimeoutError:
        _kill(process)
        return await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """The program and its children. Not by Process.kill, which looks whether it still runs and so takes its code."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def program(name: str, path: Path, args: tuple[str, ...], *, timeout: float) -> Plugin:
    """The program at this path as a plugin."""
    running = Program(name, (str(path), *args), timeout)
    return Plugin(name, running.call, running.close)
