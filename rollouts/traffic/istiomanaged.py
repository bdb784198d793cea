"""Managed routes as HTTP routes of a VirtualService: those that header and mirror steps ask for. Called by istio; pure.

A header route leads all of its requests to the canary. A mirror route divides its requests as the weighted route does,
and sends a part of them to the canary besides. Both take the canary's port from the weighted route's first destination.
"""

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass

from rollouts.model.objects import Json
from rollouts.model.reading import mapping, text
from rollouts.model.strategy import HeaderMatch, ManagedRoute, RequestMatch, SetHeaderRoute, SetMirrorRoute, StringMatch
from rollouts.traffic.istioroutes import Refusal, chosen, destinations_of, ordered, routes_of, weight_of, with_http
from rollouts.traffic.istiosettings import Selected, Setup

_WORDS = {False: "headerRoute", True: "mirrorRoute"}


@dataclass(frozen=True, slots=True)
class Target:
    """A VirtualService, what is selected in it, and the host under which the canary is called."""

    service: Json
    selected: Selected
    setup: Setup
    host: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A VirtualService after its managed routes were placed, and what was done to them."""

    service: Json
    told: tuple[str, ...] = ()


def standing(service: Json, setup: Setup) -> tuple[str, ...]:
    """The managed routes that a VirtualService has, by name."""
    names = (text(route.get("name")) for route in routes_of(service, "http"))
    return tuple(dict.fromkeys(name for name in names if name in setup.managed))


def place(target: Target, wanted: Collection[ManagedRoute], keeps: Collection[str]) -> Placed | Refusal:
    """The VirtualService with just these managed routes and those that it keeps. No match means: take it away."""
    made: dict[str, Json] = {}
    for route in wanted:
        rule = _rule(route, target) if route.match else None
        if isinstance(rule, Refusal):
            return rule
        made |= {route.name: rule} if rule else {}
    before, managed = routes_of(target.service, "http"), target.setup.managed
    ours = {*managed, *(route.name for route in wanted)} - set(keeps)
    left = [route for route in before if text(route.get("name")) not in ours]
    mirrors = [rule for rule in made.values() if "mirror" in rule]
    headers = [rule for rule in made.values() if "mirror" not in rule]
    after = ordered([*mirrors, *left, *headers], managed)
    told = ("removed all managed routes.",) if not wanted and not keeps else _told(before, after, wanted)
    return Placed(target.service) if after == before and not wanted else Placed(with_http(target.service, after), told)


def _told(before: list[Json], after: list[Json], wanted: Collection[ManagedRoute]) -> tuple[str, ...]:
    """What became of each route, in upstream's words, which name a route also where it was not there to be taken."""
    was, now = ({text(route.get("name")): route for route in routes} for routes in (before, after))
    words = {
        name: _WORDS["mirror" in route] for name, route in {**was, **now}.items() if was.get(name) != now.get(name)
    }
    words |= {route.name: _WORDS[isinstance(route, SetMirrorRoute)] for route in wanted if not route.match}
    return tuple(f"set {word} '{name}'" for name, word in words.items())


def _rule(route: ManagedRoute, target: Target) -> Json | Refusal:
    others = [each for each in routes_of(target.service, "http") if each.get("name") != route.name]
    places = chosen("http", others, target.selected, target.setup) if others else []
    model = [] if isinstance(places, Refusal) or not places else destinations_of(others[places[0]])
    canary = _canary(target, model)
    match route:
        case SetHeaderRoute():
            matches = [{"headers": _headers((header,))} for header in route.match]
            return {"name": route.name, "match": matches, "route": [{"weight": 100, "destination": canary}]}
        case SetMirrorRoute():
            if isinstance(places, Refusal):
                return places
            if not model:
                return Refusal("the VirtualService has no weighted route to copy: name one in routes")
            return _mirror(route, canary, model)


def _canary(target: Target, model: list[Json]) -> Json:
    subsets = target.setup.subsets
    port = mapping(model[0].get("destination")).get("port") if model else None
    found: Json = {"host": target.host}
    if subsets is not None:
        found["subset"] = subsets.canary
    return found | ({"port": deepcopy(port)} if port else {})


def _mirror(route: SetMirrorRoute, canary: Json, model: list[Json]) -> Json:
    return {
        "name": route.name,
        "match": [_request(request) for request in route.match],
        "route": [_weightless(deepcopy(destination)) for destination in model],
        "mirror": canary,
        "mirrorPercentage": {"value": 100 if route.percentage is None else route.percentage},
    }


def _weightless(destination: Json) -> Json:
    """A destination whose weight is left out where it is none."""
    return destination if weight_of(destination) else {key: destination[key] for key in destination if key != "weight"}


def _request(request: RequestMatch) -> Json:
    found = {"method": request.method, "uri": request.path}
    matches: Json = {key: _string(match) for key, match in found.items() if match is not None}
    return matches | ({"headers": _headers(request.headers)} if request.headers else {})


def _headers(headers: Collection[HeaderMatch]) -> Json:
    return {header.name: _string(header.value) for header in headers}


def _string(match: StringMatch) -> Json:
    named = {"exact": match.exact, "prefix": match.prefix, "regex": match.regex}
    return {key: value for key, value in named.items() if value}
