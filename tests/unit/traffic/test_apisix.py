"""ApisixRoutes: rules that are selected, header routes of the rollout's own, and those of others."""

from typing import Any

import pytest

from rollouts.model.objects import Create, Json
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, HeaderMatch, Router, SetHeaderRoute, StringMatch
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic import bodies
from rollouts.traffic.apisix import Apisix
from rollouts.traffic.protocol import Desired
from tests.builders.rollouts import a_rollout

PROVIDER = Apisix()
BETA = SetHeaderRoute("beta", (HeaderMatch("x-beta", StringMatch(prefix="y")),))
SPLIT = Desired(Shares(Share(20, "canary"), Share(80, "stable")))


def routed(**route: Any) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("apisix", {"route": route or {"name": "web"}})
    return a_rollout(Canary((), "stable", "canary", (router,), managed_routes=("beta",))), router


def a_route(name: str = "web", *backends: str, **meta: Any) -> Json:
    """A route with one rule of its own name."""
    listed = [{"serviceName": service, "weight": 50} for service in backends or ("stable", "canary")]
    rule = {"name": name, "backends": listed, "priority": 3}
    return {"metadata": {"name": name, "namespace": "default", **meta}, "spec": {"http": [rule]}}


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (None, 'apisixroutes.apisix.apache.org "web" not found'),
        (a_route("other"), "Apisix http route rule web not found"),
        ({"spec": {}}, "spec.http was not found in Apisix Route manifest"),
        ({"spec": {"http": [{"name": "web"}]}}, "Apisix http route backends not found"),
        (a_route("web", "stable"), "apisix route canary backend was not found"),
        (a_route("web", "canary"), "apisix route stable backend was not found"),
    ],
)
def test_what_stands_in_the_way_is_told_in_argos_words(route: Json | None, words: str) -> None:
    """Nothing is written where a rule or a backend is missing, and the weights are unknown."""
    rollout, router = routed()
    ref, _ = PROVIDER.touches(rollout, router)

    rendered = PROVIDER.render(rollout, router, {ref: route}, SPLIT)

    assert (rendered.changes, rendered.error) == ((), words)
    assert PROVIDER.read(rollout, router, {ref: route}) == Unknown(words)


def test_a_header_route_comes_before_the_users() -> None:
    """It is a copy that leads to the canary, one priority higher, with the labels of the user's, and owned."""
    rollout, router = routed()
    ref, _ = PROVIDER.touches(rollout, router)
    route = a_route(labels={"team": "a"})

    made, _ = PROVIDER.render(rollout, router, {ref: route}, Desired(SPLIT.shares, (BETA,))).changes

    assert isinstance(made, Create)
    assert made.body["metadata"]["labels"] == {"team": "a"}
    assert bodies.is_owned(made.body, rollout)
    (rule,) = made.body["spec"]["http"]
    assert rule == {
        "name": "web",
        "priority": 4,
        "backends": [{"serviceName": "canary", "weight": 100}],
        "match": {"exprs": [{"subject": {"scope": "Header", "name": "x-beta"}, "op": "RegexMatch", "value": "^y.*"}]},
    }


def test_a_strangers_route_is_left_alone() -> None:
    """A route of the managed name that somebody else made is neither changed nor removed."""
    rollout, router = routed()
    ref, beta = PROVIDER.touches(rollout, router)
    objects = {ref: a_route(), beta: a_route("beta")}

    rendered = PROVIDER.render(rollout, router, objects, Desired(SPLIT.shares, (BETA,)))

    assert (rendered.changes, rendered.error) == ((), "duplicate ApisixRoute [beta] already exists")
    assert [change.ref for change in PROVIDER.clean(rollout, router, objects).changes] == [ref]


def test_git_holds_no_header_route_against_the_rollout() -> None:
    """A header route of the rollout's that Git holds too is as the rollout made it; a stranger's is as Git says."""
    rollout, router = routed()
    own = a_route("beta", "canary", ownerReferences=[bodies.owner_of(rollout)])

    assert PROVIDER.keep(a_route("beta"), own, rollout, router)["spec"] == own["spec"]
    assert PROVIDER.keep(a_route("beta"), a_route("beta", "x"), rollout, router) == a_route("beta")


def test_a_name_is_needed() -> None:
    """A router without a route is a fault."""
    (fault,) = PROVIDER.faults(*routed(rules=["web"]), {})

    assert fault.path.endswith("apisix.route.name")
