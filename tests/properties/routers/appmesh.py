"""A VirtualService, its VirtualRouter and two VirtualNodes as users have them, with routes that are not ours."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json
from tests.properties.routers.specimen import Specimen

NODES = ("shop-stable", "shop-canary")


def _object(kind: str, name: str, spec: Json, annotations: Json) -> Json:
    meta: Json = {"name": name, "namespace": "default", "resourceVersion": "7"}
    meta |= {"annotations": annotations} if annotations else {}
    return {"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": kind, "metadata": meta, "spec": spec}


annotations = st.sampled_from([{}, {"owner": "a"}])
targets = st.builds(
    lambda order, weights: [
        {"virtualNodeRef": {"name": name}, "weight": weight} for name, weight in zip(order, weights, strict=True)
    ],
    st.permutations(NODES),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
)
routes = st.builds(
    lambda name, kind, split: {"name": name, "priority": 3, kind: {"match": {}, "action": {"weightedTargets": split}}},
    st.just("main"),
    st.sampled_from(["httpRoute", "http2Route", "grpcRoute", "tcpRoute"]),
    targets,
)
others = routes.map(lambda route: {**route, "name": "other"})
routers = st.builds(
    lambda before, route, after, marks: _object("VirtualRouter", "paths", {"routes": [*before, route, *after]}, marks),
    st.lists(others, max_size=2),
    routes,
    st.lists(others, max_size=2),
    annotations,
)
nodes = st.builds(
    lambda marks, labels: [
        _object("VirtualNode", name, {"podSelector": {"matchLabels": labels}}, marks) for name in NODES
    ],
    annotations,
    st.sampled_from([{"app": "shop"}, {"app": "shop", "tier": "web"}]),
).map(deepcopy)
SERVICE = _object(
    "VirtualService", "shop", {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "paths"}}}}, {"owner": "a"}
)


def _foreign(obj: Json) -> list[Any]:
    """All of an object but the weights of the selected route, the nodes' versions, and our mark."""
    spec = deepcopy(obj["spec"])
    for route in spec.get("routes", ()):
        for rule in (rule for rule in route.values() if isinstance(rule, dict) and route["name"] == "main"):
            for target in rule["action"]["weightedTargets"]:
                target.pop("weight")
    spec.get("podSelector", {}).get("matchLabels", {}).pop(HASH_LABEL, None)
    return [spec, {key: value for key, value in obj["metadata"].get("annotations", {}).items() if key != MANAGED_BY}]


def _reversed(obj: Json) -> None:
    for route in obj["spec"].get("routes", ()):
        for rule in (rule for rule in route.values() if isinstance(rule, dict)):
            rule["action"]["weightedTargets"].reverse()


SPECIMEN = Specimen(
    {
        "virtualService": {"name": "shop", "routes": ["main"]},
        "virtualNodeGroup": {
            "canaryVirtualNodeRef": {"name": "shop-canary"},
            "stableVirtualNodeRef": {"name": "shop-stable"},
        },
    },
    st.builds(lambda router, pair: [deepcopy(SERVICE), router, *pair], routers, nodes),
    _foreign,
    reorder=_reversed,
)
