"""A VirtualService over two Services, with a DestinationRule for each.

One that users had before is taken over whole: what it was stands in an annotation, and is brought back in the end.
"""

import json
from dataclasses import dataclass

from rollouts.model.objects import Change, Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.istiorules import parts, spec_of
from rollouts.traffic.owned.objects import RESET, brought, metadata, not_found, respec, tended, whole
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

VERSION = "networking.istio.io/v1beta1"
SERVICE, RULE = (VERSION, "VirtualService"), (VERSION, "DestinationRule")
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Istio:
    """The provider."""

    name: str = "istio"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """VirtualServices and DestinationRules."""
        return (SERVICE, RULE)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The rules of both Services, and the VirtualService of everybody's."""
        return (*_rules(route), _ref(route))

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """Rules first: routes to hosts that nobody knows of would fail."""
        ref = _ref(route)
        live = objects[ref]
        changes = tuple(change for rule in _rules(route) for change in _tended(route, rule, objects[rule]))
        is_placed = items(route.settings.get("hosts")) or items(route.settings.get("gateways"))
        if route.settings.get("delegation") is True and is_placed:
            name = f"{ref.name}.{ref.namespace}"
            said = f"VirtualService {name} cannot have hosts and gateways when delegation enabled"
            return Rendered(changes, error=said)

        now = parts(route, _spec(live))
        meta = _metadata(route, live, is_new=_spec(live) != spec_of(route, now or RESET))

        def wanted(split: Split) -> Json:
            return whole(ref, meta, spec_of(route, split))

        return Rendered(changes + tended(route, live, wanted, now))

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """New routes."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref))
        return Rendered(respec(ref, live, {**_spec(live), **spec_of(route, split, doubles=route.is_literal)}))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the route that draws lots says."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Unknown(_missing(ref))
        split = parts(route, _spec(live))
        if split is None or not split.stable + split.canary:
            services = f"{route.stable_service} and {route.canary_service}"
            return Unknown(f"VirtualService {ref.name}.{ref.namespace} does not contain routes for {services}")
        return Weights(split.canary, split.stable, is_mirrored=split.is_mirrored)

    def give_back(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The spec that a user applied, or that stood there when we came."""
        ref = _ref(route)
        live = objects[ref]
        notes = _notes(live)
        key = next((key for key in (APPLIED, route.former_mark) if key in notes), None)
        if live is None or key is None:
            return Rendered()
        try:
            noted = json.loads(text(notes[key]))
        except json.JSONDecodeError:
            said = f"VirtualService {ref.name}.{ref.namespace} failed to unMarshal annotation {key}"
            return Rendered(error=said)
        spec = mapping(mapping(noted).get("spec")) if key == APPLIED else mapping(noted)
        return Rendered(respec(ref, live, spec) if spec else ())


def _ref(route: OwnedRoute) -> Ref:
    return Ref(*SERVICE, route.namespace, route.service)


def _rules(route: OwnedRoute) -> tuple[Ref, ...]:
    return tuple(Ref(*RULE, route.namespace, host) for host in (route.canary_service, route.stable_service))


def _missing(ref: Ref) -> str:
    said = not_found("virtualservices.networking.istio.io", ref.name)
    return f"VirtualService {ref.name}.{ref.namespace} get query error {said}"


def _tended(route: OwnedRoute, ref: Ref, live: Json | None) -> tuple[Change, ...]:
    policy = mapping(route.settings.get("trafficPolicy"))
    spec: Json = {"host": ref.name} | ({"trafficPolicy": policy} if policy else {})
    return brought(ref, live, whole(ref, metadata(route, ref.name, is_marked=False), spec))


def _spec(live: Json | None) -> Json:
    return mapping(mapping(live).get("spec"))


def _notes(live: Json | None) -> Json:
    return mapping(mapping(mapping(live).get("metadata")).get("annotations"))


def _metadata(route: OwnedRoute, live: Json | None, *, is_new: bool) -> Json:
    """With what a user's own VirtualService was. To the letter, each new spec makes that anew."""
    meta, notes = metadata(route, route.service), _notes(live)
    kept = {key: notes[key] for key in (APPLIED, route.former_mark) if key in notes}
    wanted = {**kept, **meta["annotations"]}
    if live is not None and is_new and APPLIED not in wanted and (route.is_literal or not _is_known(route, live)):
        wanted[route.former_mark] = json.dumps(_spec(live), separators=(",", ":"))
    return {**meta, "annotations": wanted}


def _is_known(route: OwnedRoute, live: Json | None) -> bool:
    """Whether there is nothing to note: it is our own, or has its note."""
    owners = items(mapping(mapping(live).get("metadata")).get("ownerReferences"))
    return route.former_mark in _notes(live) or any(mapping(owner).get("uid") == route.owner["uid"] for owner in owners)


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Istio()
