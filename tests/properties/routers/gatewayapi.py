"""HTTPRoutes as users have them: foreign rules and backends around one rule of ours, in any order."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.specimen import ALL_MANAGED, HEADERS_ONLY, Specimen

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


def _as_grpc(route: Json) -> Json:
    """The same as a GRPCRoute: rules match methods of services."""
    rules = [{**rule, "matches": [{"method": {"service": "shop"}}]} for rule in route["spec"]["rules"]]
    return {**route, "kind": "GRPCRoute", "spec": {**route["spec"], "rules": rules}}


def _as_tcp(route: Json) -> Json:
    """The same as a TCPRoute: rules match nothing."""
    rules = [{"backendRefs": rule["backendRefs"]} for rule in route["spec"]["rules"]]
    version = "gateway.networking.k8s.io/v1alpha2"
    return {**route, "apiVersion": version, "kind": "TCPRoute", "spec": {**route["spec"], "rules": rules}}


def _with_names(route: Json) -> Json:
    """Rules with names; the last one has both backends too and is somebody else's by its name."""
    rules = [
        {**rule, "name": "ours" if _is_own(rule) else f"other-{i}"} for i, rule in enumerate(route["spec"]["rules"])
    ]
    theirs = {"name": "theirs", "backendRefs": [{"name": name, "weight": 7} for name in OURS]}
    return {**route, "spec": {**route["spec"], "rules": [*rules, theirs]}}


def _is_own(rule: Json) -> bool:
    return {backend["name"] for backend in rule["backendRefs"]} >= set(OURS)


def _foreign_by_name(route: Json) -> list[Any]:
    """With the weights of the rule that is not ours."""
    return [*_foreign(route), [rule for rule in route["spec"]["rules"] if rule.get("name") == "theirs"]]


KINDS = {
    "gatewayAPI grpc": Specimen(
        {"grpcRoute": "shop"},
        routes.map(lambda route: [_as_grpc(route)]),
        _foreign,
        managed=HEADERS_ONLY,
        reorder=_reversed,
        has_experiments=True,
        provider="gatewayAPI",
    ),
    "gatewayAPI tcp": Specimen(
        {"tcpRoutes": [{"name": "shop"}]},
        routes.map(lambda route: [_as_tcp(route)]),
        _foreign,
        reorder=_reversed,
        has_experiments=True,
        provider="gatewayAPI",
    ),
    "gatewayAPI labels": Specimen(
        {"httpRouteSelector": {"matchLabels": {"team": "a"}}},
        routes.map(lambda route: [route]),
        _foreign,
        reorder=_reversed,
        has_experiments=True,
        provider="gatewayAPI",
    ),
    "gatewayAPI rule": Specimen(
        {"httpRoute": "shop", "httpRouteRuleName": "ours"},
        routes.map(lambda route: [_with_names(route)]),
        _foreign_by_name,
        managed=ALL_MANAGED,
        has_experiments=True,
        provider="gatewayAPI",
    ),
}
"""The other ways to name routes, and the other kinds of them."""
