"""Istio: what the golden answers leave open, and where we are better on purpose."""

from dataclasses import replace
from typing import Any

import pytest

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Modify
from rollouts.model.status import CanaryStatus
from rollouts.model.strategy import HeaderMatch, PingPong, RequestMatch, SetHeaderRoute, SetMirrorRoute, StringMatch
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic import istio
from rollouts.traffic.protocol import Objects, Options
from tests.properties.routers.specimen import carried_out
from tests.unit.traffic.meshes import SUBSETS, a_rule, a_service, a_version, by_subset, ref, routed, seen, split, to

PROVIDER = istio.provider(Options())
BETA = SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(exact="yes")),))
COPIES = SetMirrorRoute("copies", (RequestMatch(method=StringMatch(exact="GET")),), 10)
HOSTS = {"route": [to("canary.default.svc", 0), to("stable", 100)]}


def weights_of(objects: Objects, name: str = "shop") -> list[list[tuple[str, Any]]]:
    """Host and weight of each destination of each HTTP route."""
    obj = objects[ref("VirtualService", name)]
    assert obj is not None
    return [[(d["destination"]["host"], d.get("weight")) for d in route["route"]] for route in obj["spec"]["http"]]


def rendered(setup: dict[str, Any], objects: Objects, *args: Any, **kwargs: Any) -> Objects:
    """The objects after a round."""
    rollout, router = routed(**setup)
    return carried_out(objects, PROVIDER.render(rollout, router, objects, split(*args, **kwargs)))


def test_destinations_keep_their_order() -> None:
    """The canary may stand first, under whatever form of its host; experiments come last."""
    objects = seen(a_service(HOSTS))

    after = rendered({"virtualService": {"name": "shop"}}, objects, 20, extra=5)

    assert weights_of(after) == [[("canary.default.svc", 20), ("stable", 75), ("try", 5)]]


def test_all_named_virtual_services_are_weighed() -> None:
    """Each in its namespace and by its own routes; one event for each."""
    other = a_service({"name": "a", **HOSTS}, {"name": "b", **HOSTS}, name="other", namespace="edge")
    rollout, router = routed(virtualServices=[{"name": "shop"}, {"name": "other.edge", "routes": ["b"]}])

    found = PROVIDER.render(rollout, router, seen(a_service(HOSTS), other), split(20))

    assert [change.ref.namespace for change in found.changes] == ["default", "edge"]
    assert [event.message for event in found.events] == [
        "VirtualService `shop` set to desiredWeight '20'",
        "VirtualService `other` set to desiredWeight '20'",
    ]
    last = found.changes[-1]
    assert isinstance(last, Modify)
    assert last.version == "5"
    assert [route["route"][0].get("weight") for route in last.body["spec"]["http"]] == [0, 20]


def test_what_stands_before_an_obstacle_is_carried_out() -> None:
    """The second VirtualService is missing: the first has its weight, and the round ends in upstream's words."""
    rollout, router = routed(virtualServices=[{"name": "shop"}, {"name": "gone"}])

    found = PROVIDER.render(rollout, router, seen(a_service(HOSTS)), split(20))

    assert [change.ref.name for change in found.changes] == ["shop"]
    assert found.error == 'virtualservices.networking.istio.io "gone" not found'
    assert [event.reason for event in found.events] == ["Updated VirtualService", "VirtualServiceNotFound"]


def test_tls_and_tcp_routes_are_known_by_ports_and_hosts() -> None:
    """TLS by port and the set of SNI hosts, TCP by port; routes with several ports are nobody's."""
    pair = [to("stable", 100), to("canary", 0)]
    tls = [
        {"match": [{"port": 1, "sniHosts": ["b", "a"]}], "route": pair},
        {"match": [{"port": 1, "sniHosts": ["a"]}, {"port": 2, "sniHosts": ["b"]}], "route": pair},
    ]
    tcp = [{"match": [{"port": 3}], "route": pair}, {"match": [{"port": 4}], "route": pair}]
    service = {"name": "shop", "tlsRoutes": [{"port": 1, "sniHosts": ["a", "b"]}], "tcpRoutes": [{"port": 4}]}
    objects = seen(a_service(tls=tls, tcp=tcp))

    spec = (rendered({"virtualService": service}, objects, 20)[ref("VirtualService")] or {})["spec"]

    assert [route["route"][1]["weight"] for route in spec["tls"]] == [20, 0]
    assert [route["route"][1]["weight"] for route in spec["tcp"]] == [0, 20]


