"""What is wrong with App Mesh's settings or with the objects that they name. Called by appmesh; pure.

Paths and texts are Argo's (spec/argo-rollouts.md §1.6), that of the path's `appmesh` included.
"""

import json
from collections.abc import Iterator

from rollouts.model.faults import Fault
from rollouts.model.objects import Json, Ref
from rollouts.traffic.appmeshsettings import GROUP, Setup, node_of, router_of, routes_of, selected, targets_of, type_of
from rollouts.traffic.protocol import Objects

NO_ROUTER = "Virtual-service is not associated with virtual-router"
_PATH = "spec.strategy.canary.trafficRouting.appmesh"


def faults_of(setup: Setup, objects: Objects) -> Iterator[Fault]:
    """Objects that are not there, and routes that do not divide between just the two nodes."""
    path, ref = f"{_PATH}.virtualService", router_of(setup, objects)
    if not setup.service.name:
        yield Fault(path, "Invalid value: null: must provide virtual-service", "name the VirtualService")
    elif objects.get(setup.service) is None:
        yield _missing(path, setup, setup.service)
    elif ref is None:
        yield _invalid(path, setup.service.name, NO_ROUTER, "give it a provider.virtualRouter.virtualRouterRef")
    elif (router := objects.get(ref)) is None:
        yield _missing(path, setup, ref)
    else:
        yield from _router_faults(router, ref.name, setup)
    for field, node in (("canary", setup.canary), ("stable", setup.stable)):
        if objects.get(node) is None:
            message = f'virtualnodes.{GROUP} "{node.name}" not found'
            path = f"{_PATH}.virtualNodeGroup.{field}VirtualNodeRef.name"
            yield _invalid(path, node.name, message, "create the VirtualNode, or correct its name")


def _router_faults(router: Json, name: str, setup: Setup) -> Iterator[Fault]:
    routes = routes_of(router)
    if not routes:
        message = f"No routes defined for AppMesh virtual-router {name}"
        yield _invalid("spec.routes", name, message, "give the VirtualRouter a route to both nodes")
    for index, route in enumerate(routes):
        yield from _route_faults(f"spec.routes[{index}]", name, route)
    for route in selected(router, setup):
        nodes = {node_of(target, setup) for target in targets_of(route)}
        for node in (setup.canary, setup.stable):
            if len(nodes) == 2 and node not in nodes:
                message = f"route {route.get('name')} of virtual-router {name} does not lead to it"
                yield _invalid(f"{_PATH}.virtualNodeGroup", node.name, message, "name the two nodes of the route")


def _route_faults(path: str, name: str, route: Json) -> Iterator[Fault]:
    what, kind, targets = (
        f"AppMesh virtual-router {name} and route {route.get('name')}",
        type_of(route),
        targets_of(route),
    )
    if not kind:
        message = f"Error getting route details for {what}. Error: Route has unsupported route type"
        yield _invalid(path, name, message, "use an httpRoute, http2Route, grpcRoute or tcpRoute")
        return
    field = f"{path}.{kind}.action.weightedTargets"
    if not targets:
        yield _invalid(field, name, f"Invalid route action found for {what}", "divide it between the two nodes")
    elif len(targets) != 2:
        message = f"Invalid number of weightedTargets ({len(targets)}) for {what}, expected 2"
        yield _invalid(field, name, message, "divide it between the two nodes")


def _missing(path: str, setup: Setup, ref: Ref) -> Fault:
    message = f'{ref.kind.lower()}s.{GROUP} "{ref.name}" not found'
    cure = f"create the {ref.kind} in namespace {ref.namespace}, or correct its name"
    return _invalid(path, f"{setup.service.name}.{setup.service.namespace}", message, cure)


def _invalid(path: str, value: str, message: str, cure: str) -> Fault:
    return Fault(path, f"Invalid value: {json.dumps(value)}: {message}", cure)
