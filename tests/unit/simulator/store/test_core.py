"""The store as a whole: what it promises beyond the contract that it shares with a real API server."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollouts.cluster.errors import ConflictError, GoneError, InvalidError, NotFoundError, ServerError
from rollouts.cluster.kinds import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, HTTP_ROUTES, NAMESPACES, PODS
from rollouts.cluster.port import Collection, DeleteOptions, Json, Patch, PatchType, Query, Resource, Target
from rollouts.simulator.store import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MAPS = Collection(CONFIG_MAPS, "default")


def _store(seed: int = 0) -> Store:
    return Store(lambda: NOON, seed=seed)


def _map(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": dict(data)}


def _at(name: str) -> Target:
    return Target(CONFIG_MAPS, name, "default")


async def _history(seed: int) -> str:
    store = _store(seed)
    await store.create(MAPS, {**_map("a"), "metadata": {"generateName": "a-"}})
    await store.create(MAPS, _map("b", x="1"))
    await store.delete(_at("b"))
    return json.dumps([obj for resource in await store.discover() for obj in store.peek_all(Collection(resource))])


async def test_same_seed_same_history() -> None:
    """Two stores with one seed that see the same writes hold the same objects, uids included."""
    assert await _history(3) == await _history(3)


async def test_another_seed_other_uids() -> None:
    """Another seed gives other uids and names."""
    assert await _history(3) != await _history(4)


async def test_times_come_from_the_given_clock() -> None:
    """Objects carry the time that `now` tells."""
    made = await _store().create(MAPS, _map("a"))

    assert made["metadata"]["creationTimestamp"] == "2026-01-01T12:00:00Z"


async def test_bodies_are_copied() -> None:
    """A writer that goes on changing its body changes nothing in the store."""
    store, body = _store(), _map("a", x="1")
    await store.create(MAPS, body)
    body["data"]["x"] = "2"

    assert (await store.get(_at("a")))["data"] == {"x": "1"}


async def test_objects_handed_out_do_not_change() -> None:
    """What was read stays as it was read when the object changes."""
    store = _store()
    before = await store.create(MAPS, _map("a", x="1"))
    kept = json.dumps(before)
    await store.patch(_at("a"), Patch(PatchType.MERGE, {"data": {"x": "2"}}))
    await store.patch(_at("a"), Patch(PatchType.JSON, [{"op": "remove", "path": "/data/x"}]))
    await store.patch(_at("a"), Patch(PatchType.STRATEGIC, {"metadata": {"labels": {"a": "b"}}}))
    await store.patch(_at("a"), Patch(PatchType.APPLY, _map("a", y="3"), "tester"))

    assert json.dumps(before) == kept


async def test_peek_never_raises() -> None:
    """A peek at nothing, of a kind that exists or not, is None."""
    store = _store()

    assert store.peek(_at("a")) is None
    assert store.peek(Target(Resource("nowhere.dev", "v1", "ghosts", "Ghost"), "a", "default")) is None


async def test_peek_sees_what_get_sees() -> None:
    """Peeks show the present state without awaiting."""
    store = _store()
    made = await store.create(MAPS, _map("a"))

    assert store.peek(_at("a")) == made
    assert store.peek_all(MAPS, Query(fields="metadata.name=a")) == (made,)


def test_resources_are_found_by_name() -> None:
    """The HTTP front turns the parts of a path into a resource."""
    store = _store()

    assert store.resource_for("", "v1", "pods") == PODS
    assert store.resource_for("", "v2", "pods") is None


def test_definitions_tell_columns_schema_and_subresources() -> None:
    """The HTTP front finds what it prints in the kinds."""
    routes = next(kind for kind in _store().definitions if kind.resource == HTTP_ROUTES)

    assert [column.name for column in routes.columns] == ["Hostnames", "Age"]
    assert routes.subresources == ("status",)
    assert routes.raw_schema["properties"]["spec"]["type"] == "object"


def test_preferred_versions_come_first() -> None:
    """Of a kind in two versions the stable one is listed before the other."""
    versions = [k.resource.version for k in _store().definitions if k.resource.plural == "httproutes"]

    assert versions == ["v1", "v1beta1"]


async def test_one_object_in_two_versions() -> None:
    """An object written in one version is read in another."""
    store = _store()
    old = Resource("gateway.networking.k8s.io", "v1beta1", "httproutes", "HTTPRoute")
    body = {"apiVersion": HTTP_ROUTES.api_version, "kind": "HTTPRoute", "metadata": {"name": "a"}, "spec": {}}
    await store.create(Collection(HTTP_ROUTES, "default"), body)

    assert (await store.get(Target(old, "a", "default")))["apiVersion"] == old.api_version
    assert store.peek_all(Collection(old))[0]["apiVersion"] == old.api_version


async def test_definitions_are_loaded_from_files(tmp_path: Path) -> None:
    """Definitions come from files and folders; loading an edited file again replaces what it declared."""
    text = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.a.dev}
spec:
  group: a.dev
  scope: Cluster
  names: {plural: toys, kind: Toy}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {x: {type: integer}}}}}}
"""
    store, path, toys = _store(), tmp_path / "toys.yaml", Resource("a.dev", "v1", "toys", "Toy", is_namespaced=False)
    body: Json = {"apiVersion": "a.dev/v1", "kind": "Toy", "metadata": {"name": "t"}, "spec": {"x": 1, "y": 2}}
    path.write_text(text)
    store.load_definitions([tmp_path])
    one = await store.create(Collection(toys), body)
    path.write_text(text.replace("{x: {type: integer}}", "{y: {type: integer}}"))
    store.load_definitions([path])
    two = await store.create(Collection(toys), {**body, "metadata": {"name": "u"}})

    assert one["spec"] == {"x": 1}
    assert two["spec"] == {"y": 2}


