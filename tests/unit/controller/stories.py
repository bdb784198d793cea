"""Stories of the whole controller on the embedded cluster, in virtual time. Makers and a runner; no test in here."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from analysis.ports import InProcessPorts
from analysis.requests import Defaults
from rollouts.cluster import kinds
from rollouts.cluster.port import (
    Cluster,
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
)
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.plugins.config import ROUTER
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.protocol import Plugin
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.ports import GitPorts, Ports
from rollouts.controller.settings import Settings
from rollouts.controller.sources import informer_source
from rollouts.controller.wiring import Controller
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World

T = TypeVar("T")
CRDS = Path(__file__).parents[3] / "crds"
QUIET = Scenario(requests_per_second=0)


@dataclass
class Shop:
    """A world with a namespace `shop` and what a test does in it."""

    world: World
    store: Store
    started: int = 0
    prometheus: str = ""  # the controller's --prometheus
    asked: list[str] = field(default_factory=list)

    async def start(
        self,
        cluster: Cluster | None = None,
        *,
        settings: Settings | None = None,
        git: GitPorts | None = None,
        plugins: StepPlugins | None = None,
        routers: Iterable[Plugin] = (),
    ) -> "Running":
        """Start a controller on this cluster (default: the store itself)."""
        self.started += 1
        ports = Ports(
            cluster=cluster or self.store,
            clock=virtual_now,
            source=informer_source(cluster or self.store, random.Random(1)),
            measuring=self.measuring(cluster or self.store),
            git=git,
            plugins=plugins or StepPlugins(),
            routers=MetricPlugins(routers, ROUTER.word),
            identity=f"controller-{self.started}",
            dice=random.Random(1),
        )
        running = Running(Controller(ports, settings or Settings(is_elected=False)))
        await running.controller.ready.wait()
        return running

    def measuring(self, cluster: Cluster) -> ClusterPorts:
        """Prometheus as the world has it, and the cluster for Jobs and credentials."""
        return ClusterPorts(InProcessPorts(self.measure, None, Defaults(self.prometheus)), cluster, "argo-rollouts")

    async def get(self, resource: Resource, name: str = "web") -> Json:
        """An object as it is."""
        return await self.store.get(Target(resource, name, "shop"))

    async def rollout(self, name: str = "web") -> Json:
        """The rollout as it is."""
        return await self.get(kinds.ROLLOUTS, name)

    async def phase(self, name: str = "web") -> tuple[str, str]:
        """Its phase and message."""
        status = (await self.rollout(name)).get("status", {})
        return status.get("phase", ""), status.get("message", "")

    async def patch(self, body: Json, *, name: str = "web", subresource: str = "") -> None:
        """Do to the rollout what a user does."""
        await self.store.patch(Target(kinds.ROLLOUTS, name, "shop", subresource), Patch(PatchType.MERGE, body))

    async def use(self, image: str, name: str = "web") -> None:
        """Change the image."""
        template = (await self.rollout(name))["spec"]["template"]
        containers = [{**template["spec"]["containers"][0], "image": image}]
        await self.patch({"spec": {"template": {"spec": {"containers": containers}}}}, name=name)

    async def listed(self, resource: Resource) -> list[Json]:
        """All objects of a kind."""
        return list((await self.store.list(Collection(resource, "shop"), Query())).items)

    async def reasons(self, name: str = "web") -> list[str]:
        """The reasons of the rollout's events, in the order in which they were made."""
        events = await self.listed(kinds.EVENTS)
        about = [event for event in events if event["involvedObject"]["name"] == name]
        return [e["reason"] for e in sorted(about, key=lambda e: int(e["metadata"]["resourceVersion"]))]

    async def sizes(self) -> dict[str, int]:
        """ReplicaSets by image and size."""
        sets = await self.listed(kinds.REPLICA_SETS)
        return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"] for rs in sets}

    async def weights(self, route: str = "web") -> dict[str, int]:
        """The weights of a route by Service."""
        rules = (await self.get(kinds.HTTP_ROUTES, route))["spec"]["rules"]
        return {ref["name"]: ref.get("weight", 1) for ref in rules[0]["backendRefs"]}

    def measure(self, query: str, now: datetime) -> Json:
        """A Prometheus that answers every query by the number in it, and notes what it was asked."""
        del now
        self.asked.append(query)
        value = query.removeprefix("vector(").removesuffix(")")
        return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, value]}]}}


@dataclass
class Write:
    """One write as it went to the cluster."""

    verb: str
    kind: str
    name: str
    body: Any = None


