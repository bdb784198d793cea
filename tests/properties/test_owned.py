"""What holds for every provider of generated routes, whatever is asked of it in whatever order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.model.objects import Json, Ref
from rollouts.model.owned import OwnedRoute
from rollouts.model.weights import Weights
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.builders.owned import MARK, Field, a_route, an_ingress, beside

KNOWN = owned(OwnedOptions())
INGRESS = ("networking.k8s.io/v1", "Ingress")
APISIX = ("apisix.apache.org/v2", "ApisixRoute")
BACKEND = {"serviceName": "web", "servicePort": 80}
WEIGHTS = st.integers(0, 100)


@dataclass(frozen=True, slots=True)
class Given:
    """What a provider has to find: settings, the object that the manifest names, and users' objects."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    beside: Ref | None = None
    objects: tuple[Json, ...] = ()


def a_service(name: str) -> Json:
    """A Service, for the providers that look at ports."""
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}}


def a_knative_service() -> Json:
    """A Service of Knative with one revision, which gets all."""
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {MARK: "web-1"}},
        "spec": {"template": {}},
        "status": {"latestCreatedRevisionName": "web-1"},
    }


def an_apisix_route() -> Json:
    """A user's ApisixRoute with one item for everybody's Service."""
    spec = {"http": [{"name": "main", "match": {"paths": ["/*"]}, "backends": [BACKEND]}]}
    return {
        "apiVersion": APISIX[0],
        "kind": APISIX[1],
        "metadata": {"name": "front", "namespace": "shop"},
        "spec": spec,
    }


GATEWAYS = Given({"gatewayRefs": [{"name": "public"}]})
GIVEN: Mapping[str, Given] = {
    "apisix": Given(beside=beside(APISIX), objects=(an_apisix_route(),)),
    "gatewayapi:v1": GATEWAYS,
    "gatewayapi:v1beta1": GATEWAYS,
    "gloo": Given(objects=(a_service("web-stable"), a_service("web-canary"))),
    "knative": Given(objects=(a_knative_service(),)),
    "nginx": Given(beside=beside(INGRESS), objects=(an_ingress(),)),
    "skipper": Given(beside=beside(INGRESS), objects=(an_ingress(),)),
}
"""The others find nothing."""


def a_field(name: str, **fields: Any) -> Field:
    """A provider before its route, with what it has to find."""
    found = GIVEN.get(name, Given())
    route = a_route(name, settings=found.settings, beside=found.beside, **fields)
    return Field(KNOWN[name], route, *found.objects)


def settle(world: Field) -> None:
    """Knative's own controller carries out what its Service says; all others need nobody."""
    for obj in world.objects.values():
        if obj["apiVersion"].startswith("serving.knative.dev") and "traffic" in obj["spec"]:
            obj["status"] = {**obj["status"], "traffic": obj["spec"]["traffic"]}


@pytest.mark.parametrize("name", sorted(KNOWN))
@given(weights=st.lists(WEIGHTS, min_size=1, max_size=3))
@settings(max_examples=15)
def test_what_is_written_is_what_is_read(name: str, weights: list[int]) -> None:
    """A route says the split that it was given last, and mending it in between costs nothing."""
    world = a_field(name)
    for weight in weights:
        assert world.tend().error == ""
        assert world.shift(weight).error == ""
        settle(world)
        assert world.tend().changes == ()

        assert world.read() == Weights(weight, 100 - weight)


@pytest.mark.parametrize("name", sorted(KNOWN))
@given(weight=WEIGHTS)
@settings(max_examples=15)
def test_doing_it_twice_is_doing_it_once(name: str, weight: int) -> None:
    """What is there already is not written again."""
    world = a_field(name)
    world.tend()
    world.shift(weight)

    assert world.tend().changes == ()
    assert world.shift(weight).changes == ()


@pytest.mark.parametrize("name", sorted(KNOWN))
@given(weight=WEIGHTS)
@settings(max_examples=15)
def test_a_repair_leaves_the_weights_alone(name: str, weight: int) -> None:
    """A change to the route's own wishes in mid-run is written, and nobody is sent elsewhere for it."""
    world = a_field(name)
    world.tend()
    world.shift(weight)
    settle(world)
    before = world.read()
    world.route = _other(world.route)
    world.tend()

    assert world.read() == before
    assert world.tend().changes == ()


def _other(route: OwnedRoute) -> OwnedRoute:
    """The same route, as a user has changed it."""
    changed = {**route.settings, "hosts": ["new.test"], "timeout": "9s"}
    return replace(route, settings=changed, labels={"team": "new"})


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_is_missing_is_said_and_not_made_up(name: str) -> None:
    """Before anything is there, a weight can be neither written nor read, and both say what is missing."""
    world = a_field(name)
    world.objects.clear()
    shifted = world.shift(10)

    assert shifted.changes == ()
    assert "not found" in shifted.error
    assert "not found" in world.read().reason


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_users_objects_are_as_they_were(name: str) -> None:
    """What the manifest names is only read, and stands in the end as it stood before."""
    world = a_field(name)
    before = [obj for obj in GIVEN.get(name, Given()).objects if obj["kind"] in ("Ingress", "ApisixRoute")]
    world.tend()
    world.shift(40)
    world.give_back()

    assert [world.the(obj["kind"], "front") for obj in before] == before
