"""The world around one rollout that ticks: gathered from caches, or read where nobody watches yet. Called by manner.

Every kind that is named is watched from then on (controller/routes), missing ones from when they come; and whatever is
named wakes who names it, so that a target that changes is seen at once and nobody looks around in vain. The last world
of each rollout is kept, and is the world again while every object of it is the very same: most ticks change nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches, without_contents
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.resources import Resources
from rollouts.controller.routes import Routes
from rollouts.controller.ticking.claims import Claims
from rollouts.controller.ticking.configs import Configs, is_config
from rollouts.controller.ticking.settings import Wishes
from rollouts.controller.ticking.world import TickingWorld, standing_of
from rollouts.controller.wakers import key_of
from rollouts.dialects.registry import TickingDialect
from rollouts.model.copying import Copying
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Ref
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Progressive
from rollouts.traffic.owned.protocol import Owned
from rollouts.traffic.owned.registry import find
from rollouts.traffic.protocol import Objects
from rollouts.workloads import tracked_configs, twins

Name = Callable[[Key, Iterable[Ref]], None]
"""From now on this key is woken by changes of just these objects."""


class TickingObserver:
    """Gathers worlds of one kind."""

    def __init__(
        self,
        dialect: TickingDialect,
        resource: Resource,
        caches: Caches,
        resources: Resources,
        routes: Routes,
        wishes: Wishes,
    ) -> None:
        self.resource = resource
        self.dialect = dialect
        self.name: Name = lambda _key, _refs: None
        self.claims = Claims(self.copying_of)
        self.configs = Configs(resources, dialect)
        self._caches = caches
        self._resources = resources
        self._routes = routes
        self._wishes = wishes
        self._last: dict[Key, TickingWorld] = {}

    def copying_of(self, manifest: Json) -> Copying:
        """What is generated for this manifest."""
        return self.dialect.copying_of(manifest, self._wishes.flags)

    async def refresh(self, ref: Ref, keep: Callable[[Json], bool] = lambda _obj: True) -> Json | None:
        """The object as the server has it now, and the caches from here on."""
        return await self._resources.refresh(ref, self._caches, keep)

    async def gather(self, manifest: Json) -> TickingWorld:
        """What is around this rollout now."""
        key = key_of(manifest, self.resource)
        last = self._last.get(key)
        if last is not None and last.manifest is manifest and await self._is_same(last):
            claims = self.claims.against(manifest)
            return last if claims == last.claims else replace(last, claims=claims)
        world = self._last[key] = await self._gathered(manifest)
        self.name(key, (ref for ref in world.objects if ref != world.copying.manifest))
        return world

    async def _is_same(self, world: TickingWorld) -> bool:
        """Whether the caches have every object still as it was. What is not watched yet is never the same twice."""
        for ref, obj in world.objects.items():
            if ref != world.copying.manifest and (not self._is_watched(ref) or await self.find(ref) is not obj):
                return False
        return True

    async def _gathered(self, manifest: Json) -> TickingWorld:
        copying = self.copying_of(manifest)
        target = await self.find(copying.target)
        refs = (*twins.touches(copying, target), *self._beside(manifest))
        objects: dict[Ref, Json | None] = {ref: await self.find(ref) for ref in refs}
        objects |= {copying.manifest: manifest, copying.target: target}
        rollout = await self._parsed(manifest, target, objects)
        router = self._router(rollout)
        for ref in self._routed(rollout, router):
            if ref not in objects:
                objects[ref] = await self.find(ref)
        world = TickingWorld(
            manifest,
            rollout,
            objects=objects,
            dialect=self.dialect,
            copying=copying,
            router=router,
            claims=self.claims.against(manifest),
            strangers=self._strangers(manifest),
        )
        return replace(world, standing=standing_of(world))

    def forget(self, namespace: str, name: str) -> None:
        """The rollout is gone."""
        self.configs.forget((namespace, name))
        self._last.pop(Key(self.resource.plural, namespace, name), None)
        self.name(Key(self.resource.plural, namespace, name), ())

    async def find(self, ref: Ref) -> Json | None:
        """An object that is named: as cached, or as the server has it until its kind is watched.

        Of a config only what the caches keep: worlds are kept, and where Secrets may not be listed that is for ever.
        """
        if self._is_ours(ref):
            return self._caches.find(ref)
        self._routes.follow([(ref.api_version, ref.kind)])
        found = await self._routes.find(ref)
        return without_contents(found) if found is not None and is_config(ref) else found

    def _is_ours(self, ref: Ref) -> bool:
        return self._caches.at(ref) is not None and not self._routes.has(ref)

    def _is_watched(self, ref: Ref) -> bool:
        """Whether looking it up costs no request."""
        return self._is_ours(ref) or self._routes.is_watched(ref)

    async def _parsed(self, manifest: Json, target: Json | None, objects: Objects) -> Rollout:
        configs, is_literal = None, self.dialect.is_literal(manifest)
        if target is not None and self._wishes.flags.tracks_configs:
            copying = self.copying_of(manifest)
            held = {ref: objects[ref] for ref in tracked_configs.named(copying, target)}
            who = manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
            configs = await self.configs.hashes(who, target, held, is_literal=is_literal)
        templates = {
            source: found
            for source in self.dialect.sources_of(manifest)
            if (found := objects.get(_ref(self.dialect.template, source))) is not None
        }
        hash_ = "" if target is None else self.dialect.hash_of(target)
        return self.dialect.parse(manifest, hash_, self._wishes.provider, configs, templates)

    def _beside(self, manifest: Json) -> tuple[Ref, ...]:
        """Templates of metrics, and who hears of alerts."""
        dialect = self.dialect
        templates = (_ref(dialect.template, name) for name in dialect.sources_of(manifest))
        return (*templates, *(_ref(dialect.chat, name) for name in dialect.chats_of(manifest)))

    def _strangers(self, manifest: Json) -> Faults:
        """References into other namespaces, where the operator allows none."""
        home, strangers = manifest["metadata"].get("namespace", ""), self._beside(manifest)
        return tuple(
            Fault(
                "spec.analysis", f"{ref.kind} {ref.namespace}/{ref.name} is of another namespace", "use one of its own"
            )
            for ref in (strangers if self._wishes.stays_home else ())
            if ref.namespace != home
        )

    def _router(self, rollout: Rollout) -> Owned | None:
        assert isinstance(rollout.strategy, Progressive)  # its dialect knows no other
        route = rollout.strategy.route
        return None if route is None else find(self._wishes.routers, route.provider)

    def _routed(self, rollout: Rollout, router: Owned | None) -> tuple[Ref, ...]:
        assert isinstance(rollout.strategy, Progressive)  # its dialect knows no other
        route = rollout.strategy.route
        return () if route is None or router is None else router.touches(route)


def _ref(kind: tuple[str, str], name: str) -> Ref:
    namespace, _, own = name.partition("/")
    return Ref(*kind, namespace, own)
