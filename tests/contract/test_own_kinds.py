"""Contract: our definitions of the ancestors' kinds keep every field of every manifest, and refuse another selector."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
import yaml

from rollouts.cluster import kinds
from rollouts.cluster.errors import InvalidError
from rollouts.cluster.port import Cluster, Collection, Patch, PatchType, Resource, Target
from tests.contract.implementations import serve_definitions
from tests.contract.manifests import valid
from tools.crds.definitions import KINDS

Json = dict[str, Any]
RESOURCES = {
    resource.kind: resource
    for resource in (
        kinds.ROLLOUTS,
        kinds.ANALYSIS_RUNS,
        kinds.ANALYSIS_TEMPLATES,
        kinds.CLUSTER_ANALYSIS_TEMPLATES,
        kinds.EXPERIMENTS,
    )
}
ARGOS = tuple(RESOURCES)
RESOURCES |= {r.kind: r for r in (kinds.CANARIES, kinds.METRIC_TEMPLATES, kinds.ALERT_PROVIDERS)}
DEFINITIONS = {kind.name: kind.definition for kind in KINDS if kind.name in RESOURCES}
DATA = Path(__file__).parents[1] / "unit" / "data"
EVERYTHING = [
    document
    for document in yaml.safe_load((DATA / "everything.yaml").read_text(encoding="utf-8"))
    if document["kind"] in RESOURCES
]
STATUS = yaml.safe_load((DATA / "status.yaml").read_text(encoding="utf-8"))
MANY = 25


@pytest_asyncio.fixture
async def argos(cluster: Cluster) -> Cluster:
    """The cluster with our definitions."""
    await serve_definitions(cluster, DEFINITIONS.values(), RESOURCES.values())
    return cluster


def at(resource: Resource, namespace: str, name: str, subresource: str = "") -> Target:
    """Where an object lives."""
    return Target(resource, name, namespace if resource.is_namespaced else None, subresource)


async def kept(cluster: Cluster, namespace: str, manifest: Json) -> Json:
    """The object as the cluster gives it back after a create; a Rollout's status has a door of its own."""
    resource, name = RESOURCES[manifest["kind"]], manifest["metadata"]["name"]
    target = at(resource, namespace, name)
    await cluster.create(Collection(resource, target.namespace), manifest)
    if resource == kinds.ROLLOUTS and manifest.get("status"):
        patch = Patch(PatchType.MERGE, {"status": manifest["status"]})
        await cluster.patch(at(resource, namespace, name, "status"), patch)
    found = await cluster.get(target)
    await cluster.delete(target)
    return found


@pytest.mark.parametrize("document", EVERYTHING, ids=lambda document: document["kind"])
async def test_a_manifest_with_every_field_stays_whole(argos: Cluster, namespace: str, document: Json) -> None:
    """Spec and status of an object that uses every field come back as they went in."""
    status = STATUS if document["kind"] == "Rollout" else document.get("status")
    manifest = {**document, "metadata": {"name": f"{namespace}-whole"}, **({"status": status} if status else {})}
    found = await kept(argos, namespace, manifest)

    assert found["spec"] == manifest["spec"]
    assert found.get("status") == status


@pytest.mark.parametrize("kind", ARGOS)
async def test_manifests_by_chance_stay_whole(argos: Cluster, namespace: str, kind: str) -> None:
    """What a schema allows, whatever is left out of it, comes back as it went in."""
    properties = DEFINITIONS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    for seed in range(MANY):
        chance = Random(f"{kind} {seed}")  # for variety, not for secrets
        head = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": f"{namespace}-{seed}"}}
        parts = {part: valid(properties[part], chance) for part in ("spec", "status") if part in properties}
        found = await kept(argos, namespace, {**head, **parts})

        assert found["spec"] == parts["spec"]
        assert found.get("status", {}) == parts.get("status", {}), seed


async def test_a_selector_stays_what_it_is(argos: Cluster, namespace: str) -> None:
    """A change of it is refused in our words; the rest of the spec may change."""
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "fixed"}}
    body = {**head, "spec": {"selector": {"matchLabels": {"app": "a"}}}}
    target = at(kinds.ROLLOUTS, namespace, "fixed")
    await argos.create(Collection(kinds.ROLLOUTS, namespace), body)
    await argos.patch(target, Patch(PatchType.MERGE, {"spec": {"replicas": 2}}))

    with pytest.raises(InvalidError, match="selector cannot be changed"):
        await argos.patch(target, Patch(PatchType.MERGE, {"spec": {"selector": {"matchLabels": {"app": "b"}}}}))


async def test_pods_keep_labels_and_annotations_alone(argos: Cluster, namespace: str) -> None:
    """As under Argo's own definition: other metadata of a template goes, its spec stays whatever stands in it."""
    spec = {"containers": [{"name": 5, "image": ["odd"], "resources": {"limits": {"cpu": "lots"}}}], "unknown": True}
    template = {"metadata": {"labels": {"a": "b"}, "name": "x", "creationTimestamp": None}, "spec": spec}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "odd"}}
    found = await kept(argos, namespace, {**head, "spec": {"template": template}})

    assert found["spec"]["template"] == {"metadata": {"labels": {"a": "b"}}, "spec": spec}


async def test_counts_that_an_autoscaler_reads_are_not_negative(argos: Cluster, namespace: str) -> None:
    """The API server checks what the scale subresource shows, in spec and status, whatever the schema says."""
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "less"}}
    said = "should be a non-negative integer"
    with pytest.raises(InvalidError, match=rf"\.spec\.replicas: Invalid value: -1: {said}"):
        await argos.create(Collection(kinds.ROLLOUTS, namespace), {**head, "spec": {"replicas": -1}})
    await argos.create(Collection(kinds.ROLLOUTS, namespace), {**head, "spec": {}})

    patch = Patch(PatchType.MERGE, {"status": {"HPAReplicas": -1}})
    with pytest.raises(InvalidError, match=rf"\.status\.HPAReplicas: Invalid value: -1: {said}"):
        await argos.patch(at(kinds.ROLLOUTS, namespace, "less", "status"), patch)
