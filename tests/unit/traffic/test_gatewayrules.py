"""Header and mirror routes as rules of an HTTPRoute, and what gateways say of them."""

from dataclasses import replace
from typing import Any

import pytest

from rollouts.model.objects import Json, Modify
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.status import CanaryStatus, Status
from rollouts.model.strategy import (
    Canary,
    HeaderMatch,
    ManagedRoute,
    PingPong,
    RequestMatch,
    Router,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
)
from rollouts.model.weights import Share, Shares, Weights
from rollouts.traffic import gatewayapi
from rollouts.traffic.gatewaysettings import IN_PROGRESS_LABEL
from rollouts.traffic.protocol import Desired
from tests.builders.rollouts import a_rollout

PROVIDER = gatewayapi.GatewayApi()
BETA = SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(exact="yes")),))
IN_PROGRESS = {IN_PROGRESS_LABEL: "in-progress"}
COPIES = SetMirrorRoute("copies", (RequestMatch(method=StringMatch(exact="GET")),), 10)


def routed(*steps: Any, names: tuple[str, ...] = ("beta", "copies"), **settings: Any) -> Rollout:
    """A rollout with an HTTPRoute and these managed routes."""
    router = Router("gatewayAPI", settings or {"httpRoute": "shop"})
    return a_rollout(Canary(steps, "stable", "canary", (router,), managed_routes=names))


def a_route(*rules: Json, **metadata: Any) -> Json:
    """The HTTPRoute with these rules, or with one for both backends."""
    both = {"backendRefs": [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]}
    return {
        "apiVersion": gatewayapi.API_VERSION,
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "default", **metadata},
        "spec": {"rules": list(rules) or [both]},
    }


def rendered(rollout: Rollout, route: Json, *managed: ManagedRoute, weight: int = 20) -> list[Json]:
    """The route's rules once the provider has been there."""
    strategy = rollout.strategy
    assert isinstance(strategy, Canary)
    (ref,) = PROVIDER.touches(rollout, strategy.routers[0])
    desired = Desired(Shares(Share(weight, "canary"), Share(100 - weight, "stable")), managed)
    for change in PROVIDER.render(rollout, strategy.routers[0], {ref: route}, desired).changes:
        assert isinstance(change, Modify)
        spec: Json = change.body.get("spec") or route["spec"]
        return list(spec["rules"])
    return list(route["spec"]["rules"])


def test_a_header_route_leads_to_the_canary_alone() -> None:
    """A named rule before the weighted one matches the header too, and knows no other backend."""
    first, second = rendered(routed(), a_route(), BETA)

    assert first == {
        "name": "beta",
        "matches": [
            {
                "path": {"type": "PathPrefix", "value": "/"},
                "headers": [{"name": "X-Beta", "type": "Exact", "value": "yes"}],
            }
        ],
        "backendRefs": [{"name": "canary", "port": 80}],
    }
    assert [backend["weight"] for backend in second["backendRefs"]] == [80, 20]


def test_each_weighted_rule_gets_its_own() -> None:
    """Names are counted on, matches and filters are those of the rule that is copied."""
    rules = [
        {
            "name": "own",
            "matches": [{"path": {"type": "PathPrefix", "value": path}, "headers": [{"name": "A", "value": "a"}]}],
            "filters": [{"type": "URLRewrite"}],
            "backendRefs": [{"name": "stable", "port": 80}, {"name": "canary", "port": port}],
        }
        for path, port in (("/a", 81), ("/b", 82))
    ]

    first, second, *_ = rendered(routed(), a_route(*rules), BETA)

    assert (first["name"], second["name"]) == ("beta", "beta-1")
    assert second["matches"][0]["path"]["value"] == "/b"
    assert [header["name"] for header in second["matches"][0]["headers"]] == ["A", "X-Beta"]
    assert (second["filters"], second["backendRefs"]) == ([{"type": "URLRewrite"}], [{"name": "canary", "port": 82}])


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (StringMatch(exact="a"), ("Exact", "a")),
        (StringMatch(prefix="a"), ("RegularExpression", "a.*")),
        (StringMatch(regex="a|b"), ("RegularExpression", "a|b")),
    ],
)
def test_a_header_matches_as_the_step_says(match: StringMatch, expected: tuple[str, str]) -> None:
    """A prefix is written as an expression, since an HTTPRoute knows none for headers."""
    rule, _ = rendered(routed(), a_route(), SetHeaderRoute("beta", (HeaderMatch("H", match),)))
    (header,) = rule["matches"][0]["headers"]

    assert (header["type"], header["value"]) == expected


