"""Where would a gateway send a plain request? The embedded cluster's reading of HTTPRoutes and marked Services. Pure.

A plain request is a GET without particular headers. Rules that such a request can reach share a route's traffic
equally; of two rules with the same path the first wins. References to other namespaces are followed without a grant.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import PREFIX, Scenario, parse_rate
from rollouts.simulator.workloads.selectors import Key, key_of

TRAFFIC = f"{PREFIX}traffic"


@dataclass(frozen=True, slots=True)
class Backend:
    """A destination. `service` None: a kind that no gateway here can serve. `hash` narrows it to one version."""

    service: Key | None
    weight: int = 1
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where requests come in: a route, or a Service that is addressed directly. The other name is empty."""

    namespace: str
    route: str
    service: str
    rate: float
    rules: tuple[tuple[Backend, ...], ...]

    @property
    def place(self) -> tuple[str, str, str]:
        """What sets it apart from other entries, whatever its rules say."""
        return self.namespace, self.route, self.service


def entry_of_route(route: Json, scenario: Scenario) -> Entry:
    """The traffic that an HTTPRoute takes."""
    namespace, name = key_of(route)
    rate = rate_of(route, scenario.routes.get(f"{namespace}/{name}", scenario.requests_per_second))
    rules = reachable(route["spec"].get("rules") or [])
    return Entry(namespace, name, "", rate, tuple(_backends(rule, namespace) for rule in rules))


def entry_of_service(service: Json) -> Entry | None:
    """The traffic of a Service that asks for some by its annotation."""
    if not is_marked(service):
        return None
    namespace, name = key_of(service)
    return Entry(namespace, "", name, rate_of(service, 0.0), ((Backend((namespace, name)),),))


def is_marked(service: Json) -> bool:
    """Does this Service ask for traffic of its own?"""
    return TRAFFIC in (service["metadata"].get("annotations") or {})


def reachable(rules: list[Json]) -> list[Json]:
    """The rules that a plain request can meet."""
    claimed: dict[tuple[str, str], None] = {}
    found = []
    for rule in rules:
        paths = [path for path in _plain_paths(rule) if path not in claimed]
        claimed |= dict.fromkeys(paths)
        if paths and not _redirects(rule):
            found.append(rule)
    return found


def _plain_paths(rule: Json) -> list[tuple[str, str]]:
    matches: list[Json] = rule.get("matches") or [{}]
    return [_path(match) for match in matches if not _is_particular(match)]


def _is_particular(match: Mapping[str, object]) -> bool:
    return bool(match.get("headers") or match.get("queryParams")) or match.get("method", "GET") != "GET"


def _path(match: Json) -> tuple[str, str]:
    path = match.get("path") or {}
    return path.get("type", "PathPrefix"), path.get("value", "/")


def _redirects(rule: Json) -> bool:
    return any(item.get("type") == "RequestRedirect" for item in rule.get("filters") or ())


def _backends(rule: Json, namespace: str) -> tuple[Backend, ...]:
    return tuple(_backend(ref, namespace) for ref in rule.get("backendRefs") or ())


def _backend(ref: Json, namespace: str) -> Backend:
    weight = 1 if ref.get("weight") is None else int(ref["weight"])
    is_service = ref.get("kind", "Service") == "Service" and ref.get("group", "") in ("", "core")
    return Backend((ref.get("namespace") or namespace, ref["name"]) if is_service else None, weight)


def rate_of(obj: Json, default: float) -> float:
    """Requests a second by the object's annotation, or else by default."""
    text = (obj["metadata"].get("annotations") or {}).get(TRAFFIC)
    return default if text is None else parse_rate(text, f"metadata.annotations[{TRAFFIC}]")
