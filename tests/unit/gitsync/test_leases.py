"""The sync loop never fights a rollout: what it drives stays, whatever Git says and whoever writes first.

The tests that take a cluster run in the embedded one here, and on a real API server in tests/e2e/test_leases.py.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster import kinds
from rollouts.cluster.port import Cluster, Collection, Patch, PatchType, Resource, Target
from rollouts.gitsync.attempt import MANAGER
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.leases import leases
from rollouts.gitsync.sync import Outcome, Request, sync
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.traffic.protocol import Options
from rollouts.traffic.registry import providers
from tests.unit.gitsync.worlds import (
    NAMESPACE,
    ROUTE,
    STABLE,
    Interfering,
    a_rollout,
    a_route,
    a_service,
    a_store,
    an_autoscaler,
    find,
    manifests,
    point,
    shift,
    unrecorded,
    weights,
)

APP = (a_service("stable"), a_service("canary"), a_rollout())
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")


async def applied(cluster: Any, *texts: str, old: tuple[Entry, ...] = ()) -> Outcome:
    """What a round with these documents does; the controller's cache knows the rollouts that are there."""
    rollout = await find(cluster, kinds.ROLLOUTS, "web")
    known = (rollout,) if rollout else ()
    outcome = await sync(cluster, Request(NAMESPACE, "app", manifests(*texts), old, rollouts=known), unrecorded)
    assert outcome.faults == ()
    return outcome


async def versions(cluster: Cluster) -> list[str]:
    """The resourceVersion of everything that APP and its route hold."""
    kept = (kinds.SERVICES, kinds.ROLLOUTS, kinds.HTTP_ROUTES)
    pages = [await cluster.list(Collection(resource, NAMESPACE)) for resource in kept]
    return [item["metadata"]["resourceVersion"] for page in pages for item in page.items]


@pytest.fixture
async def cluster() -> Cluster:
    return await a_store()


async def test_a_commit_in_mid_canary_leaves_the_weight(cluster: Cluster) -> None:
    """A commit that changes the route's timeout gets through; the weights stay where the rollout put them."""
    await applied(cluster, *APP, a_route())
    await shift(cluster, 80, 20)

    await applied(cluster, *APP, a_route(timeout="3s"))

    assert await weights(cluster) == {"stable": 80, "canary": 20}
    assert (await cluster.get(ROUTE))["spec"]["rules"][0]["timeouts"] == {"request": "3s"}


async def test_a_round_without_a_commit_writes_nothing(cluster: Cluster) -> None:
    """Weights and hashes that differ from Git are no drift."""
    await applied(cluster, *APP, a_route())
    await shift(cluster, 80, 20)
    await point(cluster, "stable", "abc")
    before = await versions(cluster)

    outcome = await applied(cluster, *APP, a_route())

    assert outcome.changes == ()
    assert await versions(cluster) == before


async def test_the_first_apply_comes_before_the_first_write(cluster: Cluster) -> None:
    """Git creates route and Services as written; the controller's first write afterwards is not undone."""
    await applied(cluster, *APP, a_route())
    created = await weights(cluster)
    await applied(cluster, *APP, a_route())
    await shift(cluster, 95, 5)
    await point(cluster, "stable", "abc")

    await applied(cluster, *APP, a_route(timeout="4s"))

    assert created == {"stable": 100, "canary": 0}
    assert await weights(cluster) == {"stable": 95, "canary": 5}
    assert (await cluster.get(STABLE))["spec"]["selector"] == {"app": "web", HASH_LABEL: "abc"}


async def test_an_apply_between_birth_and_first_write(cluster: Cluster) -> None:
    """The live object has no hash yet while the controller adds it in the same moment: it is not taken away."""
    await applied(cluster, *APP, a_route())
    racing = Interfering(cluster, lambda: point(cluster, "stable", "abc"), kind="Service")

    await applied(racing, a_service("stable", "{app: web, tier: front}"), *APP[1:], a_route())

    assert (await cluster.get(STABLE))["spec"]["selector"] == {"app": "web", "tier": "front", HASH_LABEL: "abc"}


async def test_a_commit_that_reorders_the_backends(cluster: Cluster) -> None:
    """Weights belong to names, not to places."""
    await applied(cluster, *APP, a_route("stable", "canary"))
    await shift(cluster, 70, 30)

    await applied(cluster, *APP, a_route("canary", "stable"))

    refs = (await cluster.get(ROUTE))["spec"]["rules"][0]["backendRefs"]
    assert [(ref["name"], ref["weight"]) for ref in refs] == [("canary", 30), ("stable", 70)]


