"""Contract: structural schemas prune, fill in and refuse."""

from typing import Any

import pytest

from rollouts.cluster.errors import InvalidError
from rollouts.cluster.port import Cluster, Json
from tests.contract.builders import widget, widgets


async def test_unknown_fields_are_pruned(cluster: Cluster, namespace: str) -> None:
    """What the schema does not know is not stored, at any depth."""
    made = await widgets(cluster, namespace).create(
        {**widget("a", {"unheard": 1, "nested": {"must": "x", "of": 2}}), "extra": True}
    )

    assert made["spec"] == {"nested": {"must": "x", "may": "yes"}, "colour": "red", "replicas": 1}
    assert "extra" not in made


async def test_open_objects_keep_everything(cluster: Cluster, namespace: str) -> None:
    """Where unknown fields are preserved, all of them are."""
    content = {"any": {"thing": [1, {"deep": None}]}}
    made = await widgets(cluster, namespace).create(widget("a", {"open": content}))

    assert made["spec"]["open"] == content


async def test_defaults_are_filled_in(cluster: Cluster, namespace: str) -> None:
    """Fields that are absent get their defaults, also in items and in objects that are there."""
    made = await widgets(cluster, namespace).create(widget("a", {"items": [{"name": "x"}, {"name": "y", "port": 1}]}))

    assert made["spec"]["replicas"] == 1
    assert made["spec"]["colour"] == "red"
    assert made["spec"]["items"] == [{"name": "x", "port": 80}, {"name": "y", "port": 1}]
    assert "nested" not in made["spec"]


async def test_null_gives_way_to_a_default(cluster: Cluster, namespace: str) -> None:
    """Null where null is no value counts as absent."""
    spec = {"colour": None, "code": None, "labels": {"x": None}}
    made = await widgets(cluster, namespace).create(widget("a", spec))

    assert made["spec"] == {"colour": "red", "replicas": 1, "labels": {}}


async def test_nullable_fields_keep_null(cluster: Cluster, namespace: str) -> None:
    """A field that may be null is null when told so."""
    made = await widgets(cluster, namespace).create(widget("a", {"note": None}))

    assert made["spec"]["note"] is None


@pytest.mark.parametrize("amount", [3, "25%"])
async def test_int_or_string(cluster: Cluster, namespace: str, amount: int | str) -> None:
    """An int-or-string takes either as it is."""
    made = await widgets(cluster, namespace).create(widget("a", {"amount": amount}))

    assert made["spec"]["amount"] == amount


_BROKEN: dict[str, tuple[Any, str, str, str]] = {
    "type": (
        {"replicas": "three"},
        "spec.replicas",
        "FieldValueTypeInvalid",
        'Invalid value: "string": spec.replicas in body must be of type integer: "string"',
    ),
    "type of an item": (
        {"steps": [1, "x"]},
        "spec.steps[1]",
        "FieldValueTypeInvalid",
        'Invalid value: "string": spec.steps[1] in body must be of type integer: "string"',
    ),
    "array for object": (
        {"nested": []},
        "spec.nested",
        "FieldValueTypeInvalid",
        'Invalid value: "array": spec.nested in body must be of type object: "array"',
    ),
    "null": (
        {"steps": [None]},
        "spec.steps[0]",
        "FieldValueTypeInvalid",
        'Invalid value: "null": spec.steps[0] in body must be of type integer: "null"',
    ),
    "minimum": (
        {"replicas": -1},
        "spec.replicas",
        "FieldValueInvalid",
        "Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
    ),
    "maximum": (
        {"replicas": 101},
        "spec.replicas",
        "FieldValueInvalid",
        "Invalid value: 101: spec.replicas in body should be less than or equal to 100",
    ),
    "enum": (
        {"size": "huge"},
        "spec.size",
        "FieldValueNotSupported",
        'Unsupported value: "huge": supported values: "small", "large"',
    ),
    "pattern": (
        {"code": "A"},
        "spec.code",
        "FieldValueInvalid",
        "Invalid value: \"A\": spec.code in body should match '^[a-z]+$'",
    ),
    "length": (
        {"code": "abcdef"},
        "spec.code",
        "FieldValueTooLong",
        "Too long: may not be more than 5 bytes",
    ),
    "required": ({"nested": {}}, "spec.nested.must", "FieldValueRequired", "Required value"),
    "duplicate key": (
        {"items": [{"name": "x"}, {"name": "x"}]},
        "spec.items[1]",
        "FieldValueDuplicate",
        'Duplicate value: {"name":"x"}',
    ),
    "duplicate value": ({"tags": ["x", "x"]}, "spec.tags[1]", "FieldValueDuplicate", 'Duplicate value: "x"'),
    "int or string": (
        {"amount": True},
        "spec.amount",
        "FieldValueTypeInvalid",
        'Invalid value: "boolean": spec.amount in body must be of type integer,string: "boolean"',
    ),
}


