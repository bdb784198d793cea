"""A load tester on loopback, and what its callers send. Used by its unit tests."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollouts.cluster.client import Session
from rollouts.loadtester.gates import Gates, MemoryGates
from rollouts.loadtester.production import listening
from rollouts.loadtester.settings import Settings
from rollouts.telemetry.logs import configure

PODINFO = {"name": "podinfo", "namespace": "test"}


def is_alive(number: str) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


async def until_gone(number: str) -> None:
    """Until that process has ended, which no event tells of where it is not our child."""
    async with asyncio.timeout(10):
        while is_alive(number):  # noqa: ASYNC110  # another process ends, unheard
            await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Caller:
    """Calls one load tester."""

    session: Session
    url: str

    async def post(self, path: str, body: Mapping[str, Any] | bytes) -> tuple[int, str]:
        """Code and text of the answer."""
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.session.post(f"{self.url}{path}", **sent) as answer:
            return answer.status, await answer.text()

    async def run(self, metadata: Mapping[str, str], **others: str) -> tuple[int, str]:
        """A task for the usual canary."""
        return await self.post("/", {**PODINFO, **others, "metadata": metadata})

    async def gate(self, path: str, **others: str) -> tuple[int, str]:
        """A request about a gate of the usual canary."""
        return await self.post(path, {**PODINFO, **others})

    async def metrics(self) -> str:
        """The page of metrics."""
        async with self.session.get(f"{self.url}/metrics") as answer:
            return await answer.text()


@asynccontextmanager
async def a_load_tester(gates: Gates | None = None, *, namespaces: str = "", **settings: Any) -> AsyncIterator[Caller]:
    """A load tester on a free port, and somebody who calls it."""
    configure(level="fatal")
    chosen = Settings(host="127.0.0.1", port=0, namespaces=re.compile(namespaces), **settings)
    async with listening(chosen, gates or MemoryGates()) as port, Session() as session:
        yield Caller(session, f"http://127.0.0.1:{port}")
