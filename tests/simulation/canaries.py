"""Canaries under a controller that dies again and again: five in one world, their users, what is left of it all.

Called by test_canaries. Each goes its own way: by weights with copies of configuration, blue-green with an autoscaler,
failing and mended, by chosen requests, and deleted with its target given back.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.ports import InProcessPorts
from analysis.requests import Answer, Defaults, Http
from rollouts.cluster import kinds
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Resource, Target
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.ports import Ports
from rollouts.controller.settings import Settings
from rollouts.controller.sources import informer_source
from rollouts.controller.wiring import Controller
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.store.ledger import Change, Shelf
from rollouts.simulator.world import World
from rollouts.telemetry.logs import configure
from tests.builders.canaries import a_canary, a_deployment, a_gate, at_most, rounds, steps
from tests.builders.manifests import a_pod, an_object
from tests.simulation.faults import Chance, EverySite, Tally
from tests.simulation.lives import Lives, count_tasks

NAMESPACE = "shop"
CRDS = Path(__file__).parents[2] / "crds"
SCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
SHOWN = (
    kinds.CANARIES,
    kinds.DEPLOYMENTS,
    kinds.SERVICES,
    kinds.CONFIG_MAPS,
    kinds.HTTP_ROUTES,
    kinds.INGRESSES,
    SCALERS,
)
NAMES = ("web", "green", "bad", "chosen", "gone")
TROUBLE, QUIET, LONGEST = 60.0, timedelta(seconds=100), timedelta(minutes=30)
TIMES = (
    "lastTransitionTime",
    "lastUpdateTime",
    "creationTimestamp",
    "clusterIP",
    "clusterIPs",
    "resourceVersion",
    "uid",
)
AGREES, REFUSES = "http://hooks.test/yes", "http://hooks.test/no"
Trouble = Chance | EverySite


def manifests(interval: str = "5s", agrees: str = AGREES, refuses: str = REFUSES, ill: str = "ill") -> list[Json]:
    """All five with what they name; `ill` is the query that tells whether the one that fails errs."""
    tick: Json = {"interval": interval}
    pod = a_pod(container={"envFrom": [{"configMapRef": {"name": "words"}}]})
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "green"}
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "green"}
    backend = {"service": {"name": "chosen", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"}
    insiders = {"headers": {"x-user": {"exact": "insider"}}}
    agreeing = ("confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion")
    gates = [*(a_gate(moment, agrees) for moment in (*agreeing, "post-rollout")), a_gate("rollback", refuses)]
    return [
        an_object(kinds.CONFIG_MAPS, "words", data={"greeting": "hello"}),
        a_deployment("web", pod=pod),
        a_canary(steps(20, most=40, **tick, metrics=[at_most("0", 1)], webhooks=gates)),
        a_deployment("green"),
        an_object(SCALERS, "green", spec={"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": scaled}),
        a_canary(rounds(2, **tick), name="green", provider="kubernetes", autoscalerRef=scaler),
        a_deployment("bad"),
        a_canary(steps(30, **tick, metrics=[at_most(ill, 1)]), name="bad"),
        an_object(kinds.INGRESSES, "front", spec={"rules": [{"host": "shop.test", "http": {"paths": [path]}}]}),
        a_deployment("chosen"),
        a_canary(rounds(2, **tick, match=[insiders]), name="chosen", provider="nginx", ingressRef=ingress),
        a_deployment("gone"),
        a_canary(steps(50, **tick), name="gone", revertOnDeletion=True),
    ]


@dataclass(repr=False)  # it is long
class Ended:
    """What became of them: the objects at each rest, and each route's weights in order."""

    tally: Tally
    portraits: list[Json] = field(default_factory=list)
    weights: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    lives: int = 0


def lived(trouble: Trouble, seed: int) -> Ended:
    """The whole story, in virtual time."""
    configure(level="panic")
    return run_virtual(_Town(trouble, seed).live())


