"""The rights of install/ against what a busy controller asks for: none is missing, and none is there for nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import ConflictError
from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
    WatchEvent,
)
from rollouts.controller.ports import GitPorts
from rollouts.controller.settings import Settings
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from rollouts.simulator.store import Store
from tests.builders.manifests import a_version, experiment_step
from tests.unit.controller.stories import Shop, a_canary, a_rollout, a_routed_canary, a_template, an_object, tell
from tests.unit.controller.test_install import Right, rights
from tests.unit.controller.test_sync_in_place import URL, committed, the_sync

EXPLAINED: dict[Right, str] = {
    ("argoproj.io", "rollouts/finalizers", "update"): "asked for by OwnerReferencesPermissionEnforcement only",
    ("argoproj.io", "analysisruns/finalizers", "update"): "the same",
    ("argoproj.io", "experiments/finalizers", "update"): "the same",
    ("argoproj.io", "analysistemplates", "get"): "one of an experiment that its watch has not brought yet",
    ("argoproj.io", "clusteranalysistemplates", "get"): "the same",
    ("argoproj.io", "analysisruns", "get"): "read again after a write whose answer was lost",
    ("", "configmaps", "get"): "production.py asks for the plugins' ConfigMap before the controller is there",
}
"""Rights that this story cannot use, and why they are granted."""

ROUTERS: dict[tuple[str, str], str] = {
    ("gateway.networking.k8s.io", "grpcroutes"): "get list watch patch",
    ("gateway.networking.k8s.io", "tcproutes"): "get list watch patch",
    ("gateway.networking.k8s.io", "tlsroutes"): "get list watch patch",
    ("networking.istio.io", "virtualservices"): "get list watch patch",
    ("networking.istio.io", "destinationrules"): "get list watch patch",
    ("appmesh.k8s.aws", "virtualservices"): "get list watch",
    ("appmesh.k8s.aws", "virtualrouters"): "get list watch patch",
    ("appmesh.k8s.aws", "virtualnodes"): "get list watch patch",
    ("networking.k8s.io", "ingresses"): "get list watch create patch delete",
    ("split.smi-spec.io", "trafficsplits"): "get list watch create patch delete",
    ("traefik.io", "traefikservices"): "get list watch patch",
    ("traefik.containo.us", "traefikservices"): "get list watch patch",
    ("apisix.apache.org", "apisixroutes"): "get list watch create patch delete",
    ("getambassador.io", "mappings"): "get list watch create patch delete",
    ("x.getambassador.io", "ambassadormappings"): "get list watch create patch delete",
    ("elbv2.k8s.aws", "targetgroupbindings"): "list",
}
"""What routers touch whose objects this story has not; their kinds are watched from when somebody names one."""

OF_ROUTERS: set[Right] = {(*kind, verb) for kind, verbs in ROUTERS.items() for verb in verbs.split()}

OF_THE_SYNC_LOOP: set[Right] = {("autoscaling", "horizontalpodautoscalers", "list")}
"""What the sync loop asks for beyond; install/gitsync.yaml gives it."""


class Clerk:
    """A cluster in between that writes down each right that is used; the first patch of each kind is refused once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.used: set[Right] = set()
        self._refused: set[Resource] = set()

    async def get(self, target: Target) -> Json:
        self._note("get", target.resource)
        return await self._store.get(target)

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        self._note("list", collection.resource)
        return await self._store.list(collection, query)

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        self._note("watch", collection.resource)
        async for event in self._store.watch(collection, query):
            yield event

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        self._note("create", collection.resource)
        return await self._store.create(collection, body, options)

    async def patch(self, target: Target, patch: Patch) -> Json:
        if patch.type is PatchType.APPLY:  # what Git holds is applied with rights of its own
            return await self._store.patch(target, patch)
        self._note("patch", target.resource, target.subresource)
        if target.resource not in self._refused and target.resource != kinds.LEASES:
            self._refused.add(target.resource)
            raise ConflictError("somebody was quicker")
        return await self._store.patch(target, patch)

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        self._note("delete", target.resource)
        await self._store.delete(target, options)

    async def evict(self, target: Target) -> None:
        self._note("create", target.resource, "eviction")
        await self._store.evict(target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _note(self, verb: str, resource: Resource, subresource: str = "") -> None:
        name = f"{resource.plural}/{subresource}" if subresource else resource.plural
        self.used.add((resource.group, name, verb))


def busy() -> list[Json]:
    """Rollouts that make use of all there is."""
    secret = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "token"}}}
    template = a_template("fine", interval="5s", count=3)
    template["spec"]["args"] = [secret]
    steps: tuple[Json, ...] = (
        {"setWeight": 50},
        {"analysis": {"templates": [{"templateName": "fine"}]}},
        {"pause": {}},
    )
    routed = a_routed_canary(*steps, canaryMetadata={"labels": {"role": "canary"}})
    routed[-1]["spec"] |= {"revisionHistoryLimit": 0}
    del routed[-1]["spec"]["replicas"]
    origin = an_object(kinds.DEPLOYMENTS, "origin", spec=a_workload(replicas=1))
    moved = a_rollout("moved", canary={})
    del moved["spec"]["template"], moved["spec"]["selector"]
    moved["spec"]["workloadRef"] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "origin",
        "scaleDown": "onsuccess",
    }
    pattern = {**an_object(kinds.POD_TEMPLATES, "pattern"), "template": a_workload()["template"]}
    cut = {**moved, "metadata": {"name": "cut", "namespace": "shop"}}
    cut["spec"] = {**moved["spec"], "workloadRef": {"apiVersion": "v1", "kind": "PodTemplate", "name": "pattern"}}
    secrets = an_object(kinds.SECRETS, "creds", data={"token": "bWluZQ=="})
    return [secrets, template, *routed, origin, moved, pattern, cut, jobs(), *experiments(), *a_ticking_one()]


