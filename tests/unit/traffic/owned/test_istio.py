"""VirtualServices that we own, and a user's that is taken over and given back."""

import json
from typing import Any

from rollouts.model.objects import Json
from rollouts.model.owned import Affinity, Split
from rollouts.model.status import Cookies
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.istio import APPLIED, SERVICE
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.builders.owned import Field, a_route

NOTE = "example.test/former"
OLD = {"hosts": ["old.test"], "http": [{"route": [{"destination": {"host": "web"}}]}]}
INSIDERS = ({"headers": {"x-canary": {"exact": "insider"}}},)
RUN = Cookies(new="fc=abc", copy="pc=def")


def a_field(*objects: Json, **fields: Any) -> Field:
    """Istio before a route."""
    return Field(owned(OwnedOptions())["istio"], a_route("istio", former_mark=NOTE, **fields), *objects)


def a_users(**annotations: str) -> Json:
    """A VirtualService that somebody else wrote."""
    meta = {"name": "web", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": SERVICE[0], "kind": SERVICE[1], "metadata": meta, "spec": OLD}


def http(world: Field) -> list[Json]:
    """The routes, first to last."""
    routes: list[Json] = world.the("VirtualService", "web")["spec"]["http"]
    return routes


def weights(entry: Json) -> list[int]:
    """What each destination gets."""
    return [each["weight"] for each in entry["route"]]


def test_rules_stand_before_the_routes_that_need_them() -> None:
    """The mesh knows both hosts by the time requests are sent there."""
    changes = a_field(settings={"trafficPolicy": {"tls": {"mode": "DISABLE"}}}).tend().changes

    kinds = ["DestinationRule", "DestinationRule", "VirtualService"]
    assert [change.ref.kind for change in changes] == kinds


def test_a_users_virtual_service_is_given_back_as_it_was() -> None:
    """However often the wishes changed in between, what stood there first is what comes back."""
    world = a_field(a_users())
    world.tend()
    world.shift(50)
    world.route = a_route("istio", former_mark=NOTE, settings={"timeout": "9s"})
    world.tend()
    world.give_back()

    assert world.the("VirtualService", "web")["spec"] == OLD


def test_to_the_letter_the_last_change_is_what_comes_back() -> None:
    """The ancestor notes the spec anew at each change, and what the user had is gone."""
    world = a_field(a_users(), is_literal=True, loses_weights=True)
    world.tend()
    world.shift(50)
    world.route = a_route("istio", former_mark=NOTE, is_literal=True, loses_weights=True, settings={"timeout": "9s"})
    world.tend()
    world.give_back()

    assert weights(http(world)[0]) == [50, 50]


def test_what_kubectl_applied_comes_before_our_own_note() -> None:
    """The user's own record of what they want is the better one."""
    applied = {"spec": {"hosts": ["mine.test"]}}
    world = a_field(a_users(**{APPLIED: json.dumps(applied)}))
    world.tend()
    world.give_back()

    assert world.the("VirtualService", "web")["spec"] == {"hosts": ["mine.test"]}


def test_a_record_that_is_no_json_changes_nothing() -> None:
    """It is said which annotation is meant."""
    rendered = a_field(a_users(**{APPLIED: "x"})).give_back()

    assert rendered.changes == ()
    assert rendered.error == f"VirtualService web.shop failed to unMarshal annotation {APPLIED}"


def test_others_stay_with_stable_whatever_the_weights() -> None:
    """Beside chosen requests everybody else has one destination with all of them; to the letter its weight follows."""
    world = a_field(match=INSIDERS)
    world.tend()
    world.shift(100)
    letter = a_field(match=INSIDERS, is_literal=True, loses_weights=True)
    letter.tend()
    letter.shift(100)

    assert [weights(entry) for entry in http(world)] == [[0, 100], [100]]
    assert [weights(entry) for entry in http(letter)] == [[0, 100], [0]]


def test_chosen_requests_keep_what_the_route_wants_of_headers() -> None:
    """Both conditions hold; to the letter those of the analysis hide those of the Service."""
    own = {"match": [{"uri": {"prefix": "/api"}, "headers": {"x-v": {"exact": "2"}}}]}
    world, letter = a_field(match=INSIDERS, settings=own), a_field(match=INSIDERS, settings=own, is_literal=True)
    world.tend()
    letter.tend()

    assert set(http(world)[0]["match"][0]["headers"]) == {"x-canary", "x-v"}
    assert set(http(letter)[0]["match"][0]["headers"]) == {"x-canary"}


def test_requests_are_chosen_by_query_where_the_service_chooses_too() -> None:
    """Both hold; to the letter the query is lost, and everybody whom the Service means is chosen."""
    asked: tuple[Json, ...] = ({"queryParams": {"try": {"exact": "new"}}},)
    own: Json = {"match": [{"uri": {"prefix": "/api"}}]}
    world, letter = a_field(match=asked, settings=own), a_field(match=asked, settings=own, is_literal=True)
    world.tend()
    letter.tend()

    assert http(world)[0]["match"] == [{**own["match"][0], **asked[0]}]
    assert http(letter)[0]["match"] == own["match"]


def test_copies_of_chosen_requests_can_be_read_back() -> None:
    """A tick of mirroring comes to an end with chosen requests too; to the letter nothing is copied there."""
    world, letter = a_field(match=INSIDERS, mirrors=True), a_field(match=INSIDERS, mirrors=True, is_literal=True)
    for each in (world, letter):
        each.tend()
        each.shift(0, is_mirrored=True)

    assert world.read() == Weights(0, 100, is_mirrored=True)
    assert letter.read() == Weights(0, 100)


def test_who_carries_a_cookie_stays_with_the_version_that_gave_it() -> None:
    """First those with a cookie, then the lot; what is repaired keeps the cookies of the run."""
    world = a_field(affinity=Affinity("fc", "pc"))
    world.tend()
    world.share(Split(90, 10, cookies=RUN))
    before = http(world)
    world.route = a_route("istio", affinity=Affinity("fc", "pc"), labels={"team": "a"}, former_mark=NOTE)
    world.tend()

    assert [weights(entry) for entry in before] == [[0, 100], [100, 0], [90, 10]]
    assert before[0]["match"] == [{"headers": {"Cookie": {"regex": ".*fc.*abc.*"}}}]
    assert http(world) == before
    assert world.read() == Weights(10, 90)


def test_the_cookie_of_a_run_that_is_over_is_taken_back() -> None:
    """Who still carries it is with stable like everybody, and told to forget it."""
    world = a_field(affinity=Affinity("fc"))
    world.tend()
    world.share(Split(100, 0, cookies=Cookies(former="fc=abc")))

    assert http(world)[0]["headers"] == {"response": {"add": {"Set-Cookie": "fc=abc; Max-Age=-1"}}}
    assert world.tend().changes == ()


def test_connections_are_routed_without_requests() -> None:
    """TCP knows neither paths nor cookies."""
    world = a_field(settings={"appProtocol": "TCP", "match": [{"uri": {"prefix": "/"}, "port": 80}]})
    world.tend()
    world.shift(30)

    (entry,) = world.the("VirtualService", "web")["spec"]["tcp"]
    assert (entry["match"], weights(entry)) == ([{"port": 80}], [70, 30])


def test_who_delegates_may_name_neither_hosts_nor_gateways() -> None:
    """Those are the other VirtualService's business."""
    rendered = a_field(settings={"delegation": True, "hosts": ["a.test"]}).tend()

    assert rendered.error == "VirtualService web.shop cannot have hosts and gateways when delegation enabled"


def test_a_route_that_leads_elsewhere_cannot_be_read() -> None:
    """It is said which Services are missing in it."""
    said = "VirtualService web.shop does not contain routes for web-stable and web-canary"

    assert a_field(a_users()).read() == Unknown(said)
