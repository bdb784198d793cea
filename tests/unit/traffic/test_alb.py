"""AWS load balancers: faults, the order of header routes, leases, and annotations that cannot be read."""

import json
from typing import Any

import pytest

from rollouts.model.objects import Json, Modify
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, HeaderMatch, Router, SetHeaderRoute, StringMatch
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic.alb import Alb
from rollouts.traffic.albactions import MANAGED
from rollouts.traffic.protocol import Desired, Options, Rendered
from tests.builders.rollouts import a_rollout

PROVIDER = Alb(Options())
PREFIX = "alb.ingress.kubernetes.io"
ONE, TWO = (SetHeaderRoute(name, (HeaderMatch("x", StringMatch(exact=name)),)) for name in ("one", "two"))


def routed(**settings: Any) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("alb", {"ingress": "web", "servicePort": 80, **settings})
    return a_rollout(Canary((), "stable", "canary", (router,), managed_routes=("one", "two"))), router


def an_ingress(*services: str, **annotations: str) -> Json:
    """An Ingress that leads to these Services."""
    paths = [{"path": "/", "backend": {"service": {"name": name, "port": {"name": "a"}}}} for name in services]
    meta = {"name": "web", "namespace": "default", "resourceVersion": "3", "annotations": annotations}
    return {"metadata": meta, "spec": {"rules": [{"http": {"paths": paths}}]}}


def split(weight: int, *managed: SetHeaderRoute) -> Desired:
    """A canary at this weight, with these header routes."""
    return Desired(Shares(Share(weight, "canary"), Share(100 - weight, "stable")), managed)


def rendered(ingress: Json | None, desired: Desired, **settings: Any) -> Rendered:
    """What the provider makes of one Ingress."""
    rollout, router = routed(**settings)
    (ref,) = PROVIDER.touches(rollout, router)
    return PROVIDER.render(rollout, router, {ref: ingress}, desired)


def test_what_is_wrong_is_told_in_argos_words() -> None:
    """No name, no such Ingress, no rule for the root Service: each is a fault."""
    rollout, router = routed(rootService="root")
    (ref,) = PROVIDER.touches(rollout, router)
    unnamed = PROVIDER.faults(rollout, Router("alb", {"servicePort": 80}), {})
    missing = PROVIDER.faults(rollout, router, {ref: None})
    astray = PROVIDER.faults(rollout, router, {ref: an_ingress("other")})

    assert [fault.message for fault in (*unnamed, *missing, *astray)] == [
        "names no Ingress",
        'Invalid value: "web": ingress.networking.k8s.io "web" not found',
        'Invalid value: "web": ingress `web` has no rules using service root backend',
    ]
    assert PROVIDER.faults(rollout, router, {ref: an_ingress("root")}) == ()


def test_header_routes_stand_in_the_order_of_their_priority() -> None:
    """Of two header routes the first of managedRoutes wins, in whatever order they came."""
    first = rendered(an_ingress("stable"), split(5, TWO)).changes[0]
    assert isinstance(first, Modify)
    with_two = an_ingress() | {"spec": first.body["spec"]}
    with_two["metadata"]["annotations"] = first.body["metadata"]["annotations"]

    then = rendered(with_two, split(5, ONE, TWO)).changes[0]

    assert isinstance(then, Modify)
    paths = then.body["spec"]["rules"][0]["http"]["paths"]
    assert [path["backend"]["service"]["name"] for path in paths] == ["one", "two", "stable"]
    assert then.version == "3"


def test_several_ingresses_are_all_written() -> None:
    """One that stands already does not keep the others from their weight, as it does upstream."""
    rollout, router = routed(ingress="", ingresses=["web", "more"])
    web, more = PROVIDER.touches(rollout, router)
    change = PROVIDER.render(rollout, router, {web: an_ingress("stable"), more: None}, split(5)).changes[0]
    assert isinstance(change, Modify)
    done = an_ingress("stable", **change.body["metadata"]["annotations"])

    both = PROVIDER.render(rollout, router, {web: done, more: an_ingress("stable")}, split(5))

    assert [change.ref for change in both.changes] == [more]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("old", "invalid character 'o' looking for beginning of value"),
    ],
)
def test_a_list_of_ours_that_cannot_be_read_stops_the_round(written: str, words: str) -> None:
    """What is managed is not guessed: the error is Go's, and nothing is written."""
    found = rendered(an_ingress("stable", **{MANAGED: written}), split(5))

    assert (found.changes, found.error) == ((), words)


def test_sticky_sessions_have_limits() -> None:
    """A duration beyond a week is refused; within it, it is written with the action."""
    too_long = rendered(an_ingress("stable"), split(5), stickinessConfig={"enabled": True, "durationSeconds": 604801})
    fine = rendered(an_ingress("stable"), split(5), stickinessConfig={"enabled": True, "durationSeconds": 60})

    assert too_long.error.startswith("TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds")
    assert isinstance(fine.changes[0], Modify)
    action = json.loads(fine.changes[0].body["metadata"]["annotations"][f"{PREFIX}/actions.stable"])
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


def test_the_sync_loop_keeps_annotations_and_header_routes() -> None:
    """Git's Ingress keeps the annotations that are the rollout's and the paths of its header routes; no others."""
    rollout, router = routed()
    change = rendered(an_ingress("stable"), split(5, ONE)).changes[0]
    assert isinstance(change, Modify)
    live = an_ingress() | {"spec": change.body["spec"]}
    live["metadata"]["annotations"] = {**change.body["metadata"]["annotations"], "live": "only"}

    kept = PROVIDER.keep(an_ingress("stable", git="yes"), live, rollout, router)

    assert kept["spec"] == live["spec"]
    assert kept["metadata"]["annotations"] == {"git": "yes", **change.body["metadata"]["annotations"]}


@pytest.mark.parametrize("written", ["{", "[]", '{"ForwardConfig":{"TargetGroups":[{"ServiceName":"canary"}]}}'])
def test_an_action_that_cannot_be_read_is_unknown(written: str) -> None:
    """A broken action, or one without both Services, says nothing of the weights."""
    rollout, router = routed()
    (ref,) = PROVIDER.touches(rollout, router)
    ingress = an_ingress("stable", **{f"{PREFIX}/actions.stable": written})

    assert isinstance(PROVIDER.read(rollout, router, {ref: ingress}), Unknown)
    assert isinstance(PROVIDER.read(rollout, router, {ref: None}), Unknown)


def test_a_round_removes_nothing_where_there_is_nothing() -> None:
    """Header routes that no step has asked for yet are no reason for an event."""
    found = rendered(an_ingress("stable"), split(0))

    assert [event.message for event in found.events] == ["Updating Ingress `web` to desiredWeight '0'"]


def test_an_ingress_that_is_gone_keeps_no_other_from_being_cleaned() -> None:
    """Of two Ingresses one was deleted, or is the rollout's still: the other one goes back to stable."""
    rollout, router = routed(ingress=None, ingresses=["gone", "web"])
    gone, here = PROVIDER.touches(rollout, router)
    written = PROVIDER.render(rollout, Router("alb", {"ingress": "web"}), {here: an_ingress("stable")}, split(40))
    (change,) = written.changes
    assert isinstance(change, Modify)
    ingress = an_ingress("stable", **change.body["metadata"]["annotations"])

    (back,) = PROVIDER.clean(rollout, router, {gone: None, here: ingress}).changes
    assert isinstance(back, Modify)
    groups = json.loads(back.body["metadata"]["annotations"][f"{PREFIX}/actions.stable"])["ForwardConfig"]
    assert [group["Weight"] for group in groups["TargetGroups"]] == [0, 100]
