"""App Mesh: a VirtualNode a version, and VirtualRouters with VirtualServices in front of them.

Everybody's VirtualService shares out requests; the canary's own always leads to the new version. Chosen requests have a
route of their own before that of everybody else, who stays with stable.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollouts.model.objects import Change, Create, Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import number
from rollouts.traffic.owned import virtualnodes
from rollouts.traffic.owned.objects import RESET, brought, metadata, not_found, respec, split_of, whole
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

API_VERSION = "appmesh.k8s.aws/v1beta2"
NODE, ROUTER, SERVICE = ((API_VERSION, kind) for kind in ("VirtualNode", "VirtualRouter", "VirtualService"))
HELD = ("awsName", "meshRef")
CHOSEN, REST = ("a", 10), ("b", 20)
"""Suffix and priority of the two routes where requests are chosen."""


@dataclass(frozen=True, slots=True)
class AppMesh(Lasting):
    """The provider, by one of its names."""

    name: str = "appmesh:v1beta2"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All that it makes."""
        return (NODE, ROUTER, SERVICE)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The two nodes, then router and service of everybody and of the canary."""
        named = ((NODE, route.stable_service), (NODE, route.canary_service))
        routed = ((kind, name) for name in (route.service, route.canary_service) for kind in (ROUTER, SERVICE))
        return tuple(Ref(*kind, route.namespace, name) for kind, name in (*named, *routed))

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """All six as their user wants them."""
        stable, canary, router, service, canary_router, canary_service = self.touches(route)
        now = _now(route, objects[router]) or RESET
        nodes = (_node(route, ref, objects[ref]) for ref in (stable, canary))
        unmarked: tuple[tuple[Ref, Json, Json], ...] = (
            (router, {}, _router(route, _routes(route, now))),
            (service, virtualnodes.gateway(route), _service(router)),
            (canary_router, {}, _router(route, [_route(route, route.canary_service, Split(0, 100))])),
            (canary_service, {}, _service(canary_router)),
        )
        rest = (_respecced(route, objects, ref, marks, spec) for ref, marks, spec in unmarked)
        return Rendered(tuple(change for changes in (*nodes, *rest) for change in changes))

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """New weights on everybody's router."""
        ref = self.touches(route)[2]
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref))
        return Rendered(respec(ref, live, {**mapping(live.get("spec")), "routes": _routes(route, split)}))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the first route says, by the names of the nodes."""
        ref = self.touches(route)[2]
        live = objects[ref]
        if live is None:
            return Unknown(_missing(ref))
        now = _now(route, live)
        if now is None:
            both = f"{route.stable_service} and {route.canary_service}"
            return Unknown(f"VirtualRouter {ref.name} does not contain routes for {both}")
        return Weights(now.canary, now.stable)


def _missing(ref: Ref) -> str:
    return f"VirtualRouter {ref.name} get query error: {not_found('virtualrouters.appmesh.k8s.aws', ref.name)}"


def _held(live: Json | None) -> Json:
    """What App Mesh's own controller has put into a spec."""
    spec = mapping(mapping(live).get("spec"))
    return {key: spec[key] for key in HELD if key in spec}


def _node(route: OwnedRoute, ref: Ref, live: Json | None) -> tuple[Change, ...]:
    spec = virtualnodes.spec(route, ref.name) | _held(live)
    return brought(ref, live, whole(ref, metadata(route, ref.name), spec))


def _respecced(route: OwnedRoute, objects: Objects, ref: Ref, marks: Json, spec: Json) -> tuple[Change, ...]:
    """Make the object, or repair just its spec."""
    live = objects[ref]
    if live is not None:
        return respec(ref, live, spec | _held(live))
    meta = metadata(route, ref.name, is_marked=False) | ({"annotations": marks} if marks else {})
    return (Create(ref, whole(ref, meta, spec)),)


def _service(router: Ref) -> Json:
    return {"provider": {"virtualRouter": {"virtualRouterRef": {"name": router.name}}}}


def _router(route: OwnedRoute, routes: list[Json]) -> Json:
    return {"listeners": [virtualnodes.listener(route)], "routes": routes}


def _routes(route: OwnedRoute, split: Split) -> list[Json]:
    """The routes of everybody's router: one, or that of chosen requests and that of the rest."""
    if not route.match:
        return [_route(route, route.service, split)]
    chosen, rest = _route(route, f"{route.service}-{CHOSEN[0]}", split), _route(route, f"{route.service}-{REST[0]}")
    chosen["httpRoute"]["match"]["headers"] = list(_headers(route))
    return [chosen | {"priority": CHOSEN[1]}, rest | {"priority": REST[1]}]


def _route(route: OwnedRoute, name: str, split: Split | None = None) -> Json:
    """A route to both versions; without a split just to stable."""
    pairs = [(route.canary_service, split.canary)] if split else []
    pairs.append((route.stable_service, split.stable if split else 100))
    targets = [{"virtualNodeRef": {"name": node}, "weight": weight} for node, weight in pairs]
    made: Json = {"match": {"prefix": _prefix(route)}, "action": {"weightedTargets": targets}}
    return {"name": name, "httpRoute": made | virtualnodes.patience(route)}


def _prefix(route: OwnedRoute) -> str:
    first = mapping(next(iter(items(route.settings.get("match"))), None))
    return text(mapping(first.get("uri")).get("prefix")) or "/"


def _headers(route: OwnedRoute) -> Iterator[Json]:
    for match in route.match:
        for name, how in mapping(match.get("headers")).items():
            yield {"name": name, "match": {key: value for key, value in mapping(how).items() if value}}


def _now(route: OwnedRoute, live: Json | None) -> Split | None:
    """The weights of both on the first route; None where it leads to neither."""
    first = mapping(next(iter(items(mapping(mapping(live).get("spec")).get("routes"))), None))
    listed = map(mapping, items(mapping(mapping(first.get("httpRoute")).get("action")).get("weightedTargets")))
    parts = {text(mapping(to.get("virtualNodeRef")).get("name")): number(to.get("weight")) or 0 for to in listed}
    return split_of(route, parts)


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return AppMesh()


def plain_provider(_options: OwnedOptions) -> Owned:
    """The same by the name without a version: the controller of the API before this one is long gone."""
    return AppMesh("appmesh")
