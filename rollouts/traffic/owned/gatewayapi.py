"""An HTTPRoute that hangs on the user's Gateways and shares out requests, in both versions.

Chosen requests have the first rule, everybody else stays with stable by the last. With cookies those who carry one come
first, and the rule that draws lots is known by its Set-Cookie:

    Cookie fc=abc → canary | Cookie pc=def → stable | everybody → 90 : 10, each answer with its cookie
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.model.objects import Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.model.status import Cookies
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned import cookies
from rollouts.traffic.owned.gatewayrules import (
    EVERYTHING,
    UnmatchableError,
    Version,
    backend,
    crossed,
    filters_of,
    matches_of,
    sets_cookie,
    timeouts_of,
    weight_of,
)
from rollouts.traffic.owned.objects import metadata, not_found, respec, tended, whole
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

GROUP = "gateway.networking.k8s.io"
NO_GATEWAY = "GatewayRefs must be specified when using Gateway API as a provider."
_DEFAULTS = {"group": ("", GROUP), "kind": ("Service", "Gateway"), "type": ("Exact",)}
V1 = Version("v1", has_timeouts=True, has_cors=True, has_stable_cookie=True, reports=True)
V1BETA1 = Version("v1beta1", has_timeouts=False, has_cors=False, has_stable_cookie=False, reports=False)


@dataclass(frozen=True, slots=True)
class GatewayApi(Lasting):
    """The provider, for one version of the API."""

    version: Version

    @property
    def name(self) -> str:
        """With the version, as manifests have it."""
        return f"gatewayapi:{self.version.name}"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """HTTPRoutes of that version."""
        return ((f"{GROUP}/{self.version.name}", "HTTPRoute"),)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The one object."""
        return (self._ref(route),)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The object as its user wants it; annotations of others stay."""
        ref = self._ref(route)
        live = objects[ref]
        if not items(route.settings.get("gatewayRefs")):
            return Rendered(error=NO_GATEWAY)
        before = mapping(mapping(live).get("spec"))
        now = _parts(route, before)

        def wanted(split: Split) -> Json:
            return whole(ref, _metadata(route, live), _as_before(self._spec(route, split), before))

        try:
            return Rendered(tended(route, live, wanted, now))
        except UnmatchableError as error:
            return Rendered(error=f"Invalid request matching selectors: {error}")

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """New rules."""
        ref = self._ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref))
        before = mapping(live.get("spec"))
        try:
            spec = {**before, **self._spec(route, split, doubles=route.is_literal)}
        except UnmatchableError as error:
            return Rendered(error=f"Invalid request matching selectors: {error}")
        return Rendered(respec(ref, live, _as_before(spec, before)))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the rule that draws lots says, once every Gateway has taken it."""
        ref = self._ref(route)
        live = objects[ref]
        if live is None:
            return Unknown(_missing(ref))
        refusal = _refusal(live) if self.version.reports else ""
        if refusal:
            return Unknown(f"HTTPRoute {ref.name}.{ref.namespace} {refusal}")
        split = _parts(route, mapping(live.get("spec"))) or Split(0, 0)
        return Weights(split.canary, split.stable, is_mirrored=split.is_mirrored)

    def _ref(self, route: OwnedRoute) -> Ref:
        return Ref(*self.kinds[0], route.namespace, route.service)

    def _spec(self, route: OwnedRoute, split: Split, *, doubles: bool = False) -> Json:
        hosts, gateways = items(route.settings.get("hosts")), items(route.settings.get("gatewayRefs"))
        made: Json = {"parentRefs": gateways, "rules": _rules(route, self.version, split, doubles=doubles)}
        return made | ({"hostnames": hosts} if hosts else {})


def _missing(ref: Ref) -> str:
    said = not_found("httproutes.gateway.networking.k8s.io", ref.name)
    return f"HTTPRoute {ref.name}.{ref.namespace} get error: {said}"


def _metadata(route: OwnedRoute, live: Json | None) -> Json:
    meta = metadata(route, route.service)
    known = mapping(mapping(mapping(live).get("metadata")).get("annotations"))
    return {**meta, "annotations": {**known, **meta["annotations"]}}


def _rules(route: OwnedRoute, version: Version, split: Split, *, doubles: bool = False) -> list[Json]:
    """All rules for a split. `doubles`: the rule for a cookie of nobody stays as one more of the kind of the last."""
    own = matches_of(items(route.settings.get("match")), by_letter=route.is_literal)
    common = timeouts_of(route, version)
    filters = filters_of(route, version)
    common |= {"filters": filters} if filters else {}
    weighted = _drawing(route, version, split) | common
    rules = [*_held(route, version, split, own, common), weighted | {"matches": own or [EVERYTHING]}]
    if doubles and route.affinity and len(rules) == 1 and split.canary == 0:
        rules.insert(0, rules[0])
    if route.match:
        place = 0 if route.is_literal else len(rules) - 1
        rules[place] = rules[place] | {"matches": crossed(_chosen(route), own or [EVERYTHING])}
        rules.append({"backendRefs": [backend(route, route.stable_service, 100)], **common})
        rules[-1]["matches"] = own or [EVERYTHING]
    if split.is_mirrored and (route.in_rounds or not route.is_literal):
        rules[0] = rules[0] | {"filters": [*filters, _copies(route)]}
    return rules


