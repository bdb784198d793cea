"""What is around a rollout that ticks, and it as a decision sees it. Made by observe; pure but for its making."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from rollouts.cluster.port import Json
from rollouts.controller.observe import World
from rollouts.dialects.registry import TickingDialect
from rollouts.model.copying import Copying
from rollouts.model.effects import ROUTE
from rollouts.model.faults import Faults
from rollouts.model.owned import OwnedRoute
from rollouts.model.questions import Answer, Question
from rollouts.model.snapshot import Failure, Obstacles, Snapshot, Twins
from rollouts.model.strategy import Progressive
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.protocol import Owned
from rollouts.traffic.protocol import Rendered
from rollouts.workloads import twins
from rollouts.workloads.selection import side_of


@dataclass(frozen=True, slots=True)
class Standing:
    """What the objects say at any time: rendered once a world, however many rounds see it.

    `named` are those that the dialect reads, by name of workload, `service/<name>` and `scaler/<name>`.
    """

    route: Weights | Unknown
    obstacles: Obstacles = field(default_factory=Obstacles)
    drifted: frozenset[str] = frozenset()
    named: Mapping[str, Json] = field(default_factory=dict)
    is_served: bool = False


@dataclass(frozen=True, slots=True)
class TickingWorld(World):
    """A rollout, what it names, and what is generated for it; `router` writes its route (None: nothing is routed).

    `claims` are mistakes that only other rollouts show, `strangers` references that the operator does not allow;
    `standing` is None where nobody has looked yet.
    """

    dialect: TickingDialect = field(kw_only=True)
    copying: Copying = field(kw_only=True)
    router: Owned | None = None
    claims: Faults = ()
    strangers: Faults = ()
    standing: Standing | None = None

    @property
    def strategy(self) -> Progressive:
        """The ticking strategy."""
        assert isinstance(self.rollout.strategy, Progressive)  # its dialect knows no other
        return self.rollout.strategy

    @property
    def routing(self) -> tuple[Owned, OwnedRoute] | None:
        """Who writes the route, and what it is to be; the pods are told apart as the target tells them."""
        route = self.strategy.route
        if self.router is None or route is None:
            return None
        side = side_of(self.copying, self.target or {})
        if not side.label:
            return self.router, route
        pods, stable_pods = {side.label: side.target}, {side.label: side.copy}
        return self.router, replace(route, selector=pods, stable_selector=stable_pods)

    @property
    def target(self) -> Json | None:
        """The user's workload."""
        return self.objects.get(self.copying.target)

    def named(self, kind: tuple[str, str]) -> dict[str, Json]:
        """The objects of a kind that are there, by `namespace/name`."""
        found = ((ref, obj) for ref, obj in self.objects.items() if (ref.api_version, ref.kind) == kind)
        return {f"{ref.namespace}/{ref.name}": obj for ref, obj in found if obj is not None}


def seen(
    world: TickingWorld, answers: Mapping[Question, Answer], failures: Iterable[Failure], now: datetime
) -> Snapshot:
    """The world as a decision sees it."""
    standing = world.standing or standing_of(world)
    return Snapshot(
        world.rollout,
        route=standing.route,
        twins=_twins(world, standing, now),
        reference_faults=(*world.claims, *world.strangers),
        is_rivalled=bool(world.claims),
        answers=answers,
        failures=tuple(failures),
    )


def standing_of(world: TickingWorld) -> Standing:
    """What the objects say, whatever the time: what is generated is rendered for it, and compared."""
    copying, objects = world.copying, world.objects
    if world.target is None:
        return Standing(_route(world))
    route = _tended(world)
    stranger, named = twins.stranger(copying, objects), _by_name(world)
    obstacles = replace(twins.obstacles(copying, objects), route=route.error)
    if stranger:
        del named[copying.pair.copy]
        obstacles = replace(obstacles, copy=stranger)
    return Standing(
        _route(world),
        obstacles,
        twins.drifted(copying, objects) | (frozenset({ROUTE}) if route.changes else frozenset()),
        named,
        twins.is_served(copying, objects),
    )


def _route(world: TickingWorld) -> Weights | Unknown:
    if world.routing is None:
        return Unknown("no route")
    router, route = world.routing
    return router.read(route, world.objects)


def _tended(world: TickingWorld) -> Rendered:
    """What the route lacks."""
    if world.routing is None:
        return Rendered()
    router, route = world.routing
    return router.tend(route, world.objects)


def _twins(world: TickingWorld, standing: Standing, now: datetime) -> Twins:
    found = world.dialect.see_twins(
        world.manifest,
        world.rollout,
        standing.named,
        now,
        obstacles=standing.obstacles,
        drifted=standing.drifted,
    )
    if world.target is None:
        return found
    return replace(found, is_served=found.copy is not None and standing.is_served)


def _by_name(world: TickingWorld) -> dict[str, Json]:
    copying, pair = world.copying, world.copying.pair
    refs = {
        pair.target: copying.target,
        pair.copy: copying.copy,
        f"service/{pair.service}": copying.service(pair.service),
    }
    if copying.scaler is not None:
        refs[f"scaler/{pair.scaler}"] = copying.scaler.ref
    return {name: obj for name, ref in refs.items() if (obj := world.objects.get(ref)) is not None}
