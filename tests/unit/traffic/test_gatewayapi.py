"""HTTPRoutes: what is wrong with them, and what marks a rollout in progress."""

from typing import Any

from rollouts.model.objects import Json, Modify
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic import gatewayapi, gatewaysettings
from rollouts.traffic.protocol import Desired
from rollouts.traffic.registry import unknown_routers
from tests.builders.rollouts import a_rollout

PROVIDER = gatewayapi.GatewayApi()


def routed(**settings: Any) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("gatewayAPI", settings or {"httpRoute": "shop"})
    return a_rollout(Canary((), "stable", "canary", (router,))), router


def a_route(*names: str, **weights: int) -> Json:
    """A route whose one rule has these backends."""
    backends = [{"name": name} | ({"weight": weights[name]} if name in weights else {}) for name in names]
    return {
        "apiVersion": gatewayapi.API_VERSION,
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "5"},
        "spec": {"rules": [{"backendRefs": backends}]},
    }


def split(weight: int) -> Desired:
    """A canary at this weight."""
    return Desired(Shares(Share(weight, "canary"), Share(100 - weight, "stable")))


def test_a_route_in_progress_is_marked() -> None:
    """While the canary has weight the label stands, so that other sync tools can be told to keep away."""
    rollout, router = routed()
    (ref,) = PROVIDER.touches(rollout, router)

    (change,) = PROVIDER.render(rollout, router, {ref: a_route("stable", "canary")}, split(20)).changes

    assert isinstance(change, Modify)
    assert change.version == "5"
    assert change.body["metadata"]["labels"] == {"rollouts.argoproj.io/gatewayapi-canary": "in-progress"}
    assert change.body["metadata"]["annotations"][gatewaysettings.ACTIVE_ANNOTATION] == "default/shop"


def test_the_mark_can_be_renamed_or_left_out() -> None:
    """The plugin's settings for the label are honoured."""
    route = a_route("stable", "canary")
    for settings, expected in (
        ({"inProgressLabelKey": "k", "inProgressLabelValue": "v"}, {"k": "v"}),
        ({"disableInProgressLabel": True}, None),
    ):
        rollout, router = routed(httpRoute="shop", **settings)
        (ref,) = PROVIDER.touches(rollout, router)
        (change,) = PROVIDER.render(rollout, router, {ref: route}, split(20)).changes
        assert isinstance(change, Modify)
        assert change.body.get("metadata", {}).get("labels") == expected


def test_several_routes_may_be_named() -> None:
    """httpRoutes lists more of them, in another namespace if the settings say so."""
    rollout, router = routed(httpRoutes=[{"name": "a"}, {"name": "b"}], namespace="edge")

    assert [(ref.namespace, ref.name) for ref in PROVIDER.touches(rollout, router)] == [("edge", "a"), ("edge", "b")]


def test_rules_that_disagree_are_unknown() -> None:
    """Two rules with other weights give no one answer."""
    route = a_route("stable", "canary", stable=90, canary=10)
    route["spec"]["rules"].append({"backendRefs": [{"name": "stable", "weight": 1}, {"name": "canary", "weight": 1}]})
    rollout, router = routed()
    (ref,) = PROVIDER.touches(rollout, router)

    assert PROVIDER.read(rollout, router, {ref: route}) == Unknown("the rules do not agree on the weights")


def test_faults_name_the_route_and_the_backends() -> None:
    """A missing route, and one without both backends, are told with their names."""
    rollout, router = routed()
    (ref,) = PROVIDER.touches(rollout, router)

    (missing,) = PROVIDER.faults(rollout, router, {ref: None})
    (lacking,) = PROVIDER.faults(rollout, router, {ref: a_route("stable")})

    assert missing.message == "HTTPRoute default/shop does not exist"
    assert lacking.message == "HTTPRoute shop has no rule with both backends canary and stable"


def test_an_unknown_router_names_the_known_ones() -> None:
    """A provider that nobody knows is a mistake, never a fallback."""
    rollout = a_rollout(Canary((), "stable", "canary", (Router("telepathy", {}),)))

    (fault,) = unknown_routers(rollout)

    assert fault.path == "spec.strategy.canary.trafficRouting.telepathy"
    assert "gatewayAPI" in fault.message
