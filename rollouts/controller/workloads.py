"""The workloads that rollouts take their templates from: Deployments, ReplicaSets and PodTemplates, watched on demand.

A kind is watched from the moment that some rollout names an object of it. Called by observe (`find`) and by wakers
(`follow`, `listen`). Changes of nothing but a status are told to nobody.
"""

import asyncio
import random
from collections.abc import Mapping

from rollouts.cluster import kinds
from rollouts.cluster.informers import Informer
from rollouts.cluster.port import Cluster, Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.watches import Watches
from rollouts.dialects.argo.reference import reference_of
from rollouts.model.objects import Ref
from rollouts.model.rollout import Rollout

REFERENCED: Mapping[tuple[str, str], Resource] = {
    (resource.api_version, resource.kind): resource
    for resource in (kinds.DEPLOYMENTS, kinds.REPLICA_SETS, kinds.POD_TEMPLATES)
}


class Workloads(Watches):
    """Watches what rollouts refer to. `namespace` None: in all of them."""

    def __init__(
        self, cluster: Cluster, caches: Caches, *, namespace: str | None = None, dice: random.Random | None = None
    ) -> None:
        super().__init__(cluster, caches, namespace=namespace, dice=dice)
        self._waiting: asyncio.Queue[Informer] = asyncio.Queue()

    def follow(self, ref: Ref) -> None:
        """Somebody names this object: watch its kind."""
        at = (ref.api_version, ref.kind)
        if at not in self._informers:
            self._waiting.put_nowait(self._begun(at, REFERENCED[at], self._caches.lend(REFERENCED[at])))

    async def run(self) -> None:
        """Watch every kind that is named, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                informer = await self._waiting.get()
                group.create_task(informer.run())

    def _tell(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is not None and _spec_of(before) == _spec_of(after):
            return
        super()._tell(before, after)


def workload_ref(rollout: Rollout) -> Ref | None:
    """The object that a rollout takes its template from; None where it has its own, or where the kind cannot be."""
    return None if rollout.workload is None else reference_of(rollout.workload, rollout.namespace)


def _spec_of(obj: Json) -> tuple[object, ...]:
    meta = obj["metadata"]
    return meta.get("uid"), meta.get("generation"), obj.get("spec"), obj.get("template")
