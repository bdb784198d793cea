"""Everything the demo plays on: repository, cluster, metrics and controller, started together and ended together."""

import asyncio
import os
import shutil
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from aiohttp import web

from rollouts.cli.demo.scenario import NAMESPACE, SOURCE, Flavour, kustomization, manifests
from rollouts.cli.shipped import shipped
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Resource
from rollouts.model.errors import RolloutsError
from rollouts.simulator.api import serve
from rollouts.simulator.githttp import GitServer, Repository
from rollouts.simulator.promql import routes
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World

CONTROLLER_NAMESPACE = "argo-rollouts"


def wall_clock() -> datetime:
    """The demo plays in real time."""
    return datetime.now(UTC)  # noqa: TID251  # the embedded cluster's own clock, in its process


class Stage:
    """An async context. `world` has what users saw, `repository` takes commits."""

    def __init__(self, scenario: Scenario, flavour: Flavour) -> None:
        self.flavour = flavour
        self.world = World(scenario, now=wall_clock)
        self.folder = Path()
        self.kubeconfig = Path()
        self._exits = AsyncExitStack()
        self._controller: asyncio.subprocess.Process | None = None
        self._repository: Repository | None = None
        self._prometheus = ""

    async def __aenter__(self) -> Self:
        await self._exits.__aenter__()
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    @property
    def repository(self) -> Repository:
        """Where the team commits."""
        if self._repository is None:
            raise RolloutsError("the stage is not set up")
        return self._repository

    async def release(self, tag: str, message: str) -> str:
        """Commit a version; gives the hash."""
        return await self.repository.commit(kustomization(tag, self._prometheus, self.flavour), message)

    async def objects(self, resource: Resource) -> tuple[Json, ...]:
        """All objects of a kind in the demo's namespace."""
        return (await self.world.cluster.list(Collection(resource, NAMESPACE))).items

    def check_controller(self) -> None:
        """RolloutsError when the controller has ended: its log tells why."""
        if self._controller is not None and self._controller.returncode is not None:
            log = (self.folder / "controller.log").read_text().strip().splitlines()
            raise RolloutsError("the controller has ended:\n  " + "\n  ".join(log[-15:]))

    def hints(self) -> Iterator[str]:
        """What to try on a stage that is kept."""
        yield ""
        yield "Everything is still running. In another terminal:"
        yield ""
        if shutil.which("kubectl-sluice") is None:
            yield f'  export PATH="{sysconfig.get_path("scripts")}:$PATH"'
        yield f"  export KUBECONFIG={self.kubeconfig}"
        yield f"  kubectl get {self.flavour.listed} -n {NAMESPACE}"
        yield f"  kubectl sluice get {self.flavour.kind} shop -n {NAMESPACE} -w"
        yield f"  cd {self.repository.folder}"
        yield "  sed -i.before s/v2/v3/ deploy/kustomization.yaml && git commit -am 'Release v3'"
        yield ""
        yield "Ctrl-C ends it all."

    async def until_interrupted(self) -> None:
        """Wait for Ctrl-C."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()

    async def _start(self) -> None:
        self.folder = Path(self._exits.enter_context(tempfile.TemporaryDirectory(prefix="sluice-demo-")))
        store = self.world.cluster
        assert isinstance(store, Store)
        await self._define(store)
        await self._exits.enter_async_context(self.world)
        front = await self._exits.enter_async_context(serve(store))
        self.kubeconfig = front.kubeconfig(self.folder / "kubeconfig")
        self._prometheus = await self._serve_metrics()
        url = await self._serve_git()
        await self._start_controller(self._prometheus)
        for document in yaml.safe_load_all(SOURCE.format(url=url)):
            await self.world.apply([document])

    async def _define(self, store: Store) -> None:
        for file in sorted(shipped("crds").glob("*.yaml")):
            await store.create(Collection(kinds.CUSTOM_RESOURCE_DEFINITIONS), yaml.safe_load(file.read_text()))
        for name in (NAMESPACE, CONTROLLER_NAMESPACE):
            body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await store.create(Collection(kinds.NAMESPACES), body)

    async def _serve_metrics(self) -> str:
        runner = web.AppRunner(routes(self.world.series, wall_clock), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._exits.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _serve_git(self) -> str:
        server = await self._exits.enter_async_context(GitServer(self.folder))
        self._repository = await Repository.init(self.folder / "shop.git")
        # Whoever tries the hints may never have told git a name.
        await self._repository.git("config", "user.name", "Sluice demo")
        await self._repository.git("config", "user.email", "demo@sluice.invalid")
        first = kustomization("v1", self._prometheus, self.flavour)
        await self._repository.commit({**manifests(self.flavour), **first}, "Release v1")
        return server.url(self._repository)

    async def _start_controller(self, prometheus: str) -> None:
        arguments = (
            "controller",
            f"--kubeconfig={self.kubeconfig}",
            f"--prometheus={prometheus}",
            f"--data-dir={self.folder / 'data'}",
            f"--leader-election-namespace={CONTROLLER_NAMESPACE}",
            "--healthzPort=0",
            "--metricsPort=0",
        )
        log = self._exits.enter_context((self.folder / "controller.log").open("wb"))
        code = "import sys; from rollouts.cli.main import sluice; sys.argv[0] = 'sluice'; sluice()"
        environment = {**os.environ, "HOME": str(self.folder)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, *arguments, stdout=log, stderr=log, env=environment
        )
        self._controller = process
        self._exits.push_async_callback(_end, process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, as a cluster does it; after five seconds SIGKILL."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
