"""Contract: server-side apply. A manager owns what it applies; others keep what is theirs."""

import re
from typing import Any

import pytest

from rollouts.cluster.errors import BadRequestError, ClusterError, ConflictError, NotFoundError
from rollouts.cluster.kinds import SERVICES
from rollouts.cluster.port import Cluster, Json, Patch, PatchType
from tests.contract.builders import Bench, config_map, config_maps, deployment, deployments, widget, widgets


def _fields(obj: Json, manager: str, operation: str = "Apply") -> Any:
    """The fieldsV1 of a manager's entry, None where it has none."""
    entries = obj["metadata"].get("managedFields", [])
    found = [one for one in entries if (one["manager"], one["operation"]) == (manager, operation)]
    return found[0]["fieldsV1"] if found else None


async def test_apply_creates(cluster: Cluster, namespace: str) -> None:
    """An apply of what is not there creates it, and its manager owns just what it named."""
    made = await widgets(cluster, namespace).apply(widget("a", {"colour": "blue"}), "one")
    entry = made["metadata"]["managedFields"][0]

    assert made["spec"] == {"colour": "blue", "replicas": 1}
    assert (entry["operation"], entry["apiVersion"], entry["fieldsType"]) == (
        "Apply",
        "contract.sluice.dev/v1",
        "FieldsV1",
    )
    assert _fields(made, "one") == {"f:spec": {"f:colour": {}}}


async def test_applying_again_is_no_write(cluster: Cluster, namespace: str) -> None:
    """The same apply twice leaves object and version as they were."""
    bench = widgets(cluster, namespace)
    first = await bench.apply(widget("a", {"colour": "blue"}), "one")

    assert await bench.apply(widget("a", {"colour": "blue"}), "one") == first


async def test_managers_share_an_object(cluster: Cluster, namespace: str) -> None:
    """Two managers that apply different fields each have theirs."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"colour": "blue"}), "one")
    both = await bench.apply(widget("a", {"size": "small"}), "two")

    assert both["spec"] == {"colour": "blue", "size": "small", "replicas": 1}
    assert _fields(both, "one") == {"f:spec": {"f:colour": {}}}
    assert _fields(both, "two") == {"f:spec": {"f:size": {}}}


async def test_change_of_anothers_field_conflicts(cluster: Cluster, namespace: str) -> None:
    """To change what another manager applied is a conflict that names manager and field."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"colour": "blue"}), "one")

    with pytest.raises(ConflictError) as refusal:
        await bench.apply(widget("a", {"colour": "green"}), "two")
    expected = 'Apply failed with 1 conflict: conflict with "one": .spec.colour'
    assert refusal.value.message == expected
    assert refusal.value.status["reason"] == "Conflict"
    assert refusal.value.status["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "one"',
            "field": ".spec.colour",
        }
    ]


async def test_every_conflict_is_named(cluster: Cluster, namespace: str) -> None:
    """Several conflicts are all in the causes."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"colour": "blue", "size": "small"}), "one")

    with pytest.raises(ConflictError, match="Apply failed with 2 conflicts") as refusal:
        await bench.apply(widget("a", {"colour": "green", "size": "large"}), "two")
    assert {one["field"] for one in refusal.value.status["details"]["causes"]} == {".spec.colour", ".spec.size"}


async def test_force_takes_over(cluster: Cluster, namespace: str) -> None:
    """A forced apply wins, and the field changes hands."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"colour": "blue", "size": "small"}), "one")
    after = await bench.apply(widget("a", {"colour": "green"}), "two", is_forced=True)

    assert after["spec"]["colour"] == "green"
    assert _fields(after, "one") == {"f:spec": {"f:size": {}}}
    assert _fields(after, "two") == {"f:spec": {"f:colour": {}}}


