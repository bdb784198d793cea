"""Contract: finalizers hold a deletion until the last of them is gone."""

import pytest

from rollouts.cluster.errors import ForbiddenError, InvalidError, NotFoundError
from rollouts.cluster.kinds import CONFIG_MAPS, NAMESPACES
from rollouts.cluster.port import Cluster, Collection, DeleteOptions, Patch, PatchType, Query, Target
from tests.contract.builders import config_map, config_maps, widget, widgets
from tests.contract.waiting import until, until_gone

_ONE, _TWO = "a.dev/one", "a.dev/two"


async def test_delete_waits_for_finalizers(cluster: Cluster, namespace: str) -> None:
    """An object with finalizers is marked, with time and no grace, and stays."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await cluster.delete(bench.at("a"))
    meta = (await bench.get("a"))["metadata"]

    assert meta["deletionTimestamp"].endswith("Z")
    assert meta["deletionGracePeriodSeconds"] == 0
    await bench.merge("a", {"metadata": {"finalizers": None}})


async def test_last_finalizer_ends_it(cluster: Cluster, namespace: str) -> None:
    """The object is gone with its last finalizer, not before."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE, _TWO]))
    await cluster.delete(bench.at("a"))
    await bench.merge("a", {"metadata": {"finalizers": [_TWO]}})
    assert (await bench.get("a"))["metadata"]["finalizers"] == [_TWO]
    await bench.merge("a", {"metadata": {"finalizers": []}})

    with pytest.raises(NotFoundError):
        await bench.get("a")


async def test_finalizer_of_a_living_object_may_go(cluster: Cluster, namespace: str) -> None:
    """Without a deletion the removal of finalizers removes nothing else."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await bench.merge("a", {"metadata": {"finalizers": None}})

    assert "finalizers" not in (await bench.get("a"))["metadata"]


async def test_second_delete_changes_nothing(cluster: Cluster, namespace: str) -> None:
    """To delete what is being deleted leaves time and version as they are."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await cluster.delete(bench.at("a"))
    first = await bench.get("a")
    await cluster.delete(bench.at("a"))

    assert await bench.get("a") == first
    await bench.merge("a", {"metadata": {"finalizers": None}})


async def test_no_new_finalizers_while_deleting(cluster: Cluster, namespace: str) -> None:
    """An object that is being deleted takes no further finalizer."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await cluster.delete(bench.at("a"))

    with pytest.raises(InvalidError, match="no new finalizers can be added if the object is being deleted"):
        await bench.merge("a", {"metadata": {"finalizers": [_ONE, _TWO]}})
    await bench.merge("a", {"metadata": {"finalizers": None}})


async def test_object_being_deleted_can_be_written(cluster: Cluster, namespace: str) -> None:
    """Spec and status of an object that waits for its finalizers still change, the mark stays."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await cluster.delete(bench.at("a"))
    await bench.merge("a", {"status": {"phase": "Leaving"}}, "status")
    after = await bench.merge("a", {"spec": {"replicas": 0}, "metadata": {"deletionTimestamp": None}})

    assert after["status"] == {"phase": "Leaving"}
    assert after["spec"]["replicas"] == 0
    assert "deletionTimestamp" in after["metadata"]
    await bench.merge("a", {"metadata": {"finalizers": None}})


async def test_deletion_is_watched_in_two_steps(cluster: Cluster, namespace: str) -> None:
    """The mark is MODIFIED, the end DELETED."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    version = (await cluster.list(bench.collection)).version
    await cluster.delete(bench.at("a"))
    await bench.merge("a", {"metadata": {"finalizers": None}})
    events = []
    async for event in cluster.watch(bench.collection, Query(version=version, timeout=20)):
        events.append(event.type)
        if event.type == "DELETED":
            break

    assert events == ["MODIFIED", "DELETED"]


async def test_name_is_free_after_deletion(cluster: Cluster, namespace: str) -> None:
    """A name that was deleted can be used again, for another uid."""
    bench = config_maps(cluster, namespace)
    first = await bench.create(config_map("a"))
    await cluster.delete(bench.at("a"))
    second = await bench.create(config_map("a"))

    assert first["metadata"]["uid"] != second["metadata"]["uid"]


async def test_json_patch_takes_a_finalizer_away(cluster: Cluster, namespace: str) -> None:
    """The last finalizer may go by a JSON patch."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", finalizers=[_ONE]))
    await cluster.delete(bench.at("a"))
    operations = [{"op": "remove", "path": "/metadata/finalizers/0"}]
    await cluster.patch(bench.at("a"), Patch(PatchType.JSON, operations))

    with pytest.raises(NotFoundError):
        await bench.get("a")


async def test_policy_must_be_known(cluster: Cluster, namespace: str) -> None:
    """There are three propagation policies."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))

    with pytest.raises(Exception, match="propagationPolicy"):
        await cluster.delete(bench.at("a"), DeleteOptions(propagation="Sideways"))


@pytest.mark.needs_garbage_collector
async def test_namespace_takes_its_contents_along(cluster: Cluster) -> None:
    """A namespace is Terminating until all that is in it is gone, takes nothing new, and then goes itself."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "contract-"}}
    name = (await cluster.create(Collection(NAMESPACES), body))["metadata"]["name"]
    bench = widgets(cluster, name)
    await bench.create(widget("a", finalizers=[_ONE]))
    await config_maps(cluster, name).create(config_map("b"))
    await cluster.delete(Target(NAMESPACES, name))
    await until(cluster, Target(NAMESPACES, name), lambda obj: obj["status"]["phase"] == "Terminating")

    with pytest.raises(ForbiddenError, match="because it is being terminated"):
        await config_maps(cluster, name).create(config_map("c"))
    await until(cluster, bench.at("a"), lambda obj: "deletionTimestamp" in obj["metadata"])
    await bench.merge("a", {"metadata": {"finalizers": None}})
    await until_gone(cluster, Target(NAMESPACES, name))
    assert (await cluster.list(Collection(CONFIG_MAPS, name))).items == ()
