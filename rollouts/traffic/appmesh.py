"""Weights in App Mesh's VirtualRouters, and versions in the pod selectors of its VirtualNodes (spec §4).

The mesh refuses two nodes with the same selector, so a node that leads to no version selects pods that no version has.
Weights rise after the nodes were pointed, and fall before: no traffic waits at a node that has just lost its pods, as
it does upstream at a promotion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollouts.model.faults import Faults
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Modify, Ref, Selection
from rollouts.model.patches import changed
from rollouts.model.plan import Event
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.appmeshfaults import NO_ROUTER, faults_of
from rollouts.traffic.appmeshsettings import (
    GROUP,
    NODE,
    ROUTER,
    SERVICE,
    Setup,
    node_of,
    router_of,
    routes_of,
    selected,
    setup_of,
    targets_of,
    type_of,
)
from rollouts.traffic.bodies import agreed, annotations, number, with_annotations
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

TOTAL = 100
NO_CANARY, NO_STABLE = "canary-hash", "stable-hash"
"""What nodes select that lead to no version."""
_EVERYTHING = "{}"


@dataclass(frozen=True, slots=True)
class AppMesh(Silent):
    """The provider, for one version of App Mesh's API."""

    version: str
    name: str = "appMesh"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """VirtualServices, VirtualRouters and VirtualNodes."""
        return tuple((f"{GROUP}/{self.version}", kind) for kind in (SERVICE, ROUTER, NODE))

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The VirtualService and the two nodes."""
        setup = setup_of(rollout, router, self.version)
        return (setup.service, setup.stable, setup.canary)

    def selects(self, rollout: Rollout, _router: Router) -> tuple[Selection, ...]:
        """All VirtualRouters of the namespace: only the VirtualService tells which one is meant."""
        return (Selection(f"{GROUP}/{self.version}", ROUTER, rollout.namespace, _EVERYTHING),)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Objects that are not there, and routes that do not divide between just the two nodes."""
        return tuple(faults_of(setup_of(rollout, router, self.version), objects))

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all selected routes agree on, if the nodes lead where they are known to."""
        setup = setup_of(rollout, router, self.version)
        ref = router_of(setup, objects)
        found = objects.get(ref) if ref is not None else None
        if found is None:
            return Unknown(NO_ROUTER if ref is None else f"VirtualRouter {ref.name} does not exist")
        recorded = rollout.status.canary.shares
        if recorded is not None and any(_pointed(setup, objects, recorded, rollout.name)):
            return Unknown("the nodes lead to other versions than those that were written")
        return agreed((_weights(route, setup) for route in selected(found, setup)), "no route is weighted")

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Merge patches of the routes and of the nodes' selectors, in the order that loses no request."""
        setup, parts = setup_of(rollout, router, self.version), desired.parts
        wanted = [setup.stable, setup.canary] if Part.HASHES in parts else []
        wanted += [setup.service] if Part.WEIGHTS in parts else []
        missing = [each for each in wanted if objects.get(each) is None]
        if missing:
            return _stopped(missing[0])
        nodes = tuple(_pointed(setup, objects, desired.shares, rollout.name)) if Part.HASHES in parts else ()
        if Part.WEIGHTS not in parts:
            return Rendered(nodes)
        ref = router_of(setup, objects)
        found = objects.get(ref) if ref is not None else None
        if ref is None or found is None:
            return Rendered(nodes, error=NO_ROUTER) if ref is None else _stopped(ref, nodes)
        routes = changed(ref, found, _divided(found, setup, desired.shares))
        now = agreed((_weights(route, setup) for route in selected(found, setup)), "")
        falls = isinstance(now, Weights) and desired.shares.canary.weight < now.canary
        return Rendered((*routes, *nodes) if falls else (*nodes, *routes))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, no mark; the stable node selects what its own labels say, the other one nothing."""
        setup = setup_of(rollout, router, self.version)
        ref = router_of(setup, objects)
        found = objects.get(ref) if ref is not None else None
        routes: tuple[Modify, ...] = ()
        if ref is not None and found is not None:
            routes = changed(ref, found, _divided(found, setup, Shares(Share(0), Share(TOTAL), total=TOTAL)))
        nodes = ((setup.canary, NO_CANARY), (setup.stable, ""))
        return Rendered((*routes, *(change for node, version in nodes for change in _led(node, objects, version, ""))))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's object with the live weights of the two nodes, or with the version that a node leads to."""
        setup = setup_of(rollout, router, self.version)
        if live.get("kind") == NODE:
            manager = text(annotations(live).get(MANAGED_BY))
            return _leading(desired_object, _version_of(live), manager) if manager else desired_object
        now = agreed((_weights(route, setup) for route in selected(live, setup)), "")
        if live.get("kind") != ROUTER or isinstance(now, Unknown):
            return desired_object
        return _divided(
            desired_object, setup, Shares(Share(now.canary), Share(now.stable), total=now.canary + now.stable)
        )


