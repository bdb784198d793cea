"""A second ApisixRoute that goes before the user's own and shares out its requests.

It repeats the one HTTP item of the user's route that leads to everybody's Service, in front of all others.
"""

from dataclasses import dataclass

from rollouts.model.objects import Create, Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import RESET, metadata, not_found, respec, whole
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

KIND: Kind = ("apisix.apache.org/v2", "ApisixRoute")
UNNAMED = "apisix route selector is empty"
FIRST = 10000
"""The priority of an item that is looked at before any user's."""


@dataclass(frozen=True, slots=True)
class Apisix(Lasting):
    """The provider."""

    name: str = "apisix"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """ApisixRoutes."""
        return (KIND,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The user's route and the second one; none where the manifest names no route."""
        if route.beside is None:
            return ()
        names = (route.beside.name, f"{route.beside.name}-{route.service}-canary")
        return tuple(Ref(*KIND, route.namespace, name) for name in names)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The item of the user's route, with both versions for backends."""
        named = self.touches(route)
        if not named:
            return Rendered(error=UNNAMED)
        source_ref, ref = named
        source, live = objects[source_ref], objects[ref]
        if source is None:
            return Rendered(error=_missing(source_ref, "APISIX route", "get query error"))
        item = _item_of(source, route)
        if isinstance(item, str):
            return Rendered(error=item)
        if live is None:
            return Rendered((Create(ref, whole(ref, _metadata(route, ref, source), _spec(route, item, RESET))),))
        changes = respec(ref, live, _spec(route, item, _now(route, live) or RESET))
        return Rendered(respec(ref, live, _spec(route, item, RESET)) if changes and route.loses_weights else changes)

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """New weights on both backends."""
        found = self._second(route, objects)
        if isinstance(found, str):
            return Rendered(error=found)
        ref, live = found
        parts = {route.stable_service: split.stable, route.canary_service: split.canary}
        http = [_weighed(mapping(item), parts) for item in items(mapping(live.get("spec")).get("http"))]
        return Rendered(respec(ref, live, {**mapping(live.get("spec")), "http": http}))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the backends say, by their names."""
        found = self._second(route, objects)
        if isinstance(found, str):
            return Unknown(found)
        now = _now(route, found[1])
        if now is None:
            return Unknown(f"apisix route {found[0].name}.{found[0].namespace} does not lead to both versions")
        return Weights(now.canary, now.stable)

    def _second(self, route: OwnedRoute, objects: Objects) -> tuple[Ref, Json] | str:
        named = self.touches(route)
        if not named:
            return UNNAMED
        live = objects[named[1]]
        return _missing(named[1], "apisix route", "query error") if live is None else (named[1], live)


def _missing(ref: Ref, word: str, what: str) -> str:
    return f"{word} {ref.name}.{ref.namespace} {what}: {not_found('apisixroutes.apisix.apache.org', ref.name)}"


def _metadata(route: OwnedRoute, ref: Ref, source: Json) -> Json:
    """Ours, with the labels and annotations of the user's route."""
    told = mapping(source.get("metadata"))
    meta = metadata(route, ref.name, is_marked=False)
    return meta | {key: told[key] for key in ("labels", "annotations") if told.get(key)}


def _backends(item: Json) -> list[Json]:
    return [mapping(backend) for backend in items(item.get("backends"))]


def _item_of(source: Json, route: OwnedRoute) -> Json | str:
    """The first item that leads to everybody's Service, or what is wrong; beside other backends its part is unknown."""
    listed = (mapping(item) for item in items(mapping(source.get("spec")).get("http")))
    led = (item for item in listed if any(each.get("serviceName") == route.service for each in _backends(item)))
    item, name = next(led, None), f"{source['metadata']['name']}.{route.namespace}"
    if item is None:
        return f"Can not find {route.service} backend on apisix route {name} "
    if len(_backends(item)) != 1:
        return f"APISIX route {name}'s http route {item.get('name')} only one http backend is supported"
    return item


def _spec(route: OwnedRoute, item: Json, split: Split) -> Json:
    pairs = ((route.stable_service, split.stable), (route.canary_service, split.canary))
    backends = [{**_backends(item)[0], "serviceName": name, "weight": weight} for name, weight in pairs]
    return {"http": [{"websocket": False, **item, "priority": FIRST, "backends": backends}]}


def _weighed(item: Json, parts: dict[str, int]) -> Json:
    backends = [
        {**backend, "weight": parts.get(text(backend.get("serviceName")), backend.get("weight"))}
        for backend in _backends(item)
    ]
    return {**item, "backends": backends}


def _now(route: OwnedRoute, live: Json) -> Split | None:
    """The weights of both; None where one of them is not led to."""
    listed = map(mapping, items(mapping(live.get("spec")).get("http")))
    parts = {
        text(entry.get("serviceName")): number(entry.get("weight")) for item in listed for entry in _backends(item)
    }
    stable, canary = parts.get(route.stable_service), parts.get(route.canary_service)
    return None if stable is None or canary is None else Split(stable, canary)


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Apisix()
