"""Where would a mesh send a plain request? The embedded cluster's reading of Istio's VirtualServices. Pure.

A VirtualService takes traffic as an HTTPRoute does. A subset narrows its host down to the pods of one version, by the
hash among its labels in the host's DestinationRule; one without a hash leads to all. Copies of requests are not sent.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.traffic.gateway import Backend, Entry, rate_of, reachable
from rollouts.simulator.workloads.selectors import Key, key_of

_HASH = "rollouts-pod-template-hash"
_PATHS = {"exact": "Exact", "prefix": "PathPrefix", "regex": "RegularExpression"}


def entry_of_mesh(service: Json, rules: Sequence[Json], scenario: Scenario) -> Entry:
    """The traffic that a VirtualService takes; `rules` are the DestinationRules."""
    namespace, name = key_of(service)
    rate = rate_of(service, scenario.routes.get(f"{namespace}/{name}", scenario.requests_per_second))
    routes = reachable([_rule(route) for route in service["spec"].get("http") or ()])
    return Entry(namespace, name, "", rate, tuple(tuple(_backends(route, namespace, rules)) for route in routes))


def _rule(route: Json) -> Json:
    """The route in the words of the Gateway API, as far as they tell which requests reach it."""
    redirects = [{"type": "RequestRedirect"}] if "redirect" in route or "directResponse" in route else []
    return {"matches": [_match(match) for match in route.get("match") or ()], "filters": redirects, "route": route}


def _match(match: Json) -> Json:
    kind, value = _string(match.get("uri") or {"prefix": "/"})
    particular = {name: match[name] for name in ("headers", "queryParams") if match.get(name)}
    method = _string(match["method"])[1] if match.get("method") else "GET"
    return {"path": {"type": _PATHS[kind], "value": value}, "method": method, **particular}


def _string(match: Json) -> tuple[str, str]:
    return next((kind, str(match[kind])) for kind in _PATHS if kind in match)


def _backends(rule: Json, namespace: str, rules: Sequence[Json]) -> Iterator[Backend]:
    destinations: list[Json] = rule["route"].get("route") or []
    for one in destinations:
        to = one["destination"]
        weight = 1 if len(destinations) == 1 else int(one.get("weight") or 0)
        yield Backend(_named(to["host"], namespace), weight, _hash(to, namespace, rules))


def _named(host: str, namespace: str) -> Key:
    name, _, rest = host.partition(".")
    return rest.partition(".")[0] or namespace, name


def _hash(destination: Json, namespace: str, rules: Sequence[Json]) -> str:
    """The version that the destination's subset leads to, "" for any."""
    subsets: Iterator[dict[str, Any]] = (
        subset
        for rule in rules
        if _named(rule["spec"]["host"], key_of(rule)[0]) == _named(destination["host"], namespace)
        for subset in rule["spec"].get("subsets") or ()
    )
    wanted = destination.get("subset")
    return next((str((one.get("labels") or {}).get(_HASH, "")) for one in subsets if one["name"] == wanted), "")
