"""What rollouts leave behind on the objects of routers, taken back once they are gone or use other routers.

Seen while we run, a rollout's own provider cleans (`give_back`). What went while nobody looked is found by a sweep,
once when a controller begins to work: every provider looks through the objects of its kinds for marks of rollouts that
are not there any more, or do not name the object any more. Rollouts of other instances are asked from the server.
"""

import json
from collections.abc import AsyncIterator

from analysis.errors import AnalysisError
from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ConflictError, ForbiddenError, NotFoundError
from rollouts.cluster.port import Cluster, Collection, Json, Query
from rollouts.controller.apply import REFUSALS
from rollouts.controller.caches import Caches
from rollouts.controller.echo import merged
from rollouts.controller.observe import Observer
from rollouts.controller.resources import Resources, served_as
from rollouts.controller.routes import Routes
from rollouts.controller.verify import Outside
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Change, Modify, Ref, ref_of
from rollouts.model.patches import changed
from rollouts.model.rollout import Rollout
from rollouts.model.selectors import selects
from rollouts.model.strategy import BlueGreen, Canary, Progressive, Router
from rollouts.telemetry.logs import log
from rollouts.traffic.protocol import Objects, Provider, Rendered
from rollouts.traffic.registry import routers_of

PAGE = 500
TRIES = 5
"""Looks at an object that others write to while it is swept."""


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
        """Take out of its routers' objects what this rollout has put there, but for what it still routes.

        What is refused stays behind, and is told: a router that fails holds up no rollout that has left it.
        """
        providers = self._observer.providers
        present = () if after is None else routers_of(after, providers)
        for router in routers_of(before, providers):
            is_used = after is not None and router in present
            if is_used and after is not None and routing_of(before) == routing_of(after):
                continue
            objects = await self._touched(before, router)
            rendered = providers[router.provider].clean(before, router, objects)
            if after is not None:
                changes = (one for each in rendered.changes for one in self._but_for(after, each, objects))
                rendered = Rendered(tuple(changes), calls=() if is_used else rendered.calls)
            await self._carry_out(rendered)

    async def _touched(self, rollout: Rollout, router: Router) -> Objects:
        provider, found = self._observer.providers[router.provider], dict[Ref, Json | None]()
        for ref in provider.touches(rollout, router):
            found[ref] = await self._routes.find(ref)
        for selection in provider.selects(rollout, router):
            found.update(await self._routes.select(selection))
        return found

    def _but_for(self, after: Rollout, change: Change, objects: Objects) -> tuple[Change, ...]:
        """The change, with the live values of what the rollout's present routers hold in the same object."""
        live = objects.get(change.ref)
        holders = [] if live is None else self._holders(after, change.ref, live)
        if live is None or not holders:
            return (change,)
        if not isinstance(change, Modify):
            return ()
        wanted = merged(live, change.body)
        for router in holders:
            wanted = self._observer.providers[router.provider].keep(wanted, live, after, router)
        return changed(change.ref, live, wanted)

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
                        await self._try_to_tidy(provider, obj)
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

    async def _try_to_tidy(self, provider: Provider, obj: Json) -> None:
        """One object that cannot be tidied keeps no other from it."""
        now: Json | None = obj
        for _ in range(TRIES):
            try:
                if now is not None:
                    await self._tidy(provider, now)
                return
            except ConflictError:
                now = await self._resources.read(ref_of(obj))
            except Exception as error:  # malformed, refused, or a defect of ours: the next one is not to blame
                told = f"{type(error).__name__}: {error}"
                log().warning("cannot be swept", kind=obj["kind"], name=obj["metadata"]["name"], error=told)
                return

    async def _tidy(self, provider: Provider, obj: Json) -> None:
        """Ask whom the object's marks are of, then take away those of nobody; again, while there are some."""
        asked: dict[tuple[str, str], bool] = {}
        provider.sweep(obj, lambda namespace, name: asked.setdefault((namespace, name), True))
        for namespace, name in asked:
            asked[namespace, name] = await self._is_held(namespace, name, obj)
        while not all(asked.values()):
            rendered = provider.sweep(obj, lambda namespace, name: asked.get((namespace, name), True))
            answers = await self._carry_out(rendered)
            if not answers:
                return
            meta, obj = obj["metadata"], answers[-1]
            log().info("swept", kind=obj["kind"], name=meta["name"], namespace=meta.get("namespace", ""))

    async def _is_held(self, namespace: str, name: str, obj: Json) -> bool:
        """Whether there is such a rollout, and it names this object. What cannot be seen or decoded might."""
        if not namespace or not name or "/" in name:
            return True  # none of Argo's words, and none of ours
        at = Ref(kinds.ROLLOUTS.api_version, kinds.ROLLOUTS.kind, namespace, name)
        held = self._caches.find(at)
        try:
            manifest = held if held is not None else await self._resources.read(at)
            if held is None or manifest is None:
                return manifest is not None
            return bool(self._holders(self._observer.parse(manifest), ref_of(obj), obj))
        except (ForbiddenError, UndecodableError):
            return True

    def _holders(self, rollout: Rollout, ref: Ref, obj: Json) -> list[Router]:
        """The rollout's routers that name this object, in whichever version of its kind."""
        providers = self._observer.providers
        labels = obj["metadata"].get("labels") or {}
        return [
            router
            for router in routers_of(rollout, providers)
            if _place(ref) in map(_place, providers[router.provider].touches(rollout, router))
            or any(
                (selection.kind, selection.namespace) == (ref.kind, ref.namespace)
                and selects(json.loads(selection.selector), labels)
                for selection in providers[router.provider].selects(rollout, router)
            )
        ]

    async def _carry_out(self, rendered: Rendered) -> list[Json]:
        """The objects as they are then. What is gone needs no cleaning; what is refused is told of and left."""
        answers = [answer for change in rendered.changes if (answer := await self._change(change)) is not None]
        for call in rendered.calls:
            try:
                await self._outside(call.request)
            except AnalysisError as error:
                log().warning("left behind", plugin=call.request.name, method=call.request.method, error=str(error))
                continue
            call.took(call)
        return answers

    async def _change(self, change: Change) -> Json | None:
        try:
            answer = await self._resources.carry_out(change)
        except NotFoundError:
            return None
        except REFUSALS as error:
            ref = change.ref
            log().warning("left behind", kind=ref.kind, name=ref.name, namespace=ref.namespace, error=str(error))
            return None
        except ConflictError:
            await self._observer.refresh(change.ref)
            raise
        if answer is not None:
            self._caches.put(answer)
        return answer


def routing_of(rollout: Rollout) -> tuple[object, ...]:
    """All by which a rollout finds what is its own in its routers' objects: with another one it has something else."""
    match rollout.strategy:
        case BlueGreen():
            return ()
        case Canary() as canary:
            services = (canary.stable_service, canary.canary_service, canary.ping_pong)
            return (canary.routers, frozenset(canary.managed_routes), *services)
        case Progressive() as progressive:
            return (progressive.routers, progressive.pair)


def _place(ref: Ref) -> tuple[str, str, str, str]:
    return ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name