async def test_a_weight_change_in_the_same_second(cluster: Cluster) -> None:
    """The rollout moves on between our look and our apply: a conflict, another look, and its weight stays."""
    await applied(cluster, *APP, a_route())
    await shift(cluster, 90, 10)
    racing = Interfering(cluster, lambda: shift(cluster, 50, 50), kind="HTTPRoute")

    await applied(racing, *APP, a_route(timeout="5s"))

    assert await weights(cluster) == {"stable": 50, "canary": 50}
    assert (await cluster.get(ROUTE))["spec"]["rules"][0]["timeouts"] == {"request": "5s"}
    assert racing.applies == 2


async def test_a_rollout_that_only_the_commit_knows(cluster: Cluster) -> None:
    """A commit that brings a rollout for Services that are already pointed leaves them pointed."""
    await applied(cluster, a_service("stable"), a_service("canary"))
    await point(cluster, "stable", "abc")

    await applied(cluster, *APP)

    assert (await cluster.get(STABLE))["spec"]["selector"][HASH_LABEL] == "abc"


async def test_the_mark_of_a_service_stays(cluster: Cluster) -> None:
    """A mark that Git once held is not lost when Git drops it."""
    marked = a_service("stable").replace("name: stable,", f"name: stable, annotations: {{{MANAGED_BY}: old}},")
    await applied(cluster, *APP)
    await point(cluster, "stable", "abc")
    await applied(cluster, marked, *APP[1:])

    await applied(cluster, *APP)

    assert (await cluster.get(STABLE))["metadata"]["annotations"] == {MANAGED_BY: "web"}


async def test_a_service_that_no_rollout_names_belongs_to_git(cluster: Cluster) -> None:
    """Drift of a Service without a rollout is corrected."""
    await applied(cluster, a_service("stable"))
    await point(cluster, "stable", "abc")

    await applied(cluster, a_service("stable"))

    assert (await cluster.get(STABLE))["spec"]["selector"] == {"app": "web"}


async def scale(cluster: Cluster, replicas: int) -> None:
    target = Target(kinds.ROLLOUTS, "web", NAMESPACE, "scale")
    await cluster.patch(target, Patch(PatchType.MERGE, {"spec": {"replicas": replicas}}))


async def test_an_autoscaler_keeps_its_size(cluster: Cluster) -> None:
    """Size follows the autoscaler while there is one, image follows Git; without it, size follows Git again."""
    rollout = Target(kinds.ROLLOUTS, "web", NAMESPACE)
    await applied(cluster, *APP, an_autoscaler())
    await scale(cluster, 7)

    await applied(cluster, *APP[:2], a_rollout("app:v2"), an_autoscaler())
    held = (await cluster.get(rollout))["spec"]
    await cluster.delete(Target(AUTOSCALERS, "web", NAMESPACE))
    await applied(cluster, *APP)

    assert (held["replicas"], held["template"]["spec"]["containers"][0]["image"]) == (7, "app:v2")
    assert (await cluster.get(rollout))["spec"]["replicas"] == 3


async def test_size_survives_its_removal_from_git(cluster: Cluster) -> None:
    """The commit that hands the size over to an autoscaler, and so drops it, does not shrink the workload."""
    await applied(cluster, *APP)

    await applied(cluster, *APP[:2], a_rollout(replicas=None), an_autoscaler())

    assert (await cluster.get(Target(kinds.ROLLOUTS, "web", NAMESPACE)))["spec"]["replicas"] == 3


async def test_the_manager_is_named(cluster: Cluster) -> None:
    """Whoever looks at managedFields sees who applied."""
    await applied(cluster, *APP)

    managers = (await cluster.get(STABLE))["metadata"]["managedFields"]
    assert [entry["manager"] for entry in managers] == [MANAGER]


def loaded(*texts: str) -> tuple[dict[str, Any], ...]:
    return tuple(manifest.object for manifest in manifests(*texts))


@pytest.mark.parametrize(("policy", "is_held"), [("onsuccess", True), ("progressively", True), ("never", False)])
def test_the_workload_behind_a_rollout(policy: str, is_held: bool) -> None:
    """A referenced Deployment that the rollout scales down stays down; one that it never scales is Git's."""
    (rollout,) = loaded(a_rollout())
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": policy}
    rollout["spec"]["workloadRef"] = reference
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": NAMESPACE}}
    held = leases([rollout], []).keep(deployment | {"spec": {"replicas": 5}}, deployment | {"spec": {"replicas": 0}})

    assert held["spec"]["replicas"] == (0 if is_held else 5)


