"""Weights on Gateway API HTTPRoutes, natively and under the key of Argo's plugin (spec/argo-rollouts.md §4.1).

In every rule, the backendRefs named as the canary and the stable Service get their parts; all others are foreign and
stay as they are. While the canary has weight the route carries a label, so that other sync tools can be told to leave
it alone (ours needs no telling: `keep`).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json, Modify, Ref, Selection
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router, SetMirrorRoute
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.gatewayrules import fuzzy_method, is_managed, rules_of
from rollouts.traffic.protocol import Desired, Flow, Kind, Objects, Options, Rendered

API_VERSION = "gateway.networking.k8s.io/v1"
IN_PROGRESS_LABEL = "rollouts.argoproj.io/gatewayapi-canary"
IN_PROGRESS_VALUE = "in-progress"
TOTAL = 100
_PATH = 'spec.strategy.trafficRouting.plugins["argoproj-labs/gatewayAPI"]'
_TELLING = ("Accepted", "ResolvedRefs")
_LATER = ("grpcRoute", "grpcRoutes", "tcpRoute", "tcpRoutes", "tlsRoute", "tlsRoutes", "httpRouteSelector")


@dataclass(frozen=True, slots=True)
class GatewayApi:
    """The provider. Stateless: settings and objects come with every call."""

    name: str = "gatewayAPI"
    kinds: tuple[Kind, ...] = ((API_VERSION, "HTTPRoute"),)

    def selects(self, _rollout: Rollout, _router: Router) -> tuple[Selection, ...]:
        """All routes are known by name."""
        return ()

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The HTTPRoutes that the settings name."""
        namespace = _text(router.settings.get("namespace")) or rollout.namespace
        return tuple(Ref(API_VERSION, "HTTPRoute", namespace, name) for name in _route_names(router.settings))

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Routes that are missing, or that lack one of the two backends."""
        message = "this version of Sluice routes HTTPRoutes only"
        later = tuple(Fault(f"{_PATH}.{key}", message) for key in _LATER if key in router.settings)
        later += _step_faults(rollout)
        refs = self.touches(rollout, router)
        if not refs:
            return (*later, Fault(_PATH, "names no route", "set httpRoute or httpRoutes[].name"))
        return later + tuple(fault for ref in refs for fault in _route_faults(rollout, ref, objects.get(ref)))

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all rules of all routes agree on, and the managed routes that stand."""
        seen: set[tuple[int, int]] = set()
        managed: dict[str, None] = {}
        for ref in self.touches(rollout, router):
            route = objects.get(ref)
            if route is None:
                return Unknown(f"HTTPRoute {ref.namespace}/{ref.name} does not exist")
            seen |= {pair for rule in _rules(route) if (pair := _pair(rule, *_services(rollout))) is not None}
            managed |= dict.fromkeys(name for rule in _rules(route) if (name := _managed_name(rule, rollout)))
        if not seen:
            return Unknown("no rule has both the canary and the stable backend")
        if len(seen) > 1:
            return Unknown("the rules do not agree on the weights")
        canary, stable = seen.pop()
        return Weights(canary, stable, TOTAL, tuple(managed))

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Merge patches of `spec.rules` (a list, hence with the version it was read at) and of the label."""
        label = _label(router.settings, is_in_progress=desired.shares.canary.weight > 0)
        changes = []
        for ref in self.touches(rollout, router):
            route = objects.get(ref)
            if route is None:
                continue
            ours = desired.managed if _uses_headers(router.settings, ref.name) else ()
            body = _changed(route, rollout, replace(desired, managed=ours), label)
            if body:
                changes.append(Modify(ref, body, version=route["metadata"].get("resourceVersion", "")))
        return Rendered(tuple(changes))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, no label, no managed route."""
        canary, stable = _services(rollout)
        shares = Shares(Share(0, canary), Share(TOTAL, stable), total=TOTAL)
        return self.render(rollout, router, objects, Desired(shares))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's route with the live weights of our two backends, rule by rule, and with the live label."""
        services = _services(rollout)
        kept = deepcopy(desired_object)
        managed = [deepcopy(rule) for rule in _rules(live) if _managed_name(rule, rollout)]
        if managed:
            kept["spec"]["rules"] = managed + [rule for rule in _rules(kept) if not _managed_name(rule, rollout)]
        live_pairs = [pair for rule in _rules(live) if (pair := _pair(rule, *services)) is not None]
        for rule in _rules(kept):
            backends = _backends(rule)
            if live_pairs and _pair(rule, *services) is not None:
                for service, weight in zip(services, live_pairs[0], strict=True):
                    backends[service]["weight"] = weight
        key = _label_key(router.settings)
        value = _mapping(live.get("metadata")).get("labels", {}).get(key)
        if key and value is not None:
            kept["metadata"]["labels"] = {**_mapping(kept["metadata"].get("labels")), key: value}
        return kept

    def verify(self, rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> Flow:
        """Whether the routes say it, and whether their gateways have taken what they say (`asks`)."""
        yield from ()
        read = self.read(rollout, router, objects)
        wanted = (shares.canary.weight, shares.stable.weight)
        if not isinstance(read, Weights) or (read.canary, read.stable) != wanted:
            return Verified(False, f"the routes say {read}")
        late = next((told for ref in self.touches(rollout, router) if (told := _refusal(ref, objects.get(ref)))), "")
        return Verified(not late, late)

    def asks(self, rollout: Rollout, router: Router, objects: Objects) -> bool:
        """A gateway reports in the routes' status what it makes of them."""
        return any(_reports(objects.get(ref)) for ref in self.touches(rollout, router))


def provider(_options: Options) -> GatewayApi:
    """No flag is about it."""
    return GatewayApi()


def _route_names(settings: Mapping[str, Any]) -> list[str]:
    named = [settings.get("httpRoute")] + [_mapping(r).get("name") for r in _items(settings.get("httpRoutes"))]
    return [name for name in named if isinstance(name, str) and name]


def _services(rollout: Rollout) -> tuple[str, str]:
    return rollout.services.canary, rollout.services.stable


def _uses_headers(settings: Mapping[str, Any], name: str) -> bool:
    """Whether managed routes go into this HTTPRoute: the plugin's `useHeaderRoutes`, implied by `httpRoute`."""
    listed = [_mapping(route) for route in _items(settings.get("httpRoutes"))]
    return settings.get("httpRoute") == name or any(
        route.get("name") == name and route.get("useHeaderRoutes") is True for route in listed
    )


def _managed_name(rule: Json, rollout: Rollout) -> str:
    strategy = rollout.strategy
    return is_managed(rule, strategy.managed_routes) if isinstance(strategy, Canary) else ""


def _reports(route: Json | None) -> list[list[Json]]:
    """What each gateway has written about a route, where it says which generation it speaks of."""
    parents = _items(_mapping(_mapping(route).get("status")).get("parents"))
    told = [list(map(_mapping, _items(_mapping(parent).get("conditions")))) for parent in parents]
    found = [[c for c in one if c.get("type") in _TELLING and "observedGeneration" in c] for one in told]
    return [conditions for conditions in found if conditions]


def _refusal(ref: Ref, route: Json | None) -> str:
    """Why no gateway carries what the route says; "" where one does, or none has ever said anything."""
    generation = _mapping(_mapping(route).get("metadata")).get("generation", 0)
    refusals = [_complaint(conditions, generation) for conditions in _reports(route)]
    return f"HTTPRoute {ref.name}: {refusals[0]}" if refusals and all(refusals) else ""


def _complaint(conditions: list[Json], generation: int) -> str:
    """What a gateway has against the route as it is now."""
    for condition in conditions:
        if condition["observedGeneration"] < generation:
            return "its gateway has not taken the change yet"
        if condition.get("status") == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return ""


def _rules(route: Json) -> list[Json]:
    return [rule for rule in _items(_mapping(route.get("spec")).get("rules")) if isinstance(rule, dict)]


def _backends(rule: Json) -> dict[str, Json]:
    """The rule's Service backends by name; the first of a name counts."""
    found: dict[str, Json] = {}
    for backend in map(_mapping, _items(rule.get("backendRefs"))):
        if backend.get("kind", "Service") == "Service":
            found.setdefault(_text(backend.get("name")), backend)
    return found


def _pair(rule: Json, canary: str, stable: str) -> tuple[int, int] | None:
    """(canary, stable) weight of a rule, None unless it has both backends. Gateway API: an absent weight is 1."""
    backends = _backends(rule)
    if canary not in backends or stable not in backends:
        return None
    return backends[canary].get("weight", 1), backends[stable].get("weight", 1)


def _changed(route: Json, rollout: Rollout, desired: Desired, label: tuple[str, str | None] | None) -> Json:
    """The merge patch that brings a route to these shares and managed routes; empty where it stands."""
    body: Json = {}
    rules = _wanted_rules(route, rollout, desired)
    if rules != _mapping(route.get("spec")).get("rules", []):
        body["spec"] = {"rules": rules}
    if label is not None:
        key, value = label
        if _mapping(_mapping(route.get("metadata")).get("labels")).get(key) != value:
            body["metadata"] = {"labels": {key: value}}
    return body


def _wanted_rules(route: Json, rollout: Rollout, desired: Desired) -> list[Json]:
    """The route's rules, those with both backends weighted, behind those of the managed routes."""
    rules = [rule for rule in deepcopy(_mapping(route.get("spec")).get("rules", [])) if not _is_ours(rule, rollout)]
    wanted = (desired.shares.canary.weight, desired.shares.stable.weight)
    services = _services(rollout)
    weighted = [rule for rule in rules if isinstance(rule, dict) and _pair(rule, *services) is not None]
    for rule in weighted:
        backends = _backends(rule)
        for service, weight in zip(services, wanted, strict=True):
            backends[service]["weight"] = weight
    if not desired.managed or not weighted:
        return rules
    pairs = [(rule, _backends(rule)[services[0]]) for rule in weighted]
    return [*rules_of(desired.managed, pairs), *rules]


def _is_ours(rule: Any, rollout: Rollout) -> bool:
    return isinstance(rule, dict) and bool(_managed_name(rule, rollout))


def _step_faults(rollout: Rollout) -> Faults:
    """Managed routes that no HTTPRoute can carry."""
    steps = rollout.strategy.steps if isinstance(rollout.strategy, Canary) else ()
    return tuple(
        Fault(f"spec.strategy.steps[{index}].setMirrorRoute.match[].method", wrong, "give the method as `exact`")
        for index, step in enumerate(steps)
        if isinstance(step, SetMirrorRoute) and (wrong := fuzzy_method(step))
    )


def _label_key(settings: Mapping[str, Any]) -> str:
    if settings.get("disableInProgressLabel"):
        return ""
    return _text(settings.get("inProgressLabelKey")) or IN_PROGRESS_LABEL


def _label(settings: Mapping[str, Any], *, is_in_progress: bool) -> tuple[str, str | None] | None:
    key = _label_key(settings)
    if not key:
        return None
    value = _text(settings.get("inProgressLabelValue")) or IN_PROGRESS_VALUE
    return key, value if is_in_progress else None


def _route_faults(rollout: Rollout, ref: Ref, route: Json | None) -> Faults:
    if route is None:
        missing = f"HTTPRoute {ref.namespace}/{ref.name} does not exist"
        return (Fault(f"{_PATH}.httpRoute", missing, "create the route, or correct its name"),)
    canary, stable = _services(rollout)
    if any(_pair(rule, canary, stable) is not None for rule in _rules(route)):
        return ()
    lacking = f"HTTPRoute {ref.name} has no rule with both backends {canary} and {stable}"
    return (Fault(f"{_PATH}.httpRoute", lacking, "name both Services in the backendRefs of one rule"),)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
