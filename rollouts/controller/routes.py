"""The objects that routers touch: routes, Ingresses, TrafficSplits; watched on demand. Called by observe and by wakers.

A kind is watched from when a rollout names an object of it and the server serves it. Whether missing kinds have come is
found out by one discovery for all of them, every ten seconds: nobody need start anew once a CRD is installed.
"""

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from rollouts.cluster.errors import ClusterError
from rollouts.cluster.informers import Informer
from rollouts.cluster.port import Cluster, Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.resources import served_as
from rollouts.controller.watches import Watches
from rollouts.model.objects import Ref, Selection, ref_of
from rollouts.model.selectors import selects
from rollouts.telemetry.logs import log
from rollouts.traffic.protocol import Kind

LOOK_EVERY = 10.0
"""Seconds between two looks for kinds that are wanted and not served."""


PATIENCE = 5.0
"""Seconds to wait for the first lists; without them each route is read by itself."""


class Routes(Watches):
    """Watches what routers touch. `namespace` None: in all of them."""

    def __init__(
        self, cluster: Cluster, caches: Caches, *, namespace: str | None = None, dice: random.Random | None = None
    ) -> None:
        super().__init__(cluster, caches, namespace=namespace, dice=dice)
        self._missing: dict[Kind, None] = {}
        self._named_as: dict[Kind, str] = {}
        self._wanted = asyncio.Event()
        self._looked = asyncio.Event()
        self.on_appeared: Callable[[Kind], None] = lambda _kind: None

    def follow(self, kinds: Iterable[Kind]) -> None:
        """Somebody names objects of these kinds: watch them."""
        for kind in kinds:
            if kind not in self._informers and kind not in self._missing:
                self._missing[kind] = None
                self._wanted.set()

    def has(self, ref: Ref) -> bool:
        """Whether this is an object of a kind that routers touch."""
        return (ref.api_version, ref.kind) in self._informers or (ref.api_version, ref.kind) in self._missing

    async def select(self, selection: Selection) -> Mapping[Ref, Json | None]:
        """The objects that labels find, as last seen, or as the server has them."""
        kind = (selection.api_version, selection.kind)
        informer, wanted = self._informers.get(kind), json.loads(selection.selector)
        if informer is None or not informer.synced.is_set():
            found = () if kind in self._absent else await self._resources.select(selection)
            return {self.address(obj): obj for obj in found}
        near = (obj for obj in informer.cache if obj["metadata"].get("namespace", "") == selection.namespace)
        return {self.address(obj): obj for obj in near if selects(wanted, obj["metadata"].get("labels") or {})}

    def address(self, obj: Json) -> Ref:
        """The object's address in the version in which rollouts name it, whichever the server has."""
        ref = ref_of(obj)
        return replace(ref, api_version=self._named_as.get((ref.api_version, ref.kind), ref.api_version))

    async def settle(self) -> None:
        """Wait until what is named and served has been listed, but not for long: what is refused never is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                if self._missing:
                    await self._looked.wait()
                for informer in tuple(self._informers.values()):
                    await informer.synced.wait()

    async def run(self) -> None:
        """Watch every kind that is named and served, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._wanted.wait()
                for informer in await self._found():
                    group.create_task(informer.run())
                if self._missing:
                    await asyncio.sleep(LOOK_EVERY)
                else:
                    self._wanted.clear()

    async def _found(self) -> list[Informer]:
        """Informers of the missing kinds that are served by now."""
        try:
            served = await self._cluster.discover()
        except ClusterError as error:
            log().warning("what the server serves cannot be read", error=f"{type(error).__name__}: {error}")
            return []
        self._looked.set()
        come = [(kind, resource) for kind in self._missing if (resource := served_as(kind, served)) is not None]
        begun = [self._watch(kind, resource) for kind, resource in come]
        self._absent = frozenset(self._missing)
        return begun

    def _watch(self, kind: Kind, resource: Resource) -> Informer:
        informer = self._begun(kind, resource, self._caches.adopt(resource, kind[0]))
        del self._missing[kind]
        self._named_as[resource.api_version, resource.kind] = kind[0]
        self.on_appeared(kind)
        return informer
