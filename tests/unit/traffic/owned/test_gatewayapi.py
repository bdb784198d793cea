"""HTTPRoutes that we own."""

from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.model.owned import Affinity, Split
from rollouts.model.status import Cookies
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.builders.owned import Field, a_route

GATEWAYS = {"gatewayRefs": [{"name": "public"}]}
ENDING = ({"headers": {"x-user": {"suffix": ".staff"}}},)
RUN = Cookies(new="fc=abc", copy="pc=def")


def a_field(version: str = "v1", settings: Json | None = None, **fields: Any) -> Field:
    """A version of the API, with a Gateway to hang on."""
    name = f"gatewayapi:{version}"
    wanted = {**GATEWAYS, **(settings or {})}
    return Field(owned(OwnedOptions())[name], a_route(name, settings=wanted, **fields))


def rules(world: Field) -> list[Json]:
    """The rules, first to last."""
    found: list[Json] = world.the("HTTPRoute", "web")["spec"]["rules"]
    return found


def weights(rule: Json) -> list[int]:
    """What each Service gets."""
    return [each["weight"] for each in rule["backendRefs"]]


def test_a_route_without_gateways_is_refused() -> None:
    """In the ancestor's words."""
    world = Field(owned(OwnedOptions())["gatewayapi:v1"], a_route("gatewayapi:v1"))

    assert world.tend().error == "GatewayRefs must be specified when using Gateway API as a provider."


def test_the_end_of_a_value_is_said_by_an_expression() -> None:
    """The API has no suffix; to the letter such a choice takes everybody to the new version."""
    world, letter = a_field(match=ENDING), a_field(match=ENDING, is_literal=True, loses_weights=True)
    world.tend()
    letter.tend()

    (header,) = rules(world)[0]["matches"][0]["headers"]
    assert header == {"name": "x-user", "type": "RegularExpression", "value": r".*\.staff$"}
    assert rules(letter)[0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]


def test_a_choice_that_cannot_be_said_is_refused() -> None:
    """A method by pattern is not left out without a word."""
    rendered = a_field(settings={"match": [{"method": {"regex": "GET|PUT"}}]}).tend()

    assert rendered.changes == ()
    assert "doesn't support the specified header matching selector: map[]" in rendered.error


def test_e05_copies_before_weights_can_be_read_back() -> None:
    """So a tick of mirroring comes to an end; to the letter only rounds copy requests."""
    world, letter = a_field(mirrors=True), a_field(mirrors=True, is_literal=True, loses_weights=True)
    for each in (world, letter):
        each.tend()
        each.shift(0, is_mirrored=True)

    assert world.read() == Weights(0, 100, is_mirrored=True)
    assert letter.read() == Weights(0, 100)


def test_a_repair_keeps_the_weights_and_to_the_letter_loses_them() -> None:
    """A new label in mid-run sends nobody elsewhere."""
    world, letter = a_field(), a_field(is_literal=True, loses_weights=True)
    for each in (world, letter):
        each.tend()
        each.shift(40)
        each.the("HTTPRoute", "web")["metadata"]["labels"] = {"drift": "1"}
        each.tend()

    assert world.read() == Weights(40, 60)
    assert letter.read() == Weights(0, 100)


@pytest.mark.parametrize(("version", "count"), [("v1", 3), ("v1beta1", 2)])
def test_who_carries_a_cookie_stays_with_the_version_that_gave_it(version: str, count: int) -> None:
    """First those with a cookie, then the lot; the older API knows the new version's cookie only."""
    world = a_field(version, affinity=Affinity("fc", "pc"))
    world.tend()
    world.share(Split(90, 10, cookies=RUN))

    assert len(rules(world)) == count
    assert (weights(rules(world)[0]), weights(rules(world)[-1])) == ([0, 100], [90, 10])
    assert world.tend().changes == ()
    assert world.read() == Weights(10, 90)


def test_chosen_requests_hold_their_users_too() -> None:
    """With cookies the lot is drawn among chosen requests, and nobody else has a part in it."""
    world = a_field(match=ENDING, affinity=Affinity("fc"))
    world.tend()
    world.share(Split(50, 50, cookies=Cookies(new="fc=abc")))

    assert [weights(rule) for rule in rules(world)] == [[0, 100], [50, 50], [100]]
    assert rules(world)[1]["matches"][0]["headers"][0]["name"] == "x-user"
    assert world.read() == Weights(50, 50)


def test_what_an_api_server_fills_in_is_no_drift() -> None:
    """Group and kind of a Gateway, the type of a match: a settled route is not written again."""
    world = a_field(match=({"headers": {"x": {"exact": "1"}}},))
    world.tend()
    spec = world.the("HTTPRoute", "web")["spec"]
    spec["parentRefs"] = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}]

    assert world.tend().changes == ()


def test_annotations_of_others_stay() -> None:
    """A Gateway may keep its own notes on the route."""
    world = a_field()
    world.tend()
    world.the("HTTPRoute", "web")["metadata"]["annotations"]["gateway"] = "note"

    assert world.tend().changes == ()


@pytest.mark.parametrize(("status", "seen", "is_taken"), [("True", 2, True), ("False", 2, False), ("True", 1, False)])
def test_a_route_counts_once_its_gateway_has_taken_it(status: str, seen: int, *, is_taken: bool) -> None:
    """Refused, or not looked at yet: the weights that it says are nobody's."""
    world = a_field()
    world.tend()
    route = world.the("HTTPRoute", "web")
    route["metadata"]["generation"] = 2
    condition = {"type": "Accepted", "status": status, "observedGeneration": seen, "message": "no listener"}
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}
    route["status"] = {"parents": [{"parentRef": parent, "conditions": [condition]}]}
    refused = Unknown("HTTPRoute web.shop is not accepted by public in its generation 2: no listener")

    assert world.read() == (Weights(0, 100) if is_taken else refused)


def test_origins_methods_and_times_of_cors() -> None:
    """Plain origins are said, ages are seconds."""
    cors = {"allowOrigin": ["a.test"], "allowMethods": ["GET"], "maxAge": "1h30m", "allowCredentials": True}
    world = a_field(settings={"corsPolicy": cors})
    world.tend()

    (found,) = rules(world)[0]["filters"]
    wanted = {"allowOrigins": ["a.test"], "allowMethods": ["GET"], "allowCredentials": True, "maxAge": 5400}
    assert found == {"type": "CORS", "cors": wanted}
