"""TrafficSplits: one row a mesh, versions of the API, gateways of Istio's adapter."""

import pytest

from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import find, owned
from rollouts.traffic.owned.trafficsplit import GATEWAYS
from tests.builders.owned import Field, a_route


def a_field(name: str, **settings: object) -> Field:
    """The provider of a name, suffix or not."""
    provider = find(owned(OwnedOptions()), name)
    assert provider is not None
    return Field(provider, a_route(name, settings=settings))


@pytest.mark.parametrize(
    ("name", "version", "weight"),
    [
        ("linkerd", "v1alpha1", "30"),
        ("osm", "v1alpha2", 30),
        ("smi:v1alpha1:istio", "v1alpha1", "30"),
        ("smi:v1alpha2:linkerd", "v1alpha2", 30),
        ("smi:v1alpha3", "v1alpha3", 30),
    ],
)
def test_each_mesh_has_its_version_of_the_api(name: str, version: str, weight: object) -> None:
    """Weights are quantities in the first version, and numbers since."""
    world = a_field(name)
    world.tend()
    world.shift(30)
    made = world.the("TrafficSplit", "web")

    assert made["apiVersion"] == f"split.smi-spec.io/{version}"
    assert made["spec"]["backends"][0] == {"service": "web-canary", "weight": weight}
    assert world.read() == Weights(30, 70)


def test_gateways_go_to_istios_adapter_only() -> None:
    """Others would not know the annotation."""
    worlds = [a_field(name, gateways=["public"]) for name in ("smi:v1alpha2:istio", "smi:v1alpha2:linkerd")]
    for world in worlds:
        world.tend()

    assert [world.the("TrafficSplit", "web")["metadata"].get("annotations") for world in worlds] == [
        {GATEWAYS: '["public"]'},
        None,
    ]


def test_the_first_host_is_the_one_that_is_split() -> None:
    """A change of hosts in mid-run keeps the weights, but to the letter; what others wrote on the object stays."""
    found = []
    for is_literal in (False, True):
        world = a_field("linkerd")
        world.tend()
        world.shift(40)
        world.the("TrafficSplit", "web")["metadata"]["labels"] = {"theirs": "1"}
        world.route = a_route("linkerd", settings={"hosts": ["a.test", "b.test"]}, loses_weights=is_literal)
        world.tend()
        made = world.the("TrafficSplit", "web")
        found.append((made["spec"]["service"], made["metadata"]["labels"], world.read()))

    assert found == [("a.test", {"theirs": "1"}, Weights(40, 60)), ("a.test", {"theirs": "1"}, Weights(0, 100))]


def test_a_split_that_leads_elsewhere_is_unknown_until_it_is_mended() -> None:
    """Nothing is read off other people's backends."""
    world = a_field("osm")
    world.tend()
    world.the("TrafficSplit", "web")["spec"]["backends"] = [{"service": "old", "weight": 100}]

    assert world.read() == Unknown("TrafficSplit web.shop does not contain routes for web-stable and web-canary")

    world.tend()

    assert world.read() == Weights(0, 100)