def test_what_cannot_be_decoded_holds_nothing() -> None:
    """A rollout without a spec stops nobody."""
    broken = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": []}
    (service,) = loaded(a_service("stable"))

    assert leases([broken], [broken]).keep(service, service) == service


def test_blue_green_services() -> None:
    """Active and preview Service are leased, others not."""
    (rollout, active, other) = loaded(a_rollout(), a_service("active"), a_service("other"))
    rollout["spec"]["strategy"] = {"blueGreen": {"activeService": "active", "previewService": "preview"}}
    held = leases([rollout], [])

    assert held.touches(active)
    assert not held.touches(other)


def test_ping_and_pong_are_leased() -> None:
    """Their selectors are the rollout's, whichever of them is stable at the moment."""
    (rollout, ping, stable) = loaded(a_rollout(), a_service("ping"), a_service("stable"))
    rollout["spec"]["strategy"]["canary"] |= {"pingPong": {"pingService": "ping", "pongService": "pong"}}
    held = leases([rollout], [])

    assert held.touches(ping)
    assert not held.touches(stable)


def test_routes_that_labels_find_are_leased() -> None:
    """In whichever version of their API; a route without the labels is Git's."""
    (rollout, live) = loaded(a_rollout(), a_route(weights=(80, 20)))
    settings = {"httpRouteSelector": {"matchLabels": {"app": "shop"}}}
    rollout["spec"]["strategy"]["canary"]["trafficRouting"]["plugins"] = {"argoproj-labs/gatewayAPI": settings}
    (desired,) = loaded(a_route(weights=(100, 0)))
    held = leases([rollout], [])
    assert held.keep(desired, live) == desired

    live["metadata"]["labels"] = {"app": "shop"}
    live["apiVersion"] = "gateway.networking.k8s.io/v1beta1"
    (rule,) = held.keep(desired, live)["spec"]["rules"]
    assert {ref["name"]: ref["weight"] for ref in rule["backendRefs"]} == {"stable": 80, "canary": 20}


def test_flags_say_in_which_group_a_router_has_its_kinds() -> None:
    """Old Traefik: a TraefikService of another group is leased too, where the controller is told of it."""
    (rollout,) = loaded(a_rollout())
    rollout["spec"]["strategy"]["canary"]["trafficRouting"] = {"traefik": {"weightedTraefikServiceName": "web"}}
    services = {"weighted": {"services": [{"name": "stable", "weight": 100}]}}
    meta = {"name": "web", "namespace": NAMESPACE}
    old = {"apiVersion": "traefik.containo.us/v1alpha1", "kind": "TraefikService", "metadata": meta, "spec": services}

    assert leases([rollout], [], providers(Options(traefik_group="traefik.containo.us"))).touches(old)
    assert not leases([rollout], []).touches(old)


@given(
    stable=st.integers(0, 100),
    git=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    order=st.permutations(["stable", "canary"]),
)
def test_weights_are_kept_by_name(stable: int, git: tuple[int, int], order: list[str]) -> None:
    """Whatever weights and order Git holds, live weights are applied, and applying them twice is applying once."""
    rollout, live = loaded(a_rollout(), a_route(weights=(stable, 100 - stable)))
    (desired,) = loaded(a_route(*order, weights=git))
    held = leases([rollout], [])

    once = held.keep(desired, live)

    refs = once["spec"]["rules"][0]["backendRefs"]
    assert {ref["name"]: ref["weight"] for ref in refs} == {"stable": stable, "canary": 100 - stable}
    assert [ref["name"] for ref in refs] == order
    assert held.keep(once, live) == once
    assert held.keep(desired, None) == desired


def test_what_a_canary_drives_is_leased() -> None:
    """Its target rests at the size that it gave it, and the Service that users call leads to the copy."""
    spec = {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "service": {"port": 80}}
    meta = {"name": "web", "namespace": NAMESPACE}
    canary = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": meta, "spec": spec}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta}
    (service,) = loaded(a_service("web"))
    held = leases([canary], [])

    rests = held.keep(deployment | {"spec": {"replicas": 5, "paused": True}}, deployment | {"spec": {"replicas": 0}})
    leads = held.keep(service, service | {"spec": service["spec"] | {"selector": {"app": "web-primary"}}})

    assert rests["spec"] == {"replicas": 0, "paused": True}
    assert leads["spec"] == service["spec"] | {"selector": {"app": "web-primary"}}
    assert held.touches(deployment)
    assert held.touches(service)