async def test_same_value_is_shared(cluster: Cluster, namespace: str) -> None:
    """Two managers may apply the same value; it goes only when both have let go."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"size": "small"}), "one")
    shared = await bench.apply(widget("a", {"size": "small"}), "two")
    kept = await bench.apply(widget("a", {}), "one")
    gone = await bench.apply(widget("a", {}), "two")

    assert _fields(shared, "one") == _fields(shared, "two") == {"f:spec": {"f:size": {}}}
    assert kept["spec"]["size"] == "small"
    assert "size" not in gone["spec"]


async def test_field_no_longer_applied_goes(cluster: Cluster, namespace: str) -> None:
    """What a manager applied before and does not name now is removed."""
    bench = config_maps(cluster, namespace)
    await bench.apply(config_map("a", {"x": "1", "y": "2"}), "one")

    assert (await bench.apply(config_map("a", {"y": "2"}), "one"))["data"] == {"y": "2"}


async def test_field_of_another_stays(cluster: Cluster, namespace: str) -> None:
    """What a manager never applied is not removed by its silence."""
    bench = config_maps(cluster, namespace)
    await bench.apply(config_map("a", {"x": "1"}), "one")
    await bench.merge("a", {"data": {"y": "2"}}, manager="two")

    assert (await bench.apply(config_map("a", {"x": "1"}), "one"))["data"] == {"x": "1", "y": "2"}


async def test_default_returns_when_its_field_goes(cluster: Cluster, namespace: str) -> None:
    """A field with a default that is no longer applied gets the default."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"replicas": 5}), "one")

    assert (await bench.apply(widget("a", {}), "one"))["spec"]["replicas"] == 1


async def test_container_left_empty_goes(cluster: Cluster, namespace: str) -> None:
    """A map that held nothing but removed fields is removed with them."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"labels": {"x": "1"}}), "one")

    assert "labels" not in (await bench.apply(widget("a", {}), "one"))["spec"]


async def test_update_owns_what_it_changes(cluster: Cluster, namespace: str) -> None:
    """Who patches a field owns it by an Update entry, and an apply that differs conflicts."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"replicas": 2, "colour": "blue"}), "one")
    patched = await bench.merge("a", {"spec": {"replicas": 7}}, manager="scaler")

    assert _fields(patched, "scaler", "Update") == {"f:spec": {"f:replicas": {}}}
    assert _fields(patched, "one") == {"f:spec": {"f:colour": {}}}
    words = 'conflict with "scaler" using contract.sluice.dev/v1: .spec.replicas'
    with pytest.raises(ConflictError, match=re.escape(words)):
        await bench.apply(widget("a", {"replicas": 2, "colour": "blue"}), "one")


async def test_update_to_the_same_value_owns_nothing(cluster: Cluster, namespace: str) -> None:
    """A patch that changes nothing takes nothing over."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"colour": "blue"}), "one")
    patched = await bench.merge("a", {"spec": {"colour": "blue"}}, manager="two")

    assert _fields(patched, "two", "Update") is None


async def test_status_has_its_own_owners(cluster: Cluster, namespace: str) -> None:
    """Writes to the status subresource stand in entries of their own."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"), manager="one")
    after = await bench.merge("a", {"status": {"phase": "Ready"}}, "status", manager="one")
    entries = {one.get("subresource", ""): one["fieldsV1"] for one in after["metadata"]["managedFields"]}

    assert entries["status"] == {"f:status": {".": {}, "f:phase": {}}}
    assert "f:status" not in entries[""]


async def test_apply_to_status_leaves_spec(cluster: Cluster, namespace: str) -> None:
    """An apply to /status owns status fields only."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    body = {**widget("a", {"replicas": 9}), "status": {"phase": "Ready"}}
    after = await bench.apply(body, "one", subresource="status")

    assert after["status"] == {"phase": "Ready"}
    assert after["spec"]["replicas"] == 1
    assert _fields(after, "one") == {"f:status": {"f:phase": {}}}


async def test_apply_to_the_object_leaves_status(cluster: Cluster, namespace: str) -> None:
    """An apply to the object neither sets nor owns its status."""
    made = await widgets(cluster, namespace).apply({**widget("a"), "status": {"phase": "Ready"}}, "one")

    assert "status" not in made


async def test_list_items_have_owners(cluster: Cluster, namespace: str) -> None:
    """Items of a list-map merge by key; each manager owns its own items."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"items": [{"name": "x", "value": "1"}]}), "one")
    both = await bench.apply(widget("a", {"items": [{"name": "y", "value": "2"}]}), "two")
    item: Json = {".": {}, "f:name": {}, "f:value": {}}

    assert [one["name"] for one in both["spec"]["items"]] == ["x", "y"]
    assert _fields(both, "two") == {"f:spec": {"f:items": {'k:{"name":"y"}': item}}}
    alone = await bench.apply(widget("a", {}), "one")
    assert [one["name"] for one in alone["spec"]["items"]] == ["y"]


