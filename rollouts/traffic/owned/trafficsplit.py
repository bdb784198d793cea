"""TrafficSplits of the Service Mesh Interface, which several meshes read.

One row a name that manifests use: the meshes differ by the version of the API alone. Weights are numbers, and
quantities (strings) in v1alpha1. What others put on the object stays.
"""

import json
from collections.abc import Callable
from functools import partial

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import split_of
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.single import Single

GROUP = "split.smi-spec.io"
MISSING = "TrafficSplit {name}.{namespace} get query error"
UNLED = "TrafficSplit {name}.{namespace} does not contain routes for"
GATEWAYS = "VirtualService.v1alpha3.networking.istio.io/spec.gateways"
"""Where Istio's adapter for these objects looks for gateways."""

VERSIONS = {
    "linkerd": "v1alpha1",
    "osm": "v1alpha2",
    "smi:v1alpha1": "v1alpha1",
    "smi:v1alpha2": "v1alpha2",
    "smi:v1alpha3": "v1alpha3",
}
_WITH_QUANTITIES = "v1alpha1"


def _spec(weight: Callable[[int], int | str], route: OwnedRoute, split: Split) -> Json:
    """For the first of the hosts, or else for everybody's Service."""
    host = next((text(host) for host in items(route.settings.get("hosts"))), route.service)
    pairs = ((route.canary_service, split.canary), (route.stable_service, split.stable))
    return {"service": host, "backends": [{"service": name, "weight": weight(part)} for name, part in pairs]}


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """By the names of the backends; None where the split leads elsewhere."""
    listed = map(mapping, items(spec.get("backends")))
    parts = {text(entry.get("service")): number(entry.get("weight")) or 0 for entry in listed}
    return split_of(route, parts)


def _with_gateways(route: OwnedRoute, made: Json) -> Json:
    gateways = items(route.settings.get("gateways"))
    if not gateways or not route.provider.endswith(":istio"):
        return made
    marks = {GATEWAYS: json.dumps(gateways, separators=(",", ":"))}
    return {**made, "metadata": {**made["metadata"], "annotations": marks}}


def _provider(name: str, _options: OwnedOptions) -> Owned:
    version = VERSIONS[name]
    weight: Callable[[int], int | str] = str if version == _WITH_QUANTITIES else int
    return Single(
        name=name,
        kind=(f"{GROUP}/{version}", "TrafficSplit"),
        resource=f"trafficsplits.{GROUP}",
        asked=MISSING,
        written=MISSING,
        spec=partial(_spec, weight),
        parts=_parts,
        is_marked=False,
        weighed="backends",
        unled=UNLED,
        finish=_with_gateways,
    )


PROVIDERS: tuple[Callable[[OwnedOptions], Owned], ...] = tuple(partial(_provider, name) for name in VERSIONS)
"""The provider of each row; no flag says anything about it."""
