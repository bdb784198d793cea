"""What App Mesh has to know of a version: ports, protocols, patience, backends, hosts."""

from typing import Any

import pytest

from rollouts.traffic.owned import virtualnodes
from tests.builders.owned import a_route


@pytest.mark.parametrize(
    ("settings", "mapped"),
    [
        ({}, {"port": 80, "protocol": "http"}),
        ({"targetPort": 8080}, {"port": 8080, "protocol": "http"}),
        ({"targetPort": "http"}, {"port": 80, "protocol": "http"}),
        ({"portName": "grpc-web"}, {"port": 80, "protocol": "grpc"}),
    ],
)
def test_the_port_is_that_of_the_pods(settings: dict[str, Any], mapped: dict[str, Any]) -> None:
    """One that is told by its name is taken to be the Service's."""
    assert virtualnodes.listener(a_route(settings=settings)) == {"portMapping": mapped}


def test_backends_are_named_here_or_by_amazon() -> None:
    """A name that begins like Amazon's is one."""
    made = virtualnodes.spec(a_route(settings={"backends": ["else", "arn:aws:mesh"]}), "web-canary")

    assert [backend["virtualService"] for backend in made["backends"]] == [
        {"virtualServiceRef": {"name": "else"}},
        {"virtualServiceARN": "arn:aws:mesh"},
    ]


def test_the_timeout_is_that_of_the_protocol() -> None:
    """Listeners have it under the protocol's name; one that cannot be read is none."""
    settings = {"portName": "grpc", "timeout": "1m30s"}
    made = virtualnodes.spec(a_route(settings=settings), "web-stable")

    assert made["listeners"][0]["timeout"] == {"grpc": {"perRequest": {"unit": "ms", "value": 90000}}}
    assert virtualnodes.patience(a_route(settings={"timeout": "soon"})) == {}


@pytest.mark.parametrize(
    ("retries", "attempts", "milliseconds", "events"),
    [
        ({"perTryTimeout": "1s"}, 1, 1000, ["gateway-error"]),
        ({"attempts": 3, "retryOn": "gateway-error,client-error"}, 3, 250, ["gateway-error", "client-error"]),
    ],
)
def test_retries_have_defaults(retries: dict[str, Any], attempts: int, milliseconds: int, events: list[str]) -> None:
    """One more try, a quarter of a second for each, on errors of gateways."""
    assert virtualnodes.patience(a_route(settings={"retries": retries}))["retryPolicy"] == {
        "maxRetries": attempts,
        "perRetryTimeout": {"unit": "ms", "value": milliseconds},
        "httpRetryEvents": events,
    }


def test_hosts_are_told_to_the_ingress_gateway() -> None:
    """With patience and retries; without hosts there is nothing to serve."""
    settings = {"hosts": ["a.test", "b.test"], "timeout": "15s", "retries": {"attempts": 3}}
    prefix = virtualnodes.GATEWAY

    assert virtualnodes.gateway(a_route(settings=settings)) == {
        f"{prefix}/expose": "true",
        f"{prefix}/domain": "a.test,b.test,",
        f"{prefix}/timeout": "15s",
        f"{prefix}/retries": "3",
    }
    assert virtualnodes.gateway(a_route(settings={"timeout": "15s"})) == {}