class _Town:
    def __init__(self, trouble: Trouble, seed: int) -> None:
        self._trouble = trouble
        self._seed = seed
        self._ended = Ended(Tally())
        self._changed_at: datetime | None = None

    async def live(self) -> Ended:
        """All of it."""
        count_tasks()
        self._store = Store(virtual_now, seed=1)
        self._store.load_definitions([CRDS])
        self._store.listen(self._saw)
        async with World(Scenario(requests_per_second=0), now=virtual_now, store=self._store) as world:
            await self._store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": NAMESPACE}})
            self._lives = Lives(self._store, self._born, self._trouble, self._ended.tally, random.Random(self._seed))
            living = asyncio.create_task(self._lives.run())
            try:
                await self._story(world)
            finally:
                living.cancel()
                await asyncio.gather(living, return_exceptions=True)
            assert world.failures == {}
        self._ended.lives = self._lives.count
        return self._ended

    async def _story(self, world: World) -> None:
        self._begin_trouble()
        await world.apply({**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}} for obj in manifests())
        await self._rested()
        self._begin_trouble()
        for name in NAMES:
            await self._release(name, "web:v2")
        await self._rested()
        self._begin_trouble()
        await self._release("bad", "web:v3")
        await self._patch(kinds.CONFIG_MAPS, "words", {"data": {"greeting": "welcome"}})
        await self._store.delete(Target(kinds.CANARIES, "gone", NAMESPACE))
        await self._rested()

    async def _release(self, name: str, image: str) -> None:
        container = (await self._store.get(Target(kinds.DEPLOYMENTS, name, NAMESPACE)))["spec"]["template"]["spec"]
        containers = [{**container["containers"][0], "image": image}]
        await self._patch(kinds.DEPLOYMENTS, name, {"spec": {"template": {"spec": {"containers": containers}}}})

    async def _patch(self, resource: Resource, name: str, body: Json) -> None:
        await self._store.patch(Target(resource, name, NAMESPACE), Patch(PatchType.MERGE, body))

    def _begin_trouble(self) -> None:
        self._trouble.is_calm = False
        asyncio.get_running_loop().call_later(TROUBLE, setattr, self._trouble, "is_calm", True)

    async def _rested(self) -> None:
        """Until nothing changes any more; what there is then."""
        begun = virtual_now()
        while True:
            since = max(self._changed_at or begun, self._lives.up_since, begun + timedelta(seconds=TROUBLE))
            if self._lives.is_up and virtual_now() - since >= QUIET:
                break
            assert virtual_now() - begun < LONGEST, f"no rest: {self._portrait()['Canary']}"
            await asyncio.sleep(10)
        self._ended.portraits.append(self._portrait())

    def _portrait(self) -> Json:
        listed = {kind.kind: self._store.peek_all(Collection(kind, NAMESPACE)) for kind in SHOWN}
        return {kind: {obj["metadata"]["name"]: _essence(obj) for obj in found} for kind, found in listed.items()}

    def _saw(self, shelf: Shelf, change: Change) -> None:
        self._changed_at = virtual_now()
        route = change.after
        if shelf[1] == kinds.HTTP_ROUTES.plural and route is not None:
            seen = self._ended.weights[route["metadata"]["name"]]
            weight = _weight(route)
            if seen[-1:] != [weight]:
                seen.append(weight)

    def _born(self, cluster: Cluster, number: int) -> Controller:
        dice = random.Random(f"life {number} of {self._seed}")
        ports = Ports(
            cluster=cluster,
            clock=virtual_now,
            source=informer_source(cluster, dice),
            measuring=ClusterPorts(
                InProcessPorts(self._measure, None, Defaults("http://prometheus"), _hear), cluster, NAMESPACE
            ),
            identity=f"life-{number}",
            dice=dice,
        )
        return Controller(ports, Settings(is_elected=False))

    def _measure(self, query: str, now: datetime) -> Json:
        """The second version of what is ill errs."""
        del now
        target = self._store.peek(Target(kinds.DEPLOYMENTS, "bad", NAMESPACE))
        is_ill = query == "ill" and target is not None and _image(target) == "web:v2"
        result = [{"metric": {}, "value": [0, "9" if is_ill else "0"]}]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}


def _hear(request: Http) -> Answer:
    return Answer(403 if request.path == "/no" else 200, b"")


def _image(target: Json) -> str:
    return str(target["spec"]["template"]["spec"]["containers"][0]["image"])


def _weight(route: Json) -> int:
    backends: Iterable[Json] = route["spec"]["rules"][0]["backendRefs"]
    return next((int(each.get("weight", 1)) for each in backends if each["name"].endswith("-canary")), 0)


def _essence(obj: Json) -> Json:
    """An object without what differs from run to run."""
    kept = {key: obj["metadata"].get(key) for key in ("labels", "annotations", "finalizers")}
    owners = [owner["name"] for owner in obj["metadata"].get("ownerReferences") or ()]
    parts = {key: obj[key] for key in ("spec", "data") if key in obj}
    status = {"status": obj.get("status")} if obj["kind"] == kinds.CANARIES.kind else {}
    essence: Json = _timeless({**kept, "owners": owners, **parts, **status})
    return essence


def _timeless(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _timeless(value) for key, value in part.items() if key not in TIMES}
    return [_timeless(each) for each in part] if isinstance(part, list) else part
