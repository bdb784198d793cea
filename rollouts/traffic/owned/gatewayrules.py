"""The rules of a generated HTTPRoute: what requests match, what is done to them. Called by gatewayapi.

A rule is made of what users want of requests (in Istio's words, as their manifests have it) for the versions that it
leads to. Lists that stand for maps are ordered by name: a map has no order, and a route must not change for that.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import names, number

EVERYTHING: Json = {"path": {"type": "PathPrefix", "value": "/"}}
_PATHS = {"exact": "Exact", "prefix": "PathPrefix", "regex": "RegularExpression"}
_VALUES = {"exact": "Exact", "regex": "RegularExpression"}
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


class UnmatchableError(ValueError):
    """A way to choose requests that the Gateway API does not have."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of the API has beside rules and weights."""

    name: str
    has_timeouts: bool
    has_cors: bool
    has_stable_cookie: bool
    reports: bool


def matches_of(wanted: Iterable[Any], *, by_letter: bool) -> list[Json]:
    """The matches of a rule; raises UnmatchableError, in the ancestor's words.

    A prefix or suffix of a value is said by a regular expression, but for users of the letter: theirs is refused.
    """
    return [_match(mapping(each), by_letter=by_letter) for each in wanted]


def crossed(chosen: list[Json], among: list[Json]) -> list[Json]:
    """Requests that are of the ones and of the others."""
    if not chosen or not among:
        return chosen or among
    return [_both(one, other) for one in chosen for other in among]


def _both(one: Json, other: Json) -> Json:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = [*merged[key], *value] if key in ("headers", "queryParams") and key in merged else value
    return merged


def _match(wanted: Json, *, by_letter: bool) -> Json:
    made: Json = {}
    if uri := mapping(wanted.get("uri")):
        made["path"] = _said(uri, _PATHS, "path", _printed(uri))
    if method := mapping(wanted.get("method")):
        if "exact" not in method:
            raise _unmatchable("header", _printed_map(mapping(wanted.get("headers"))))
        made["method"] = method["exact"]
    for field, key, word in (("headers", "headers", "header"), ("queryParams", "queryParams", "query")):
        if listed := mapping(wanted.get(field)):
            made[key] = [
                {"name": name, **_value(mapping(value), word, listed, by_letter=by_letter)}
                for name, value in sorted(listed.items())
            ]
    return made


def _value(value: Json, word: str, listed: Json, *, by_letter: bool) -> Json:
    if not by_letter and "prefix" in value:
        return {"type": "RegularExpression", "value": f"^{re.escape(text(value['prefix']))}.*"}
    if not by_letter and "suffix" in value:
        return {"type": "RegularExpression", "value": f".*{re.escape(text(value['suffix']))}$"}
    return _said(value, _VALUES, word, _printed_map(listed))


def _said(value: Json, kinds: dict[str, str], word: str, printed: str) -> Json:
    how = next((kind for kind in kinds if text(value.get(kind))), None)
    if how is None:
        raise _unmatchable(word, printed)
    return {"type": kinds[how], "value": value[how]}


def _unmatchable(word: str, printed: str) -> UnmatchableError:
    return UnmatchableError(f"Gateway API doesn't support the specified {word} matching selector: {printed}\n")


def _printed(value: Json) -> str:
    words = (("Exact", "exact"), ("Prefix", "prefix"), ("Suffix", "suffix"), ("Regex", "regex"))
    return "{" + " ".join(f"{shown}:{text(value.get(key))}" for shown, key in words) + "}"


def _printed_map(listed: Json) -> str:
    return "map[" + " ".join(f"{name}:{_printed(mapping(value))}" for name, value in sorted(listed.items())) + "]"


def timeouts_of(route: OwnedRoute, version: Version) -> Json:
    """The part of a rule that says how long it may take."""
    pairs = (("request", route.settings.get("timeout")), ("backendRequest", route.settings.get("backendTimeout")))
    found = {key: value for key, value in pairs if text(value)}
    return {"timeouts": found} if found and version.has_timeouts else {}


def filters_of(route: OwnedRoute, version: Version) -> list[Json]:
    """What is done to requests and answers of this route."""
    return [*_headers(route), *_rewrite(route), *_mirrors(route), *(_cors(route) if version.has_cors else ())]


def _headers(route: OwnedRoute) -> Iterator[Json]:
    headers = mapping(route.settings.get("headers"))
    for side, kind in (("request", "RequestHeaderModifier"), ("response", "ResponseHeaderModifier")):
        wanted = mapping(headers.get(side))
        made: Json = {
            key: [{"name": name, "value": value} for name, value in sorted(mapping(wanted.get(key)).items())]
            for key in ("add", "set")
            if mapping(wanted.get(key))
        }
        made |= {"remove": wanted["remove"]} if items(wanted.get("remove")) else {}
        if made:
            yield {"type": kind, kind[0].lower() + kind[1:]: made}


def _rewrite(route: OwnedRoute) -> Iterator[Json]:
    wanted, made = mapping(route.settings.get("rewrite")), Json()
    if authority := text(wanted.get("authority")):
        made["hostname"] = authority
    if uri := text(wanted.get("uri")):
        is_prefix = wanted.get("type") == "ReplacePrefixMatch"
        key = "replacePrefixMatch" if is_prefix else "replaceFullPath"
        made["path"] = {"type": key[0].upper() + key[1:], key: uri}
    if made:
        yield {"type": "URLRewrite", "urlRewrite": made}


def _mirrors(route: OwnedRoute) -> Iterator[Json]:
    for wanted in map(mapping, items(route.settings.get("mirror"))):
        yield {"type": "RequestMirror", "requestMirror": wanted}


def _cors(route: OwnedRoute) -> Iterator[Json]:
    """Origins by pattern cannot be said; Istio's older field of plain ones can."""
    wanted = mapping(route.settings.get("corsPolicy"))
    if not wanted:
        return
    made: Json = {
        key: found
        for key, source in (
            ("allowOrigins", "allowOrigin"),
            ("allowMethods", "allowMethods"),
            ("allowHeaders", "allowHeaders"),
            ("exposeHeaders", "exposeHeaders"),
        )
        if (found := list(names(wanted.get(source))))
    }
    made |= {"allowCredentials": True} if wanted.get("allowCredentials") is True else {}
    made |= {"maxAge": age} if (age := _seconds(text(wanted.get("maxAge")))) else {}
    yield {"type": "CORS", "cors": made}


def _seconds(written: str) -> int:
    parts = ((_UNITS[part[2]], float(part[1])) for part in _PART.finditer(written))
    return int(sum((timedelta(**{unit: value}) for unit, value in parts), timedelta()).total_seconds())


def backend(route: OwnedRoute, name: str, weight: int | None = None, setting: str = "") -> Json:
    """A Service as a rule leads to it; answers of it may set a cookie."""
    made: Json = {"group": "", "kind": "Service", "name": name, "port": route.port}
    made |= {"weight": weight} if weight is not None else {}
    return made | ({"filters": [sets_cookie(setting)]} if setting else {})


def sets_cookie(value: str) -> Json:
    """A filter of answers."""
    return {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"add": [{"name": "Set-Cookie", "value": value}]},
    }


def weight_of(rule: Json, service: str) -> int | None:
    """What a Service gets by a rule; None where it is not in it."""
    entry = next((each for each in map(mapping, items(rule.get("backendRefs"))) if each.get("name") == service), None)
    if entry is None:
        return None
    weight = number(entry.get("weight"))
    return 1 if weight is None else weight