def test_roles_of_ping_pong_swap() -> None:
    """The canary is the side that stable is not on."""
    objects = seen(a_service({"route": [to("ping", 100), to("pong", 0)]}))
    rollout, router = routed(services=("", ""), ping_pong=PingPong("ping", "pong"), virtualService={"name": "shop"})
    status = replace(rollout.status, canary=CanaryStatus(stable_side="ping"))

    found = PROVIDER.render(replace(rollout, status=status), router, objects, split(20))

    assert weights_of(carried_out(objects, found)) == [[("ping", 80), ("pong", 20)]]


def test_managed_routes_stand_first_in_their_order() -> None:
    """Copies divide by the weights of this round; both take the port of the weighted route."""
    hosts = {"route": [to("stable", 100, port={"number": 80}), to("canary", 0, port={"number": 80})]}

    after = rendered({"virtualService": {"name": "shop"}}, seen(a_service(hosts)), 20, COPIES, BETA)

    beta, copies, _ = (after[ref("VirtualService")] or {})["spec"]["http"]
    canary = {"host": "canary", "port": {"number": 80}}
    assert beta == {
        "name": "beta",
        "match": [{"headers": {"X-Beta": {"exact": "yes"}}}],
        "route": [{"weight": 100, "destination": canary}],
    }
    assert (copies["mirror"], copies["mirrorPercentage"]) == (canary, {"value": 10})
    assert [destination["weight"] for destination in copies["route"]] == [80, 20]


def test_the_only_route_stays_the_only_one_beside_managed_ones() -> None:
    """Named or not, it is weighed while a header route stands before it."""
    objects = rendered({"virtualService": {"name": "shop"}}, seen(a_service({"name": "main", **HOSTS})), 20, BETA)

    after = rendered({"virtualService": {"name": "shop"}}, objects, 40, BETA)

    assert weights_of(after)[-1] == [("canary.default.svc", 40), ("stable", 60)]


SUBSET: dict[str, Any] = {"services": ("", ""), "virtualService": {"name": "shop"}, "destinationRule": SUBSETS}


def test_subsets_are_led_before_weights() -> None:
    """The first patch is the DestinationRule's: with the hashes, the mark, and an experiment's subset."""
    rollout, router = routed(**SUBSET)

    found = PROVIDER.render(rollout, router, seen(by_subset(), a_rule()), split(20, extra=5))

    rule, service = found.changes
    assert isinstance(rule, Modify)
    assert (rule.ref.kind, service.ref.kind) == ("DestinationRule", "VirtualService")
    assert rule.body["metadata"] == {"annotations": {MANAGED_BY: rollout.name}}
    labels = {subset["name"]: subset["labels"].get(HASH_LABEL) for subset in rule.body["spec"]["subsets"]}
    assert labels == {"old": "sss", "new": "ccc", "try": "ttt"}


def test_subsets_of_others_stay() -> None:
    """Those with labels or policies of their own, and those that the settings name; a former experiment's goes."""
    hashed = {HASH_LABEL: "zzz"}
    both = [{"name": name, "labels": {"app": "shop"}} for name in ("old", "new")]
    others = [{"name": "eu", "labels": {"zone": "eu"}}, {"name": "named", "labels": hashed}]
    rule = a_rule(*both, *others, {"name": "former", "labels": hashed})
    setup = {**SUBSET, "destinationRule": {**SUBSETS, "additionalSubsetNames": ["named"]}}

    after = rendered(setup, seen(by_subset(), rule), 20)

    names = [subset["name"] for subset in (after[ref("DestinationRule")] or {})["spec"]["subsets"]]
    assert names == ["old", "new", "eu", "named"]