class Spy:
    """A cluster in between, which notes writes and does to them what a test wants.

    `fate` is asked before each write; it may raise. The write of number `dies_after` takes effect and is not answered,
    nor is any after it: the moment to kill the controller.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes: list[Write] = []
        self.fate: Callable[[Write], None] = lambda _write: None
        self.dies_after = -1
        self.died = asyncio.Event()

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        write = Write("create", collection.resource.kind, body["metadata"].get("name", ""), body)
        return await self._do(write, self._store.create(collection, body, options))

    async def patch(self, target: Target, patch: Patch) -> Json:
        write = Write("patch", _titled(target), target.name, patch.body)
        return await self._do(write, self._store.patch(target, patch))

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        await self._do(Write("delete", target.resource.kind, target.name), self._store.delete(target, options))

    async def evict(self, target: Target) -> None:
        await self._do(Write("evict", target.resource.kind, target.name), self._store.evict(target))

    def said(self) -> list[str]:
        """The writes in short, without events."""
        return [f"{w.verb} {w.kind} {w.name}" for w in self.writes if w.kind != "Event"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def _do(self, write: Write, doing: Coroutine[Any, Any, T]) -> T:
        try:
            self.fate(write)
        except BaseException:
            doing.close()
            raise
        if self.died.is_set():
            doing.close()
            await asyncio.Event().wait()
        self.writes.append(write)
        result = await doing
        if len(self.writes) == self.dies_after + 1:
            self.died.set()
            await asyncio.Event().wait()
        return result


def _titled(target: Target) -> str:
    return f"{target.resource.kind}/{target.subresource}" if target.subresource else target.resource.kind


class Running:
    """A controller that runs, until it is stopped or killed."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(controller.run(self._stop))

    def looks(self) -> dict[str, int]:
        """How many rounds each rollout had."""
        families = [f for f in self.controller.metrics.registry.collect() if f.name == "rollout_reconcile"]
        samples = [sample for family in families for sample in family.samples if sample.name.endswith("_count")]
        return {sample.labels["name"]: round(sample.value) for sample in samples}

    async def stop(self) -> None:
        """As by SIGTERM."""
        self._stop.set()
        await self._task

    async def kill(self) -> None:
        """As by SIGKILL."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def tell(story: Callable[[Shop], Coroutine[Any, Any, T]], scenario: Scenario = QUIET) -> T:
    """Run a story in virtual time."""

    async def main() -> T:
        async with _shop(scenario) as shop:
            return await story(shop)

    return run_virtual(main())


@asynccontextmanager
async def _shop(scenario: Scenario) -> AsyncIterator[Shop]:
    store = Store(virtual_now, seed=1)
    store.load_definitions([CRDS])
    async with World(scenario, now=virtual_now, store=store) as world:
        await store.create(
            Collection(kinds.NAMESPACES), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        )
        yield Shop(world, store)


def an_object(resource: Resource, name: str, **parts: Any) -> Json:
    """Any object in the shop."""
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, **parts}


def a_rollout(name: str = "web", *, image: str = "web:v1", replicas: int = 3, **strategy: Any) -> Json:
    """A Rollout of one container; `strategy` is what stands under it."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod, "strategy": strategy}
    return an_object(kinds.ROLLOUTS, name, spec=spec)


def a_canary(*steps: Json, name: str = "web", **canary: Any) -> Json:
    """A canary without routes."""
    return a_rollout(name, canary={"steps": list(steps), **canary})


def a_routed_canary(*steps: Json, name: str = "web", **canary: Any) -> list[Json]:
    """A canary over an HTTPRoute, with all that it names."""
    routing = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": name, "namespace": "shop"}}}
    services = {"stableService": f"{name}-stable", "canaryService": f"{name}-canary"}
    return [
        a_service(f"{name}-stable", selects=name),
        a_service(f"{name}-canary", selects=name),
        a_route(name, {f"{name}-stable": 100, f"{name}-canary": 0}),
        a_canary(*steps, name=name, trafficRouting=routing, **services, **canary),
    ]


def a_service(name: str, *, selects: str = "web") -> Json:
    """A Service for the pods of a rollout."""
    return an_object(kinds.SERVICES, name, spec={"selector": {"app": selects}, "ports": [{"port": 80}]})


def a_route(name: str, weights: dict[str, int]) -> Json:
    """An HTTPRoute with one rule."""
    backends = [{"name": service, "port": 80, "weight": weight} for service, weight in weights.items()]
    return an_object(kinds.HTTP_ROUTES, name, spec={"rules": [{"backendRefs": backends}]})


def a_template(name: str, *, query: str = "1", condition: str = "result[0] > 0", **metric: Any) -> Json:
    """An AnalysisTemplate of one metric; the shop's Prometheus answers its query by the number in it."""
    provider = {"prometheus": {"address": "http://prometheus.example", "query": query}}
    metrics = [{"name": name, "successCondition": condition, "provider": provider, **metric}]
    return an_object(kinds.ANALYSIS_TEMPLATES, name, spec={"metrics": metrics})
