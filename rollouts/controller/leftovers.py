"""What rollouts leave behind on the objects of routers, taken back once they are gone or use other routers.

Seen while we run, a rollout's own provider cleans (`give_back`). What went while nobody looked is found by a sweep,
once when a controller begins to work: every provider looks through the objects of its kinds for marks of rollouts that
are not there any more, or do not name the object any more. Rollouts of other instances are asked from the server.
"""

import json
from collections.abc import AsyncIterator

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ConflictError, NotFoundError
from rollouts.cluster.port import Cluster, Collection, Json, Query
from rollouts.controller.caches import Caches
from rollouts.controller.mentions import mentioned_by, selected_by
from rollouts.controller.observe import Observer
from rollouts.controller.resources import Resources, served_as
from rollouts.controller.routes import Routes
from rollouts.controller.verify import Outside
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Change, Ref
from rollouts.model.rollout import Rollout
from rollouts.model.selectors import selects
from rollouts.telemetry.logs import log
from rollouts.traffic.protocol import Objects, Provider, Rendered
from rollouts.traffic.registry import routers_of

PAGE = 500


class Leftovers:
    """Cleans up after rollouts, with the providers that the observer knows. `namespace`: ours alone is swept."""

    namespace: str | None = None

    def __init__(self, cluster: Cluster, caches: Caches, observer: Observer, routes: Routes, outside: Outside) -> None:
        self._cluster = cluster
        self._caches = caches
        self._resources = Resources(cluster)
        self._observer = observer
        self._routes = routes
        self._outside = outside

    async def give_back(self, before: Rollout, after: Rollout | None) -> None:
        """Take out of its routers' objects what this rollout has put there, but for what it still routes."""
        providers = self._observer.providers
        still = () if after is None else routers_of(after, providers)
        kept = set() if after is None else set(mentioned_by(after, providers))
        for router in routers_of(before, providers):
            if router in still:
                continue
            provider, found = providers[router.provider], dict[Ref, Json | None]()
            for ref in provider.touches(before, router):
                found[ref] = await self._routes.find(ref)
            for selection in provider.selects(before, router):
                found.update(await self._routes.select(selection))
            objects: Objects = {ref: None if ref in kept else obj for ref, obj in found.items()}
            await self._carry_out(provider.clean(before, router, objects))

    async def is_there(self, ref: Ref) -> bool:
        """Whether the server has this object, whoever's it is."""
        return await self._resources.read(ref) is not None

    async def sweep(self) -> None:
        """Look once through everything that routers touch. What is refused or not served is left alone."""
        served = await self._cluster.discover()
        for provider in self._observer.providers.values():
            for kind in provider.kinds:
                resource = served_as(kind, served)
                if resource is None or (self.namespace is not None and not resource.is_namespaced):
                    continue
                try:
                    async for obj in self._all(Collection(resource, self.namespace)):
                        await self._tidy(provider, obj)
                except ClusterError as error:
                    log().info("nothing is swept here", kind=resource.kind, error=str(error))

    async def _all(self, collection: Collection) -> AsyncIterator[Json]:
        query = Query(limit=PAGE)
        while True:
            page = await self._cluster.list(collection, query)
            for obj in page.items:
                yield obj
            if not page.token:
                return
            query = Query(limit=PAGE, token=page.token)

    async def _tidy(self, provider: Provider, obj: Json) -> None:
        """Ask whom the object's marks are of, then take away those of nobody; again, while there are some."""
        asked: dict[tuple[str, str], bool] = {}
        provider.sweep(obj, lambda namespace, name: asked.setdefault((namespace, name), True))
        for namespace, name in asked:
            asked[namespace, name] = await self._is_held(namespace, name, self._routes.address(obj), obj)
        while not all(asked.values()):
            rendered = provider.sweep(obj, lambda namespace, name: asked.get((namespace, name), True))
            if not rendered.changes:
                return
            meta = obj["metadata"]
            log().info("swept", kind=obj["kind"], name=meta["name"], namespace=meta.get("namespace", ""))
            (*_, obj) = await self._carry_out(rendered) or (obj,)

    async def _is_held(self, namespace: str, name: str, ref: Ref, obj: Json) -> bool:
        """Whether there is such a rollout, and it names this object. What cannot be decoded might."""
        at = Ref(kinds.ROLLOUTS.api_version, kinds.ROLLOUTS.kind, namespace, name)
        held = self._caches.find(at)
        manifest = held if held is not None else await self._resources.read(at)
        if manifest is None:
            return False
        try:
            rollout = self._observer.parse(manifest)
        except UndecodableError:
            return True
        return held is None or self._names(rollout, ref, obj)

    def _names(self, rollout: Rollout, ref: Ref, obj: Json) -> bool:
        providers = self._observer.providers
        labels = obj["metadata"].get("labels") or {}
        return ref in mentioned_by(rollout, providers) or any(
            (selection.kind, selection.namespace) == (ref.kind, ref.namespace)
            and selects(json.loads(selection.selector), labels)
            for selection in selected_by(rollout, providers)
        )

    async def _carry_out(self, rendered: Rendered) -> list[Json]:
        """The objects as they are then. What is gone needs no cleaning; what has changed meanwhile is for later."""
        answers = [answer for change in rendered.changes if (answer := await self._change(change)) is not None]
        for call in rendered.calls:
            await self._outside(call.request)
            call.took(call)
        return answers

    async def _change(self, change: Change) -> Json | None:
        try:
            answer = await self._resources.carry_out(change)
        except NotFoundError:
            return None
        except ConflictError:
            await self._observer.refresh(change.ref)
            raise
        if answer is not None:
            self._caches.put(answer)
        return answer
