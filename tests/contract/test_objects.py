"""Contract: objects are made, read, listed and deleted, and the server gives them what is the server's to give."""

import pytest

from rollouts.cluster.errors import (
    AlreadyExistsError,
    BadRequestError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
)
from rollouts.cluster.kinds import CONFIG_MAPS, NAMESPACES, SERVICES
from rollouts.cluster.port import Cluster, Collection, CreateOptions, Resource, Target
from tests.contract.builders import WIDGETS, config_map, config_maps, deployments, widget, widgets


async def test_created_object_can_be_read(cluster: Cluster, namespace: str) -> None:
    """What was created is what is read."""
    bench = config_maps(cluster, namespace)
    made = await bench.create(config_map("a", {"x": "1"}))

    assert made == await bench.get("a")
    assert made["data"] == {"x": "1"}
    assert (made["apiVersion"], made["kind"]) == ("v1", "ConfigMap")


async def test_server_fills_in_metadata(cluster: Cluster, namespace: str) -> None:
    """A new object gets uid, version, time of creation and its namespace."""
    meta = (await widgets(cluster, namespace).create(widget("a")))["metadata"]

    assert meta["namespace"] == namespace
    assert len(meta["uid"]) == 36
    assert int(meta["resourceVersion"]) > 0
    assert meta["creationTimestamp"].endswith("Z")
    assert meta["generation"] == 1


async def test_writer_cannot_choose_what_is_the_servers(cluster: Cluster, namespace: str) -> None:
    """A uid, generation or time of creation in the body is passed over."""
    body = widget("a", uid="mine", generation=7, creationTimestamp="2001-01-01T00:00:00Z")
    meta = (await widgets(cluster, namespace).create(body))["metadata"]

    assert meta["uid"] != "mine"
    assert meta["generation"] == 1
    assert not meta["creationTimestamp"].startswith("2001")


async def test_generated_name_starts_as_asked(cluster: Cluster, namespace: str) -> None:
    """generateName gives a name with five letters behind the prefix, another one each time."""
    bench = config_maps(cluster, namespace)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "auto-"}}
    names = {(await bench.create(body))["metadata"]["name"] for _ in range(3)}

    assert len(names) == 3
    assert all(name.startswith("auto-") and len(name) == 10 for name in names)


async def test_name_is_taken_once(cluster: Cluster, namespace: str) -> None:
    """A second create of a name is AlreadyExists, with the object named in the Status."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))

    with pytest.raises(AlreadyExistsError) as refusal:
        await bench.create(config_map("a"))
    assert refusal.value.message == 'configmaps "a" already exists'
    assert refusal.value.status["details"] == {"name": "a", "kind": "configmaps"}


async def test_missing_object_is_not_found(cluster: Cluster, namespace: str) -> None:
    """Reading what is not there is NotFound, with a Status that says what was missed."""
    with pytest.raises(NotFoundError) as refusal:
        await widgets(cluster, namespace).get("ghost")
    assert refusal.value.message == 'widgets.contract.sluice.dev "ghost" not found'
    assert refusal.value.status["reason"] == "NotFound"
    assert refusal.value.status["code"] == 404
    assert refusal.value.status["details"] == {"name": "ghost", "group": "contract.sluice.dev", "kind": "widgets"}


async def test_missing_kind_is_not_found(cluster: Cluster, namespace: str) -> None:
    """A kind that nobody serves is NotFound, too."""
    with pytest.raises(NotFoundError):
        await cluster.list(Collection(Resource("nowhere.dev", "v1", "ghosts", "Ghost"), namespace))


async def test_deleted_object_is_gone(cluster: Cluster, namespace: str) -> None:
    """After a delete there is nothing to read and nothing to delete again."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))
    await cluster.delete(bench.at("a"))

    with pytest.raises(NotFoundError):
        await bench.get("a")
    with pytest.raises(NotFoundError):
        await cluster.delete(bench.at("a"))


async def test_list_is_in_order_of_names(cluster: Cluster, namespace: str) -> None:
    """A list holds the namespace's objects in order of name, with kind and version in each."""
    bench = widgets(cluster, namespace)
    for name in ("b", "c", "a"):
        await bench.create(widget(name))
    page = await cluster.list(bench.collection)

    assert [obj["metadata"]["name"] for obj in page.items] == ["a", "b", "c"]
    assert {(obj["apiVersion"], obj["kind"]) for obj in page.items} == {("contract.sluice.dev/v1", "Widget")}
    assert page.token == ""


async def test_list_version_is_not_older_than_its_objects(cluster: Cluster, namespace: str) -> None:
    """A list's version covers every object in it."""
    bench = config_maps(cluster, namespace)
    made = await bench.create(config_map("a"))
    page = await cluster.list(bench.collection)

    assert int(page.version) >= int(made["metadata"]["resourceVersion"])


