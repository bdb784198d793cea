"""Contract: who writes on an old state is told so, who names no state is not held up."""

import pytest

from rollouts.cluster.errors import BadRequestError, ConflictError, InvalidError
from rollouts.cluster.port import Cluster, DeleteOptions
from tests.contract.builders import config_map, config_maps, widget, widgets


async def test_replace_on_the_present_state_succeeds(cluster: Cluster, namespace: str) -> None:
    """A replace with the current version writes the whole object."""
    bench = config_maps(cluster, namespace)
    made = await bench.create(config_map("a", {"x": "1", "y": "2"}))
    after = await cluster.replace(bench.at("a"), {**made, "data": {"x": "3"}})

    assert after["data"] == {"x": "3"}
    assert after["metadata"]["uid"] == made["metadata"]["uid"]


async def test_replace_on_an_old_state_conflicts(cluster: Cluster, namespace: str) -> None:
    """A replace with an old version is a 409 that says to read again."""
    bench = config_maps(cluster, namespace)
    made = await bench.create(config_map("a"))
    await bench.merge("a", {"data": {"x": "1"}})

    with pytest.raises(ConflictError, match="the object has been modified; please apply your changes") as refusal:
        await cluster.replace(bench.at("a"), {**made, "data": {"x": "2"}})
    assert refusal.value.status["code"] == 409
    assert refusal.value.status["reason"] == "Conflict"
    assert (await bench.get("a"))["data"] == {"x": "1"}


async def test_replace_of_custom_resources_names_the_version(cluster: Cluster, namespace: str) -> None:
    """A custom resource cannot be replaced blindly."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(InvalidError, match="must be specified for an update"):
        await cluster.replace(bench.at("a"), widget("a", {"replicas": 2}))


async def test_replace_of_config_maps_may_be_blind(cluster: Cluster, namespace: str) -> None:
    """A ConfigMap can be replaced without naming its version."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", {"x": "1"}))

    assert (await cluster.replace(bench.at("a"), config_map("a", {"x": "2"})))["data"] == {"x": "2"}


async def test_patch_with_an_old_version_conflicts(cluster: Cluster, namespace: str) -> None:
    """A patch that carries a version holds only for that version."""
    bench = widgets(cluster, namespace)
    made = await bench.create(widget("a"))
    await bench.merge("a", {"spec": {"replicas": 2}})
    old = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {"replicas": 3}}

    with pytest.raises(ConflictError):
        await bench.merge("a", old)


async def test_patch_without_version_never_conflicts(cluster: Cluster, namespace: str) -> None:
    """A patch without a version is done on whatever is there."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    await bench.merge("a", {"spec": {"replicas": 2}})

    assert (await bench.merge("a", {"spec": {"colour": "blue"}}))["spec"] == {"replicas": 2, "colour": "blue"}


async def test_writes_to_a_predecessor_are_refused(cluster: Cluster, namespace: str) -> None:
    """What names the uid of an object that is gone does not hit its successor."""
    bench = config_maps(cluster, namespace)
    first = await bench.create(config_map("a"))
    await cluster.delete(bench.at("a"))
    await bench.create(config_map("a"))

    with pytest.raises(InvalidError, match=r"metadata\.uid"):
        await bench.merge("a", {"metadata": {"uid": first["metadata"]["uid"]}, "data": {"x": "1"}})
    with pytest.raises(ConflictError, match="UID in precondition"):
        await cluster.replace(bench.at("a"), config_map("a", {"x": "1"}, uid=first["metadata"]["uid"]))


async def test_name_cannot_change(cluster: Cluster, namespace: str) -> None:
    """An object keeps its name."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))

    with pytest.raises(BadRequestError):
        await cluster.replace(bench.at("a"), config_map("b"))


@pytest.mark.parametrize("precondition", ["uid", "version"])
async def test_delete_holds_for_its_preconditions(cluster: Cluster, namespace: str, precondition: str) -> None:
    """A delete with another uid or version than the object's is a conflict and deletes nothing."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))
    wrong = DeleteOptions(uid="another") if precondition == "uid" else DeleteOptions(version="1")

    with pytest.raises(ConflictError, match=r"[Pp]recondition"):
        await cluster.delete(bench.at("a"), wrong)
    assert await bench.get("a")


async def test_delete_with_right_preconditions_succeeds(cluster: Cluster, namespace: str) -> None:
    """A delete with the object's own uid and version goes through."""
    bench = config_maps(cluster, namespace)
    meta = (await bench.create(config_map("a")))["metadata"]
    await cluster.delete(bench.at("a"), DeleteOptions(uid=meta["uid"], version=meta["resourceVersion"]))

    assert (await cluster.list(bench.collection)).items == () or "a" not in {
        obj["metadata"]["name"] for obj in (await cluster.list(bench.collection)).items
    }
