"""A program run to its end, with nothing of ours in its environment. Called by checkout and render.

A cancelled call (time over, controller stops) kills the program and all of its children: none stays behind.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PASSED_ON = ("PATH", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Output:
    """What came out."""

    code: int
    out: bytes
    err: str


def environment(extra: Mapping[str, str], *, with_network: bool = True) -> dict[str, str]:
    """A clean environment: the search path, the operator's proxies where the network is needed, and `extra`."""
    passed = _PASSED_ON if with_network else ("PATH",)
    return {name: os.environ[name] for name in passed if name in os.environ} | {"LC_ALL": "C.UTF-8"} | dict(extra)


async def run(arguments: Sequence[str], env: Mapping[str, str], *, cwd: Path, given: bytes = b"") -> Output:
    """Run it in its own process group, feed it `given`, and wait for its end."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *arguments,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        process = await asyncio.shield(starting)  # a cancelled start would leave the children of the program behind
        out, err = await process.communicate(given)
    except asyncio.CancelledError:
        await _kill(starting)
        raise
    return Output(process.returncode or 0, out, err.decode(errors="replace"))


async def _kill(starting: "asyncio.Future[asyncio.subprocess.Process]") -> None:
    process = await starting
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
