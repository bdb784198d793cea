"""The spec of a generated VirtualService: hosts, and routes with their weights, mirror and cookies. Called by istio.

With cookies those who carry one come first, and the route that draws lots is known by its Set-Cookie (see cookies).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.model.status import Cookies
from rollouts.traffic.bodies import number
from rollouts.traffic.owned import cookies

MESH = "mesh"
_COPIED = ("timeout", "retries", "corsPolicy", "headers")
_CHOOSING = ("headers", "sourceLabels", "queryParams")


def spec_of(route: OwnedRoute, split: Split, *, doubles: bool = False) -> Json:
    """The whole spec. `doubles`: the route for a cookie of nobody stays as one more of the kind of the last."""
    made = _places(route)
    if is_plain(route):
        return {**made, "tcp": [{**_matched(_connections(route)), "route": _lots(route, split)}]}
    own = items(route.settings.get("match"))
    common = _common(route)
    held = _held(route, split, own, common)
    if route.match:
        rest = split.stable if route.is_literal else 100
        return {
            **made,
            "http": [
                *([] if route.is_literal else held),
                {**common, **_crossed_mirror(route, split, own), "route": _lots(route, split)},
                {**common, **_matched(own), "route": [_destination(route, route.stable_service, rest)]},
            ],
        }
    weighted = {**common, **_matched(own), **_mirror(route, split), "route": _lots(route, split)}
    if doubles and route.affinity and not held and split.canary == 0:
        held, weighted = [weighted], {key: weighted[key] for key in weighted if not key.startswith("mirror")}
    return {**made, "http": [*held, weighted]}


def is_plain(route: OwnedRoute) -> bool:
    """Whether connections are routed, and not requests."""
    return text(route.settings.get("appProtocol")).lower() == "tcp"


def parts(route: OwnedRoute, spec: Json) -> Split | None:
    """The split of a spec, with its cookies; None where it does not lead to both versions."""
    routes = [mapping(each) for key in ("http", "tcp") for each in items(spec.get(key))]
    ours = [each for each in routes if _weights(each).keys() >= {route.stable_service, route.canary_service}]
    if not ours:
        return None
    drawing = next((each for each in ours if any(_settings(each).values())), ours[-1])
    stable, canary = (_weights(drawing)[name] for name in (route.stable_service, route.canary_service))
    is_mirrored = mapping(drawing.get("mirror")).get("host") == route.canary_service
    return Split(stable, canary, is_mirrored, _cookies(route, drawing, ours))


def _places(route: OwnedRoute) -> Json:
    """Who is answered, and where; who delegates says neither."""
    if route.settings.get("delegation") is True:
        return {"hosts": []}
    hosts = [text(host) for host in items(route.settings.get("hosts"))]
    is_named = route.service in hosts or "*" in hosts
    return {
        "hosts": hosts if is_named else [*hosts, route.service],
        "gateways": items(route.settings.get("gateways")) or [MESH],
    }


def _common(route: OwnedRoute) -> Json:
    """What users want of every request."""
    made: Json = {key: route.settings[key] for key in _COPIED if route.settings.get(key)}
    rewrite = mapping(route.settings.get("rewrite"))
    made["rewrite"] = {key: rewrite[key] for key in ("uri", "authority") if text(rewrite.get(key))}
    return made if made["rewrite"] else {key: made[key] for key in made if key != "rewrite"}


def _crossed_mirror(route: OwnedRoute, split: Split, own: list[Any]) -> Json:
    """The chosen requests, and copies of them; to the letter they are never copied."""
    mirrored = {} if route.is_literal else _mirror(route, split)
    return {"match": _crossed(route, route.match, own), **mirrored}


def _connections(route: OwnedRoute) -> list[Json]:
    """What of the wanted matches a connection can be told by."""
    known = ("gateways", "port", "sourceLabels", "sourceNamespace")
    wanted = map(mapping, items(route.settings.get("match")))
    return [{key: match[key] for key in known if key in match} for match in wanted]


def _matched(own: list[Any]) -> Json:
    return {"match": own} if own else {}


def _crossed(route: OwnedRoute, chosen: Iterable[Mapping[str, Any]], own: list[Any]) -> list[Json]:
    """Requests that are of the ones and of the others. To the letter, the headers of the one hide the other's, and
    queries choose nobody: everybody whom the other means would be sent to the new version.
    """
    if not own:
        return [dict(each) for each in chosen]
    return [_both(route, mapping(one), mapping(other)) for one in chosen for other in own]


def _both(route: OwnedRoute, chosen: Json, own: Json) -> Json:
    merged = dict(own)
    for key in _CHOOSING[: 2 if route.is_literal else None]:
        if chosen.get(key):
            merged[key] = chosen[key] if route.is_literal else {**mapping(own.get(key)), **mapping(chosen[key])}
    return merged


def _lots(route: OwnedRoute, split: Split) -> list[Json]:
    """Both versions with their weights, and the cookies that hold users to their lot."""
    sets = {route.stable_service: "", route.canary_service: ""}
    affinity, known = route.affinity, split.cookies
    if affinity and split.canary > 0 and known.new and not (route.match and route.is_literal):
        sets[route.canary_service] = cookies.given_by_canary(route, known.new)
        if affinity.stable_cookie:
            sets[route.stable_service] = cookies.given_by_stable(route, known.copy)
    weights = {route.stable_service: split.stable, route.canary_service: split.canary}
    return [_destination(route, name, weights[name], sets[name]) for name in weights]


def _destination(route: OwnedRoute, host: str, weight: int, setting: str = "") -> Json:
    """A Service; its port is named where the gateway would not find it by the host alone."""
    settings = route.settings
    gateways = items(settings.get("gateways"))
    is_outside = settings.get("delegation") is True or (bool(gateways) and gateways[0] != MESH)
    leads: Json = {"host": host}
    if settings.get("portDiscovery") is True and is_outside:
        leads["port"] = {"number": route.port}
    made: Json = {"destination": leads, "weight": weight}
    return made | ({"headers": _setting(setting)} if setting else {})


def _setting(cookie: str) -> Json:
    return {"response": {"add": {cookies.SET_COOKIE: cookie}}}


def _mirror(route: OwnedRoute, split: Split) -> Json:
    if not split.is_mirrored:
        return {}
    made: Json = {"mirror": {"host": route.canary_service}}
    return made | ({"mirrorPercentage": {"value": route.mirror_weight}} if route.mirror_weight > 0 else {})


def _held(route: OwnedRoute, split: Split, own: list[Any], common: Json) -> list[Json]:
    """The routes for those who carry a cookie: of this run, or of one that is over and is taken back."""
    if route.affinity is None:
        return []
    known = split.cookies
    if split.canary > 0 and known.new:
        kept = [(known.new, Split(0, 100)), *([(known.copy, Split(100, 0))] if route.affinity.stable_cookie else [])]
        return [{**common, "match": _carriers(route, cookie, own), "route": _lots(route, lot)} for cookie, lot in kept]
    if split.canary > 0 or not known.former:
        return []
    headers = _with_cookie(mapping(common.get("headers")), cookies.taken_back(known.former))
    matched = {"match": _carriers(route, known.former, own), "headers": headers}
    return [{**common, **matched, "route": _lots(route, split)}]


def _carriers(route: OwnedRoute, cookie: str, own: list[Any]) -> list[Json]:
    return _crossed(route, [{"headers": {"Cookie": {"regex": cookies.pattern(cookie)}}}], own)


def _with_cookie(headers: Json, setting: str) -> Json:
    response = mapping(headers.get("response"))
    added = {**mapping(response.get("add")), cookies.SET_COOKIE: setting}
    return {**headers, "response": {**response, "add": added}}


def _weights(entry: Json) -> dict[str, int]:
    found = (mapping(each) for each in items(entry.get("route")))
    return {text(mapping(each.get("destination")).get("host")): number(each.get("weight")) or 0 for each in found}


def _settings(entry: Json) -> dict[str, str]:
    """The Set-Cookie of each Service of a route."""
    found = (mapping(each) for each in items(entry.get("route")))
    return {text(mapping(each.get("destination")).get("host")): _set_by(each) for each in found}


def _set_by(holder: Json) -> str:
    added = mapping(mapping(mapping(holder.get("headers")).get("response")).get("add"))
    return text(added.get(cookies.SET_COOKIE))


def _cookies(route: OwnedRoute, drawing: Json, routes: list[Json]) -> Cookies:
    if route.affinity is None:
        return Cookies()
    sets = {name: cookies.cookie_in(setting) for name, setting in _settings(drawing).items()}
    former = next((setting for each in routes if cookies.GONE in (setting := _set_by(each))), "")
    return Cookies(sets.get(route.canary_service, ""), cookies.cookie_in(former), sets.get(route.stable_service, ""))
