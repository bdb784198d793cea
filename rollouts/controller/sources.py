"""Where the objects of our own kinds come from: the Source port, and the form of it that needs nothing but a Cluster.

The other form is kopf's (handlers.py), which production uses. Both fill the caches and do nothing else; the caches tell
the queue.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Cluster, Collection, Json, Query, Resource
from rollouts.model.keys import INSTANCE_LABEL


@dataclass(frozen=True, slots=True)
class Watched:
    """A kind to watch: which of its objects (`labels`, a selector; `namespace`, None: all), and where to keep them."""

    resource: Resource
    cache: Cache
    labels: str = ""
    namespace: str | None = None

    @property
    def collection(self) -> Collection:
        """Where its objects are."""
        return Collection(self.resource, self.namespace)

    @property
    def query(self) -> Query:
        """Which of them."""
        return Query(labels=self.labels)


class Source(Protocol):
    """Keeps caches as the server has them. `synced` is set once everything that existed at the start has arrived."""

    @property
    def synced(self) -> asyncio.Event:
        """Set once the first lists are in."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


SourceFactory = Callable[[Sequence[Watched]], Source]


class InformerSource:
    """A Source of informers. For simulations, and for whoever has more objects than kopf can follow."""

    def __init__(self, cluster: Cluster, watched: Sequence[Watched], dice: random.Random | None = None) -> None:
        self.synced = asyncio.Event()
        self._informers = [
            Informer(cluster, each.collection, each.cache, each.query, dice=dice or random.Random()) for each in watched
        ]

    async def run(self) -> None:
        """All informers, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self._informers:
                group.create_task(informer.run())
            for informer in self._informers:
                await informer.synced.wait()
            self.synced.set()


def informer_source(cluster: Cluster, dice: random.Random | None = None) -> SourceFactory:
    """A factory of InformerSources on this cluster."""
    return lambda watched: InformerSource(cluster, watched, dice)


def instance_selector(instance_id: str) -> str:
    """Argo: with an instance id only objects that carry it, without one only objects that carry none."""
    return f"{INSTANCE_LABEL}={instance_id}" if instance_id else f"!{INSTANCE_LABEL}"


def is_of_instance(obj: Json, instance_id: str) -> bool:
    """Whether an object is this instance's."""
    labels = obj["metadata"].get("labels") or {}
    return bool(labels.get(INSTANCE_LABEL, "") == instance_id)
