"""The embedded cluster, alive: store, controllers, nodes, users and their metrics in one value.

    async with World(scenario, now=virtual_now) as world:
        await world.apply(manifests)
        await world.settle()

Runs the same on a virtual loop (tests, `sluice simulate`) and on a real one (the demo, where the HTTP front serves the
same store). With the same scenario and the same writes from outside, the same history happens.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import AlreadyExistsError, NotFoundError
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Resource, Target
from rollouts.model.errors import RolloutsError
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.series import Series
from rollouts.simulator.store import Store
from rollouts.simulator.traffic.flow import Traffic
from rollouts.simulator.traffic.gateways import Gateways
from rollouts.simulator.workloads.budgets import Budgets
from rollouts.simulator.workloads.deployments import Deployments
from rollouts.simulator.workloads.endpoints import Endpoints
from rollouts.simulator.workloads.jobs import Jobs
from rollouts.simulator.workloads.kubelet import Kubelet
from rollouts.simulator.workloads.replicasets import ReplicaSets
from rollouts.simulator.workloads.rounds import Now, Rounds
from rollouts.simulator.workloads.selectors import key_of
from rollouts.simulator.workloads.views import Views

_BREATH = 0.001
"""Seconds that let everything ready run: on a virtual loop all of it, on a real one what this process has to do."""


class World:
    """An async context manager: its controllers run inside, and end with it."""

    def __init__(
        self, scenario: Scenario, *, now: Now, store: Cluster | None = None, series: Series | None = None
    ) -> None:
        self.scenario = scenario
        self.cluster: Cluster = Store(now, seed=scenario.seed) if store is None else store
        self.series = Series() if series is None else series
        self._now = now
        self._views = Views(self.cluster, scenario.seed)
        self.traffic = Traffic(self._views, scenario, self.series, now)
        self._rounds = self._controllers()
        self._tasks: list[asyncio.Task[None]] = []
        self._resources: dict[tuple[str, str], Resource] = {}

    def _controllers(self) -> tuple[Rounds, ...]:
        views, now = self._views, self._now
        return (
            Deployments(views, now).rounds,
            ReplicaSets(views, now).rounds,
            Jobs(views, now).rounds,
            Kubelet(views, self.scenario, now).rounds,
            Endpoints(views, now).rounds,
            Budgets(views, now).rounds,
            *Gateways(views, now).all_rounds,
        )

    async def __aenter__(self) -> "World":
        for view in self._views:
            self._start(f"watch {view.resource.plural}", view.informer.run())
        for view in self._views:
            await view.informer.synced.wait()
        for rounds in self._rounds:
            self._start(rounds.name, rounds.run())
        self._start("traffic", self.traffic.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        broken = [each for each in ended if isinstance(each, Exception)]
        if broken and error is None:
            raise broken[0]

    @property
    def failures(self) -> dict[tuple[str, str, str], Exception]:
        """What went wrong in rounds, by controller, namespace and name: defects, or objects that make no sense."""
        return {(rounds.name, *key): error for rounds in self._rounds for key, error in rounds.failures.items()}

    async def apply(self, objects: Iterable[Json]) -> None:
        """Create each object, or merge it into the one that is there. Missing namespaces are made."""
        for obj in objects:
            resource = await self._resource(obj)
            namespace, name = self._place(obj, resource)
            try:
                await self._create(Collection(resource, namespace), obj)
            except AlreadyExistsError:
                body = {part: value for part, value in obj.items() if part != "status"}
                await self.cluster.patch(Target(resource, name, namespace), Patch(PatchType.MERGE, body))

    async def settle(self, within: timedelta = timedelta(hours=1)) -> None:
        """Wait until nothing is left to do but what never ends: traffic, crash loops, bookkeeping of the far future.

        Starts, stops, Jobs and deadlines of Deployments that move are waited for. RolloutsError: not `within` this.
        """
        limit = self._now() + within
        while True:
            await self._breathe()
            if not all(rounds.is_quiet for rounds in self._rounds):
                continue
            due = min((moment for rounds in self._rounds if (moment := rounds.next_due)), default=None)
            if due is None:
                return
            if due > limit:
                raise RolloutsError(f"the embedded cluster does not settle within {within}: {self._busy()}")
            await asyncio.sleep(max(0.0, (due - self._now()).total_seconds()))

    def _start(self, name: str, coroutine: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(coroutine, name=name))

    async def _breathe(self) -> None:
        await asyncio.sleep(_BREATH)
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def _busy(self) -> str:
        return ", ".join(f"{rounds.name} until {rounds.next_due}" for rounds in self._rounds if rounds.next_due)

    def _place(self, obj: Json, resource: Resource) -> tuple[str | None, str]:
        namespace, name = key_of(obj)
        return (namespace or "default" if resource.is_namespaced else None), name

    async def _create(self, collection: Collection, obj: Json) -> None:
        try:
            await self.cluster.create(collection, obj)
        except NotFoundError:
            if collection.namespace is None:
                raise
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": collection.namespace}}
            await self.cluster.create(Collection(kinds.NAMESPACES), body)
            await self.cluster.create(collection, obj)

    async def _resource(self, obj: Json) -> Resource:
        key = obj["apiVersion"], obj["kind"]
        if key not in self._resources:
            self._resources = {(found.api_version, found.kind): found for found in await self.cluster.discover()}
        if key not in self._resources:
            raise RolloutsError(f"the embedded cluster has no kind {key[1]} in {key[0]}: is its CRD loaded?")
        return self._resources[key]
