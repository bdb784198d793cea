"""A RouteTable over two Upstreams, one for each version's Service.

What the Upstream that users name says of connections goes into both. The table takes chosen requests or all: the
user's own virtual service delegates to it.
"""

from dataclasses import dataclass

from rollouts.model.objects import Change, Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import brought, metadata, not_found, whole
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.owned.single import Single
from rollouts.traffic.protocol import Kind, Objects, Rendered

TABLE = ("gateway.solo.io/v1", "RouteTable")
UPSTREAM = ("gloo.solo.io/v1", "Upstream")
ASKED = "RouteTable {name}.{namespace} get query error:"
WRITTEN = "RouteTable {name}.{namespace} query error:"
COPIED = ("labels", "sslConfig", "circuitBreakers", "connectionConfig", "loadBalancerConfig", "useHttp2")
SIDES = ("primary", "canary")


@dataclass(frozen=True, slots=True)
class Gloo(Lasting):
    """The provider: a table as others have it, and what it leads to."""

    table: Single
    name: str = "gloo"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """RouteTables and Upstreams."""
        return (TABLE, UPSTREAM)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The table, both Upstreams, and what these are made of."""
        made = tuple(_upstream(route, side) for side in SIDES)
        services = tuple(_service(route, side) for side in SIDES)
        return (*self.table.touches(route), *made, *services, *((route.beside,) if route.beside else ()))

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """Upstreams first, then the table that names them; what is missing ends it there."""
        changes: tuple[Change, ...] = ()
        for side in SIDES:
            if missing := _missing(route, objects, side):
                return Rendered(changes, error=f"error creating {route.maker} {side} upstream: {missing}")
            changes += _tended(route, objects, side)
        return Rendered(changes + self.table.tend(route, objects).changes)

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """New weights in the table."""
        return self.table.shift(route, objects, split)

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the table says."""
        return self.table.read(route, objects)


def _upstream(route: OwnedRoute, side: str) -> Ref:
    return Ref(*UPSTREAM, route.namespace, f"{route.namespace}-{route.service}-{side}upstream-{route.port}")


def _service(route: OwnedRoute, side: str) -> Ref:
    name = route.stable_service if side == SIDES[0] else route.canary_service
    return Ref("v1", "Service", route.namespace, name)


def _missing(route: OwnedRoute, objects: Objects, side: str) -> str:
    """What an Upstream cannot be made without."""
    if objects[_upstream(route, side)] is not None:
        return ""
    service, beside = _service(route, side), route.beside
    if objects[service] is None:
        return f"service {service.name}.{service.namespace} get query error: {not_found('services', service.name)}"
    if beside is not None and objects[beside] is None:
        said = not_found("upstreams.gloo.solo.io", beside.name)
        return f"config upstream {beside.name}.{beside.namespace} get query error: {said}"
    return ""


def _tended(route: OwnedRoute, objects: Objects, side: str) -> tuple[Change, ...]:
    """An Upstream as it should be; one that is there keeps what cannot be told any more."""
    ref, service = _upstream(route, side), _service(route, side)
    live, leads_to = objects[ref], objects[service]
    pattern = mapping(mapping(objects[route.beside] if route.beside else None).get("spec"))
    spec = {key: pattern[key] for key in COPIED if key in pattern}
    kube = {"serviceName": service.name, "serviceNamespace": route.namespace, "servicePort": route.port}
    if leads_to is not None:
        spec["kube"] = kube | {"selector": mapping(mapping(leads_to.get("spec")).get("selector"))}
    body = whole(ref, metadata(route, ref.name, is_marked=False), mapping(mapping(live).get("spec")) | spec)
    return brought(ref, live, body)


def _spec(route: OwnedRoute, split: Split) -> Json:
    weights = zip(SIDES, (split.stable, split.canary), strict=True)
    action = {"multi": {"destinations": [_destination(_upstream(route, side), weight) for side, weight in weights]}}
    made: Json = {"inheritablePathMatchers": True, "routeAction": action}
    headers = [header for match in route.match for header in _headers(mapping(match.get("headers")))]
    return {"routes": [made | ({"matchers": [{"headers": headers}]} if headers else {})]}


def _destination(ref: Ref, weight: int) -> Json:
    """An entry; no weight is written for none."""
    made: Json = {"destination": {"upstream": {"name": ref.name, "namespace": ref.namespace}}}
    return made | ({"weight": weight} if weight else {})


def _headers(wanted: Json) -> list[Json]:
    """What a request must carry; Gloo knows neither prefix nor suffix, so that the name alone counts there."""
    found = []
    for name, value in wanted.items():
        words = mapping(value)
        if "regex" in words:
            found.append({"name": name, "value": words["regex"], "regex": True})
        else:
            found.append({"name": name} | ({"value": words["exact"]} if "exact" in words else {}))
    return found


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """By the weight of the stable version's Upstream in the first route; None where that does not lead to it."""
    first = mapping(next(iter(items(spec.get("routes"))), None))
    for entry in map(mapping, items(mapping(mapping(first.get("routeAction")).get("multi")).get("destinations"))):
        leads_to = mapping(mapping(entry.get("destination")).get("upstream")).get("name")
        if leads_to == _upstream(route, SIDES[0]).name:
            stable = number(entry.get("weight")) or 0
            return Split(stable, 100 - stable)
    return None


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Gloo(Single("gloo", TABLE, "routetables.gateway.solo.io", ASKED, WRITTEN, _spec, _parts))
