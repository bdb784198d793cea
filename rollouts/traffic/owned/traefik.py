"""A TraefikService with a weighted round robin over the versions that have traffic.

The new version's Service is listed only while it gets something: Traefik would complain about it otherwise.
"""

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.single import Single

KIND = ("traefik.io/v1alpha1", "TraefikService")
WORDS = "TraefikService {name}.{namespace} query error:"
TOTAL = 100


def _spec(route: OwnedRoute, split: Split) -> Json:
    services = [_service(route, route.stable_service, split.stable)]
    if split.canary > 0:
        services.append(_service(route, route.canary_service, split.canary))
    return {"weighted": {"services": services}}


def _service(route: OwnedRoute, name: str, weight: int) -> Json:
    """An entry; no weight is written for none."""
    entry = {"name": name, "namespace": route.namespace, "port": route.port}
    return entry | ({"weight": weight} if weight else {})


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """By the stable version's part: the rest is the new one's."""
    stable = _weights(spec).get(route.stable_service)
    return None if stable is None else Split(stable, TOTAL - stable)


def _reset(route: OwnedRoute, spec: Json) -> Split:
    """Whoever is listed gets as much as the other."""
    return Split(TOTAL, TOTAL if route.canary_service in _weights(spec) else 0)


def _weights(spec: Json) -> dict[str, int]:
    services = map(mapping, items(mapping(spec.get("weighted")).get("services")))
    return {str(entry.get("name")): number(entry.get("weight")) or 0 for entry in services}


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Single("traefik", KIND, "traefikservices.traefik.io", WORDS, WORDS, _spec, _parts, _reset)
