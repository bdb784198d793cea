"""Managed routes as rules of an HTTPRoute or a GRPCRoute, for header and mirror steps. Called by gatewayapi; pure.

A header route is a copy of each weighted rule that matches the headers too and leads to the canary alone; a mirror
route is a copy that sends a part of its requests to the canary besides. Their rules carry the managed route's name
(`<name>`, `<name>-1`, …), as those of Argo's plugin do, and stand first: of two rules that match alike the first wins.
"""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy

from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping
from rollouts.model.strategy import HeaderMatch, ManagedRoute, RequestMatch, SetHeaderRoute, SetMirrorRoute, StringMatch
from rollouts.traffic.gatewaysplit import backends

EVERYTHING: Json = {"path": {"type": "PathPrefix", "value": "/"}}
"""What a rule without matches matches (Gateway API)."""


def is_managed(rule: Json, names: Sequence[str]) -> str:
    """The managed route that a rule belongs to, "" for a rule of somebody else's."""
    written = rule.get("name")
    if not isinstance(written, str):
        return ""
    return next((name for name in names if re.fullmatch(re.escape(name) + r"(-\d+)?", written)), "")


def managed_rules(
    managed: Sequence[ManagedRoute], weighted: Sequence[Json], canary: str, *, is_grpc: bool = False
) -> list[Json]:
    """The rules of all managed routes beside these weighted ones, each of which has the canary's backend."""
    found: list[Json] = []
    for route in managed:
        made = [rule for base in weighted for rule in _rules(route, base, backends(base)[canary], is_grpc=is_grpc)]
        found += [{"name": route.name if place == 0 else f"{route.name}-{place}"} | r for place, r in enumerate(made)]
    return found


def _rules(route: ManagedRoute, base: Json, canary: Json, *, is_grpc: bool) -> Iterator[Json]:
    rule = {key: deepcopy(value) for key, value in base.items() if key != "name"}
    matches = [mapping(each) for each in items(rule.get("matches"))] or [{} if is_grpc else deepcopy(EVERYTHING)]
    match route:
        case SetHeaderRoute():
            headers = [_header(header) for header in route.match]
            only = {key: value for key, value in canary.items() if key != "weight"}
            yield rule | {"matches": [_with_headers(one, headers) for one in matches], "backendRefs": [only]}
        case SetMirrorRoute():
            both = (_narrowed(one, request) for one in matches for request in route.match)
            narrowed = [match for match in both if match is not None]
            mirror = {key: canary[key] for key in ("group", "kind", "name", "namespace", "port") if key in canary}
            percent = {} if route.percentage in (None, 100) else {"percent": route.percentage}
            copied = {"type": "RequestMirror", "requestMirror": {"backendRef": mirror, **percent}}
            if narrowed:
                yield rule | {"matches": narrowed, "filters": [*items(rule.get("filters")), copied]}


def _with_headers(match: Json, headers: Sequence[Json]) -> Json:
    return match | {"headers": [*items(match.get("headers")), *headers]}


def _narrowed(match: Json, request: RequestMatch) -> Json | None:
    """The rule's own match, and in it what the mirror route asks for; None where no request can be both."""
    found = _with_headers(match, [_header(header) for header in request.headers]) if request.headers else dict(match)
    if request.method is not None:
        if match.get("method") not in (None, request.method.exact):
            return None
        found["method"] = request.method.exact
    if request.path is not None:
        kind, value = _typed(request.path, prefix="PathPrefix")
        path = _both_paths(mapping(match.get("path")) or EVERYTHING["path"], {"type": kind, "value": value})
        if path is None:
            return None
        found["path"] = path
    return found


def _both_paths(own: Json, wanted: Json) -> Json | None:
    """The narrower of two paths, if one lies within the other. An expression lies within everything only."""
    if own == EVERYTHING["path"] or own == wanted:
        return wanted
    if wanted["type"] == "PathPrefix" and own.get("type") != "RegularExpression" and _is_within(own, wanted):
        return own
    if own.get("type") == "PathPrefix" and wanted["type"] != "RegularExpression" and _is_within(wanted, own):
        return wanted
    return None


def _is_within(inner: Json, outer: Json) -> bool:
    prefix = str(outer["value"]).rstrip("/")
    value = str(inner.get("value", "/"))
    return value.rstrip("/") == prefix or value.startswith(f"{prefix}/")


def _header(header: HeaderMatch) -> Json:
    """Headers match whole values: a prefix is written as an expression, as Argo's plugin does."""
    kind, value = _typed(header.value, prefix="")
    return {"name": header.name, "type": kind, "value": value}


def _typed(match: StringMatch, prefix: str) -> tuple[str, str]:
    if match.exact is not None:
        return "Exact", match.exact
    if match.prefix is not None:
        return (prefix, match.prefix) if prefix else ("RegularExpression", f"{match.prefix}.*")
    return "RegularExpression", match.regex or ""


def unmirrorable(route: SetMirrorRoute, *, is_grpc: bool) -> tuple[str, str, str] | None:
    """Field, mistake and cure of a mirror route that no such route can carry; None for one that can be."""
    if any(request.method is not None and request.method.exact is None for request in route.match):
        return ".method", "an HTTPRoute matches a method exactly", "give the method as `exact`"
    if is_grpc and any(request.method is not None or request.path is not None for request in route.match):
        return "", "a GRPCRoute has no HTTP methods and paths to match", "match by headers alone"
    return None
