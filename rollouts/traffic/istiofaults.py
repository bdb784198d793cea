"""What is wrong with Istio's settings or with the objects that they name. Called by istio; pure.

Paths and texts are Argo's (spec/argo-rollouts.md §1.6); that a subset exists, only we ask.
"""

import json
from collections.abc import Iterator

from rollouts.model.faults import Fault
from rollouts.model.objects import Json
from rollouts.model.reading import text
from rollouts.model.strategy import Router
from rollouts.traffic.istiorender import not_found
from rollouts.traffic.istioroutes import Refusal, places_in, routes_of
from rollouts.traffic.istiosettings import Selected, Setup, Subsets, is_ambiguous
from rollouts.traffic.istiosubsets import subsets_of
from rollouts.traffic.protocol import Objects

_PATH = "spec.strategy.canary.trafficRouting.istio"
_SECTIONS = ("http", "tls", "tcp")


def faults_of(setup: Setup, router: Router, objects: Objects) -> Iterator[Fault]:
    """Everything that keeps the routes from being weighed."""
    if is_ambiguous(router):
        message = "Internal error: either VirtualService or VirtualServices must be configured"
        yield Fault(_PATH, message, "set virtualService, or virtualServices, not both")
    field = "virtualServices" if router.settings.get("virtualServices") else "virtualService"
    for selected in setup.services:
        path, service = f"{_PATH}.{field}.name", objects.get(selected.ref)
        if service is None:
            cure = f"create the VirtualService in namespace {selected.ref.namespace}, or correct its name"
            yield _invalid(path, selected.ref.name, not_found(selected.ref), cure)
        else:
            yield from _route_faults(path, service, selected, setup)
    if setup.subsets is not None:
        yield from _rule_faults(setup.subsets, objects.get(setup.subsets.ref))


def _route_faults(path: str, service: Json, selected: Selected, setup: Setup) -> Iterator[Fault]:
    if not any(routes_of(service, section) for section in _SECTIONS):
        message = "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService"
        yield _invalid(path, selected.ref.name, message, "give the VirtualService a route to both versions")
    for section in _SECTIONS:
        places = places_in(section, service, selected, setup)
        if isinstance(places, Refusal):
            message = f"Istio VirtualService has invalid {section.upper()} routes. Error: {places.message}"
            cure = "name both versions in one route, and that route in the rollout where there are several"
            yield _invalid(path, selected.ref.name, message, cure)


def _rule_faults(subsets: Subsets, rule: Json | None) -> Iterator[Fault]:
    path = f"{_PATH}.destinationRule"
    if rule is None:
        cure = f"create the DestinationRule in namespace {subsets.ref.namespace}, or correct its name"
        yield _invalid(f"{path}.name", subsets.ref.name, not_found(subsets.ref), cure)
        return
    there = {text(subset.get("name")) for subset in subsets_of(rule)}
    for field, name in (("canarySubsetName", subsets.canary), ("stableSubsetName", subsets.stable)):
        if name not in there:
            message = f"DestinationRule {subsets.ref.name} has no subset of this name: a mesh answers 503 for it"
            yield _invalid(f"{path}.{field}", name, message, "add the subset, with the labels that all pods carry")


def _invalid(path: str, value: str, message: str, cure: str) -> Fault:
    return Fault(path, f"Invalid value: {json.dumps(value)}: {message}", cure)