async def test_definitions_that_stores_share_change_in_one_of_them_only() -> None:
    """They are read once for all stores; who changes one changes his own."""
    one, other = _store(), _store()
    target = Target(CUSTOM_RESOURCE_DEFINITIONS, "httproutes.gateway.networking.k8s.io")
    before = await other.get(target)
    await one.patch(target, Patch(PatchType.MERGE, {"spec": {"names": {"shortNames": ["hr"]}}}))

    assert (await one.get(target))["spec"]["names"]["shortNames"] == ["hr"]
    assert await other.get(target) == before == await _store().get(target)


async def test_what_is_empty_is_left_out_of_every_write() -> None:
    """Of fields that a write touches, and of those that stay as they were."""
    store, target = _store(), Target(PODS, "p", "default", "status")
    spec: Json = {
        "containers": [{"name": "app", "image": "web:v1"}],
        "nodeSelector": {},
        "tolerations": [],
        "hostname": None,
    }
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    made = await store.create(Collection(PODS, "default"), body)
    change = {"metadata": {"annotations": {}}, "status": {"conditions": [], "reason": "x"}}
    after = await store.patch(target, Patch(PatchType.MERGE, change))

    assert not {"nodeSelector", "tolerations", "hostname"} & made["spec"].keys()
    assert after["spec"] == made["spec"]
    assert "annotations" not in after["metadata"]
    assert after["status"] == {"phase": "Pending", "qosClass": "BestEffort", "reason": "x"}


async def test_compact_forgets_the_past() -> None:
    """After a compaction an old version is gone, the present one is not."""
    store = _store()
    made = await store.create(MAPS, _map("a"))
    await store.create(MAPS, _map("b"))
    store.compact()

    with pytest.raises(GoneError):
        await anext(store.watch(MAPS, Query(version=made["metadata"]["resourceVersion"])))
    assert [event async for event in store.watch(MAPS, Query(version=store.version, timeout=0))] == []


async def test_version_of_another_life_is_refused() -> None:
    """A version that this store never gave out is an error, not silence."""
    with pytest.raises(ServerError, match="Too large resource version"):
        await anext(_store().watch(MAPS, Query(version="999999")))


