"""A TraefikService with a weighted round robin over the versions that have traffic (spec/flagger.md §2.9).

The new version's Service is listed only while it gets something: Traefik would complain about it otherwise.
"""

from dataclasses import dataclass

from rollouts.model.objects import Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import brought, metadata, not_found, respec, whole
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

KIND = ("traefik.io/v1alpha1", "TraefikService")
TOTAL = 100


@dataclass(frozen=True, slots=True)
class Traefik(Lasting):
    """The provider."""

    name: str = "traefik"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """TraefikServices."""
        return (KIND,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The one object."""
        return (_ref(route),)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The object with the stable version, and the new one as far as it is there."""
        ref = _ref(route)
        live = objects[ref]
        before = _services(live)
        parts = {name: _weight(entry) for name, entry in before.items()}
        is_sound = _is_sound(route, live, before)
        stable = parts.get(route.stable_service, TOTAL) if is_sound or not route.loses_weights else TOTAL
        services = [_service(route, route.stable_service, stable)]
        if route.canary_service in before:
            canary = parts[route.canary_service] if is_sound or not route.loses_weights else TOTAL
            services.append(_service(route, route.canary_service, canary))
        wanted = whole(ref, metadata(route, ref.name), _spec(services))
        return Rendered(brought(ref, live, wanted))

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """The list with just the versions that get something."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref))
        services = [_service(route, route.stable_service, split.stable)]
        if split.canary > 0:
            services.append(_service(route, route.canary_service, split.canary))
        return Rendered(respec(ref, live, _spec(services)))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """By the stable version's part: the rest is the new one's."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Unknown(_missing(ref))
        stable = _weight(_services(live).get(route.stable_service, {}))
        return Weights(TOTAL - stable, stable)


def _ref(route: OwnedRoute) -> Ref:
    return Ref(*KIND, route.namespace, route.service)


def _missing(ref: Ref) -> str:
    return f"TraefikService {ref.name}.{ref.namespace} query error: {not_found('traefikservices.traefik.io', ref.name)}"


def _services(live: Json | None) -> dict[str, Json]:
    weighted = mapping(mapping(mapping(live).get("spec")).get("weighted"))
    return {str(entry.get("name")): entry for entry in map(mapping, items(weighted.get("services")))}


def _weight(entry: Json) -> int:
    return number(entry.get("weight")) or 0


def _service(route: OwnedRoute, name: str, weight: int) -> Json:
    """An entry; no weight is written for none, as the ancestor's reader of it expects."""
    entry = {"name": name, "namespace": route.namespace, "port": route.port}
    return entry | ({"weight": weight} if weight else {})


def _spec(services: list[Json]) -> Json:
    return {"weighted": {"services": services}}


def _is_sound(route: OwnedRoute, live: Json | None, before: dict[str, Json]) -> bool:
    """Whether nothing but weights differs from what is generated."""
    meta, wanted = mapping(mapping(live).get("metadata")), metadata(route, route.service)
    listed = [_service(route, name, 0) for name in (route.stable_service, route.canary_service) if name in before]
    bare = [{key: value for key, value in entry.items() if key != "weight"} for entry in before.values()]
    marks = all(mapping(meta.get(part)) == wanted.get(part, {}) for part in ("labels", "annotations"))
    return marks and bare == listed and route.stable_service in before


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Traefik()
