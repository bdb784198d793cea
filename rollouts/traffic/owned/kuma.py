"""A TrafficRoute of Kuma, which splits everybody's requests by the tags of its data planes."""

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import split_of
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.single import Single

MISSING = "TrafficRoute {name} get query error"
UNLED = "TrafficRoute {name} does not contain routes for"
TAG = "kuma.io/service"
MESH = "default"


def _spec(route: OwnedRoute, split: Split) -> Json:
    pairs = ((route.stable_service, split.stable), (route.canary_service, split.canary))
    return {
        "sources": [{"match": {TAG: "*"}}],
        "destinations": [{"match": _tag(route, route.service)}],
        "conf": {"split": [{"destination": _tag(route, name), "weight": weight} for name, weight in pairs]},
    }


def _tag(route: OwnedRoute, service: str) -> Json:
    return {TAG: f"{service}_{route.namespace}_svc_{route.port}"}


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """By the Services in the tags, whatever the port; None where the route leads elsewhere."""
    listed = map(mapping, items(mapping(spec.get("conf")).get("split")))
    parts = {_service(entry): number(entry.get("weight")) or 0 for entry in listed}
    return split_of(route, parts)


def _service(entry: Json) -> str:
    return text(mapping(entry.get("destination")).get(TAG)).partition("_")[0]


def _in_mesh(route: OwnedRoute, made: Json) -> Json:
    return {**made, "mesh": route.mesh or MESH}


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Single(
        name="kuma",
        kind=("kuma.io/v1alpha1", "TrafficRoute"),
        resource="trafficroutes.kuma.io",
        asked=MISSING,
        written=MISSING,
        spec=_spec,
        parts=_parts,
        weighed="conf",
        unled=UNLED,
        is_clustered=True,
        finish=_in_mesh,
    )
