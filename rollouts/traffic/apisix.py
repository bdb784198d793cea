"""Weights and header routes on ApisixRoutes (spec/argo-rollouts.md §4).

The selected rules of the user's route get the weights; all other rules and backends are foreign. A header route is an
ApisixRoute of the rollout's own, under the managed route's name: a copy of the user's whose selected rules match the
headers, lead to the canary alone, and come before those of the original by their priority.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from rollouts.model import patches
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, HeaderMatch, Router, SetHeaderRoute
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic import bodies
from rollouts.traffic.bodies import names
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

API_VERSION = "apisix.apache.org/v2"
TOTAL = 100
_PATH = "spec.strategy.trafficRouting.apisix.route"


class _RefusedError(Exception):
    """What stands in the way, in upstream's words."""


@dataclass(frozen=True, slots=True)
class Apisix(Silent):
    """The provider. Stateless: settings and objects come with every call."""

    name: str = "apisix"
    kinds: tuple[Kind, ...] = ((API_VERSION, "ApisixRoute"),)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The user's route, and the header routes by the names of the managed ones."""
        return tuple(_ref(rollout, name) for name in names(_route_name(router), list(_managed(rollout))))

    def faults(self, _rollout: Rollout, router: Router, _objects: Objects) -> Faults:
        """A name that is not given; what is wrong with the object stops a round, as upstream's reconcile error."""
        return () if _route_name(router) else (Fault(f"{_PATH}.name", "names no ApisixRoute", "name one"),)

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that the selected rules agree on, and the header routes that stand."""
        try:
            rules = _selected(_spec(_found(rollout, router, objects)), router)
            pairs = [_pair(rule, rollout) for rule in rules]
        except _RefusedError as refusal:
            return Unknown(str(refusal))
        read = bodies.agreed([Weights(*pair) for pair in pairs], "no rule is selected")
        standing = tuple(name for name in _managed(rollout) if _own(rollout, name, objects) is not None)
        return replace(read, managed=standing) if isinstance(read, Weights) else read

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Header routes made, changed or removed, then the weights; the first that cannot be ends it."""
        changes: list[Change] = []
        try:
            if Part.MANAGED in desired.parts:
                changes += _header_changes(rollout, router, objects, desired)
            if Part.WEIGHTS in desired.parts:
                changes += _weight_changes(rollout, router, objects, desired.shares)
        except _RefusedError as refusal:
            return Rendered(tuple(changes), error=str(refusal))
        return Rendered(tuple(changes))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, and no header route."""
        shares = Shares(Share(0), Share(TOTAL), total=TOTAL)
        return Rendered(self.render(rollout, router, objects, Desired(shares)).changes)

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's route with the live weights, rule by rule; a header route in Git stays as it is in the cluster."""
        if desired_object["metadata"]["name"] != _route_name(router):
            return desired_object | {"spec": live["spec"]} if bodies.is_owned(live, rollout) else desired_object
        kept = deepcopy(desired_object)
        held = {text(rule.get("name")): rule for rule in _rules(_spec(live))}
        for rule in _rules(_spec(kept)):
            weights = _weights(held.get(text(rule.get("name")), {}), rollout)
            for backend in _backends(rule) if rule.get("name") in _rule_names(router) else ():
                if (service := text(backend.get("serviceName"))) in weights:
                    backend["weight"] = weights[service]
        return kept


def provider(_options: Options) -> Apisix:
    """The provider; it has no options."""
    return Apisix()


def _route_name(router: Router) -> str:
    return text(mapping(router.settings.get("route")).get("name"))


def _rule_names(router: Router) -> tuple[str, ...]:
    """The selected rules; Argo: the one named like the route where none is given."""
    return names(mapping(router.settings.get("route")).get("rules")) or (_route_name(router),)


def _managed(rollout: Rollout) -> tuple[str, ...]:
    return rollout.strategy.managed_routes if isinstance(rollout.strategy, Canary) else ()


def _ref(rollout: Rollout, name: str) -> Ref:
    return Ref(API_VERSION, "ApisixRoute", rollout.namespace, name)


def _found(rollout: Rollout, router: Router, objects: Objects) -> Json:
    name = _route_name(router)
    route = objects.get(_ref(rollout, name))
    if route is None:
        raise _RefusedError(f'apisixroutes.apisix.apache.org "{name}" not found')
    return route


def _own(rollout: Rollout, name: str, objects: Objects) -> Json | None:
    """A header route that is the rollout's."""
    route = objects.get(_ref(rollout, name))
    return route if route is not None and bodies.is_owned(route, rollout) else None


def _spec(route: Json) -> Json:
    return mapping(route.get("spec"))


def _rules(spec: Json) -> list[Json]:
    return [mapping(rule) for rule in items(spec.get("http"))]