def test_a_mirror_route_copies_a_part_of_the_requests() -> None:
    """The rule serves as before, and sends copies of what it matches to the canary."""
    first, _ = rendered(routed(), a_route(), COPIES)

    assert first["name"] == "copies"
    assert first["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}, "method": "GET"}]
    assert [backend["weight"] for backend in first["backendRefs"]] == [80, 20]
    mirror = {"backendRef": {"name": "canary", "port": 80}, "percent": 10}
    assert first["filters"] == [{"type": "RequestMirror", "requestMirror": mirror}]


@pytest.mark.parametrize(
    ("own", "wanted", "expected"),
    [
        (None, StringMatch(prefix="/a"), ("PathPrefix", "/a")),
        ("/shop", StringMatch(prefix="/"), ("PathPrefix", "/shop")),
        ("/shop", StringMatch(prefix="/shop/cart"), ("PathPrefix", "/shop/cart")),
        ("/shop", StringMatch(exact="/shop/cart"), ("Exact", "/shop/cart")),
        ("/shop", StringMatch(prefix="/shopping"), None),
        ("/shop", StringMatch(regex="/s.*"), None),
        (None, StringMatch(regex="/s.*"), ("RegularExpression", "/s.*")),
    ],
)
def test_a_mirror_route_never_takes_requests_from_other_rules(
    own: str | None, wanted: StringMatch, expected: tuple[str, str] | None
) -> None:
    """Its path is the narrower of the rule's and the step's; where they have nothing in common there is no rule."""
    rule: Json = {"backendRefs": [{"name": "stable"}, {"name": "canary"}]}
    if own is not None:
        rule["matches"] = [{"path": {"type": "PathPrefix", "value": own}}]

    rules = rendered(routed(), a_route(rule), SetMirrorRoute("copies", (RequestMatch(path=wanted),)))

    found = [match["path"] for made in rules[:-1] for match in made["matches"]]
    assert found == ([] if expected is None else [{"type": expected[0], "value": expected[1]}])


def test_managed_routes_come_and_go_by_name() -> None:
    """Those that are wanted no more are taken away; rules of others with names of their own stay."""
    rollout, foreign = routed(), {"name": "betatest", "backendRefs": [{"name": "other"}]}
    weighted = a_route()["spec"]["rules"][0]
    standing = a_route(*rendered(rollout, a_route(weighted, foreign), BETA, COPIES))

    assert [rule.get("name") for rule in standing["spec"]["rules"]] == ["beta", "copies", None, "betatest"]
    assert [rule.get("name") for rule in rendered(rollout, standing, COPIES)] == ["copies", None, "betatest"]
    assert [rule.get("name") for rule in rendered(rollout, standing)] == [None, "betatest"]


def test_what_stands_is_read() -> None:
    """The names of managed routes join the weights."""
    rollout = routed()
    strategy = rollout.strategy
    assert isinstance(strategy, Canary)
    (ref,) = PROVIDER.touches(rollout, strategy.routers[0])
    route = a_route(*rendered(rollout, a_route(), BETA, COPIES), labels=IN_PROGRESS)

    assert PROVIDER.read(rollout, strategy.routers[0], {ref: route}) == Weights(20, 80, 100, ("beta", "copies"))


def test_only_routes_that_ask_for_it_get_managed_routes() -> None:
    """`useHeaderRoutes` is the plugin's setting; a single `httpRoute` implies it."""
    plain = routed(httpRoutes=[{"name": "shop"}])
    asking = routed(httpRoutes=[{"name": "shop", "useHeaderRoutes": True}])

    assert len(rendered(plain, a_route(), BETA)) == 1
    assert len(rendered(asking, a_route(), BETA)) == 2


def test_a_mirror_by_part_of_a_method_is_a_mistake() -> None:
    """An HTTPRoute matches methods exactly: the step is refused by its path, with the cure."""
    step = SetMirrorRoute("copies", (RequestMatch(method=StringMatch(prefix="P")),))
    rollout = routed(BETA, step)
    strategy = rollout.strategy
    assert isinstance(strategy, Canary)
    (ref,) = PROVIDER.touches(rollout, strategy.routers[0])

    (fault,) = PROVIDER.faults(rollout, strategy.routers[0], {ref: a_route()})

    assert fault.path == "spec.strategy.steps[1].setMirrorRoute.match[].method"
    assert fault.cure == "give the method as `exact`"


def test_ping_and_pong_are_weighted_by_role() -> None:
    """The Service on stable's side gets what the canary does not, whichever of the two it is."""
    router = Router("gatewayAPI", {"httpRoute": "shop"})
    strategy = Canary((), routers=(router,), ping_pong=PingPong("ping", "pong"))
    rule = {"backendRefs": [{"name": "ping", "weight": 70}, {"name": "pong", "weight": 30}]}
    for side, expected in (("ping", Weights(30, 70)), ("pong", Weights(70, 30)), ("", Weights(70, 30))):
        rollout = replace(a_rollout(strategy), status=Status(canary=CanaryStatus(stable_side=side)))
        (ref,) = PROVIDER.touches(rollout, router)
        assert PROVIDER.read(rollout, router, {ref: a_route(rule, labels=IN_PROGRESS)}) == expected


def accepted(status: str, generation: int) -> Json:
    """What one gateway says of the route."""
    told = {"type": "Accepted", "status": status, "observedGeneration": generation, "reason": "R", "message": "m"}
    return {"parentRef": {"name": "gw"}, "conditions": [told]}


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ([accepted("True", 4)], Verified(True)),
        ([accepted("True", 3)], Verified(False, "HTTPRoute shop: its gateway has not taken the change yet")),
        ([accepted("False", 4)], Verified(False, "HTTPRoute shop: R: m")),
        ([accepted("False", 4), accepted("True", 4)], Verified(True)),
    ],
)
def test_a_gateway_is_asked_what_it_has_taken(parents: list[Json], expected: Verified) -> None:
    """One gateway that carries the route as it is now is enough."""
    rollout = routed()
    strategy = rollout.strategy
    assert isinstance(strategy, Canary)
    (ref,) = PROVIDER.touches(rollout, strategy.routers[0])
    rule = {"backendRefs": [{"name": "stable", "weight": 80}, {"name": "canary", "weight": 20}]}
    objects = {ref: a_route(rule, generation=4, labels=IN_PROGRESS) | {"status": {"parents": parents}}}

    assert PROVIDER.asks(rollout, strategy.routers[0], objects)
    flow = PROVIDER.verify(rollout, strategy.routers[0], objects, Shares(Share(20), Share(80)))
    with pytest.raises(StopIteration) as end:
        next(flow)
    assert end.value.value == expected


def test_nobody_waits_for_a_gateway_that_says_nothing() -> None:
    """A route without a status, or without generations in it, cannot tell."""
    rollout = routed()
    strategy = rollout.strategy
    assert isinstance(strategy, Canary)
    (ref,) = PROVIDER.touches(rollout, strategy.routers[0])
    silent = {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]}

    assert not PROVIDER.asks(rollout, strategy.routers[0], {ref: a_route()})
    assert not PROVIDER.asks(rollout, strategy.routers[0], {ref: a_route() | {"status": silent}})
