"""Kuma's TrafficRoutes: tags, meshes, and who takes the object away."""

from rollouts.model.objects import Ref, Remove
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.kuma import provider
from rollouts.traffic.owned.protocol import OwnedOptions
from tests.builders.owned import Field, a_route


def a_field(**fields: object) -> Field:
    """Kuma, before a route with these fields."""
    return Field(provider(OwnedOptions()), a_route("kuma", **fields))


def test_the_object_is_in_no_namespace_and_has_no_owner() -> None:
    """A cluster-scoped object cannot be owned by one in a namespace; so it is taken away by hand, but to the letter."""
    found = []
    for is_literal in (False, True):
        world = a_field(loses_weights=is_literal)
        world.tend()

        assert set(world.the("TrafficRoute", "web")["metadata"]) == {"name", "annotations"}
        found.append(world.give_back().changes)

    assert found == [(Remove(Ref("kuma.io/v1alpha1", "TrafficRoute", "", "web")),), ()]


def test_what_leads_elsewhere_is_left() -> None:
    """A namespace next door may have a Service of the same name, and its route has no owner either."""
    world = a_field()
    world.tend()
    world.shift(10)
    world.the("TrafficRoute", "web")["spec"]["destinations"] = [{"match": {"kuma.io/service": "web_yard_svc_80"}}]

    assert world.give_back().changes == ()


def test_the_mesh_is_the_one_that_users_name() -> None:
    """Or the one that Kuma has without anybody's doing; a change is followed."""
    world = a_field()
    world.tend()
    world.shift(10)

    assert world.the("TrafficRoute", "web")["mesh"] == "default"

    world.route = a_route("kuma", mesh="blue")
    world.tend()

    assert world.the("TrafficRoute", "web")["mesh"] == "blue"
    assert world.read() == Weights(10, 90)


def test_a_new_port_keeps_the_weights() -> None:
    """Data planes are named with their port, and weights are read whatever it is."""
    world = a_field()
    world.tend()
    world.shift(10)
    world.route = a_route("kuma", port=81)
    world.tend()
    split = world.the("TrafficRoute", "web")["spec"]["conf"]["split"]

    assert [part["destination"]["kuma.io/service"] for part in split] == [
        "web-stable_shop_svc_81",
        "web-canary_shop_svc_81",
    ]
    assert world.read() == Weights(10, 90)


def test_a_route_that_leads_elsewhere_is_unknown() -> None:
    """The message is the ancestor's."""
    world = a_field()
    world.tend()
    world.the("TrafficRoute", "web")["spec"]["conf"] = {"split": []}

    assert world.read() == Unknown("TrafficRoute web does not contain routes for web-stable and web-canary")