def _backends(rule: Json) -> list[Json]:
    return [mapping(backend) for backend in items(rule.get("backends"))]


def _selected(spec: Json, router: Router) -> list[Json]:
    """The rules that the settings select, each of which must be there."""
    if "http" not in spec:
        raise _RefusedError("spec.http was not found in Apisix Route manifest")
    by_name = {text(rule.get("name")): rule for rule in reversed(_rules(spec))}
    for name in _rule_names(router):
        if name not in by_name:
            raise _RefusedError(f"Apisix http route rule {name} not found")
    return [by_name[name] for name in _rule_names(router)]


def _backend_of(rule: Json, service: str) -> Json:
    if "backends" not in rule:
        raise _RefusedError("Apisix http route backends not found")
    found = next((backend for backend in _backends(rule) if backend.get("serviceName") == service), None)
    if found is None:
        raise _RefusedError(f"apisix route {service} backend was not found")
    return found


def _pair(rule: Json, rollout: Rollout) -> tuple[int, int]:
    """(canary, stable) weight of a rule. Apisix: an absent weight is 100."""
    services = rollout.services
    canary, stable = (
        bodies.number(_backend_of(rule, name).get("weight", 100)) for name in (services.canary, services.stable)
    )
    if canary is None or stable is None:
        raise _RefusedError(f"apisix route rule {rule.get('name')} has a weight that is no number")
    return canary, stable


def _weights(rule: Json, rollout: Rollout) -> dict[str, int]:
    """The weights of our two backends that a rule says."""
    ours = (rollout.services.canary, rollout.services.stable)
    told = [one for one in _backends(rule) if one.get("serviceName") in ours and "weight" in one]
    return {one["serviceName"]: one["weight"] for one in told}


def _weight_changes(rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> list[Change]:
    route = _found(rollout, router, objects)
    after = deepcopy(_spec(route))
    for rule in _selected(after, router):
        _backend_of(rule, rollout.services.canary)["weight"] = shares.canary.weight
        _backend_of(rule, rollout.services.stable)["weight"] = shares.stable.weight
    return _changed(_ref(rollout, _route_name(router)), route, after)


def _changed(ref: Ref, route: Json, after: Json) -> list[Change]:
    """The patch of a route's rules, with the version that they were read at."""
    if after == _spec(route):
        return []
    return [Modify(ref, {"spec": {"http": after["http"]}}, version=patches.version_of(route))]


def _header_changes(rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> list[Change]:
    """Those asked for made or changed, all others of ours removed but those to be kept."""
    asked = [route for route in desired.managed if isinstance(route, SetHeaderRoute)]
    wanted = {route.name: route for route in asked if route.match}
    changes: list[Change] = []
    for route in wanted.values():
        changes += _header_route(rollout, router, objects, route)
    for name in names([route.name for route in asked], list(_managed(rollout))):
        if name not in wanted and name not in desired.keeps and _own(rollout, name, objects) is not None:
            changes.append(Remove(_ref(rollout, name)))
    return changes


def _header_route(rollout: Rollout, router: Router, objects: Objects, route: SetHeaderRoute) -> list[Change]:
    ref = _ref(rollout, route.name)
    standing = objects.get(ref)
    if standing is not None and not bodies.is_owned(standing, rollout):
        raise _RefusedError(f"duplicate ApisixRoute [{route.name}] already exists")
    users = _found(rollout, router, objects)
    base = users if standing is None else standing
    after = deepcopy(_spec(base))
    for rule in _selected(after, router):
        _lead(rule, rollout, route)
        if standing is None:
            rule["priority"] = (bodies.number(rule.get("priority")) or 0) + 1
    if standing is not None:
        return _changed(ref, standing, after)
    meta = bodies.own_metadata(rollout, route.name)
    labels = mapping(mapping(base.get("metadata")).get("labels"))
    meta |= {"labels": dict(labels)} if labels else {}
    return [Create(ref, {"apiVersion": API_VERSION, "kind": "ApisixRoute", "metadata": meta, "spec": after})]


def _lead(rule: Json, rollout: Rollout, route: SetHeaderRoute) -> None:
    """Make a rule match the headers and lead to the canary alone."""
    canary = _backend_of(rule, rollout.services.canary)
    canary["weight"] = TOTAL
    rule["backends"] = [one for one in _backends(rule) if one.get("serviceName") != rollout.services.stable]
    rule["match"] = {**mapping(rule.get("match")), "exprs": [_expression(header) for header in route.match]}


def _expression(header: HeaderMatch) -> Json:
    subject = {"scope": "Header", "name": header.name}
    if header.value.exact is not None:
        return {"subject": subject, "op": "Equal", "value": header.value.exact}
    value = f"^{header.value.prefix}.*" if header.value.prefix is not None else header.value.regex or ""
    return {"subject": subject, "op": "RegexMatch", "value": value}
