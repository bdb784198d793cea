"""The three Services: made, kept, taken over from a user, given back."""

from typing import Any

import pytest

from rollouts.model import effects as e
from rollouts.model.objects import Json
from rollouts.workloads import twins
from tests.builders.copying import PROMOTE, Surroundings, a_service, reading, surroundings
from tests.builders.ticking import a_canary

TEND, SERVE = e.Tend(e.SERVICES), e.ServeCopy("web")
UNTENDED = {"kustomize.toolkit.fluxcd.io/reconcile": "disabled", "helm.toolkit.fluxcd.io/driftDetection": "disabled"}
WRITTEN = '{"spec":{"selector":{"app":"web","from":"kubectl"}}}'


def over_service(target: Json, *, strict: bool = False) -> Surroundings:
    """A Canary of Service web."""
    reference = {"apiVersion": "v1", "kind": "Service", "name": "web"}
    return surroundings(target=target, strict=strict, targetRef=reference)


def ports_of(service: Json) -> list[tuple[str, int, Any]]:
    """Names, ports and targets."""
    return [(port["name"], port["port"], port["targetPort"]) for port in service["spec"]["ports"]]


def test_each_version_has_a_service_and_everybody_s_leads_to_the_copy() -> None:
    """Routes lead to the first two; whoever knows no route still reaches the version that serves."""
    here = surroundings()

    here.begins()

    names = ("web", "web-primary", "web-canary")
    selectors = {name: here.the("Service", name)["spec"]["selector"] for name in names}
    assert selectors == {
        "web": {"app": "web-primary"},
        "web-primary": {"app": "web-primary"},
        "web-canary": {"app": "web"},
    }
    assert all(here.the("Service", name)["metadata"]["annotations"] == UNTENDED for name in names)


def test_the_port_is_as_the_manifest_says() -> None:
    """Name, target, protocol; headless and near where that is wanted."""
    wanted = {
        "port": 80,
        "portName": "grpc",
        "targetPort": "rpc",
        "appProtocol": "h2c",
        "headless": True,
        "trafficDistribution": "PreferClose",
    }
    here = surroundings(service=wanted)

    here.does(TEND)

    spec = here.the("Service", "web-canary")["spec"]
    port = {"name": "grpc", "protocol": "TCP", "port": 80, "targetPort": "rpc", "appProtocol": "h2c"}
    assert spec["ports"] == [port]
    assert (spec["clusterIP"], spec["trafficDistribution"]) == ("None", "PreferClose")


def test_ports_of_containers_are_found_but_for_sidecars_and_the_one_that_is_served() -> None:
    """A port without a name gets one of its container's."""
    main = {"name": "main", "ports": [{"containerPort": 8080, "name": "web"}, {"containerPort": 9090}]}
    proxy = {"name": "istio-proxy", "ports": [{"containerPort": 15000, "name": "admin"}]}
    wanted = {"port": 80, "targetPort": 8080, "portDiscovery": True}
    here = surroundings(target=reading(main, proxy), service=wanted)

    here.does(TEND)

    assert ports_of(here.the("Service", "web-canary")) == [("http", 80, 8080), ("tcp-main-1", 9090, 9090)]


@pytest.mark.parametrize(("strict", "name"), [(False, "http-8080"), (True, "http")])
def test_a_found_port_gets_another_name_where_its_own_is_taken(strict: bool, name: str) -> None:
    """Two ports of one name are refused; to the letter the API server says so."""
    main = {"name": "main", "ports": [{"containerPort": 8080, "name": "http"}]}
    here = surroundings(target=reading(main), service={"port": 80, "portDiscovery": True}, strict=strict)

    here.does(TEND)

    assert ports_of(here.the("Service", "web-canary"))[1] == (name, 8080, 8080)


def test_a_changed_port_or_label_is_brought_to_the_services() -> None:
    """Also what the manifest wants no more goes, but for what it leaves to others."""
    marks = {"labels": {"team": "a"}, "annotations": {"note": "x"}}
    unmanaged = {"labels": ["theirs"], "annotations": ["cloud/neg"]}
    here = surroundings(service={"port": 80, "primary": marks, "unmanagedMetadata": unmanaged})
    here.begins()
    foreign = {"labels": {"theirs": "1", "odd": "1"}, "annotations": {"cloud/neg": "1", "odd": "1"}}
    here.edits("Service", "web-primary", {"metadata": foreign})
    here.edits(
        "Canary", "web", {"spec": {"service": {"port": 8181, "primary": {"labels": {"team": None, "new": "1"}}}}}
    )

    here.does(TEND)

    service = here.the("Service", "web-primary")
    assert service["metadata"]["labels"] == {"app": "web-primary", "theirs": "1", "new": "1"}
    assert service["metadata"]["annotations"] == {**UNTENDED, "note": "x", "cloud/neg": "1"}
    assert ports_of(service) == [("http", 8181, 8181)]


@pytest.mark.parametrize("wanted", ["PreferSameZone", None])
def test_how_near_requests_stay_follows_the_manifest(wanted: str | None) -> None:
    """Also back to nowhere in particular."""
    here = surroundings(service={"port": 80, "trafficDistribution": "PreferClose"})
    here.begins()
    here.edits("Canary", "web", {"spec": {"service": {"trafficDistribution": wanted}}})

    here.does(TEND)

    assert here.the("Service", "web-canary")["spec"].get("trafficDistribution") == wanted


