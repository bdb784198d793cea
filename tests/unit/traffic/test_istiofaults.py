"""What is told of Istio's settings and objects: Argo's words, and a cure."""

from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.traffic import istio
from rollouts.traffic.protocol import Options
from tests.unit.traffic.meshes import SUBSETS, a_rule, a_service, by_subset, routed, seen, to

PROVIDER = istio.provider(Options())
PATH = "spec.strategy.canary.trafficRouting.istio"
PAIR = [to("stable", 100), to("canary", 0)]


def told(objects: list[Json], **settings: Any) -> list[str]:
    """The faults of a rollout that uses these objects."""
    rollout, router = routed(**settings)
    faults = PROVIDER.faults(rollout, router, seen(*objects))
    assert all(fault.cure for fault in faults)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("settings", [{}, {"virtualService": {"name": "shop"}, "virtualServices": [{"name": "shop"}]}])
def test_one_way_of_naming_virtual_services(settings: dict[str, Any]) -> None:
    """Neither both forms nor none."""
    message = "Internal error: either VirtualService or VirtualServices must be configured"

    assert told([a_service({"route": PAIR})], **settings) == [f"{PATH}: {message}"]


def test_what_is_not_there_is_named() -> None:
    """VirtualServices and the DestinationRule, as the API server says it."""
    found = told([], virtualServices=[{"name": "shop.edge"}], destinationRule=SUBSETS)

    assert found == [
        f'{PATH}.virtualServices.name: Invalid value: "shop": virtualservices.networking.istio.io "shop" not found',
        f'{PATH}.destinationRule.name: Invalid value: "shop": destinationrules.networking.istio.io "shop" not found',
    ]


@pytest.mark.parametrize(
    ("service", "settings", "message"),
    [
        (
            a_service(),
            {},
            "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService",
        ),
        (
            a_service({"route": PAIR[:1]}),
            {},
            "Istio VirtualService has invalid HTTP routes. Error: Canary Service 'canary' not found in route",
        ),
        (
            a_service({"route": PAIR}),
            {"routes": ["main"]},
            "Istio VirtualService has invalid HTTP routes. "
            "Error: HTTP Route 'main' is not found in the defined Virtual Service.",
        ),
        (
            a_service({"route": PAIR}, {"route": PAIR}),
            {},
            "Istio VirtualService has invalid HTTP routes. Error: spec.http[] should be set in VirtualService and it "
            "must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.routes",
        ),
        (
            a_service(tls=[{"match": [{"port": 1, "sniHosts": ["a"]}], "route": PAIR}]),
            {"tlsRoutes": [{"port": 2, "sniHosts": ["a"]}]},
            "Istio VirtualService has invalid TLS routes. "
            "Error: No matching TLS routes found in the defined Virtual Service.",
        ),
        (
            a_service(tcp=[{"route": PAIR[1:]}]),
            {},
            "Istio VirtualService has invalid TCP routes. Error: Stable Service 'stable' not found in route",
        ),
    ],
)
def test_routes_that_cannot_be_weighed(service: Json, settings: dict[str, Any], message: str) -> None:
    """Sections without both versions, without the named routes, or with several and none named."""
    found = told([service], virtualService={"name": "shop", **settings})

    assert found == [f'{PATH}.virtualService.name: Invalid value: "shop": {message}']


def test_a_missing_subset_is_named() -> None:
    """The DestinationRule lacks the canary's: a mesh would answer 503 for it."""
    rule = a_rule({"name": "old", "labels": {}})

    (found,) = told([by_subset(), rule], virtualService={"name": "shop"}, destinationRule=SUBSETS)

    assert found.startswith(f'{PATH}.destinationRule.canarySubsetName: Invalid value: "new": ')


def test_objects_that_are_as_they_should_be() -> None:
    """Nothing is told of them."""
    assert told([by_subset(), a_rule()], virtualService={"name": "shop"}, destinationRule=SUBSETS) == []
