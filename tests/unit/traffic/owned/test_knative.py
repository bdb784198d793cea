"""Knative: the revision that serves is marked and pinned, and the Service's status says what it gets."""

from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.knative import KIND, provider
from rollouts.traffic.owned.protocol import OwnedOptions
from tests.builders.owned import MARK, Field, a_route

PINNED = [{"latestRevision": True, "percent": 0}, {"revisionName": "web-1", "percent": 100}]


def a_service(*traffic: Json, latest: str = "web-1", **annotations: str) -> Json:
    """Knative's Service; the status tells of this traffic."""
    return {
        "apiVersion": KIND[0],
        "kind": KIND[1],
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {"template": {}},
        "status": {"latestCreatedRevisionName": latest, "traffic": list(traffic)},
    }


def a_field(service: Json, **fields: Any) -> Field:
    """The provider before a Service."""
    return Field(provider(OwnedOptions()), a_route("knative", **fields), service)


def test_what_serves_is_marked_and_pinned_at_once() -> None:
    """A new revision gets nothing before its turn; to the letter it gets everything until the first weight."""
    found = []
    for is_literal in (False, True):
        world = a_field(a_service(), is_literal=is_literal)
        world.tend()
        made = world.the("Service", "web")
        found.append((made["metadata"]["annotations"], made["spec"].get("traffic")))

    assert found == [({MARK: "web-1"}, PINNED), ({MARK: "web-1"}, None)]


def test_the_mark_of_an_earlier_run_is_kept() -> None:
    """A newer revision does not take its place, and users' own traffic is not overwritten by a repair."""
    world = a_field(a_service(latest="web-2", **{MARK: "web-1"}))
    world.the("Service", "web")["spec"]["traffic"] = [{"revisionName": "web-1", "percent": 100}]

    assert world.tend().changes == ()


def test_a_service_without_a_revision_waits() -> None:
    """Knative has not come to it yet: the error ends the tick, and the next one looks again."""
    assert a_field(a_service(latest="")).tend().error == "Knative Service web.shop has no revision yet"


def test_what_knative_fills_in_is_no_change() -> None:
    """Its webhook says `latestRevision: false` where we say nothing."""
    world = a_field(a_service(**{MARK: "web-1"}))
    world.shift(30)
    world.the("Service", "web")["spec"]["traffic"][1]["latestRevision"] = False

    assert world.shift(30).changes == ()
    assert world.shift(40).changes != ()


LATEST = {"latestRevision": True, "revisionName": "web-2", "percent": 20}
SERVES = {"latestRevision": False, "revisionName": "web-1", "percent": 80}


@pytest.mark.parametrize(
    ("traffic", "seen"),
    [
        ([LATEST, SERVES], Weights(20, 80)),
        ([SERVES, LATEST | {"revisionName": "web-1"}], Weights(20, 80)),
        ([LATEST | {"revisionName": "web-1", "percent": 0}, SERVES | {"percent": 100}], Weights(0, 100)),
        ([LATEST], Unknown("Knative Service web.shop traffic spec invalid")),
        ([], Unknown("Knative Service web.shop traffic spec invalid")),
        (
            [{"latestRevision": True}, SERVES],
            Unknown("Knative Service web.shop canary revision traffic percent does not exist"),
        ),
        (
            [LATEST, {"revisionName": "web-1"}],
            Unknown("Knative Service web.shop primary revision traffic percent does not exist"),
        ),
    ],
)
def test_weights_are_what_knative_has_made_of_them(traffic: list[Json], seen: Weights | Unknown) -> None:
    """By the names of revisions; the latest one may be the one that serves."""
    assert a_field(a_service(*traffic, **{MARK: "web-1"})).read() == seen


def test_without_a_mark_nothing_is_split() -> None:
    """Nobody knows yet which revision serves."""
    world = a_field(a_service())

    assert world.shift(10).error == "Knative Service web.shop annotation not found"
    assert world.read() == Unknown("service web.shop annotation not found")


def test_the_mark_goes_in_the_end() -> None:
    """The revisions keep what they have; a Service that is gone is said."""
    world = a_field(a_service())
    world.tend()
    world.give_back()
    made = world.the("Service", "web")

    assert MARK not in made["metadata"].get("annotations", {})
    assert made["spec"]["traffic"] == PINNED

    world.objects.clear()

    assert "not found" in world.give_back().error
    assert "not found" in world.tend().error
