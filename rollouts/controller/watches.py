"""Watching on demand: kinds that are watched from when somebody names an object of them. Base of Routes and Workloads.

Nobody pays for what he does not use. Until a watch has listed, objects are read one by one, so that no round waits for
a list. When a kind is wanted, and when its watch begins, is for those who know the kinds to say.
"""

import random

from rollouts.cluster.informers import Cache, Informer, Listener
from rollouts.cluster.port import Cluster, Collection, Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.resources import Resources
from rollouts.model.objects import Ref
from rollouts.traffic.protocol import Kind


class Watches:
    """The informers of what is named. `namespace` None: in all of them."""

    def __init__(
        self, cluster: Cluster, caches: Caches, *, namespace: str | None = None, dice: random.Random | None = None
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._resources = Resources(cluster)
        self._namespace = namespace
        self._dice = dice or random.Random()
        self._informers: dict[Kind, Informer] = {}
        self._absent: frozenset[Kind] = frozenset()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """From now on tell `listener` of every change of an object that is watched here, if it can matter."""
        self._listeners.append(listener)

    async def find(self, ref: Ref) -> Json | None:
        """The object as last seen, or as the server has it; None where it or its kind does not exist."""
        kind = (ref.api_version, ref.kind)
        informer = self._informers.get(kind)
        held = None if informer is None else informer.cache.get(ref.namespace, ref.name)
        if held is not None or kind in self._absent or (informer is not None and informer.synced.is_set()):
            return held
        found = await self._resources.read(ref)
        if found is not None:
            self._caches.put(found)
        return found

    def is_watched(self, ref: Ref) -> bool:
        """Whether a look at it costs no request."""
        kind = (ref.api_version, ref.kind)
        informer = self._informers.get(kind)
        return kind in self._absent or (informer is not None and informer.synced.is_set())

    def _begun(self, kind: Kind, resource: Resource, cache: Cache) -> Informer:
        """The informer that fills this cache from now on; somebody has to run it."""
        cache.listen(self._tell)
        namespace = self._namespace if resource.is_namespaced else None
        informer = Informer(self._cluster, Collection(resource, namespace), cache, dice=self._dice)
        self._informers[kind] = informer
        return informer

    def _tell(self, before: Json | None, after: Json | None) -> None:
        for listener in self._listeners:
            listener(before, after)