async def test_routes_are_checked_as_the_gateway_api_does() -> None:
    """HTTPRoutes get the Gateway API's defaults and limits."""
    store = _store()
    body: Json = {"apiVersion": HTTP_ROUTES.api_version, "kind": "HTTPRoute", "metadata": {"name": "a"}}
    rule = {"backendRefs": [{"name": "web", "port": 80}]}
    made = await store.create(Collection(HTTP_ROUTES, "default"), {**body, "spec": {"rules": [rule]}})

    backend = {"group": "", "kind": "Service", "name": "web", "port": 80, "weight": 1}
    matches = [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert made["spec"] == {"rules": [{"backendRefs": [backend], "matches": matches}]}
    heavy = {"spec": {"rules": [{"backendRefs": [{"name": "web", "weight": 1_000_001}]}]}}
    with pytest.raises(InvalidError, match="less than or equal to 1000000"):
        await store.patch(Target(HTTP_ROUTES, "a", "default"), Patch(PatchType.MERGE, heavy))


async def test_backends_of_routes_are_one_value() -> None:
    """An apply of a route's rules conflicts with whoever wrote a weight: rules merge as a whole."""
    store, target = _store(), Target(HTTP_ROUTES, "a", "default")
    rules = [{"backendRefs": [{"name": "web", "port": 80, "weight": 100}]}]
    body = {"apiVersion": HTTP_ROUTES.api_version, "kind": "HTTPRoute", "metadata": {"name": "a"}}
    await store.patch(target, Patch(PatchType.APPLY, {**body, "spec": {"rules": rules}}, "git"))
    move = [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 80}]
    await store.patch(target, Patch(PatchType.JSON, move, "rollouts"))

    with pytest.raises(ConflictError, match=r'conflict with "rollouts".*\.spec\.rules'):
        await store.patch(target, Patch(PatchType.APPLY, {**body, "spec": {"rules": rules}}, "git"))


async def test_foreground_deletion_ends_with_the_last_blocking_dependent() -> None:
    """Owner, child and grandchild go from the bottom up, each watched as one DELETED."""
    store = _store()
    owner = await store.create(MAPS, _map("owner"))
    child = await store.create(MAPS, {**_map("child"), "metadata": {"name": "child", "ownerReferences": [_ref(owner)]}})
    await store.create(MAPS, {**_map("x"), "metadata": {"name": "grandchild", "ownerReferences": [_ref(child)]}})
    version = store.version
    await store.delete(_at("owner"), DeleteOptions(propagation="Foreground"))
    events = [event async for event in store.watch(MAPS, Query(version=version, timeout=0))]
    gone = [event.object["metadata"]["name"] for event in events if event.type == "DELETED"]

    assert gone == ["grandchild", "child", "owner"]


def _ref(owner: Json) -> Json:
    meta = owner["metadata"]
    ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"]}
    return {**ref, "blockOwnerDeletion": True}


async def test_owner_of_an_unserved_kind_counts_as_there() -> None:
    """Nobody can know whether an object of an unknown kind exists, so its dependents stay."""
    store = _store()
    ref = {"apiVersion": "nowhere.dev/v1", "kind": "Ghost", "name": "g", "uid": "g"}
    await store.create(MAPS, {**_map("a"), "metadata": {"name": "a", "ownerReferences": [ref]}})

    assert await store.get(_at("a"))


async def test_owner_in_another_namespace_is_no_owner() -> None:
    """An owner that lives elsewhere does not keep its dependent."""
    store = _store()
    owner = await store.create(MAPS, _map("owner"))
    elsewhere = Collection(CONFIG_MAPS, "kube-public")
    await store.create(elsewhere, {**_map("a"), "metadata": {"name": "a", "ownerReferences": [_ref(owner)]}})

    with pytest.raises(NotFoundError):
        await store.get(Target(CONFIG_MAPS, "a", "kube-public"))


async def test_first_namespaces_are_there() -> None:
    """A new store has the namespaces of a new cluster."""
    page = await _store().list(Collection(NAMESPACES))

    assert [one["metadata"]["name"] for one in page.items] == [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]


async def test_a_listener_is_told_within_the_write() -> None:
    """Before the answer is there, with the states before and after; what a deletion left is the state before."""
    store, told = _store(), []
    store.listen(lambda shelf, change: told.append((shelf[1], change.before is None, change.after is None)))

    await store.create(MAPS, _map("a"))
    await store.patch(_at("a"), Patch(PatchType.MERGE, {"data": {"x": "1"}}))
    await store.patch(_at("a"), Patch(PatchType.MERGE, {"data": {"x": "1"}}))
    await store.delete(_at("a"))

    assert told == [("configmaps", True, False), ("configmaps", False, False), ("configmaps", False, True)]
