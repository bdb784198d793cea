"""A control plane of the faults' own: its API server can be frozen, ended and started, and made to forget its past.

Not the one that other tests share: they would be struck too. The controllers are the real program with the rights of
install/; each has a process of its own, which can be killed at any moment.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import installed
from tests.e2e.harness import ControlPlane, own_control_plane

SERVER = "kube-apiserver"
FLAGS = ("--gitsync=false", "--qps=500", "--burst=1000", "--route-drain=2s")
ALONE = "--leader-elect=false"


@dataclass(frozen=True)
class Plane:
    """A control plane, and the kubeconfig of the controllers that run beside it."""

    cluster: ControlPlane
    account: Path
    logs: Path

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The API server holds every connection and answers nobody."""
        server = int((self.cluster.kubeconfig.parent / "pid" / SERVER).read_text())
        os.kill(server, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(server, signal.SIGCONT)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The API server is gone, with all that it had in memory."""
        assert self.cluster.script is not None  # it is our own
        self.cluster.script("stop", SERVER)
        try:
            yield
        finally:
            self.cluster.script("start", SERVER)

    def start(self, instance: str, *flags: str) -> installed.Program:
        """Start a controller for the rollouts of this instance id, with a log of its own."""
        log = self.logs / f"{instance}-{len(list(self.logs.iterdir()))}.log"
        return installed.Program(self.account, log, (*FLAGS, f"--instance-id={instance}", *flags))

    @asynccontextmanager
    async def controlled(self, instance: str) -> AsyncIterator[installed.Program]:
        """A controller that works alone, and is killed in the end."""
        program = self.start(instance, ALONE)
        try:
            await said(program, " working")
            yield program
        finally:
            program.kill()


def a_plane(folder: Path) -> Plane:
    """One with everything installed."""
    cluster = own_control_plane()
    installed.install(cluster.kubeconfig, installed.roles())
    account = installed.account_kubeconfig(cluster.kubeconfig, folder / "controller.kubeconfig")
    return Plane(cluster, account, folder)


async def said(program: installed.Program, what: str, within: float = 60.0) -> None:
    """Until its log says so. A file rings no bell, so it is read again and again."""
    async with asyncio.timeout(within):
        while not any(what in line for line in program.lines()):
            assert program.process.poll() is None, "\n".join(["the controller has ended:", *program.lines()[-15:]])
            await asyncio.sleep(0.05)