def test_a_user_s_service_keeps_what_is_not_needed() -> None:
    """Type, address, node port and metadata stay; selector and ports are ours now."""
    here = surroundings(a_service(labels={"mine": "1"}, annotations={"keep": "1"}))

    here.begins()

    service = here.the("Service", "web")
    assert service["spec"]["selector"] == {"app": "web-primary"}
    assert (service["spec"]["type"], service["spec"]["clusterIP"]) == ("NodePort", "10.1.2.3")
    assert service["spec"]["ports"][0]["nodePort"] == 30123
    assert service["metadata"]["labels"] == {"mine": "1"}
    assert {"keep": "1", **UNTENDED}.items() <= service["metadata"]["annotations"].items()


def test_a_user_s_service_is_given_back_as_it_was() -> None:
    """Selector, ports and annotations; whoever applied it finds no difference."""
    here = surroundings(a_service(annotations={"helm.toolkit.fluxcd.io/driftDetection": "disabled"}))
    before = here.the("Service", "web")
    here.begins()
    here.edits("Canary", "web", {"spec": {"service": {"port": 8181}}})
    here.does(SERVE)

    here.does(e.GiveBack())

    assert here.the("Service", "web") == before
    assert here.changes(e.GiveBack()) == ()


def test_to_the_letter_only_what_kubectl_wrote_down_comes_back() -> None:
    """And the marks stay, so that Flux never applies the Service again."""
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": WRITTEN}
    here = surroundings(a_service(annotations=annotations), strict=True)
    here.begins()

    here.does(e.GiveBack())

    service = here.the("Service", "web")
    assert service["spec"]["selector"] == {"app": "web", "from": "kubectl"}
    assert service["metadata"]["annotations"] == {**annotations, **UNTENDED}


@pytest.mark.parametrize("written", ["{", "[]", "{}"])
def test_where_nobody_knows_the_target_s_label_is_what_leads_back(written: str) -> None:
    """A Service that Flagger took over, applied by Helm."""
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": written}
    here = surroundings(a_service(annotations=annotations))
    here.edits("Service", "web", {"spec": {"selector": {"app": "web-primary", "tier": None}}})
    here.begins()

    here.does(e.GiveBack())

    assert here.the("Service", "web")["spec"]["selector"] == {"app": "web"}


def test_a_service_of_ours_goes_with_its_canary() -> None:
    """There is nobody to give it back to."""
    here = surroundings()
    here.begins()

    assert here.changes(e.GiveBack()) == ()


def test_what_the_api_server_fills_in_is_no_drift() -> None:
    """Otherwise every tick would write."""
    here = surroundings()
    here.begins()
    filled = {"spec": {"sessionAffinity": "None", "clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"]}}
    here.edits("Service", "web-canary", filled)

    assert twins.drifted(here.copying, here.world) == frozenset()
    assert twins.is_served(here.copying, here.world)


def test_a_hand_on_the_selector_is_put_right() -> None:
    """In the next tick."""
    here = surroundings()
    here.begins()
    here.edits("Service", "web", {"spec": {"selector": {"app": "web"}}})
    here.edits("Service", "web-canary", {"spec": {"selector": {"app": "else"}}})

    assert not twins.is_served(here.copying, here.world)
    assert twins.drifted(here.copying, here.world) == {e.SERVICES}


def test_of_a_service_as_target_both_versions_are_copies() -> None:
    """One follows its target at once, the other at a promotion; addresses are each one's own."""
    here = over_service(a_service())
    here.begins()
    here.edits("Service", "web", {"spec": {"selector": {"v": "2"}}})
    here.does(TEND)

    made = {name: here.the("Service", name)["spec"] for name in ("web-primary", "web-canary")}
    assert (made["web-canary"]["selector"]["v"], made["web-primary"]["selector"].get("v")) == ("2", None)
    assert not any("clusterIP" in spec or "nodePort" in spec["ports"][0] for spec in made.values())

    here.does(PROMOTE)

    assert here.the("Service", "web-primary")["spec"]["selector"]["v"] == "2"
    assert here.the("Service", "web")["spec"]["clusterIP"] == "10.1.2.3"


@pytest.mark.parametrize(("strict", "count"), [(False, 1), (True, 0)])
def test_a_promoted_service_keeps_its_owner_unless_flagger_s_letter_is_wanted(strict: bool, count: int) -> None:
    """Without one it stays behind when the Canary goes."""
    here = over_service(a_service(), strict=strict)
    here.begins()
    here.edits("Service", "web", {"spec": {"selector": {"v": "2"}}})

    here.does(PROMOTE)

    assert len(here.the("Service", "web-primary")["metadata"].get("ownerReferences", [])) == count


@pytest.mark.parametrize(
    ("strict", "marks"), [(False, {"a": "1"}), (True, {"a": "1", "kustomize.toolkit.fluxcd.io/name": "x"})]
)
def test_copies_of_a_service_bear_no_mark_of_a_sync_loop(strict: bool, marks: Json) -> None:
    """Which would take them for its own and remove them, as it does with Flagger's."""
    here = over_service(a_service(labels={"a": "1", "kustomize.toolkit.fluxcd.io/name": "x"}), strict=strict)

    here.begins()

    assert here.the("Service", "web-primary")["metadata"]["labels"] == marks


def test_a_headless_target_has_headless_copies() -> None:
    """An address of their own would change how clients find pods."""
    service = a_service()
    service["spec"] |= {"clusterIP": "None", "type": "ClusterIP"}
    here = over_service(service)

    here.begins()

    assert here.the("Service", "web-primary")["spec"]["clusterIP"] == "None"


def test_another_canary_s_service_is_nobody_else_s() -> None:
    """Its owner is told by its uid, not by its name."""
    here = Surroundings(a_canary(provider="istio"), reading(), a_service())
    here.edits("Service", "web", {"metadata": {"ownerReferences": [{"uid": "other", "controller": True}]}})

    here.begins()

    assert "labels" not in here.the("Service", "web")["metadata"]
