"""Templates of other workloads: where they are taken from, and what is wrong with a reference."""

import pytest

from rollouts.dialects.argo.reference import (
    has_own_template,
    reference_fault,
    reference_of,
    resolved,
    workload_of,
)
from rollouts.dialects.argo.rollout import parse
from rollouts.model.objects import Json, Ref
from rollouts.model.rollout import WorkloadRef
from rollouts.model.workload import Workload

PODS: Json = {
    "metadata": {"labels": {"app": "web"}, "creationTimestamp": None},
    "spec": {"containers": [{"name": "app", "image": "web:v1"}]},
}
SELECTOR: Json = {"matchLabels": {"app": "web"}}


def a_manifest(**spec: object) -> Json:
    """A Rollout that refers to a Deployment."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "origin"}
    body = {"workloadRef": reference, "strategy": {"canary": {}}, **spec}
    return {"kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"}, "spec": body}


def a_workload(kind: str) -> Json:
    """An object of this kind with the template in its place."""
    meta = {"name": "origin", "namespace": "shop", "generation": 4}
    if kind == "PodTemplate":
        return {"apiVersion": "v1", "kind": kind, "metadata": meta, "template": PODS}
    spec = {"replicas": 3, "selector": SELECTOR, "template": PODS}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
def test_template_and_selector_are_taken(kind: str) -> None:
    """The rollout is then judged like one with a template of its own, and hashed like it."""
    rollout = parse(resolved(a_manifest(), a_workload(kind)))
    own = parse({**a_manifest(), "spec": {"template": PODS, "selector": SELECTOR, "strategy": {"canary": {}}}})

    assert rollout.faults == ()
    assert (rollout.target, rollout.selector) == (own.target, "app=web")


def test_a_pod_template_gives_no_selector() -> None:
    """The rollout has to bring its own."""
    missing = parse(resolved(a_manifest(), a_workload("PodTemplate"))).faults
    whole = parse(resolved(a_manifest(selector=SELECTOR), a_workload("PodTemplate")))

    assert missing[0].path == "spec.selector"
    assert whole.faults == ()


def test_the_rollouts_own_selector_wins() -> None:
    """It is immutable, whatever the workload's is."""
    own = {"matchLabels": {"app": "other"}}
    rollout = parse(resolved(a_manifest(selector=own), a_workload("Deployment")))

    assert rollout.selector == "app=other"
    assert "does not match template" in rollout.faults[0].message


def test_nothing_is_written_into_the_manifest() -> None:
    """The template is the workload's and stays there."""
    manifest = a_manifest()
    resolved(manifest, a_workload("Deployment"))

    assert "template" not in manifest["spec"]


def test_a_workload_without_a_template_is_a_fault() -> None:
    """As a rollout without one is."""
    empty = {**a_workload("PodTemplate"), "template": None}

    assert parse(resolved(a_manifest(selector=SELECTOR), empty)).faults


def test_a_second_template_is_one_too_many() -> None:
    """Nobody could say which of them counts."""
    both = a_manifest(template=PODS)

    assert has_own_template(both)
    assert not has_own_template(a_manifest(template={"metadata": {}}))
    assert str(parse(both).faults[0]) == (
        "spec.template: Internal error: template must be empty for workload reference rollout"
    )


@pytest.mark.parametrize(
    ("kind", "collection"),
    [("Deployment", "deployments.apps"), ("ReplicaSet", "replicasets.apps"), ("PodTemplate", "podtemplates")],
)
def test_a_missing_workload_is_named(kind: str, collection: str) -> None:
    """The text is Argo's."""
    reference = WorkloadRef("v1" if kind == "PodTemplate" else "apps/v1", kind, "origin")

    assert str(reference_fault(reference, "shop")) == f'{collection} "shop/origin" not found'
    assert reference_of(reference, "shop") == Ref(reference.api_version, kind, "shop", "origin")


def test_an_unknown_kind_is_named_with_those_that_can_be_had() -> None:
    """The cure lists them."""
    fault = reference_fault(WorkloadRef("apps/v1", "StatefulSet", "db"), "shop")

    assert fault.message == "workload of type apps/StatefulSet is not supported"
    assert "Deployment (apps/v1), ReplicaSet (apps/v1), PodTemplate (v1)" in fault.cure
    assert reference_of(WorkloadRef("apps/v1", "StatefulSet", "db"), "shop") is None


def test_size_and_generation_are_seen() -> None:
    """A PodTemplate has no size."""
    assert workload_of(a_workload("Deployment")) == Workload("Deployment", "origin", 3, "4")
    assert workload_of(a_workload("PodTemplate")) == Workload("PodTemplate", "origin", None, "4")
