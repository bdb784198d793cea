"""What a scenario sees: the objects of its namespace as the watches brought them, and short questions about them.

Given to the predicates of `stage.until`. Every question has an answer, also about what is not there yet.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from rollouts.cli.phase import phase_of
from rollouts.cluster import kinds
from rollouts.cluster.informers import Cache, Informer, version_of
from rollouts.cluster.port import Cluster, Collection, Json, Resource

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
WATCHED = (
    *(kinds.ROLLOUTS, kinds.REPLICA_SETS, kinds.PODS, kinds.SERVICES, kinds.HTTP_ROUTES, kinds.EVENTS),
    *(
        kinds.CANARIES,
        kinds.INGRESSES,
        kinds.DEPLOYMENTS,
        kinds.JOBS,
        kinds.ANALYSIS_RUNS,
        kinds.EXPERIMENTS,
        kinds.ENDPOINT_SLICES,
    ),
)
"""Kinds that every scenario watches."""

Told = tuple[str, str, str]
"""An event: type, reason, message."""


class Shelves:
    """Objects by namespace, kept by the listeners of caches; whoever listens to a namespace hears of each change."""

    def __init__(self) -> None:
        self._objects: defaultdict[tuple[str, Resource], dict[str, Json]] = defaultdict(dict)
        self._listeners: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._gone: set[str] = set()

    def follow(self, resource: Resource, cache: Cache) -> None:
        """Keep what this cache holds."""
        cache.listen(partial(self._changed, resource))

    def listen(self, namespace: str, listener: Callable[[], None]) -> None:
        """Call `listener` at every change in the namespace."""
        self._listeners[namespace].append(listener)

    def leave(self, namespace: str) -> None:
        """Nobody listens to the namespace any more."""
        self._listeners.pop(namespace, None)

    def has_gone(self, uid: str) -> bool:
        """Whether the watch has told of this object's end."""
        return uid in self._gone

    def of(self, namespace: str, resource: Resource) -> dict[str, Json]:
        """The objects by name."""
        return self._objects[namespace, resource]

    def _changed(self, resource: Resource, before: Json | None, after: Json | None) -> None:
        meta = (after or before or {})["metadata"]
        namespace = meta.get("namespace", "")
        if after is None:
            self._objects[namespace, resource].pop(meta["name"], None)
            self._gone.add(meta["uid"])
        else:
            self._objects[namespace, resource][meta["name"]] = after
        for listener in tuple(self._listeners[namespace]):
            listener()


