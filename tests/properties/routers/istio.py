"""VirtualServices and a DestinationRule as users have them: foreign routes, destinations and subsets around ours."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json
from tests.properties.routers.specimen import ALL_MANAGED, Specimen

API_VERSION = "networking.istio.io/v1alpha3"
SUBSETS = ("old", "new")
metadata = {"namespace": "default", "resourceVersion": "7", "labels": {"team": "a"}}


def _destination(subset: str, weight: int | None, host: str = "shop") -> Json:
    found = {"destination": {"host": host, "subset": subset, "port": {"number": 80}}}
    return found | ({} if weight is None else {"weight": weight})


others = st.builds(
    lambda host, has_weight: _destination("kept", 0 if has_weight else None, host),
    st.sampled_from(["assets", "shop", "shop.default.svc.cluster.local"]),
    st.booleans(),
)
own = st.builds(
    lambda order, weights, more: [
        *(_destination(subset, weight) for subset, weight in zip(order, weights, strict=True)),
        *more,
    ],
    st.permutations(SUBSETS),
    st.tuples(*(st.integers(0, 100) for _ in SUBSETS)),
    st.lists(others, max_size=2),
)
foreign = st.builds(
    lambda name, path, to: {"match": [{"uri": {"prefix": path}}], "route": to} | ({"name": name} if name else {}),
    st.sampled_from(["static", "", "old"]),
    st.sampled_from(["/a", "/b"]),
    st.lists(others, min_size=1, max_size=2),
)
https = st.builds(
    lambda route, before, after: [*before, {"name": "main", "route": route, "timeout": "5s"}, *after],
    own,
    st.lists(foreign, max_size=2),
    st.lists(foreign, max_size=2),
)
tlss = st.builds(
    lambda ours, other: [
        {"match": [{"port": 1, "sniHosts": ["b.example", "a.example"]}], "route": ours},
        {"match": [{"port": 1, "sniHosts": ["a.example"]}], "route": other},
    ],
    own,
    own,
)
tcps = st.builds(
    lambda ours, other: [{"match": [{"port": 3}], "route": other}, {"match": [{"port": 2}], "route": ours}], own, own
)
services = st.builds(
    lambda http, tls, tcp: {
        "apiVersion": API_VERSION,
        "kind": "VirtualService",
        "metadata": {**metadata, "name": "shop"},
        "spec": {"hosts": ["shop.example"], "http": http, "tls": tls, "tcp": tcp},
    },
    https,
    tlss,
    tcps,
)
rules = st.builds(
    lambda order, labels: {
        "apiVersion": API_VERSION,
        "kind": "DestinationRule",
        "metadata": {**metadata, "name": "shop", "annotations": {"owner": "a"}},
        "spec": {
            "host": "shop",
            "subsets": [
                {"name": name, "labels": dict(labels), "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
                for name in order
            ],
        },
    },
    st.permutations((*SUBSETS, "kept")),
    st.sampled_from([{"app": "shop"}, {"app": "shop", "tier": "web"}]),
)


def _foreign(obj: Json) -> list[Any]:
    """All of an object but the weights of our subsets, their versions, and our mark."""
    spec = deepcopy(obj["spec"])
    for route in (route for section in ("http", "tls", "tcp") for route in spec.get(section, ())):
        for destination in route["route"]:
            if destination["destination"]["subset"] in SUBSETS:
                destination.pop("weight", None)
    for subset in spec.get("subsets", ()):
        subset["labels"].pop(HASH_LABEL, None)
    marks = {key: value for key, value in obj["metadata"].get("annotations", {}).items() if key != MANAGED_BY}
    return [spec, marks, obj["metadata"]["labels"]]


def _reversed(obj: Json) -> None:
    for route in (route for section in ("http", "tls", "tcp") for route in obj["spec"].get(section, ())):
        route["route"].reverse()
    obj["spec"].get("subsets", []).reverse()


SPECIMEN = Specimen(
    {
        "virtualService": {
            "name": "shop",
            "routes": ["main"],
            "tlsRoutes": [{"port": 1, "sniHosts": ["a.example", "b.example"]}],
            "tcpRoutes": [{"port": 2}],
        },
        "destinationRule": {
            "name": "shop",
            "canarySubsetName": "new",
            "stableSubsetName": "old",
            "additionalSubsetNames": ["kept"],
        },
    },
    st.builds(lambda service, rule: [service, rule], services, rules),
    _foreign,
    managed=ALL_MANAGED,
    reorder=_reversed,
    has_experiments=True,
)