async def test_list_everywhere_spans_namespaces(cluster: Cluster, namespace: str) -> None:
    """Without a namespace a list holds the objects of all."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("here"))
    page = await cluster.list(Collection(WIDGETS))

    assert (namespace, "here") in {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in page.items}


async def test_every_write_has_a_higher_version(cluster: Cluster, namespace: str) -> None:
    """Each change of an object raises its resourceVersion."""
    bench = config_maps(cluster, namespace)
    first = await bench.create(config_map("a"))
    second = await bench.merge("a", {"data": {"x": "1"}})

    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


async def test_write_that_changes_nothing_keeps_the_version(cluster: Cluster, namespace: str) -> None:
    """A patch to what is there already is no write."""
    bench = config_maps(cluster, namespace)
    first = await bench.create(config_map("a", {"x": "1"}), manager="tester")
    second = await bench.merge("a", {"data": {"x": "1"}}, manager="tester")

    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_dry_run_stores_nothing(cluster: Cluster, namespace: str) -> None:
    """A create as dry run answers as the real one would and leaves nothing behind."""
    bench = config_maps(cluster, namespace)
    made = await cluster.create(bench.collection, config_map("a", {"x": "1"}), CreateOptions(is_dry_run=True))

    assert made["data"] == {"x": "1"}
    assert (await cluster.list(Collection(CONFIG_MAPS, namespace))).version
    with pytest.raises(NotFoundError):
        await bench.get("a")


async def test_missing_namespace_refuses_objects(cluster: Cluster) -> None:
    """Nothing can be created in a namespace that does not exist."""
    with pytest.raises(NotFoundError) as refusal:
        await cluster.create(Collection(CONFIG_MAPS, "nowhere"), config_map("a"))
    assert refusal.value.message == 'namespaces "nowhere" not found'


async def test_default_namespace_is_there(cluster: Cluster) -> None:
    """The namespace `default` exists and is Active."""
    found = await cluster.get(Target(NAMESPACES, "default"))

    assert found["status"]["phase"] == "Active"
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == "default"


async def test_namespaces_must_agree(cluster: Cluster, namespace: str) -> None:
    """A body that names another namespace than the request is a bad request."""
    with pytest.raises(BadRequestError):
        await cluster.create(Collection(CONFIG_MAPS, namespace), config_map("a", namespace="default"))


async def test_namespaced_objects_are_created_in_namespaces(cluster: Cluster) -> None:
    """There is no creating a namespaced object everywhere."""
    with pytest.raises(MethodNotAllowedError):
        await cluster.create(Collection(CONFIG_MAPS), config_map("a"))


async def test_new_object_has_no_version(cluster: Cluster, namespace: str) -> None:
    """A create that names a resourceVersion is refused."""
    with pytest.raises(Exception, match="resourceVersion should not be set"):
        await config_maps(cluster, namespace).create(config_map("a", resourceVersion="1"))


async def test_kinds_must_agree(cluster: Cluster, namespace: str) -> None:
    """A body of another kind than the request's is a bad request."""
    with pytest.raises(BadRequestError):
        await deployments(cluster, namespace).create(config_map("a"))


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "dot.", "sp ace", "x" * 254])
async def test_bad_names_are_invalid(cluster: Cluster, namespace: str, name: str) -> None:
    """Names are RFC 1123 subdomains of at most 253 letters."""
    with pytest.raises(InvalidError) as refusal:
        await config_maps(cluster, namespace).create(config_map(name))
    assert refusal.value.status["code"] == 422
    assert {cause["field"] for cause in refusal.value.status["details"]["causes"]} == {"metadata.name"}


async def test_name_of_a_service_is_a_label(cluster: Cluster, namespace: str) -> None:
    """A Service's name begins with a letter and has no dots."""
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "1.a"}, "spec": {"ports": [{"port": 80}]}}
    with pytest.raises(InvalidError, match="DNS-1035"):
        await cluster.create(Collection(SERVICES, namespace), body)


async def test_nameless_object_is_invalid(cluster: Cluster, namespace: str) -> None:
    """An object needs a name or the beginning of one."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}
    with pytest.raises(InvalidError, match="name or generateName is required"):
        await config_maps(cluster, namespace).create(body)


@pytest.mark.parametrize(
    ("meta", "field"),
    [
        ({"labels": {"bad key": "x"}}, "metadata.labels"),
        ({"labels": {"/empty": "x"}}, "metadata.labels"),
        ({"labels": {"key": "bad value"}}, "metadata.labels"),
        ({"labels": {"key": "x" * 64}}, "metadata.labels"),
        ({"annotations": {"bad key": "x"}}, "metadata.annotations"),
        ({"annotations": {"big": "x" * (256 * 1024 + 1)}}, "metadata.annotations"),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": ""}]},
            "metadata.ownerReferences",
        ),
    ],
)
async def test_bad_metadata_is_invalid(cluster: Cluster, namespace: str, meta: dict[str, object], field: str) -> None:
    """Label keys and values, annotation keys and owners are checked; the Status names the field."""
    with pytest.raises(InvalidError) as refusal:
        await config_maps(cluster, namespace).create(config_map("a", None, **meta))
    causes = refusal.value.status["details"]["causes"]
    assert all(cause["field"].startswith(field) for cause in causes)
    assert causes


async def test_one_controller_only(cluster: Cluster, namespace: str) -> None:
    """An object has at most one controlling owner."""
    owner = {"apiVersion": "v1", "kind": "Pod", "controller": True}
    owners = [{**owner, "name": "p", "uid": "1"}, {**owner, "name": "q", "uid": "2"}]
    with pytest.raises(InvalidError, match="Only one reference can have Controller set to true"):
        await config_maps(cluster, namespace).create(config_map("a", ownerReferences=owners))
