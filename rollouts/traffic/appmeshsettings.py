"""What a rollout says of App Mesh, and the routes of its VirtualRouter. Called by appmesh and appmeshfaults; pure.

The settings name a VirtualService, which names its VirtualRouter; each selected route divides between two VirtualNodes.
"""

from dataclasses import dataclass

from rollouts.model.objects import Json, Ref
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.traffic.bodies import names
from rollouts.traffic.protocol import Objects

GROUP = "appmesh.k8s.aws"
SERVICE, ROUTER, NODE = "VirtualService", "VirtualRouter", "VirtualNode"
ROUTE_TYPES = ("httpRoute", "tcpRoute", "http2Route", "grpcRoute")


@dataclass(frozen=True, slots=True)
class Setup:
    """The VirtualService, the names of the routes that are weighed (none: all), and the two nodes."""

    service: Ref
    routes: tuple[str, ...]
    canary: Ref
    stable: Ref


def setup_of(rollout: Rollout, router: Router, version: str) -> Setup:
    """The settings; `version` is that of App Mesh's API."""
    service, nodes = (mapping(router.settings.get(key)) for key in ("virtualService", "virtualNodeGroup"))

    def named(kind: str, holder: Json) -> Ref:
        return Ref(f"{GROUP}/{version}", kind, rollout.namespace, text(holder.get("name")))

    return Setup(
        service=named(SERVICE, service),
        routes=names(service.get("routes")),
        canary=named(NODE, mapping(nodes.get("canaryVirtualNodeRef"))),
        stable=named(NODE, mapping(nodes.get("stableVirtualNodeRef"))),
    )


def router_of(setup: Setup, objects: Objects) -> Ref | None:
    """The address of the VirtualRouter; None where the VirtualService is not there or names none."""
    spec = mapping(mapping(objects.get(setup.service)).get("spec"))
    named = mapping(mapping(mapping(spec.get("provider")).get("virtualRouter")).get("virtualRouterRef"))
    if not text(named.get("name")):
        return None
    namespace = text(named.get("namespace")) or setup.service.namespace
    return Ref(setup.service.api_version, ROUTER, namespace, text(named.get("name")))


def routes_of(router: Json) -> list[Json]:
    """The routes of a VirtualRouter."""
    return [mapping(route) for route in items(mapping(router.get("spec")).get("routes"))]


def selected(router: Json, setup: Setup) -> list[Json]:
    """The routes that are weighed."""
    return [route for route in routes_of(router) if not setup.routes or route.get("name") in setup.routes]


def type_of(route: Json) -> str:
    """The protocol of a route by its field, "" for one that cannot be divided."""
    return next((kind for kind in ROUTE_TYPES if kind in route), "")


def targets_of(route: Json) -> list[Json]:
    """The weighted targets of a route."""
    action = mapping(mapping(route.get(type_of(route))).get("action"))
    return [mapping(target) for target in items(action.get("weightedTargets"))]


def node_of(target: Json, setup: Setup) -> Ref:
    """The VirtualNode that a target leads to."""
    named = mapping(target.get("virtualNodeRef"))
    namespace = text(named.get("namespace")) or setup.service.namespace
    return Ref(setup.service.api_version, NODE, namespace, text(named.get("name")))
