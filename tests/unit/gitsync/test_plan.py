"""Order, ownership, and what is left alone."""

from typing import Any

import pytest

from rollouts.gitsync.inventory import entry_of
from rollouts.gitsync.plan import (
    OWNER_NAME,
    OWNER_NAMESPACE,
    against_order,
    differs,
    in_namespace,
    in_order,
    is_left_alone,
    may_prune,
    owned,
)
from tests.unit.gitsync.worlds import a_map, a_rollout, a_route, a_service, manifests

CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.y}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
HOOK = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: h}\n"
OWNER = {"name": "app", "namespace": "shop"}


def test_order() -> None:
    """Definitions and namespaces first, what needs others after them, webhooks last; pruning the other way round."""
    everything = manifests(HOOK, a_rollout(), a_route("web", "web-canary"), a_service("web"), a_map(), SPACE, CRD)
    there = [manifest.object["kind"] for manifest in in_order(everything)]
    back = [entry.kind for entry in against_order(entry_of(manifest.object) for manifest in everything)]

    assert there == [
        "CustomResourceDefinition",
        "Namespace",
        "ConfigMap",
        "Service",
        "HTTPRoute",
        "Rollout",
        "ValidatingWebhookConfiguration",
    ]
    assert back == there[::-1]


def test_owned_objects_are_labelled_and_stripped() -> None:
    """Every applied object says whose it is, and carries nothing that only a server may set."""
    (manifest,) = manifests(a_map(extra=", uid: x, resourceVersion: '7', labels: {a: b}, annotations: {c: d}"))
    found = owned(manifest.object | {"status": {"x": 1}}, **OWNER)

    assert found["metadata"] == {
        "name": "settings",
        "namespace": "shop",
        "labels": {"a": "b", OWNER_NAME: "app", OWNER_NAMESPACE: "shop"},
        "annotations": {"c": "d"},
    }
    assert "status" not in found


def test_namespaces_are_set_and_taken() -> None:
    """A cluster-scoped object has none."""
    (manifest,) = manifests(a_map())

    assert in_namespace(manifest.object, "prod")["metadata"]["namespace"] == "prod"
    assert "namespace" not in in_namespace(manifest.object, "")["metadata"]


def ours(**marks: Any) -> dict[str, Any]:
    (manifest,) = manifests(a_map())
    obj = owned(manifest.object, **OWNER)
    meta = obj["metadata"]
    return obj | {"metadata": meta | {"labels": meta["labels"] | marks.get("labels", {}), **marks.get("meta", {})}}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (ours(), True),
        (ours(labels={OWNER_NAME: "other"}), False),
        (ours(labels={OWNER_NAMESPACE: "other"}), False),
        (ours(labels={"kustomize.toolkit.fluxcd.io/prune": "disabled"}), False),
        (ours(meta={"annotations": {"kustomize.toolkit.fluxcd.io/prune": "Disabled"}}), False),
        (ours(meta={"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}), False),
        (ours(meta={"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}}), False),
        (ours(meta={"labels": None}), False),
    ],
)
def test_what_may_be_pruned(live: dict[str, Any], expected: bool) -> None:
    """Only what still carries our labels, and nobody asked to keep."""

    assert may_prune(live, **OWNER) == expected


def test_what_is_left_alone() -> None:
    """An object is left alone when Git or its owner in the cluster says so."""
    off = ours(meta={"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}})
    once = ours(meta={"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}})

    assert is_left_alone(off, None)
    assert is_left_alone(ours(), off)
    assert is_left_alone(once, ours())
    assert not is_left_alone(once, None)
    assert not is_left_alone(ours(), ours())


def test_what_counts_as_a_difference() -> None:
    """Labels, annotations and everything outside metadata and status; not what servers count."""
    live = ours()

    assert not differs(live, live | {"metadata": live["metadata"] | {"generation": 9}, "status": {"x": 1}})
    assert differs(live, live | {"data": {}})
    assert differs(live, ours(labels={"more": "x"}))
