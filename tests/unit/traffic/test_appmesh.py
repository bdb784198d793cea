"""App Mesh: weights, the nodes' versions, and an order of writes that loses no request."""

from typing import Any

import pytest

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Modify
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic import appmesh
from rollouts.traffic.protocol import Desired, Options
from tests.unit.traffic.meshes import APP_MESH, NODES, an_object, ref, routed, seen, split

PROVIDER = appmesh.provider(Options())
PATH = "spec.strategy.canary.trafficRouting.appmesh"
SETTINGS: dict[str, Any] = {"virtualService": {"name": "shop"}, "virtualNodeGroup": NODES}


def a_target(name: str, weight: int) -> Json:
    """A weighted target."""
    return {"virtualNodeRef": {"name": name}, "weight": weight}


def a_path(canary: int, *more: Json, kind: str = "httpRoute", name: str = "main") -> Json:
    """A route that divides between the nodes."""
    targets = [a_target("new", canary), a_target("old", 100 - canary), *more]
    return {"name": name, kind: {"match": {}, "action": {"weightedTargets": targets}}}


def mesh(*routes: Json, stable: str = "", canary: str = "") -> list[Json]:
    """A VirtualService, its router with these routes, and nodes that lead to these versions."""
    labels = {"app": "shop"}
    nodes = [
        an_object("VirtualNode", {"podSelector": {"matchLabels": labels | ({HASH_LABEL: led} if led else {})}},
                  name=name, api=APP_MESH)
        for name, led in (("old", stable), ("new", canary))
    ]  # fmt: skip
    named = {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "paths"}}}}
    router = an_object("VirtualRouter", {"routes": list(routes)}, name="paths", api=APP_MESH)
    return [an_object("VirtualService", named, api=APP_MESH), router, *nodes]


def order(objects: list[Json], desired: Desired) -> list[str]:
    """Names of the objects in the order in which they are written."""
    rollout, router = routed("appMesh", **SETTINGS)
    return [change.ref.name for change in PROVIDER.render(rollout, router, seen(*objects), desired).changes]


def test_weights_rise_after_the_nodes_were_led() -> None:
    """Each node has its version and our mark before the route leads more traffic to it."""
    rollout, router = routed("appMesh", **SETTINGS)

    found = PROVIDER.render(rollout, router, seen(*mesh(a_path(0))), split(20)).changes

    old, new, paths = (change for change in found if isinstance(change, Modify))
    assert [old.ref.name, new.ref.name, paths.ref.name] == ["old", "new", "paths"]
    assert new.body["spec"]["podSelector"]["matchLabels"] == {HASH_LABEL: "ccc"}
    assert old.body["metadata"]["annotations"] == {MANAGED_BY: rollout.name}
    (route,) = paths.body["spec"]["routes"]
    assert route["httpRoute"]["action"]["weightedTargets"] == [a_target("new", 20), a_target("old", 80)]
    assert paths.version == "5"


def test_a_promotion_empties_the_canary_first() -> None:
    """All traffic goes to stable's node, then the canary gives its selector up, then stable takes it."""
    promoted = Desired(Shares(Share(0, "canary", "ccc"), Share(100, "stable", "ccc")))

    assert order(mesh(a_path(100), stable="sss", canary="ccc"), promoted) == ["paths", "new", "old"]


def test_a_node_that_leads_nowhere_selects_no_pod() -> None:
    """Without a version of its own, the canary's node keeps a selector that differs from stable's."""
    rollout, router = routed("appMesh", **SETTINGS)
    idle = Desired(Shares(Share(0, "canary", ""), Share(100, "stable", "sss")))

    found = PROVIDER.render(rollout, router, seen(*mesh(a_path(0))), idle)

    bodies = {change.ref.name: change.body for change in found.changes if isinstance(change, Modify)}
    assert bodies["new"]["spec"]["podSelector"]["matchLabels"] == {HASH_LABEL: "canary-hash"}


def test_only_the_named_routes_are_weighed() -> None:
    """Others stay as they are; without names all are weighed and have to agree."""
    objects = seen(*mesh(a_path(0), a_path(7, name="other", kind="tcpRoute")))
    rollout, router = routed("appMesh", **{**SETTINGS, "virtualService": {"name": "shop", "routes": ["main"]}})

    assert PROVIDER.read(rollout, router, objects) == Weights(0, 100)
    assert isinstance(PROVIDER.read(*routed("appMesh", **SETTINGS), objects), Unknown)


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ("VirtualService", "Virtual-service is missing"),
        ("VirtualRouter", "Virtual-router is missing"),
        ("VirtualNode", "Virtual-node is missing"),
    ],
)
def test_what_is_not_there_ends_the_round(missing: str, error: str) -> None:
    """In upstream's words, with a warning."""
    rollout, router = routed("appMesh", **SETTINGS)
    objects = seen(*(obj for obj in mesh(a_path(0)) if obj["kind"] != missing))

    found = PROVIDER.render(rollout, router, objects, split(20))

    assert found.error == error
    assert [(event.reason, event.is_warning) for event in found.events] == [(f"{missing}NotFound", True)]


@pytest.mark.parametrize(
    ("objects", "settings", "told"),
    [
        (mesh(a_path(0)), {}, ""),
        (mesh(a_path(0)), {"virtualService": {}}, f"{PATH}.virtualService: Invalid value: null: must"),
        (mesh(a_path(0))[1:], {}, f'{PATH}.virtualService: Invalid value: "shop.default": virtualservices'),
        (mesh(), {}, 'spec.routes: Invalid value: "paths": No routes defined for AppMesh virtual-router paths'),
        (mesh(a_path(0, a_target("x", 1))), {}, "spec.routes[0].httpRoute.action.weightedTargets: Invalid value"),
        (mesh(a_path(0, kind="fooRoute")), {}, 'spec.routes[0]: Invalid value: "paths": Error getting route details'),
        (mesh(a_path(0))[:3], {}, f'{PATH}.virtualNodeGroup.canaryVirtualNodeRef.name: Invalid value: "new"'),
    ],
)  # fmt: skip
def test_faults_are_named(objects: list[Json], settings: dict[str, Any], told: str) -> None:
    """Objects that are not there, and routes that do not divide between two nodes; with a cure."""
    rollout, router = routed("appMesh", **{**SETTINGS, **settings})

    faults = PROVIDER.faults(rollout, router, seen(*objects))

    assert [str(fault)[: len(told)] for fault in faults[:1]] == ([told] if told else [])
    assert all(fault.cure for fault in faults)


def test_routers_are_found_by_the_virtual_service() -> None:
    """Any of the namespace's may be named: all of them are looked through."""
    rollout, router = routed("appMesh", **SETTINGS)

    (selection,) = PROVIDER.selects(rollout, router)

    assert (selection.kind, selection.namespace, selection.selector) == ("VirtualRouter", "default", "{}")
    assert ref("VirtualService", api=APP_MESH) in PROVIDER.touches(rollout, router)


def test_git_keeps_what_the_rollout_holds() -> None:
    """The live weights, and the version that a marked node leads to."""
    rollout, router = routed("appMesh", **SETTINGS)
    wanted, live = mesh(a_path(0)), mesh(a_path(20), stable="sss", canary="ccc")
    live[2]["metadata"]["annotations"] = {MANAGED_BY: rollout.name}

    kept = [PROVIDER.keep(one, now, rollout, router) for one, now in zip(wanted, live, strict=True)]

    assert kept == [live[0], live[1], live[2], wanted[3]]