@asynccontextmanager
async def watched(cluster: Cluster) -> AsyncIterator[Shelves]:
    """What the cluster has, kept up by one watch a kind for all scenarios; there once everything has been listed."""
    shelves, informers = Shelves(), list[Informer]()
    for resource in WATCHED:
        cache = Cache()
        shelves.follow(resource, cache)
        informers.append(Informer(cluster, Collection(resource), cache, dice=random.Random(1)))
    tasks = [asyncio.create_task(informer.run()) for informer in informers]
    try:
        for informer in informers:
            await informer.synced.wait()
        yield shelves
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Sight:
    """The world of one namespace, now. `name` is the rollout's wherever it is asked for; most have just one."""

    def __init__(self, shelves: Shelves, namespace: str) -> None:
        self._shelves = shelves
        self.namespace = namespace

    def all(self, resource: Resource) -> list[Json]:
        """The objects of a watched kind, by name."""
        assert resource in WATCHED, f"{resource.plural} are not watched: ask by stage.get, or add them to WATCHED"
        return [obj for _, obj in sorted(self._shelves.of(self.namespace, resource).items())]

    def one(self, resource: Resource, name: str) -> Json | None:
        """One object of a watched kind, or None."""
        return next((obj for obj in self.all(resource) if obj["metadata"]["name"] == name), None)

    def shows(self, resource: Resource, obj: Json) -> bool:
        """Whether the watch has brought an object in this version or a later one, or has told of its end."""
        seen = self.one(resource, obj["metadata"]["name"])
        is_there = seen is not None and version_of(seen) >= version_of(obj)
        return is_there or self._shelves.has_gone(obj["metadata"]["uid"])

    def rollout(self, name: str = "web") -> Json:
        """The Rollout; an empty one while there is none."""
        return self.one(kinds.ROLLOUTS, name) or {"metadata": {"name": name}}

    def status(self, name: str = "web") -> Json:
        """Its status."""
        status: Json = self.rollout(name).get("status") or {}
        return status

    def phase(self, name: str = "web") -> str:
        """Its phase as Argo's clients say it: Progressing while the newest spec has not been observed."""
        rollout = self.rollout(name)
        return phase_of(rollout).name if "spec" in rollout else ""

    def message(self, name: str = "web") -> str:
        """The message beside the phase."""
        rollout = self.rollout(name)
        return phase_of(rollout).message if "spec" in rollout else ""

    def step(self, name: str = "web") -> int | None:
        """status.currentStepIndex."""
        return self.status(name).get("currentStepIndex")

    def pauses(self, name: str = "web") -> list[str]:
        """The reasons of its pauseConditions."""
        return [pause["reason"] for pause in self.status(name).get("pauseConditions") or ()]

    def conditions(self, name: str = "web") -> dict[str, tuple[str, str]]:
        """Its conditions: type to (status, reason)."""
        return {c["type"]: (c["status"], c.get("reason", "")) for c in self.status(name).get("conditions") or ()}

    def canary(self, name: str = "web") -> Json:
        """The Canary; an empty one while there is none."""
        return self.one(kinds.CANARIES, name) or {"metadata": {"name": name}}

    def canary_status(self, name: str = "web") -> Json:
        """Its status."""
        status: Json = self.canary(name).get("status") or {}
        return status

    def canary_phase(self, name: str = "web") -> str:
        """Its phase."""
        return str(self.canary_status(name).get("phase", ""))

    def deployments(self) -> dict[str, tuple[str, int]]:
        """Every Deployment: its image and the size asked for."""
        return {
            one["metadata"]["name"]: (image_of(one), one["spec"].get("replicas", 1))
            for one in self.all(kinds.DEPLOYMENTS)
        }

    def selector(self, service: str) -> Json:
        """What a Service selects."""
        return dict(((self.one(kinds.SERVICES, service) or {}).get("spec") or {}).get("selector") or {})

    def replica_sets(self, name: str = "web") -> list[Json]:
        """Its ReplicaSets, oldest revision first."""
        uid = self.rollout(name)["metadata"].get("uid", "")
        owned = [rs for rs in self.all(kinds.REPLICA_SETS) if uid in _owners(rs)]
        return sorted(owned, key=lambda rs: int((rs["metadata"].get("annotations") or {}).get(REVISION) or 0))

    def replica_set(self, image: str, name: str = "web") -> Json:
        """The newest of its ReplicaSets with this image; an empty one while there is none."""
        found = [rs for rs in self.replica_sets(name) if image_of(rs) == image]
        return found[-1] if found else {"metadata": {}, "spec": {}, "status": {}}

    def sizes(self, name: str = "web") -> dict[str, int]:
        """Image to the size asked for (spec.replicas), ReplicaSets of size 0 included."""
        return {image_of(rs): rs["spec"].get("replicas", 1) for rs in self.replica_sets(name)}

    def available(self, name: str = "web") -> dict[str, int]:
        """Image to the number of available pods, for every ReplicaSet."""
        sets = self.replica_sets(name)
        return {image_of(rs): (rs.get("status") or {}).get("availableReplicas", 0) for rs in sets}

    def pods(self, image: str = "") -> list[Json]:
        """The pods that are not being deleted; of this image only, if one is given."""
        found = [pod for pod in self.all(kinds.PODS) if "deletionTimestamp" not in pod["metadata"]]
        return [pod for pod in found if image in ("", pod["spec"]["containers"][0]["image"])]

    def weights(self, route: str = "web") -> dict[str, int]:
        """The weights of an HTTPRoute's first rule, by Service."""
        rules = ((self.one(kinds.HTTP_ROUTES, route) or {}).get("spec") or {}).get("rules") or [{}]
        return {ref["name"]: ref.get("weight", 1) for ref in rules[0].get("backendRefs") or ()}

    def is_shown(self, service: str) -> bool:
        """Whether EndpointSlices show as ready every pod that this Service selects."""
        selector = ((self.one(kinds.SERVICES, service) or {}).get("spec") or {}).get("selector") or {}
        slices = [
            one
            for one in self.all(kinds.ENDPOINT_SLICES)
            if one["metadata"].get("labels", {}).get("kubernetes.io/service-name") == service
        ]
        ends = [end for one in slices for end in one.get("endpoints") or () if end["conditions"].get("ready")]
        shown = {end["targetRef"]["name"] for end in ends if "targetRef" in end}
        return all(
            pod["metadata"]["name"] in shown
            for pod in self.pods()
            if selector.items() <= pod["metadata"].get("labels", {}).items()
        )

    def is_served(self, service: str) -> bool:
        """Whether a ready pod is among those that this Service selects."""
        chosen = self.selector(service).items()
        return any(is_ready(pod) for pod in self.pods() if chosen <= pod["metadata"].get("labels", {}).items())

    def service_hash(self, service: str) -> str:
        """The pod template hash that a Service selects; "" where it selects none."""
        spec = (self.one(kinds.SERVICES, service) or {}).get("spec") or {}
        return str((spec.get("selector") or {}).get(HASH, ""))

    def service_image(self, service: str, name: str = "web") -> str:
        """The image of the version that a Service selects; "" where it selects none."""
        chosen = self.service_hash(service)
        return next((image_of(rs) for rs in self.replica_sets(name) if hash_of(rs) == chosen), "")

    def events(self, name: str = "web") -> list[Told]:
        """The events about objects of this name (a Rollout, an AnalysisRun …) in the order of their making."""
        about = [event for event in self.all(kinds.EVENTS) if event["involvedObject"]["name"] == name]
        return [(e["type"], e["reason"], e.get("message", "")) for e in sorted(about, key=version_of) if _is_ours(e)]

    def reasons(self, name: str = "web") -> list[str]:
        """Just the reasons of those events."""
        return [reason for _, reason, _ in self.events(name)]

    def newest(self) -> int:
        """The highest resourceVersion seen in the namespace: it grows with every change but deletions."""
        return max((version_of(obj) for resource in WATCHED for obj in self.all(resource)), default=0)


def is_ready(pod: Json) -> bool:
    """Whether a pod's condition says so."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def image_of(holder: Json) -> str:
    """The first container's image of a ReplicaSet, Rollout or Deployment."""
    spec: dict[str, Any] = holder["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def hash_of(replica_set: Json) -> str:
    """Its pod template hash."""
    return str((replica_set["metadata"].get("labels") or {}).get(HASH, ""))


def _owners(obj: Json) -> list[str]:
    return [reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()]


def _is_ours(event: Json) -> bool:
    return (event.get("source") or {}).get("component") == "rollouts-controller"