async def test_item_with_anothers_field_stays(cluster: Cluster, namespace: str) -> None:
    """An item in which somebody else owns a field loses only what its first manager owned."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"items": [{"name": "x", "value": "1"}]}), "one")
    await bench.apply(widget("a", {"items": [{"name": "x", "port": 90}]}), "two", is_forced=True)
    after = await bench.apply(widget("a", {}), "one")

    assert after["spec"]["items"] == [{"name": "x", "port": 90}]


async def test_item_shown_in_conflict(cluster: Cluster, namespace: str) -> None:
    """A conflict inside an item shows its key."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"items": [{"name": "x", "value": "1"}]}), "one")

    with pytest.raises(ConflictError, match=r'\.spec\.items\[name="x"\]\.value'):
        await bench.apply(widget("a", {"items": [{"name": "x", "value": "2"}]}), "two")


async def test_order_of_items_is_the_managers(cluster: Cluster, namespace: str) -> None:
    """A manager that applies its items in another order gets that order."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"items": [{"name": "x"}, {"name": "y"}]}), "one")
    after = await bench.apply(widget("a", {"items": [{"name": "y"}, {"name": "x"}]}), "one")

    assert [one["name"] for one in after["spec"]["items"]] == ["y", "x"]


async def test_values_of_sets_have_owners(cluster: Cluster, namespace: str) -> None:
    """A set is the union of what its managers applied."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"tags": ["x", "y"]}), "one")
    both = await bench.apply(widget("a", {"tags": ["y", "z"]}), "two")
    after = await bench.apply(widget("a", {"tags": ["x"]}), "one")

    assert sorted(both["spec"]["tags"]) == ["x", "y", "z"]
    assert sorted(after["spec"]["tags"]) == ["x", "y", "z"]
    assert _fields(after, "two") == {"f:spec": {"f:tags": {'v:"y"': {}, 'v:"z"': {}}}}


async def test_atomic_list_has_one_owner(cluster: Cluster, namespace: str) -> None:
    """A list that merges as a whole belongs to whoever set it."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"steps": [1, 2]}), "one")

    with pytest.raises(ConflictError, match=r": \.spec\.steps$"):
        await bench.apply(widget("a", {"steps": [1, 3]}), "two")
    after = await bench.apply(widget("a", {"steps": [3]}), "two", is_forced=True)
    assert after["spec"]["steps"] == [3]
    assert _fields(after, "two") == {"f:spec": {"f:steps": {}}}


async def test_atomic_map_has_one_owner(cluster: Cluster, namespace: str) -> None:
    """A map that merges as a whole is replaced, not merged."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"whole": {"x": "1"}}), "one")
    after = await bench.apply(widget("a", {"whole": {"y": "2"}}), "one")

    assert after["spec"]["whole"] == {"y": "2"}