@pytest.mark.parametrize("case", _BROKEN)
async def test_broken_schema_is_invalid(cluster: Cluster, namespace: str, case: str) -> None:
    """What breaks the schema is a 422 whose causes name field, reason and rule."""
    spec, field, reason, message = _BROKEN[case]
    with pytest.raises(InvalidError) as refusal:
        await widgets(cluster, namespace).create(widget("a", spec))
    status = refusal.value.status

    assert status["code"] == 422
    assert status["details"]["kind"] == "Widget"
    assert {"field": field, "reason": reason, "message": message} in status["details"]["causes"]
    assert refusal.value.message.startswith('Widget.contract.sluice.dev "a" is invalid: ')


async def test_every_fault_is_named(cluster: Cluster, namespace: str) -> None:
    """Several faults are all in the causes."""
    with pytest.raises(InvalidError) as refusal:
        await widgets(cluster, namespace).create(widget("a", {"replicas": -1, "size": "huge"}))
    causes = refusal.value.status["details"]["causes"]

    assert {cause["field"] for cause in causes} >= {"spec.replicas", "spec.size"}


async def test_patches_are_validated(cluster: Cluster, namespace: str) -> None:
    """A patch to something invalid changes nothing."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))

    with pytest.raises(InvalidError):
        await bench.merge("a", {"spec": {"replicas": "many"}})
    assert (await bench.get("a"))["spec"]["replicas"] == 1


async def test_patches_are_pruned_and_filled_in(cluster: Cluster, namespace: str) -> None:
    """What a patch adds is pruned, what it removes gets its default again."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a", {"colour": "blue"}))

    assert (await bench.merge("a", {"spec": {"colour": None, "unheard": 1}}))["spec"] == {
        "colour": "red",
        "replicas": 1,
    }


async def test_status_is_validated(cluster: Cluster, namespace: str) -> None:
    """A status is pruned and checked like the rest."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    after = await bench.merge("a", {"status": {"phase": "Ready", "unheard": 1}}, "status")

    assert after["status"] == {"phase": "Ready"}
    with pytest.raises(InvalidError):
        await bench.merge("a", {"status": {"replicas": "many"}}, "status")


async def test_immutable_fields_stay(cluster: Cluster, namespace: str) -> None:
    """A rule `self == oldSelf` lets a field be set once and never changed."""
    bench = widgets(cluster, namespace)
    await bench.create(widget("a"))
    await bench.merge("a", {"spec": {"fixed": "x"}})

    with pytest.raises(InvalidError, match="fixed is immutable") as refusal:
        await bench.merge("a", {"spec": {"fixed": "y"}})
    assert refusal.value.status["details"]["causes"][0]["field"] == "spec.fixed"


async def test_embedded_resources_name_their_kind(cluster: Cluster, namespace: str) -> None:
    """An embedded resource keeps its metadata and must say what it is."""
    bench = widgets(cluster, namespace)
    inner: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"x": "y"}}, "spec": {"any": 1}}
    made = await bench.create(widget("a", {"template": inner}))

    assert made["spec"]["template"] == inner
    with pytest.raises(InvalidError, match=r"spec\.template\.kind"):
        await bench.create(widget("b", {"template": {"apiVersion": "v1"}}))