@pytest.mark.parametrize(
    ("services", "available", "error"),
    [
        (("", ""), 1, "delaying destination rule switch: ReplicaSet shop-ccc not fully available"),
        (("", ""), 2, ""),
        (("stable", "canary"), 1, ""),
    ],
)
def test_a_subset_waits_for_its_version(services: tuple[str, str], available: int, error: str) -> None:
    """Without Services nothing else keeps traffic off pods that are not ready; with them, their endpoints do."""
    rollout, router = routed(**{**SUBSET, "services": services})
    versions = (a_version("sss", replicas=2, available=2), a_version("ccc", replicas=2, available=available))

    found = PROVIDER.render(rollout, router, seen(by_subset(), a_rule()), split(20, versions=versions))

    assert found.error == error
    assert bool(found.changes) is not bool(error)


def test_a_canary_that_nobody_is_led_to_is_waited_for_in_silence() -> None:
    """At weight 0 the round goes on, and the canary's subset stays where it leads; a header route would wait aloud."""
    versions = (a_version("sss", replicas=2, available=2), a_version("ccc", replicas=2, available=0))
    rollout, router = routed(**SUBSET)
    objects = seen(by_subset(), a_rule())

    quiet = PROVIDER.render(rollout, router, objects, split(0, versions=versions))
    loud = PROVIDER.render(rollout, router, objects, split(0, BETA, versions=versions))

    (rule,) = (change for change in quiet.changes if isinstance(change, Modify))
    labels = {subset["name"]: subset["labels"].get(HASH_LABEL) for subset in rule.body["spec"]["subsets"]}
    assert (quiet.error, labels) == ("", {"old": "sss", "new": None})
    assert "not fully available" in loud.error


def test_a_subset_that_leads_there_already_waits_for_nobody() -> None:
    """The canary's pods are lost, and an abort takes its weight all the same."""
    versions = (a_version("sss", replicas=2, available=2), a_version("ccc", replicas=2, available=0))
    objects = rendered(SUBSET, seen(by_subset(), a_rule()), 20)

    after = rendered(SUBSET, objects, 0, versions=versions)

    assert weights_of(after) == [[("shop", 100), ("shop", 0)]]


def test_a_foreign_hand_on_a_subset_is_seen() -> None:
    """What the status tells of is what the subsets should lead to; otherwise nothing is known of the route."""
    rollout, router = routed(**SUBSET)
    objects = rendered(SUBSET, seen(by_subset(), a_rule()), 20)
    status = replace(rollout.status, canary=replace(rollout.status.canary, shares=split(20).shares))
    told = replace(rollout, status=status)

    assert PROVIDER.read(told, router, objects) == Weights(20, 80)
    assert isinstance(PROVIDER.read(told, router, {**objects, ref("DestinationRule"): a_rule()}), Unknown)


def test_the_api_version_is_the_flags() -> None:
    """--istio-api-version names the version in which objects are asked for."""
    rollout, router = routed(**SUBSET)

    refs = istio.provider(Options(istio_version="v1")).touches(rollout, router)

    assert [(each.api_version, each.kind) for each in refs] == [
        ("networking.istio.io/v1", "VirtualService"),
        ("networking.istio.io/v1", "DestinationRule"),
    ]


def test_git_keeps_what_the_rollout_holds() -> None:
    """Weights, experiments, managed routes and versions of the live objects; all else is Git's."""
    rollout, router = routed(**SUBSET)
    live = rendered(SUBSET, seen(by_subset(), a_rule()), 20, BETA, extra=5)
    service, rule = by_subset(), a_rule()
    service["spec"]["hosts"] = ["new.example"]

    kept = [PROVIDER.keep(one, live[key] or {}, rollout, router) for one, key in _pairs(service, rule)]

    assert kept[0]["spec"] == {**(live[ref("VirtualService")] or {})["spec"], "hosts": ["new.example"]}
    assert kept[1] == live[ref("DestinationRule")]


def _pairs(service: Json, rule: Json) -> Any:
    return (service, ref("VirtualService")), (rule, ref("DestinationRule"))
