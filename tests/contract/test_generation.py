"""Contract: the generation counts changes of what is wanted, and nothing else."""

import pytest

from rollouts.cluster.kinds import REPLICA_SETS
from rollouts.cluster.port import Cluster, DeleteOptions
from tests.contract.builders import Bench, deployment, deployments, plain, plains, widget, widgets


async def test_change_of_spec_is_a_new_generation(cluster: Cluster, namespace: str) -> None:
    """A spec that changes raises the generation by one."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    assert (await bench.merge("a", {"spec": {"replicas": 3}}))["metadata"]["generation"] == 2


@pytest.mark.parametrize("meta", [{"labels": {"a": "b"}}, {"annotations": {"a": "b"}}, {"finalizers": ["a.dev/f"]}])
async def test_change_of_metadata_is_not(cluster: Cluster, namespace: str, meta: dict[str, object]) -> None:
    """Labels, annotations and finalizers leave a custom resource's generation alone."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    assert (await bench.merge("a", {"metadata": meta}))["metadata"]["generation"] == 1
    await bench.merge("a", {"metadata": {"finalizers": None}})


async def test_status_subresource_is_not(cluster: Cluster, namespace: str) -> None:
    """A status written by its subresource leaves the generation alone."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    assert (await bench.merge("a", {"status": {"phase": "Ready"}}, "status"))["metadata"]["generation"] == 1


async def test_status_without_subresource_is_content(cluster: Cluster, namespace: str) -> None:
    """Where status is no subresource, a change of it is a new generation."""
    bench = plains(cluster, namespace)
    await bench.create(plain("a"))
    changed = await bench.merge("a", {"status": {"phase": "Ready"}})

    assert changed["status"] == {"phase": "Ready"}
    assert changed["metadata"]["generation"] == 2


async def test_deployments_count_annotations(cluster: Cluster, namespace: str) -> None:
    """A Deployment's annotations are part of its generation, its labels are not."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a"))
    labelled = await bench.merge("a", {"metadata": {"labels": {"x": "y"}}})
    annotated = await bench.merge("a", {"metadata": {"annotations": {"x": "y"}}})

    base = labelled["metadata"]["generation"]
    assert annotated["metadata"]["generation"] > base


async def test_replica_sets_count_their_spec_only(cluster: Cluster, namespace: str) -> None:
    """A ReplicaSet's annotations leave its generation alone, its replicas do not."""
    bench = Bench(cluster, REPLICA_SETS, namespace)
    body = deployment("a")
    await bench.create({**body, "kind": "ReplicaSet"})
    annotated = await bench.merge("a", {"metadata": {"annotations": {"x": "y"}}})
    template = {"metadata": {"annotations": {"x": "y"}}}
    changed = await bench.merge("a", {"spec": {"template": template}})

    assert annotated["metadata"]["generation"] == 1
    assert changed["metadata"]["generation"] == 2


async def test_mark_of_deletion_is_a_new_generation(cluster: Cluster, namespace: str) -> None:
    """An object that waits for its finalizers got one more generation by the delete."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=["a.dev/f"]))
    await cluster.delete(bench.at("a"), DeleteOptions())

    assert (await bench.get("a"))["metadata"]["generation"] == 2
    await bench.merge("a", {"metadata": {"finalizers": None}})
