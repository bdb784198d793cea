"""A second ApisixRoute: which item it repeats, and what it refuses."""

from typing import Any

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.apisix import KIND, provider
from rollouts.traffic.owned.protocol import OwnedOptions
from tests.builders.owned import Field, a_route, beside

SECOND = "front-web-canary"


def a_named_route(**fields: Any) -> OwnedRoute:
    """A route beside ApisixRoute `front`."""
    return a_route("apisix", beside=beside(KIND), **fields)


def a_user_route(*items: Json) -> Json:
    """The user's ApisixRoute."""
    meta = {"name": "front", "namespace": "shop", "labels": {"a": "1"}}
    return {"apiVersion": KIND[0], "kind": KIND[1], "metadata": meta, "spec": {"http": list(items)}}


def an_item(name: str, *services: str, **more: Any) -> Json:
    """An item of it."""
    return {"name": name, "backends": [{"serviceName": each, "servicePort": 80} for each in services], **more}


def test_the_item_of_the_service_is_repeated_before_all_others() -> None:
    """Its matches and plugins stay, its backend's settings go to both versions."""
    item = an_item("main", match={"paths": ["/*"]}, websocket=True)
    item["backends"] = [{"serviceName": "web", "servicePort": "http", "resolveGranularity": "service"}]
    world = Field(provider(OwnedOptions()), a_named_route(), a_user_route(an_item("else", "else"), item))
    world.tend()
    world.shift(20)
    made = world.the("ApisixRoute", SECOND)
    whole = {"servicePort": "http", "resolveGranularity": "service"}

    assert made["metadata"]["labels"] == {"a": "1"}
    assert made["spec"]["http"] == [
        item
        | {
            "priority": 10000,
            "backends": [
                {"serviceName": "web-stable", "weight": 80, **whole},
                {"serviceName": "web-canary", "weight": 20, **whole},
            ],
        }
    ]


def test_an_item_that_users_change_is_followed() -> None:
    """Weights stay; to the letter they are lost."""
    found = []
    for is_literal in (False, True):
        world = Field(
            provider(OwnedOptions()), a_named_route(loses_weights=is_literal), a_user_route(an_item("m", "web"))
        )
        world.tend()
        world.shift(20)
        world.objects[world.provider.touches(world.route)[0]] = a_user_route(an_item("new", "web"))
        world.tend()
        found.append((world.the("ApisixRoute", SECOND)["spec"]["http"][0]["name"], world.read()))

    assert found == [("new", Weights(20, 80)), ("new", Weights(0, 100))]


def test_what_cannot_be_split_is_refused() -> None:
    """No reference, no route, no item for the Service, other backends beside it: each is said in words."""
    complaints = [
        (a_route("apisix"), a_user_route(), "apisix route selector is empty"),
        (a_named_route(), None, "APISIX route front.shop get query error"),
        (a_named_route(), a_user_route(an_item("m", "else")), "Can not find web backend on apisix route front.shop "),
        (a_named_route(), a_user_route(an_item("m", "web", "z")), "only one http backend is supported"),
    ]
    for route, theirs, said in complaints:
        world = Field(provider(OwnedOptions()), route, *([theirs] if theirs else []))

        assert said in world.tend().error
        assert isinstance(world.read(), Unknown)
        assert world.shift(10).error


def test_a_route_without_one_of_the_versions_is_unknown() -> None:
    """A hand on the backends is not read as a weight."""
    world = Field(provider(OwnedOptions()), a_named_route(), a_user_route(an_item("m", "web")))
    world.tend()
    del world.the("ApisixRoute", SECOND)["spec"]["http"][0]["backends"][1]

    assert world.read() == Unknown("apisix route front-web-canary.shop does not lead to both versions")
