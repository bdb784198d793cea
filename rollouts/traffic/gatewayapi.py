"""Weights on Gateway API HTTPRoutes, natively and under the key of Argo's plugin (spec/argo-rollouts.md §4.1).

In every rule, the backendRefs named as the canary and the stable Service get their parts; all others are foreign and
stay as they are. While the canary has weight the route carries a label, so that other sync tools can be told to leave
it alone (ours needs no telling: `keep`).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json, Modify, Ref
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.protocol import Desired, Flow, Objects, Rendered

API_VERSION = "gateway.networking.k8s.io/v1"
IN_PROGRESS_LABEL = "rollouts.argoproj.io/gatewayapi-canary"
IN_PROGRESS_VALUE = "in-progress"
TOTAL = 100
_PATH = 'spec.strategy.trafficRouting.plugins["argoproj-labs/gatewayAPI"]'
_LATER = ("grpcRoute", "grpcRoutes", "tcpRoute", "tcpRoutes", "tlsRoute", "tlsRoutes", "httpRouteSelector")


@dataclass(frozen=True, slots=True)
class GatewayApi:
    """The provider. Stateless: settings and objects come with every call."""

    name: str = "gatewayAPI"

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The HTTPRoutes that the settings name."""
        namespace = _text(router.settings.get("namespace")) or rollout.namespace
        return tuple(Ref(API_VERSION, "HTTPRoute", namespace, name) for name in _route_names(router.settings))

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Routes that are missing, or that lack one of the two backends."""
        message = "this version of Sluice routes HTTPRoutes only"
        later = tuple(Fault(f"{_PATH}.{key}", message) for key in _LATER if key in router.settings)
        refs = self.touches(rollout, router)
        if not refs:
            return (*later, Fault(_PATH, "names no route", "set httpRoute or httpRoutes[].name"))
        return later + tuple(fault for ref in refs for fault in _route_faults(rollout, ref, objects.get(ref)))

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all rules of all routes agree on."""
        seen: set[tuple[int, int]] = set()
        for ref in self.touches(rollout, router):
            route = objects.get(ref)
            if route is None:
                return Unknown(f"HTTPRoute {ref.namespace}/{ref.name} does not exist")
            seen |= {pair for rule in _rules(route) if (pair := _pair(rule, *_services(rollout))) is not None}
        if not seen:
            return Unknown("no rule has both the canary and the stable backend")
        if len(seen) > 1:
            return Unknown("the rules do not agree on the weights")
        canary, stable = seen.pop()
        return Weights(canary, stable, TOTAL)

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Merge patches of `spec.rules` (a list, hence with the version it was read at) and of the label."""
        label = _label(router.settings, is_in_progress=desired.shares.canary.weight > 0)
        changes = []
        for ref in self.touches(rollout, router):
            route = objects.get(ref)
            if route is None:
                continue
            body = _changed(route, rollout, desired.shares, label)
            if body:
                changes.append(Modify(ref, body, version=route["metadata"].get("resourceVersion", "")))
        return Rendered(tuple(changes))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, and no label."""
        canary, stable = _services(rollout)
        shares = Shares(Share(0, canary), Share(TOTAL, stable), total=TOTAL)
        return self.render(rollout, router, objects, Desired(shares))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's route with the live weights of our two backends, rule by rule, and with the live label."""
        services = _services(rollout)
        kept = deepcopy(desired_object)
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
        """Nothing to ask: the routes say themselves what they carry."""
        read = self.read(rollout, router, objects)
        wanted = Weights(shares.canary.weight, shares.stable.weight, TOTAL)
        yield from ()
        return Verified(read == wanted, "" if read == wanted else f"the routes say {read}")


PROVIDER = GatewayApi()


def _route_names(settings: Mapping[str, Any]) -> list[str]:
    named = [settings.get("httpRoute")] + [_mapping(r).get("name") for r in _items(settings.get("httpRoutes"))]
    return [name for name in named if isinstance(name, str) and name]


def _services(rollout: Rollout) -> tuple[str, str]:
    strategy = rollout.strategy
    return (strategy.canary_service, strategy.stable_service) if isinstance(strategy, Canary) else ("", "")


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


def _changed(route: Json, rollout: Rollout, shares: Shares, label: tuple[str, str | None] | None) -> Json:
    """The merge patch that brings a route to these shares; empty where it stands."""
    body: Json = {}
    rules = deepcopy(_mapping(route.get("spec")).get("rules", []))
    wanted = (shares.canary.weight, shares.stable.weight)
    services = _services(rollout)
    for rule in (rule for rule in rules if isinstance(rule, dict) and _pair(rule, *services) is not None):
        backends = _backends(rule)
        for service, weight in zip(services, wanted, strict=True):
            backends[service]["weight"] = weight
    if rules != _mapping(route.get("spec")).get("rules", []):
        body["spec"] = {"rules": rules}
    if label is not None:
        key, value = label
        if _mapping(_mapping(route.get("metadata")).get("labels")).get(key) != value:
            body["metadata"] = {"labels": {key: value}}
    return body


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
