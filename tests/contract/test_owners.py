"""Contract: what becomes of dependents when their owner goes. On a real cluster, the garbage collector's work."""

import pytest

from rollouts.cluster.kinds import JOBS
from rollouts.cluster.port import Cluster, DeleteOptions, Json
from tests.contract.builders import Bench, config_map, config_maps, widget, widgets
from tests.contract.waiting import until, until_gone

pytestmark = pytest.mark.needs_garbage_collector


def _ref(owner: Json, *, is_blocking: bool = False) -> Json:
    meta = owner["metadata"]
    ref = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**ref, "blockOwnerDeletion": True} if is_blocking else ref


_GHOST = {"apiVersion": "contract.sluice.dev/v1", "kind": "Widget", "name": "ghost", "uid": "of-a-ghost"}


async def _noticed(dependents: Bench) -> None:
    """Until the collector knows the dependents made so far: it has collected one that was made after them."""
    await dependents.create(config_map("canary", ownerReferences=[_GHOST]))
    await until_gone(dependents.cluster, dependents.at("canary"))


async def test_background_deletes_owner_first(cluster: Cluster, namespace: str) -> None:
    """By default the owner goes at once and its dependents, and theirs, after it."""
    owners, dependents = widgets(cluster, namespace), config_maps(cluster, namespace)
    owner = await owners.create(widget("owner"))
    child = await dependents.create(config_map("child", ownerReferences=[_ref(owner)]))
    await dependents.create(config_map("grandchild", ownerReferences=[_ref(child)]))
    await _noticed(dependents)
    await cluster.delete(owners.at("owner"))

    await until_gone(cluster, owners.at("owner"))
    await until_gone(cluster, dependents.at("child"))
    await until_gone(cluster, dependents.at("grandchild"))


async def test_foreground_deletes_dependents_first(cluster: Cluster, namespace: str) -> None:
    """In the foreground the owner waits for the dependents that block it."""
    owners, dependents = widgets(cluster, namespace), config_maps(cluster, namespace)
    owner = await owners.create(widget("owner"))
    held = config_map("child", ownerReferences=[_ref(owner, is_blocking=True)], finalizers=["a.dev/one"])
    await dependents.create(held)
    await _noticed(dependents)
    await cluster.delete(owners.at("owner"), DeleteOptions(propagation="Foreground"))
    await until(cluster, dependents.at("child"), lambda obj: "deletionTimestamp" in obj["metadata"])
    waiting = await owners.get("owner")

    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert "deletionTimestamp" in waiting["metadata"]
    await dependents.merge("child", {"metadata": {"finalizers": None}})
    await until_gone(cluster, dependents.at("child"))
    await until_gone(cluster, owners.at("owner"))


async def test_made_for_an_owner_that_goes(cluster: Cluster, namespace: str) -> None:
    """What somebody makes for an owner that already waits for its dependents goes with the next of these."""
    owners, dependents = widgets(cluster, namespace), config_maps(cluster, namespace)
    owner = await owners.create(widget("owner"))
    held = config_map("child", ownerReferences=[_ref(owner, is_blocking=True)], finalizers=["a.dev/one"])
    await dependents.create(held)
    await _noticed(dependents)
    await cluster.delete(owners.at("owner"), DeleteOptions(propagation="Foreground"))
    await until(cluster, dependents.at("child"), lambda obj: "deletionTimestamp" in obj["metadata"])
    await dependents.create(config_map("late", ownerReferences=[_ref(owner, is_blocking=True)]))
    await _noticed(dependents)
    await dependents.merge("child", {"metadata": {"finalizers": None}})

    await until_gone(cluster, dependents.at("late"))
    await until_gone(cluster, owners.at("owner"))


async def test_foreground_without_dependents_ends(cluster: Cluster, namespace: str) -> None:
    """An owner of nothing is gone in the foreground, too."""
    owners = widgets(cluster, namespace)
    await owners.create(widget("owner"))
    await cluster.delete(owners.at("owner"), DeleteOptions(propagation="Foreground"))

    await until_gone(cluster, owners.at("owner"))


async def test_orphan_leaves_dependents(cluster: Cluster, namespace: str) -> None:
    """Orphaned dependents stay and lose the reference."""
    owners, dependents = widgets(cluster, namespace), config_maps(cluster, namespace)
    owner = await owners.create(widget("owner"))
    await dependents.create(config_map("child", ownerReferences=[_ref(owner)]))
    await _noticed(dependents)
    await cluster.delete(owners.at("owner"), DeleteOptions(propagation="Orphan"))

    await until_gone(cluster, owners.at("owner"))
    left = await until(cluster, dependents.at("child"), lambda obj: "ownerReferences" not in obj["metadata"])
    assert "deletionTimestamp" not in left["metadata"]


async def test_another_owner_keeps_a_dependent(cluster: Cluster, namespace: str) -> None:
    """A dependent of two owners stays with the one that is left."""
    owners, dependents = widgets(cluster, namespace), config_maps(cluster, namespace)
    going, staying = await owners.create(widget("going")), await owners.create(widget("staying"))
    await dependents.create(config_map("child", ownerReferences=[_ref(going), _ref(staying)]))
    await _noticed(dependents)
    await cluster.delete(owners.at("going"))

    left = await until(cluster, dependents.at("child"), lambda obj: len(obj["metadata"]["ownerReferences"]) == 1)
    assert left["metadata"]["ownerReferences"][0]["name"] == "staying"


async def test_dependent_of_nobody_is_collected(cluster: Cluster, namespace: str) -> None:
    """An object whose owner does not exist does not stay."""
    dependents = config_maps(cluster, namespace)
    await dependents.create(config_map("child", ownerReferences=[_GHOST]))

    await until_gone(cluster, dependents.at("child"))


async def test_jobs_leave_their_dependents_by_default(cluster: Cluster, namespace: str) -> None:
    """A Job deleted without a policy orphans what it owns."""
    jobs, dependents = Bench(cluster, JOBS, namespace), config_maps(cluster, namespace)
    container = {"name": "web", "image": "web:1"}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "owner"}}
    owner = await jobs.create({**body, "spec": {"suspend": True, "template": template}})
    await dependents.create(config_map("child", ownerReferences=[_ref(owner)]))
    await _noticed(dependents)
    await cluster.delete(jobs.at("owner"))

    await until_gone(cluster, jobs.at("owner"))
    await until(cluster, dependents.at("child"), lambda obj: "ownerReferences" not in obj["metadata"])
