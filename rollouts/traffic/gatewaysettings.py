"""What a rollout says about its Gateway API routes: which ones, which rules of them, and how they are marked.

Called by gatewayapi. The settings are those of Argo's plugin: `httpRoute` or `httpRoutes` or `httpRouteSelector`, and
the same for GRPCRoutes, TCPRoutes and TLSRoutes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.model.faults import Fault
from rollouts.model.objects import Json, Ref, Selection
from rollouts.model.reading import items, mapping, text
from rollouts.model.selectors import selects
from rollouts.traffic.protocol import Objects

GROUP = "gateway.networking.k8s.io"
API_VERSION = f"{GROUP}/v1"
IN_PROGRESS_LABEL = "rollouts.argoproj.io/gatewayapi-canary"
IN_PROGRESS_VALUE = "in-progress"
ACTIVE_ANNOTATION = "rollouts.argoproj.io/gatewayapi-active-rollouts"


@dataclass(frozen=True, slots=True)
class RouteKind:
    """A kind of route; `key` begins its settings. Only where rules match requests there can be managed routes."""

    key: str
    kind: str
    api_version: str = API_VERSION
    matches_requests: bool = False


HTTP = RouteKind("http", "HTTPRoute", matches_requests=True)
GRPC = RouteKind("grpc", "GRPCRoute", matches_requests=True)
ROUTE_KINDS = (HTTP, GRPC, RouteKind("tcp", "TCPRoute", f"{GROUP}/v1alpha2"), RouteKind("tls", "TLSRoute"))
BY_KIND = {each.kind: each for each in ROUTE_KINDS}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A route that the rollout holds: the rule of this name ("": each with both backends); takes managed routes?"""

    ref: Ref
    rule: str = ""
    has_managed: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """How a route in progress is marked, for other sync tools; "" for no label."""

    label: str = IN_PROGRESS_LABEL
    value: str = IN_PROGRESS_VALUE
    active: str = ACTIVE_ANNOTATION


def marks_of(settings: Mapping[str, Any]) -> Marks:
    """The marks that these settings ask for."""
    if settings.get("disableInProgressLabel"):
        return Marks(label="")
    return Marks(
        text(settings.get("inProgressLabelKey")) or IN_PROGRESS_LABEL,
        text(settings.get("inProgressLabelValue")) or IN_PROGRESS_VALUE,
        text(settings.get("activeRolloutsAnnotationKey")) or ACTIVE_ANNOTATION,
    )


def named(settings: Mapping[str, Any], namespace: str) -> tuple[Chosen, ...]:
    """The routes that the settings name, each once. One that stands alone takes the managed routes."""
    place = text(settings.get("namespace")) or namespace
    found: dict[Ref, Chosen] = {}
    for kind in ROUTE_KINDS:
        alone = {"name": settings.get(f"{kind.key}Route"), "ruleName": settings.get(f"{kind.key}RouteRuleName")}
        listed = [(alone, True)]
        listed += [(one, one.get("useHeaderRoutes") is True) for one in _listed(settings, kind)]
        for one, has_managed in listed:
            if name := text(one.get("name")):
                ref = Ref(kind.api_version, kind.kind, place, name)
                chosen = Chosen(ref, text(one.get("ruleName")), has_managed and kind.matches_requests)
                found.setdefault(ref, chosen)
    return tuple(found.values())


def selections(settings: Mapping[str, Any], namespace: str) -> tuple[Selection, ...]:
    """The routes that the settings find by labels."""
    place = text(settings.get("namespace")) or namespace
    found = ((kind, mapping(settings.get(f"{kind.key}RouteSelector"))) for kind in ROUTE_KINDS)
    return tuple(
        Selection(kind.api_version, kind.kind, place, json.dumps(selector, sort_keys=True))
        for kind, selector in found
        if selector
    )


def chosen(settings: Mapping[str, Any], namespace: str, objects: Objects) -> tuple[Chosen, ...]:
    """All routes that the rollout holds: those that are named, then those that are found. The latter have no managed
    routes, as with Argo's plugin.
    """
    found = {one.ref: one for one in named(settings, namespace)}
    for selection in selections(settings, namespace):
        for ref, obj in objects.items():
            if obj is not None and is_selected(selection, ref, obj):
                found.setdefault(ref, Chosen(ref))
    return tuple(found.values())


def is_selected(selection: Selection, ref: Ref, obj: Json) -> bool:
    """Whether an object is one of these."""
    if (ref.kind, ref.namespace) != (selection.kind, selection.namespace):
        return False
    return selects(json.loads(selection.selector), mapping(mapping(obj.get("metadata")).get("labels")))


def shape_faults(settings: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Settings of the wrong type, and those that name no route at all."""
    for kind in ROUTE_KINDS:
        for key, type_, cure in (
            (f"{kind.key}Route", str, "write the route's name"),
            (f"{kind.key}Routes", list, "write a list of {name: ...}"),
            (f"{kind.key}RouteSelector", dict, "write matchLabels or matchExpressions"),
        ):
            value = settings.get(key)
            if value is not None and not isinstance(value, type_):
                yield Fault(f"{path}.{key}", f"is of the wrong type: {json.dumps(value)[:60]}", cure)
    if not named(settings, "") and not selections(settings, ""):
        yield Fault(path, "names no route", "set httpRoute, httpRoutes[].name or httpRouteSelector")


def _listed(settings: Mapping[str, Any], kind: RouteKind) -> list[Json]:
    return [mapping(one) for one in items(settings.get(f"{kind.key}Routes"))]
