"""HTTPRoutes as users have them: foreign rules and backends around one rule of ours, in any order."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.specimen import ALL_MANAGED, Specimen

OURS = ("stable", "canary")
backends = st.builds(
    lambda name, weight: {"name": name, "port": 80} | ({} if weight is None else {"weight": weight}),
    st.sampled_from(["other", "third"]),
    st.one_of(st.none(), st.integers(0, 100)),
)
foreign_rules = st.builds(
    lambda listed, path: {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": listed},
    st.lists(backends, max_size=3),
    st.sampled_from(["/a", "/b"]),
)
own_rules = st.builds(
    lambda extra, order: {"backendRefs": [{"name": name, "port": 80} for name in order] + extra},
    st.lists(backends, max_size=2),
    st.permutations(OURS),
)
routes = st.builds(
    lambda own, before, after: {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7", "labels": {"team": "a"}},
        "spec": {"hostnames": ["shop.example"], "rules": [*before, own, *after]},
    },
    own_rules,
    st.lists(foreign_rules, max_size=2),
    st.lists(foreign_rules, max_size=2),
)


def _foreign(route: Json) -> list[Any]:
    """All of a route but our backends' weights and our label."""
    rules = deepcopy(route["spec"]["rules"])
    for rule in rules:
        for backend in rule["backendRefs"]:
            if backend["name"] in OURS:
                backend.pop("weight", None)
    return [rules, route["spec"]["hostnames"], route["metadata"]["labels"].get("team")]


def _reversed(route: Json) -> None:
    for rule in route["spec"]["rules"]:
        rule["backendRefs"].reverse()


SPECIMEN = Specimen(
    {"httpRoute": "shop"},
    routes.map(lambda route: [route]),
    _foreign,
    managed=ALL_MANAGED,
    reorder=_reversed,
    has_experiments=True,
)
