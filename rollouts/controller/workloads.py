"""The workloads that rollouts take their templates from: Deployments, ReplicaSets and PodTemplates, watched on demand.

A kind is watched from the moment that some rollout names an object of it, so nobody pays for what he does not use.
Called by observe (`find`) and by wakers (`follow`, `listen`). Until a watch has listed, objects are read one by one, so
that no round waits for a list.
"""

import asyncio
import random
from collections.abc import Mapping

from rollouts.cluster import kinds
from rollouts.cluster.informers import Informer, Listener
from rollouts.cluster.port import Cluster, Collection, Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.resources import Resources
from rollouts.dialects.argo.reference import reference_of
from rollouts.model.objects import Ref
from rollouts.model.rollout import Rollout

REFERENCED: Mapping[tuple[str, str], Resource] = {
    (resource.api_version, resource.kind): resource
    for resource in (kinds.DEPLOYMENTS, kinds.REPLICA_SETS, kinds.POD_TEMPLATES)
}


class Workloads:
    """Watches what rollouts refer to. `namespace` None: in all of them."""

    def __init__(
        self, cluster: Cluster, caches: Caches, *, namespace: str | None = None, dice: random.Random | None = None
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._resources = Resources(cluster)
        self._namespace = namespace
        self._dice = dice or random.Random()
        self._informers: dict[tuple[str, str], Informer] = {}
        self._begun: asyncio.Queue[Informer] = asyncio.Queue()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """From now on tell `listener` of every change of an object that could be referenced, its status excepted."""
        self._listeners.append(listener)

    def follow(self, ref: Ref) -> None:
        """Somebody names this object: watch its kind."""
        at = (ref.api_version, ref.kind)
        if at in self._informers:
            return
        cache = self._caches.lend(REFERENCED[at])
        cache.listen(self._tell)
        informer = Informer(self._cluster, Collection(REFERENCED[at], self._namespace), cache, dice=self._dice)
        self._informers[at] = informer
        self._begun.put_nowait(informer)

    async def find(self, ref: Ref) -> Json | None:
        """The object as last seen, or as the server has it; None where it does not exist."""
        informer = self._informers.get((ref.api_version, ref.kind))
        held = None if informer is None else informer.cache.get(ref.namespace, ref.name)
        if held is not None or (informer is not None and informer.synced.is_set()):
            return held
        found = await self._resources.read(ref)
        if found is not None:
            self._caches.put(found)
        return found

    async def run(self) -> None:
        """Watch every kind that is named, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                informer = await self._begun.get()
                group.create_task(informer.run())

    def _tell(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is not None and _spec_of(before) == _spec_of(after):
            return
        for listener in self._listeners:
            listener(before, after)


def workload_ref(rollout: Rollout) -> Ref | None:
    """The object that a rollout takes its template from; None where it has its own, or where the kind cannot be."""
    return None if rollout.workload is None else reference_of(rollout.workload, rollout.namespace)


def _spec_of(obj: Json) -> tuple[object, ...]:
    meta = obj["metadata"]
    return meta.get("uid"), meta.get("generation"), obj.get("spec"), obj.get("template")