def _chosen(route: OwnedRoute) -> list[Json]:
    """The requests that an analysis is after. To the letter, what cannot be said chooses everything."""
    try:
        return matches_of(route.match, by_letter=route.is_literal)
    except UnmatchableError:
        if route.is_literal:
            return []
        raise


def _copies(route: OwnedRoute) -> Json:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": backend(route, route.canary_service)}}


def _drawing(route: OwnedRoute, version: Version, split: Split) -> Json:
    """The part of the rule that draws lots: weights, and cookies that hold users to their lot."""
    sets = {"canary": "", "stable": ""}
    if route.affinity and split.canary > 0 and split.cookies.new:
        sets["canary"] = cookies.given_by_canary(route, split.cookies.new)
        if route.affinity.stable_cookie and version.has_stable_cookie:
            sets["stable"] = cookies.given_by_stable(route, split.cookies.copy)
    return {
        "backendRefs": [
            backend(route, route.stable_service, split.stable, sets["stable"]),
            backend(route, route.canary_service, split.canary, sets["canary"]),
        ]
    }


def _held(route: OwnedRoute, version: Version, split: Split, own: list[Json], common: Json) -> list[Json]:
    """The rules for those who carry a cookie: of this run, or of one that is over and is taken back."""
    if route.affinity is None:
        return []
    carried, known = _carriers(own), split.cookies
    if split.canary > 0 and known.new:
        rules = [{"matches": carried(known.new), **_drawing(route, version, Split(0, 100)), **common}]
        if route.affinity.stable_cookie and version.has_stable_cookie:
            rules.append({"matches": carried(known.copy), **_drawing(route, version, Split(100, 0)), **common})
        return rules
    if split.canary > 0 or not known.former:
        return []
    filters = [*items(common.get("filters")), sets_cookie(cookies.taken_back(known.former))]
    return [{"matches": carried(known.former), **_drawing(route, version, split), **common, "filters": filters}]


def _carriers(own: list[Json]) -> Any:
    def carried(cookie: str) -> list[Json]:
        header = {"name": "Cookie", "type": "RegularExpression", "value": cookies.pattern(cookie)}
        return crossed([{"headers": [header]}], own)

    return carried


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """The split of a spec, with its cookies; None where it does not lead to both versions."""
    rules = [mapping(rule) for rule in items(spec.get("rules"))]
    ours = [rule for rule in rules if weight_of(rule, route.canary_service) is not None]
    drawing = next((rule for rule in ours if any(_settings(rule).values())), next(iter(ours), None))
    if drawing is None:
        return None
    stable, canary = (weight_of(drawing, service) or 0 for service in (route.stable_service, route.canary_service))
    is_mirrored = route.mirrors and any(_is_copied(route, rule) for rule in ours)
    return Split(stable, canary, is_mirrored, _cookies(route, drawing, ours))


def _cookies(route: OwnedRoute, drawing: Json, rules: list[Json]) -> Cookies:
    sets = {name: cookies.cookie_in(setting) for name, setting in _settings(drawing).items()}
    taken = [setting for rule in rules for setting in _set_by(rule) if cookies.GONE in setting]
    former = cookies.cookie_in(taken[0]) if taken else ""
    return Cookies(sets.get(route.canary_service, ""), former, sets.get(route.stable_service, ""))


def _settings(rule: Json) -> dict[str, str]:
    """The Set-Cookie of each Service of a rule."""
    return {
        text(entry.get("name")): next(iter(_set_by(entry)), "")
        for entry in map(mapping, items(rule.get("backendRefs")))
    }


def _set_by(holder: Json) -> list[str]:
    filters = [mapping(mapping(each).get("responseHeaderModifier")) for each in items(holder.get("filters"))]
    added = [mapping(entry) for each in filters for entry in items(each.get("add"))]
    return [text(entry.get("value")) for entry in added if entry.get("name") == cookies.SET_COOKIE]


def _is_copied(route: OwnedRoute, rule: Json) -> bool:
    mirrored = (mapping(mapping(each).get("requestMirror")) for each in items(rule.get("filters")))
    return any(mapping(each.get("backendRef")).get("name") == route.canary_service for each in mirrored)


def _as_before(wanted: Json, before: Json) -> Json:
    """The spec as it stands, where it differs by nothing but what an API server fills in."""
    return before if _plain(wanted) == _plain(before) else wanted


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _plain(each) for key, each in value.items() if each not in _DEFAULTS.get(key, ())}


def _refusal(live: Json) -> str:
    """What a Gateway that users named has against the route as it is now; no report means that it has nothing."""
    generation = mapping(live.get("metadata")).get("generation") or 0
    wanted = [_plain(each) for each in items(mapping(live.get("spec")).get("parentRefs"))]
    for parent in map(mapping, items(mapping(live.get("status")).get("parents"))):
        if _plain(parent.get("parentRef")) not in wanted:
            continue
        for condition in map(mapping, items(parent.get("conditions"))):
            seen = condition.get("observedGeneration") or 0
            if condition.get("type") == "Accepted" and (condition.get("status") != "True" or seen < generation):
                who = text(mapping(parent.get("parentRef")).get("name"))
                return f"is not accepted by {who} in its generation {generation}: {text(condition.get('message'))}"
    return ""


def v1(_options: OwnedOptions) -> Owned:
    """The provider for the API that is stable."""
    return GatewayApi(V1)


def v1beta1(_options: OwnedOptions) -> Owned:
    """The provider for the API before that."""
    return GatewayApi(V1BETA1)
