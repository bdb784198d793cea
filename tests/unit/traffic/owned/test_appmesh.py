"""App Mesh: six objects, chosen requests before the rest, and what the mesh's own controller has put in."""

from typing import Any

from rollouts.model.objects import Json
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.appmesh import plain_provider, provider
from rollouts.traffic.owned.protocol import OwnedOptions
from tests.builders.owned import Field, a_route

OPTIONS = OwnedOptions()


def a_field(**fields: Any) -> Field:
    """The provider before a route with these fields."""
    return Field(provider(OPTIONS), a_route("appmesh:v1beta2", **fields))


def routes(world: Field, name: str = "web") -> list[Json]:
    """The routes of a VirtualRouter."""
    found: list[Json] = world.the("VirtualRouter", name)["spec"]["routes"]
    return found


def test_nodes_stand_before_what_leads_to_them() -> None:
    """Six objects in the order in which they need each other."""
    made = [(change.ref.kind, change.ref.name) for change in a_field().tend().changes]

    assert made == [
        ("VirtualNode", "web-stable"),
        ("VirtualNode", "web-canary"),
        ("VirtualRouter", "web"),
        ("VirtualService", "web"),
        ("VirtualRouter", "web-canary"),
        ("VirtualService", "web-canary"),
    ]


def test_pods_are_told_apart_by_their_labels() -> None:
    """Each node takes the pods of its version."""
    world = a_field()
    world.tend()
    selectors = [
        world.the("VirtualNode", name)["spec"]["podSelector"]["matchLabels"]["app"]
        for name in ("web-stable", "web-canary")
    ]

    assert selectors == ["web-stable", "web"]


def test_chosen_requests_go_before_the_rest() -> None:
    """The rest stays with stable, and the canary's own router has no choice to make."""
    world = a_field(match=({"headers": {"x-a": {"exact": "1"}}},), settings={"match": [{"uri": {"prefix": "/api"}}]})
    world.tend()
    world.shift(100)
    chosen, rest = routes(world)

    assert (chosen["name"], chosen["priority"], rest["name"], rest["priority"]) == ("web-a", 10, "web-b", 20)
    assert chosen["httpRoute"]["match"] == {"prefix": "/api", "headers": [{"name": "x-a", "match": {"exact": "1"}}]}
    assert [len(route["httpRoute"]["action"]["weightedTargets"]) for route in (chosen, rest)] == [2, 1]
    assert len(routes(world, "web-canary")) == 1
    assert world.read() == Weights(100, 0)


def test_what_the_mesh_has_put_in_stays() -> None:
    """Its controller names the mesh and Amazon's name in every spec, and a repair leaves both there."""
    world = a_field()
    world.tend()
    for obj in world.objects.values():
        obj["spec"] |= {"awsName": "aws", "meshRef": {"name": "global"}}

    assert world.tend().changes == ()

    world.route = a_route("appmesh:v1beta2", settings={"timeout": "9s"})
    world.tend()

    assert {obj["spec"]["awsName"] for obj in world.objects.values()} == {"aws"}
    assert routes(world)[0]["httpRoute"]["timeout"] == {"perRequest": {"unit": "ms", "value": 9000}}


def test_a_router_that_leads_elsewhere_is_unknown() -> None:
    """The message names router and nodes."""
    world = a_field()
    world.tend()
    world.the("VirtualRouter", "web")["spec"]["routes"] = []

    assert world.read() == Unknown("VirtualRouter web does not contain routes for web-stable and web-canary")


def test_the_name_without_a_version_is_the_same() -> None:
    """The API before this one has had no controller for years."""
    assert plain_provider(OPTIONS).name == "appmesh"
    assert plain_provider(OPTIONS).kinds == provider(OPTIONS).kinds
