"""Where it is measured: the embedded cluster behind HTTP, in this process, with a count of every request.

The measures write to the store directly, so that all requests which are counted are the measured program's.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from aiohttp import web

from benchmarks.manifests import NAMESPACES
from benchmarks.program import SLUICE, Program, running
from benchmarks.tally import Tally, name_of, without_upkeep
from rollouts.cli.shipped import shipped
from rollouts.cluster import kinds
from rollouts.cluster.client import Session
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Collection, Json
from rollouts.model.errors import RolloutsError
from rollouts.simulator.api import serve
from rollouts.simulator.scenario import Behaviour, Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World

CONTROLLER_NAMESPACE = "argo-rollouts"
QUIET_SECONDS = 1.5
PODS = Behaviour(ready_after=timedelta(milliseconds=100))


def _wall_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the embedded cluster's own clock, in its process


class Ground:
    """A cluster without a controller. `rollouts` follows every Rollout; `tally` counts the requests over HTTP."""

    def __init__(self, world: World, store: Store, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.url = ""
        self.kubeconfig = Path()
        self.tally = Tally()
        self.rollouts = Cache()
        self._store = store
        self._changed = asyncio.Event()
        self.rollouts.listen(lambda _before, _after: self._changed.set())

    def heard(self, request: web.Request) -> None:
        """The server got a request."""
        self.tally.add(name_of(request.method, request.rel_url.raw_path, request.query))

    async def prepare(self) -> None:
        """CRDs and namespaces."""
        for file in sorted(shipped("crds").glob("*.yaml")):
            await self._store.create(Collection(kinds.CUSTOM_RESOURCE_DEFINITIONS), yaml.safe_load(file.read_text()))
        for name in (CONTROLLER_NAMESPACE, *NAMESPACES):
            body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await self._store.create(Collection(kinds.NAMESPACES), body)

    @asynccontextmanager
    async def controller(self, *flags: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Program]:
        """`sluice controller` against this cluster; it need not be ready yet."""
        arguments = (
            "controller",
            f"--kubeconfig={self.kubeconfig}",
            f"--leader-election-namespace={CONTROLLER_NAMESPACE}",
            "--healthzPort=0",
            "--metricsPort=0",
            "--logformat=logfmt",
            *flags,
        )
        async with running((*SLUICE, *arguments), home=self.folder, environment=environment or {}) as program:
            yield program

    def of(self, namespace: str) -> Iterator[Json]:
        """The Rollouts of a namespace."""
        return (obj for obj in self.rollouts if obj["metadata"]["namespace"] == namespace)

    async def all_are(self, namespace: str, count: int, is_so: Callable[[Json], bool], *, within: float) -> None:
        """Wait until `count` Rollouts of the namespace are so."""
        try:
            async with asyncio.timeout(within):
                while sum(map(is_so, self.of(namespace))) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            reached = sum(map(is_so, self.of(namespace)))
            raise RolloutsError(
                f"only {reached} of {count} rollouts in {namespace} came so far in {within} s"
            ) from None

    async def is_so(self, namespace: str, name: str, so: Callable[[Json], bool], *, within: float = 60.0) -> None:
        """Wait until this Rollout is so."""

        def these(obj: Json) -> bool:
            return obj["metadata"]["name"] == name and so(obj)

        await self.all_are(namespace, 1, these, within=within)

    async def scrape(self, url: str) -> str:
        """A page of the program's own."""
        async with Session() as session, session.get(url) as page:
            return await page.text()

    async def quiet(self) -> None:
        """Wait until no rollout has caused a request for a while."""
        while True:
            before = self.tally.now()
            await asyncio.sleep(QUIET_SECONDS)
            if not without_upkeep(self.tally.since(before)):
                return


@asynccontextmanager
async def ground(requests_per_second: float = 1.0) -> AsyncIterator[Ground]:
    """A fresh cluster, served on loopback until the block ends; users send so many requests to each route."""
    world = World(Scenario(default=PODS, requests_per_second=requests_per_second), now=_wall_clock)
    store = world.cluster
    assert isinstance(store, Store)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        here = Ground(world, store, Path(folder))
        await here.prepare()
        async with world, serve(store, on_request=here.heard) as front:
            here.url = front.url
            here.kubeconfig = front.kubeconfig(here.folder / "kubeconfig")
            following = asyncio.create_task(Informer(store, Collection(kinds.ROLLOUTS), here.rollouts).run())
            try:
                yield here
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)


def is_healthy(rollout: Json) -> bool:
    """The controller is through with this generation."""
    status = rollout.get("status") or {}
    is_seen = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
    return is_seen and status.get("phase") == "Healthy"
