"""The weighted routes of a VirtualService: found, checked, read and written. Called by istio*; pure.

Destinations keep the order that their owner gave them. A destination of nobody's that has weight is what an experiment
left behind, and goes; one without weight, or with a subset that the rollout names as somebody else's, stays.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass

from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Shares
from rollouts.traffic.bodies import number
from rollouts.traffic.istiosettings import Selected, Setup, Signature

CANARY, STABLE = "Canary", "Stable"
_FIELDS = {"http": "routes", "tls": "tlsRoutes", "tcp": "tcpRoutes"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the routes cannot be weighed, in upstream's words."""

    message: str


Places = list[tuple[str, int]]
"""Where routes stand: section and index."""


def routes_of(service: Json, section: str) -> list[Json]:
    """The routes of one section of a VirtualService."""
    return [mapping(route) for route in items(mapping(service.get("spec")).get(section))]


def weighted(service: Json, selected: Selected, setup: Setup) -> Places | Refusal:
    """Where the weighted routes stand, section by section; a section that is not there has none."""
    found: Places = []
    for section in _FIELDS:
        places = places_in(section, service, selected, setup)
        if isinstance(places, Refusal):
            return places
        found += [(section, index) for index in places]
    return found


def places_in(section: str, service: Json, selected: Selected, setup: Setup) -> list[int] | Refusal:
    """The weighted routes of one section, once they are found and have both destinations."""
    routes = routes_of(service, section)
    if not routes:
        return []
    found = chosen(section, routes, selected, setup)
    if isinstance(found, Refusal):
        return found
    lacking = [wrong for index in found if (wrong := _lacking(routes[index], setup))]
    wrong = lacking[0] if lacking else _crowded(section, routes, selected, setup)
    return Refusal(wrong) if wrong else found


def pair(service: Json, place: tuple[str, int], setup: Setup) -> tuple[int, int]:
    """The canary's and the stable version's weight in a route; an absent weight is none."""
    section, index = place
    found: dict[str, int] = {}
    for destination in destinations_of(routes_of(service, section)[index]):
        found.setdefault(side_of(destination, setup), weight_of(destination))
    return found.get(CANARY, 0), found.get(STABLE, 0)


def experiments(service: Json, place: tuple[str, int], setup: Setup) -> dict[str, int]:
    """The weights of the experiments in a route: of destinations that are no more than another host."""
    section, index = place
    others = [d for d in destinations_of(routes_of(service, section)[index]) if not side_of(d, setup)]
    plain = [other for other in others if set(mapping(other.get("destination"))) == {"host"}]
    return {host_of(other): weight_of(other) for other in plain if weight_of(other)}


def split(service: Json, selected: Selected, setup: Setup, shares: Shares) -> Json | Refusal:
    """The VirtualService with these shares in every weighted route, and in the routes that mirror them."""
    places = weighted(service, selected, setup)
    if isinstance(places, Refusal):
        return places
    mirrors = [
        ("http", index)
        for index, route in enumerate(routes_of(service, "http"))
        if route.get("name") in setup.managed and "mirror" in route
    ]
    after = deepcopy(service)
    for section, index in {*places, *mirrors}:
        route = after["spec"][section][index]
        route["route"] = _divided(destinations_of(route), setup, shares)
    if after == service:
        return service
    return with_http(after, ordered(routes_of(after, "http"), setup.managed))


def ordered(routes: Iterable[Json], managed: tuple[str, ...]) -> list[Json]:
    """The managed routes in their order, then all others in theirs: of two that match alike the first wins."""
    rank = {name: place for place, name in enumerate(managed)}
    return sorted(routes, key=lambda route: rank.get(text(route.get("name")), len(rank)))


def with_http(service: Json, routes: list[Json]) -> Json:
    """The VirtualService with these HTTP routes; one that has no such section stays without."""
    spec = mapping(service.get("spec"))
    return {**service, "spec": {**spec, "http": routes}} if "http" in spec else service


def destinations_of(route: Json) -> list[Json]:
    """The weighted destinations of a route."""
    return [mapping(destination) for destination in items(route.get("route"))]


def host_of(destination: Json) -> str:
    """The first part of a destination's host: a Service's name, however it is written out."""
    return text(mapping(destination.get("destination")).get("host")).partition(".")[0]


def weight_of(destination: Json) -> int:
    """A destination's weight; absent is none."""
    return number(destination.get("weight")) or 0