def a_ticking_one() -> list[Json]:
    """A Canary that splits nothing, with a finalizer, and its target."""
    target = an_object(kinds.DEPLOYMENTS, "ticking", spec=a_workload(name="ticking"))
    canary = an_object(kinds.CANARIES, "ticking", spec=a_canary_of("ticking", revertOnDeletion=True))
    return [target, canary]


def a_canary_of(target: str, **spec: Any) -> Json:
    """The spec of a Canary that counts two ticks."""
    return {
        "provider": "kubernetes",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "service": {"port": 80},
        "analysis": {"interval": "10s", "threshold": 1, "iterations": 2},
        **spec,
    }


def experiments() -> list[Json]:
    """One that stands for itself, with a Service, and a rollout that starts one of which none is kept."""
    alone = an_object(kinds.EXPERIMENTS, "trial", spec={"templates": [a_version("one", "web:v1", service={})]})
    alone["spec"]["duration"] = "20s"
    tried = a_canary(experiment_step("can", duration="5s"), {"pause": {"duration": 20}}, name="tried")
    tried["spec"]["analysis"] = {"successfulRunHistoryLimit": 0}
    return [alone, tried]


def jobs() -> Json:
    """An AnalysisRun that runs two Jobs, and keeps one."""
    containers = [{"name": "smoke", "image": "smoke:v1", "command": ["sleep", "1"]}]
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": containers}}}
    metric = {"name": "smoke", "count": 2, "interval": "5s", "provider": {"job": {"spec": spec}}}
    retention = [{"metricName": "smoke", "limit": 1}]
    return an_object(kinds.ANALYSIS_RUNS, "smoke", spec={"metrics": [metric], "measurementRetention": retention})


def a_workload(replicas: int = 1, name: str = "moved") -> Json:
    """The spec of a Deployment."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web:v1"}]}}
    return {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}


async def a_busy_life(shop: Shop) -> set[Right]:
    """Released, aborted, promoted, restarted, synced; by a controller that has to lead."""
    clerk, remote = Clerk(shop.store), MemoryRemote()
    remote.commit({path: text.replace("web", "git") for path, text in committed("git:v1").items()})
    await shop.store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": "argo-rollouts"}})
    await shop.start(clerk, settings=Settings(), git=GitPorts(MemoryCheckout({URL: remote}), PlainRender()))
    await shop.world.apply([*busy(), *the_sync()])
    await asyncio.sleep(60)
    await shop.use("web:v2", "tried")
    for image, deed in (("web:v2", {"abort": True}), ("web:v3", {"promoteFull": True}), ("web:v4", {})):
        await shop.use(image)
        await asyncio.sleep(8)
        if deed:
            await shop.patch({"status": deed}, subresource="status")
        await asyncio.sleep(120)
    await shop.patch({"spec": {"restartAt": "2026-01-01T00:20:00Z"}})
    await asyncio.sleep(3600)
    return clerk.used


def test_what_is_granted_is_used_and_what_is_used_is_granted() -> None:
    """A whole life of a controller needs just the rights of install/controller.yaml, and those for Canaries."""
    used, granted = tell(a_busy_life), rights("controller.yaml")

    assert sorted(used - granted - OF_THE_SYNC_LOOP - rights("canaries.yaml")) == []
    assert sorted(granted - used - EXPLAINED.keys() - OF_ROUTERS) == []
    assert sorted(EXPLAINED.keys() & used) == []
