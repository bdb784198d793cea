"""Routes of Contour, Gloo and Traefik that we own: what of them is not in every provider's promises."""

from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.model.weights import Weights
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.builders.owned import Field, a_route, beside

CHOSEN = ({"headers": {"x-v": {"prefix": "2"}}}, {"headers": {"x-canary": {"exact": "insider"}}})
UPSTREAM = ("gloo.solo.io/v1", "Upstream")


def a_field(name: str, *objects: Json, options: OwnedOptions = OwnedOptions(), **fields: Any) -> Field:  # noqa: B008  # a frozen value
    """A provider before its route."""
    return Field(owned(options)[name], a_route(name, **fields), *objects)


def a_service(name: str, app: str) -> Json:
    """A Service that selects the pods of one version."""
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"selector": {"app": app}}}


def an_upstream(**spec: Any) -> Json:
    """What a user says of connections."""
    return {
        "apiVersion": UPSTREAM[0],
        "kind": UPSTREAM[1],
        "metadata": {"name": "front", "namespace": "shop"},
        "spec": spec,
    }


def test_traefik_lists_a_version_only_while_it_has_traffic() -> None:
    """A Service without requests would be complained about."""
    world = a_field("traefik")
    world.tend()
    listed = [_named(world)]
    world.shift(40)
    listed.append(_named(world))
    world.shift(0)
    listed.append(_named(world))

    assert listed == [["web-stable"], ["web-stable", "web-canary"], ["web-stable"]]


def _named(world: Field) -> list[str]:
    services = world.the("TraefikService", "web")["spec"]["weighted"]["services"]
    return [each["name"] for each in services]


@pytest.mark.parametrize(("loses", "expected"), [(False, Weights(40, 60)), (True, Weights(0, 100))])
def test_drift_costs_weights_to_the_letter_only(loses: bool, expected: Weights) -> None:  # a parameter
    """A stranger's label is taken off, and users stay where they are."""
    world = a_field("traefik", loses_weights=loses)
    world.tend()
    world.shift(40)
    world.the("TraefikService", "web")["metadata"]["labels"] = {"drift": "1"}
    world.tend()

    assert "labels" not in world.the("TraefikService", "web")["metadata"]
    assert world.read() == expected


def test_contour_sends_chosen_requests_by_the_first_route() -> None:
    """Everybody else has a route of their own, all of it stable."""
    world = a_field("contour", match=CHOSEN, settings={"match": [{"uri": {"prefix": "/api"}}]})
    world.tend()
    world.shift(100)
    chosen, rest = world.the("HTTPProxy", "web")["spec"]["routes"]

    headers = [{"name": "x-v", "contains": "2"}, {"name": "x-canary", "exact": "insider"}]
    assert chosen["conditions"] == [{"prefix": "/api", "header": header} for header in headers]
    assert [each.get("weight", 0) for each in chosen["services"]] == [0, 100]
    assert (rest["conditions"], rest["services"][0]["weight"]) == ([{"prefix": "/api"}], 100)


def test_contour_retries_waits_and_belongs_to_a_class() -> None:
    """What users say of requests holds for each route."""
    wanted = {"timeout": "5s", "retries": {"attempts": 2, "perTryTimeout": "1s", "retryOn": "5xx,reset"}}
    world = a_field("contour", settings=wanted, options=OwnedOptions(ingress_class="inner"))
    world.tend()
    spec = world.the("HTTPProxy", "web")["spec"]

    assert spec["ingressClassName"] == "inner"
    assert spec["routes"][0]["timeoutPolicy"] == {"response": "5s", "idle": "5m"}
    assert spec["routes"][0]["retryPolicy"] == {"count": 2, "perTryTimeout": "1s", "retryOn": ["5xx", "reset"]}


def test_gloo_copies_what_the_user_says_of_connections() -> None:
    """Both Upstreams have it, each with the labels of its version's pods; later changes follow."""
    services = (a_service("web-stable", "web-stable"), a_service("web-canary", "web"))
    world = a_field("gloo", *services, an_upstream(useHttp2=True, kube={}), beside=beside(UPSTREAM))
    world.tend()
    spec = world.the("Upstream", "shop-web-canaryupstream-80")["spec"]
    world.the("Upstream", "front")["spec"]["loadBalancerConfig"] = {"healthyPanicThreshold": 10}
    world.tend()

    assert (spec["useHttp2"], spec["kube"]["selector"]) == (True, {"app": "web"})
    for side in ("primary", "canary"):
        made = world.the("Upstream", f"shop-web-{side}upstream-80")["spec"]
        assert made["loadBalancerConfig"] == {"healthyPanicThreshold": 10}


def test_gloo_needs_the_services_first() -> None:
    """What can be made is made; then it is said what is missing."""
    rendered = a_field("gloo", a_service("web-stable", "web-stable"), maker="us").tend()

    assert [change.ref.name for change in rendered.changes] == ["shop-web-primaryupstream-80"]
    assert rendered.error == (
        'error creating us canary upstream: service web-canary.shop get query error: services "web-canary" not found'
    )
