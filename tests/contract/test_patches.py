"""Contract: merge, JSON and strategic merge patches."""

from typing import Any

import pytest

from rollouts.cluster.errors import ClusterError, InvalidError, NotFoundError, UnsupportedMediaTypeError
from rollouts.cluster.kinds import SERVICES
from rollouts.cluster.port import Cluster, Json, Patch, PatchType
from tests.contract.builders import (
    Bench,
    config_map,
    config_maps,
    deployment,
    deployments,
    widget,
    widgets,
)


async def _strategic(bench: Bench, name: str, body: Json) -> Json:
    return await bench.cluster.patch(bench.at(name), Patch(PatchType.STRATEGIC, body))


async def _json(bench: Bench, name: str, *operations: Json) -> Json:
    return await bench.cluster.patch(bench.at(name), Patch(PatchType.JSON, list(operations)))


def _containers(obj: Json) -> list[Json]:
    found: list[Json] = obj["spec"]["template"]["spec"]["containers"]
    return found


def _names(items: list[Json]) -> list[str]:
    return [item["name"] for item in items]


def _template(**pod_spec: Any) -> Json:
    return {"spec": {"template": {"spec": pod_spec}}}


async def test_merge_patch_merges_maps_and_removes_nulls(cluster: Cluster, namespace: str) -> None:
    """Fields of maps are set one by one; null takes one away."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", {"x": "1", "y": "2"}))

    assert (await bench.merge("a", {"data": {"x": None, "z": "3"}}))["data"] == {"y": "2", "z": "3"}


async def test_merge_patch_replaces_lists(cluster: Cluster, namespace: str) -> None:
    """A list in a merge patch is the whole list."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", {"tags": ["x", "y"]}))

    assert (await bench.merge("a", {"spec": {"tags": ["z"]}}))["spec"]["tags"] == ["z"]


async def test_patch_of_a_missing_object_is_not_found(cluster: Cluster, namespace: str) -> None:
    """A patch creates nothing unless it is an apply."""
    with pytest.raises(NotFoundError):
        await widgets(cluster, namespace).merge("ghost", {"spec": {}})


async def test_patch_as_dry_run_stores_nothing(cluster: Cluster, namespace: str) -> None:
    """A dry run answers as the patch would and changes nothing."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", {"x": "1"}))
    patch = Patch(PatchType.MERGE, {"data": {"x": "2"}}, is_dry_run=True)

    assert (await cluster.patch(bench.at("a"), patch))["data"] == {"x": "2"}
    assert (await bench.get("a"))["data"] == {"x": "1"}


async def test_json_patch_does_its_operations_in_order(cluster: Cluster, namespace: str) -> None:
    """Test, add, replace, remove, move and copy work on paths with escapes and indexes."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", {"steps": [1, 2], "labels": {"a/b": "x"}}))
    after = await _json(
        bench,
        "a",
        {"op": "test", "path": "/spec/steps/0", "value": 1},
        {"op": "add", "path": "/spec/steps/-", "value": 3},
        {"op": "replace", "path": "/spec/steps/0", "value": 9},
        {"op": "copy", "from": "/spec/labels/a~1b", "path": "/spec/labels/c"},
        {"op": "remove", "path": "/spec/labels/a~1b"},
    )

    assert after["spec"]["steps"] == [9, 2, 3]
    assert after["spec"]["labels"] == {"c": "x"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/replicas", "value": 7},
        {"op": "remove", "path": "/spec/nowhere"},
        {"op": "replace", "path": "/spec/steps/5", "value": 1},
    ],
)
async def test_json_patch_that_cannot_be_done_is_invalid(cluster: Cluster, namespace: str, operation: Json) -> None:
    """A failing test or a missing place refuses the whole patch."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(InvalidError):
        await _json(bench, "a", {"op": "replace", "path": "/spec/replicas", "value": 2}, operation)
    assert (await bench.get("a"))["spec"]["replicas"] == 1


async def test_unreadable_json_patch_is_refused(cluster: Cluster, namespace: str) -> None:
    """A JSON patch with an unknown operation does nothing."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(ClusterError):
        await _json(bench, "a", {"op": "explode", "path": "/spec"})


async def test_strategic_patch_is_for_built_in_kinds(cluster: Cluster, namespace: str) -> None:
    """Custom resources take no strategic merge patch: 415, which names the types that they take."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(UnsupportedMediaTypeError, match="application/merge-patch") as refusal:
        await _strategic(bench, "a", {"spec": {"replicas": 2}})
    assert refusal.value.status["code"] == 415


async def test_strategic_patch_merges_items_by_key(cluster: Cluster, namespace: str) -> None:
    """Containers are told apart by their names: one is changed, one added, one left alone."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a", "web", "log"))
    after = await _strategic(
        bench, "a", _template(containers=[{"name": "log", "image": "log:2"}, {"name": "new", "image": "new:1"}])
    )
    images = {one["name"]: one["image"] for one in _containers(after)}

    assert images == {"web": "web:1", "log": "log:2", "new": "new:1"}


