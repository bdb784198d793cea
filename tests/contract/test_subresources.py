"""Contract: what is written through a subresource changes that and nothing else."""

import pytest

from rollouts.cluster.errors import ConflictError, InvalidError, NotFoundError
from rollouts.cluster.port import Cluster, Patch, PatchType
from tests.contract.builders import config_map, config_maps, deployment, deployments, plain, plains, widget, widgets


async def test_status_of_a_new_object_is_dropped(cluster: Cluster, namespace: str) -> None:
    """A create cannot set what the status subresource holds."""
    made = await widgets(cluster, namespace).create({**widget("a"), "status": {"phase": "Ready"}})

    assert "status" not in made


async def test_status_patch_writes_status_only(cluster: Cluster, namespace: str) -> None:
    """A patch of /status leaves spec and labels as they were."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", {"replicas": 2}))
    body = {"status": {"phase": "Ready"}, "spec": {"replicas": 9}, "metadata": {"labels": {"x": "y"}}}
    after = await bench.merge("a", body, "status")

    assert after["status"] == {"phase": "Ready"}
    assert after["spec"]["replicas"] == 2
    assert "labels" not in after["metadata"]


async def test_object_patch_leaves_status(cluster: Cluster, namespace: str) -> None:
    """A patch of the object itself cannot touch the status."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    await bench.merge("a", {"status": {"phase": "Ready"}}, "status")
    after = await bench.merge("a", {"status": {"phase": "Broken"}, "spec": {"replicas": 2}})

    assert after["status"] == {"phase": "Ready"}
    assert after["spec"]["replicas"] == 2


async def test_status_replace_writes_status_only(cluster: Cluster, namespace: str) -> None:
    """A replace of /status takes the status of the body and nothing else."""
    bench = widgets(cluster, namespace)
    made = await bench.create(widget("a"))
    body = {**made, "spec": {"replicas": 9}, "status": {"phase": "Ready"}}
    after = await cluster.replace(bench.at("a", "status"), body)

    assert after["status"] == {"phase": "Ready"}
    assert after["spec"]["replicas"] == 1


async def test_status_of_deployments_is_apart(cluster: Cluster, namespace: str) -> None:
    """Deployments keep their status behind a subresource, too."""
    bench = deployments(cluster, namespace)
    await bench.create({**deployment("a"), "status": {"replicas": 7}})
    after = await bench.merge("a", {"status": {"replicas": 8}})

    assert after.get("status", {}).get("replicas") not in (7, 8)


async def test_subresource_must_be_declared(cluster: Cluster, namespace: str) -> None:
    """A kind without a status subresource has nothing to find there."""
    bench = plains(cluster, namespace)
    await bench.create(plain("a"))

    with pytest.raises(NotFoundError):
        await bench.merge("a", {"status": {"phase": "Ready"}}, "status")


async def test_scale_shows_replicas_and_selector(cluster: Cluster, namespace: str) -> None:
    """A Scale tells wanted and present replicas and the selector, from where the definition says they stand."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", {"replicas": 3}))
    await bench.merge("a", {"status": {"replicas": 2, "selector": "app=a"}}, "status")
    scale = await cluster.get(bench.at("a", "scale"))

    assert (scale["apiVersion"], scale["kind"]) == ("autoscaling/v1", "Scale")
    assert scale["metadata"]["name"] == "a"
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 2, "selector": "app=a"}


async def test_scale_patch_sets_replicas(cluster: Cluster, namespace: str) -> None:
    """A patch of /scale answers with the Scale and changes spec.replicas, with a new generation."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    scale = await bench.merge("a", {"spec": {"replicas": 5}}, "scale")
    after = await bench.get("a")

    assert scale["kind"] == "Scale"
    assert scale["spec"] == {"replicas": 5}
    assert after["spec"]["replicas"] == 5
    assert after["metadata"]["generation"] == 2


async def test_scale_replace_sets_replicas(cluster: Cluster, namespace: str) -> None:
    """A Deployment is scaled by replacing its Scale; without a version, as its controller writes to it meanwhile."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a"))
    scale = await cluster.get(bench.at("a", "scale"))
    body = {**scale, "metadata": {"name": "a", "namespace": namespace}, "spec": {"replicas": 1}}
    await cluster.replace(bench.at("a", "scale"), body)
    selector = (await cluster.get(bench.at("a", "scale")))["status"]["selector"]

    assert (await bench.get("a"))["spec"]["replicas"] == 1
    assert selector == "app=a"


async def test_scale_is_not_negative(cluster: Cluster, namespace: str) -> None:
    """Fewer than no replicas are invalid."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(InvalidError, match="greater than or equal to 0"):
        await bench.merge("a", {"spec": {"replicas": -1}}, "scale")


async def test_scale_obeys_versions(cluster: Cluster, namespace: str) -> None:
    """A Scale that was read before another write is a conflict."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    scale = await cluster.get(bench.at("a", "scale"))
    await bench.merge("a", {"spec": {"replicas": 4}})

    with pytest.raises(ConflictError):
        await cluster.replace(bench.at("a", "scale"), {**scale, "spec": {"replicas": 7}})


async def test_kind_without_scale_has_none(cluster: Cluster, namespace: str) -> None:
    """ConfigMaps cannot be scaled."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))

    with pytest.raises(NotFoundError):
        await cluster.get(bench.at("a", "scale"))


async def test_json_patch_reaches_status(cluster: Cluster, namespace: str) -> None:
    """Subresources take every type of patch."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    operations = [{"op": "add", "path": "/status", "value": {"phase": "Ready"}}]
    after = await cluster.patch(bench.at("a", "status"), Patch(PatchType.JSON, operations))

    assert after["status"] == {"phase": "Ready"}
