"""The users: so many requests a second to one gateway, each told of in a line of a file. Started by world.

Every second request is a POST, which neither this client nor any gateway may send again; so a connection that is lost
is seen, and not mended by a repetition. Moments are those of the monotonic clock, which all processes share.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import time
from pathlib import Path
from typing import TextIO

import aiohttp

Session = aiohttp.ClientSession  # noqa: TID251  # users and gateways, not the API server

PATIENCE = 5.0
"""Seconds that a user waits for an answer."""

MOST_AT_ONCE = 256


async def ask(session: Session, url: str, method: str) -> tuple[int, str]:
    """The answer's code and body, or 0 and what went wrong."""
    try:
        async with session.request(method, url, data=b"x" if method == "POST" else None) as response:
            return response.status, (await response.text()).strip()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return 0, f"{type(error).__name__}: {error}"


async def load(url: str, host: str, rate: float, least: int, told: TextIO) -> None:
    """Ask until SIGTERM, and at least so often; says `begun` when the first one has its answer."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    places, count = asyncio.Semaphore(MOST_AT_ONCE), 0
    timeout = aiohttp.ClientTimeout(total=PATIENCE)

    async def one(method: str) -> None:
        start = time.monotonic()
        code, answer = await ask(session, url, method)
        told.write(json.dumps([start, time.monotonic(), method, code, answer]) + "\n")
        places.release()

    async with Session(headers={"host": host}, timeout=timeout) as session, asyncio.TaskGroup() as users:
        await places.acquire()
        await one("GET")
        print("begun", flush=True)
        began = time.monotonic()
        while not ended.is_set() or count < least:
            await asyncio.sleep(max(0.0, began + count / rate - time.monotonic()))
            await places.acquire()
            users.create_task(one(("GET", "POST")[count % 2]))
            count += 1


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--host", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--least", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()
    with given.to.open("w") as told, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(load(given.url, given.host, given.rate, given.least, told))


if __name__ == "__main__":
    main()