def side_of(destination: Json, setup: Setup) -> str:
    """Which version a destination leads to, "" for neither."""
    host, subset = host_of(destination), text(mapping(destination.get("destination")).get("subset"))
    if not host:
        return ""
    sides = {CANARY: setup.canary, STABLE: setup.stable}
    named = {CANARY: setup.subsets.canary, STABLE: setup.subsets.stable} if setup.subsets else {}
    return next((side for side in sides if host == sides[side] or (subset and subset == named.get(side))), "")


def chosen(section: str, routes: list[Json], selected: Selected, setup: Setup) -> list[int] | Refusal:
    """The weighted routes of one section, whatever their destinations."""
    if section == "http":
        return _by_name(routes, selected.routes, setup.managed)
    signatures = selected.tls if section == "tls" else selected.tcp
    if not signatures:
        return [0]
    found: list[int] = []
    for signature in signatures:
        matching = [index for index, route in enumerate(routes) if _signature(route) == signature]
        if not matching:
            return Refusal(f"No matching {section.upper()} routes found in the defined Virtual Service.")
        found += matching
    return found


def _by_name(routes: list[Json], names: tuple[str, ...], managed: tuple[str, ...]) -> list[int] | Refusal:
    """The HTTP routes of these names; without names the only one of the user's, or else the first without a name."""
    if not names:
        users = _users(routes, managed)
        unnamed = [index for index in users if not routes[index].get("name")]
        return users if len(users) == 1 else unnamed[:1]
    places = {text(route.get("name")): index for index, route in reversed(list(enumerate(routes)))}
    missing = [name for name in names if name not in places]
    if missing:
        return Refusal(f"HTTP Route '{missing[0]}' is not found in the defined Virtual Service.")
    return [places[name] for name in names]


def _users(routes: list[Json], managed: tuple[str, ...]) -> list[int]:
    return [index for index, route in enumerate(routes) if route.get("name") not in managed]


def _signature(route: Json) -> Signature | None:
    """What a route without a name is known by; None where it has several ports."""
    matches = [mapping(match) for match in items(route.get("match"))]
    ports = {number(match.get("port")) or 0 for match in matches} or {0}
    hosts = frozenset(text(host) for match in matches for host in items(match.get("sniHosts")))
    return (ports.pop(), hosts) if len(ports) == 1 else None


def _lacking(route: Json, setup: Setup) -> str:
    """Which of the two destinations a weighted route has not, "" where it has both."""
    destinations = destinations_of(route)
    if setup.subsets:
        there = {text(mapping(each.get("destination")).get("subset")) for each in destinations}
        what, wanted = "DestinationRule subset", (setup.subsets.canary, setup.subsets.stable)
    else:
        there = {host_of(each) for each in destinations}
        what, wanted = "Service", (setup.canary, setup.stable)
    missing = [side for side, name in zip((CANARY, STABLE), wanted, strict=True) if not name or name not in there]
    return f"{missing[0]} {what} '{wanted[missing[0] == STABLE]}' not found in route" if missing else ""


def _crowded(section: str, routes: list[Json], selected: Selected, setup: Setup) -> str:
    """Several routes, and none is named to be weighed."""
    named = {"http": selected.routes, "tls": selected.tls, "tcp": selected.tcp}[section]
    count = len(_users(routes, setup.managed)) if section == "http" else len(routes)
    if named or count < 2:
        return ""
    field = f"spec.strategy.canary.trafficRouting.istio.virtualService.{_FIELDS[section]}"
    return f"spec.{section}[] should be set in VirtualService and it must have exactly one route when omitting {field}"


def _divided(destinations: list[Json], setup: Setup, shares: Shares) -> list[Json]:
    """The destinations at these shares, in their order, then those of experiments that are new."""
    extra = {share.service: share.weight for share in shares.extra}
    rest = shares.total - shares.canary.weight - sum(extra.values())
    parts = {CANARY: shares.canary.weight, STABLE: max(0, rest)}
    found: list[Json] = []
    for destination in destinations:
        side, host = side_of(destination, setup), host_of(destination)
        if side:
            found.append(_weighing(destination, parts[side]))
        elif host in extra:
            found.append(_weighing(destination, extra.pop(host)))
        elif not _is_left_over(destination, setup):
            found.append(destination)
    return found + [{"destination": {"host": host}, "weight": part} for host, part in extra.items() if part]


def _weighing(destination: Json, weight: int) -> Json:
    return destination if weight_of(destination) == weight else {**destination, "weight": weight}


def _is_left_over(destination: Json, setup: Setup) -> bool:
    subset = text(mapping(destination.get("destination")).get("subset"))
    is_named = setup.subsets is not None and subset in setup.subsets.others
    return bool(host_of(destination) and weight_of(destination)) and not is_named