async def test_containers_of_deployments_merge_by_name(cluster: Cluster, namespace: str) -> None:
    """The built-in kinds know their list keys, too: ports by port and protocol, with the protocol's default."""
    bench = deployments(cluster, namespace)
    body = deployment("a")
    body["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    made = await bench.apply(body, "one")
    spec = _fields(made, "one")["f:spec"]["f:template"]["f:spec"]
    container = spec["f:containers"]['k:{"name":"web"}']

    assert set(container) == {".", "f:name", "f:image", "f:ports"}
    assert container["f:ports"] == {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    assert _fields(made, "one")["f:spec"]["f:selector"] == {}


async def test_selector_of_services_is_one_value(cluster: Cluster, namespace: str) -> None:
    """A Service's selector is owned as a whole: a rollout's hash in it is taken away by an apply that owns it."""
    bench = Bench(cluster, SERVICES, namespace)
    spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}
    made = await bench.apply(body, "one")
    await bench.merge("a", {"spec": {"selector": {"hash": "1"}}}, manager="two")

    assert _fields(made, "one")["f:spec"]["f:selector"] == {}
    with pytest.raises(ConflictError, match=r"\.spec\.selector"):
        await bench.apply(body, "one")


async def test_labels_and_annotations_have_owners(cluster: Cluster, namespace: str) -> None:
    """Labels belong one by one to who applied them."""
    bench = config_maps(cluster, namespace)
    await bench.apply(config_map("a", labels={"x": "1"}), "one")
    both = await bench.apply(config_map("a", labels={"y": "2"}), "two")
    after = await bench.apply(config_map("a"), "one")

    assert both["metadata"]["labels"] == {"x": "1", "y": "2"}
    assert after["metadata"]["labels"] == {"y": "2"}


async def test_apply_names_its_manager(cluster: Cluster, namespace: str) -> None:
    """An apply without a manager is refused."""
    bench = config_maps(cluster, namespace)
    with pytest.raises(ClusterError, match="fieldManager"):
        await cluster.patch(bench.at("a"), Patch(PatchType.APPLY, config_map("a")))


async def test_apply_brings_no_managed_fields(cluster: Cluster, namespace: str) -> None:
    """A body with managedFields is refused: it was read from a cluster, not written by a manager."""
    entry = {"manager": "one", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}
    with pytest.raises(BadRequestError, match="managedFields must be nil"):
        await config_maps(cluster, namespace).apply(config_map("a", managedFields=[entry]), "one")


async def test_apply_with_a_version_holds_for_it(cluster: Cluster, namespace: str) -> None:
    """A resourceVersion in the body is a precondition."""
    bench = config_maps(cluster, namespace)
    made = await bench.apply(config_map("a", {"x": "1"}), "one")
    version = made["metadata"]["resourceVersion"]
    after = await bench.apply(config_map("a", {"x": "2"}, resourceVersion=version), "one")

    assert after["data"] == {"x": "2"}
    with pytest.raises(ConflictError):
        await bench.apply(config_map("a", {"x": "3"}, resourceVersion=version), "one")


async def test_apply_of_a_uid_creates_nothing(cluster: Cluster, namespace: str) -> None:
    """A body with the uid of an object that is gone does not bring it back."""
    with pytest.raises(ConflictError):
        await config_maps(cluster, namespace).apply(config_map("a", uid="of-another-life"), "one")


async def test_apply_as_dry_run_stores_nothing(cluster: Cluster, namespace: str) -> None:
    """A dry run tells the outcome, conflicts included, and leaves all as it was."""
    bench = config_maps(cluster, namespace)
    patch = Patch(PatchType.APPLY, config_map("a", {"x": "1"}), "one", is_dry_run=True)

    assert (await cluster.patch(bench.at("a"), patch))["data"] == {"x": "1"}
    with pytest.raises(NotFoundError):
        await bench.get("a")


async def test_undeclared_field_is_refused(cluster: Cluster, namespace: str) -> None:
    """An apply cannot name a field that the schema does not know."""
    with pytest.raises(ClusterError, match="field not declared in schema"):
        await widgets(cluster, namespace).apply(widget("a", {"unheard": 1}), "one")


async def test_applied_scale_owns_replicas(cluster: Cluster, namespace: str) -> None:
    """Replicas applied through /scale belong to that manager's entry of the subresource."""
    bench = widgets(cluster, namespace)
    await bench.apply(widget("a", {"replicas": 3}), "one")
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": 3}}
    await bench.apply(scale, "two", subresource="scale")
    entries = (await bench.get("a"))["metadata"]["managedFields"]
    owners = {one["manager"]: one.get("subresource", "") for one in entries if one["operation"] == "Apply"}

    assert owners == {"one": "", "two": "scale"}


async def test_managers_can_be_reset(cluster: Cluster, namespace: str) -> None:
    """managedFields set to one empty entry forgets every owner."""
    bench = config_maps(cluster, namespace)
    await bench.apply(config_map("a", {"x": "1"}), "one")
    after = await bench.merge("a", {"metadata": {"managedFields": [{}]}}, manager="two")

    assert not after["metadata"].get("managedFields")