def provider(options: Options) -> AppMesh:
    """The provider for the version of App Mesh's API that the controller's flags name."""
    return AppMesh(options.appmesh_version)


def _stopped(ref: Ref, done: tuple[Modify, ...] = ()) -> Rendered:
    """What ends a round since an object is not there, in upstream's words."""
    message = f"{ref.kind} `{ref.name}` not found in namespace `{ref.namespace}`"
    event = Event(f"{ref.kind}NotFound", message, is_warning=True)
    return Rendered(done, (event,), f"Virtual-{ref.kind.removeprefix('Virtual').lower()} is missing")


def _weights(route: Json, setup: Setup) -> Weights | Unknown:
    found = {node_of(target, setup): number(target.get("weight")) for target in targets_of(route)}
    canary, stable = found.get(setup.canary), found.get(setup.stable)
    if canary is None or stable is None:
        return Unknown(f"route {route.get('name')} does not lead to both nodes")
    return Weights(canary, stable)


def _divided(router: Json, setup: Setup, shares: Shares) -> Json:
    """The VirtualRouter with these shares in every selected route."""
    weights = {setup.canary: shares.canary.weight, setup.stable: shares.total - shares.canary.weight}
    weighed = selected(router, setup)
    routes = [_with(route, setup, weights) if route in weighed else route for route in routes_of(router)]
    return {**router, "spec": {**mapping(router.get("spec")), "routes": routes}} if routes else router


def _with(route: Json, setup: Setup, weights: dict[Ref, int]) -> Json:
    targets = [
        {**target, "weight": weights[node]} if (node := node_of(target, setup)) in weights else target
        for target in targets_of(route)
    ]
    rule = mapping(route.get(type_of(route)))
    action = {**mapping(rule.get("action")), "weightedTargets": targets}
    return {**route, type_of(route): {**rule, "action": action}} if targets else route


def _pointed(setup: Setup, objects: Objects, shares: Shares, manager: str) -> Iterator[Modify]:
    """The nodes led to the versions of these shares; who holds a selector that the other one wants goes first."""
    stable = shares.stable.hash or NO_STABLE
    canary = shares.canary.hash if shares.canary.hash not in ("", stable) else NO_CANARY
    wanted = [(setup.stable, stable), (setup.canary, canary)]
    if _version_of(mapping(objects.get(setup.canary))) == stable:
        wanted.reverse()
    for node, version in wanted:
        yield from _led(node, objects, version, manager)


def _led(node: Ref, objects: Objects, version: str, manager: str) -> tuple[Modify, ...]:
    before = objects.get(node)
    return () if before is None else changed(node, before, _leading(before, version, manager))


def _version_of(node: Json) -> str:
    return text(_labels(node).get(HASH_LABEL))


def _labels(node: Json) -> Json:
    return mapping(mapping(mapping(node.get("spec")).get("podSelector")).get("matchLabels"))


def _leading(node: Json, version: str, manager: str) -> Json:
    """A VirtualNode whose selector holds this version ("": any), with our mark or ("") without."""
    labels = {key: value for key, value in _labels(node).items() if key != HASH_LABEL}
    labels |= {HASH_LABEL: version} if version else {}
    marks = {key: value for key, value in annotations(node).items() if key != MANAGED_BY}
    marks |= {MANAGED_BY: manager} if manager else {}
    spec = mapping(node.get("spec"))
    selector = {**mapping(spec.get("podSelector")), "matchLabels": labels}
    return with_annotations({**node, "spec": {**spec, "podSelector": selector}}, marks)