async def test_strategic_patch_merges_inside_items(cluster: Cluster, namespace: str) -> None:
    """Environment variables merge by name, ports by containerPort."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a"))
    first = {"name": "web", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80, "name": "http"}]}
    await _strategic(bench, "a", _template(containers=[first]))
    second = {"name": "web", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]}
    ports = [{"containerPort": 80, "name": "main"}]
    web = _containers(await _strategic(bench, "a", _template(containers=[{**second, "ports": ports}])))[0]

    assert {one["name"]: one["value"] for one in web["env"]} == {"A": "3", "B": "2"}
    assert web["ports"] == [{"containerPort": 80, "name": "main", "protocol": "TCP"}]
    assert web["image"] == "web:1"


async def test_strategic_patch_deletes_an_item(cluster: Cluster, namespace: str) -> None:
    """`$patch: delete` takes the item of that key away."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a", "web", "log"))
    after = await _strategic(bench, "a", _template(containers=[{"name": "log", "$patch": "delete"}]))

    assert _names(_containers(after)) == ["web"]


async def test_strategic_patch_replaces_a_list(cluster: Cluster, namespace: str) -> None:
    """`$patch: replace` as an item makes the others the whole list."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a", "web", "log"))
    items = [{"$patch": "replace"}, {"name": "only", "image": "only:1"}]
    after = await _strategic(bench, "a", _template(containers=items))

    assert _names(_containers(after)) == ["only"]


async def test_strategic_patch_replaces_a_map(cluster: Cluster, namespace: str) -> None:
    """`$patch: replace` in a map makes the patch's fields the whole map."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", {"x": "1"}))

    assert (await _strategic(bench, "a", {"data": {"$patch": "replace", "y": "2"}}))["data"] == {"y": "2"}


async def test_strategic_patch_deletes_a_map(cluster: Cluster, namespace: str) -> None:
    """`$patch: delete` in a map empties it."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", {"x": "1"}))

    assert not (await _strategic(bench, "a", {"data": {"$patch": "delete"}})).get("data")


async def test_strategic_patch_retains_keys(cluster: Cluster, namespace: str) -> None:
    """`$retainKeys` drops every field that it does not name: a strategy's old parameters go with it."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a"))
    after = await _strategic(bench, "a", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}})

    assert after["spec"]["strategy"] == {"type": "Recreate"}


async def test_strategic_patch_orders_items(cluster: Cluster, namespace: str) -> None:
    """`$setElementOrder` puts the items in the patch's order."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a", "web", "log"))
    order = [{"name": "new"}, {"name": "log"}, {"name": "web"}]
    body = {"$setElementOrder/containers": order, "containers": [{"name": "new", "image": "new:1"}]}
    after = await _strategic(bench, "a", _template(**body))

    assert _names(_containers(after)) == ["new", "log", "web"]


async def test_strategic_patch_merges_sets(cluster: Cluster, namespace: str) -> None:
    """Finalizers are added to those that are there; `$deleteFromPrimitiveList` takes some away."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a", finalizers=["a.dev/one"]))
    both = await _strategic(bench, "a", {"metadata": {"finalizers": ["a.dev/two"]}})
    one = await _strategic(bench, "a", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.dev/one"]}})
    await bench.merge("a", {"metadata": {"finalizers": None}})

    assert sorted(both["metadata"]["finalizers"]) == ["a.dev/one", "a.dev/two"]
    assert one["metadata"]["finalizers"] == ["a.dev/two"]


async def test_strategic_patch_replaces_atomic_lists(cluster: Cluster, namespace: str) -> None:
    """A container's arguments are one value."""
    bench = deployments(cluster, namespace)
    await bench.create(deployment("a"))
    await _strategic(bench, "a", _template(containers=[{"name": "web", "args": ["a", "b"]}]))
    after = await _strategic(bench, "a", _template(containers=[{"name": "web", "args": ["c"]}]))

    assert _containers(after)[0]["args"] == ["c"]


async def test_strategic_patch_merges_selectors(cluster: Cluster, namespace: str) -> None:
    """A Service's selector merges label by label, though an apply would own it as a whole."""
    bench = Bench(cluster, SERVICES, namespace)
    spec = {"selector": {"app": "a", "v": "1"}, "ports": [{"port": 80}]}
    await bench.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec})
    after = await _strategic(bench, "a", {"spec": {"selector": {"v": "2"}}})

    assert after["spec"]["selector"] == {"app": "a", "v": "2"}
