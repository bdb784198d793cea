"""Structural schemas: every limit in the API server's words, and immutability wherever it is declared."""

from typing import Any

import pytest

from rollouts.cluster.port import Json
from rollouts.simulator.store.refusals import Cause
from rollouts.simulator.store.schema import Structure


def _faults(schema: Json, value: Any, old: Any = None) -> list[Cause]:
    structure = Structure({"type": "object", "properties": {"x": schema}}, status_is_apart=False)
    return structure.faults({"x": value}, None if old is None else {"x": old})


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 0, "x in body should be greater than 0"),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": True}, 9, "x in body should be less than 9"),
        ({"type": "integer", "multipleOf": 5}, 7, "x in body should be a multiple of 5"),
        ({"type": "string", "minLength": 2}, "a", "x in body should be at least 2 chars long"),
        ({"type": "array", "minItems": 1}, [], "x in body should have at least 1 items"),
        ({"type": "array", "maxItems": 1}, [1, 2], "Too many: 2: must have at most 1 items"),
        ({"type": "object", "minProperties": 1}, {}, "x in body should have at least 1 properties"),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, "Too many: 1: must have at most 0 items"),
        ({"type": "string", "format": "date-time"}, "noon", "x in body must be of type date-time"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}, {}, "at least one schema (anyOf)"),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}, {}, "Found none valid"),
        ({"not": {"required": ["a"]}, "type": "object"}, {"a": 1}, "must not validate the schema (not)"),
    ],
)
def test_limits_are_told(schema: Json, value: Any, expected: str) -> None:
    """A broken limit is one cause at its field, in words that users know."""
    (cause,) = _faults(schema, value)

    assert cause.field == "x"
    assert expected in cause.message


def test_nullable_enum_takes_null() -> None:
    """Null is a value of an enum that may be null."""
    assert _faults({"type": "string", "enum": ["a"], "nullable": True}, None) == []


def test_unknown_formats_are_passed_over() -> None:
    """A format that means something else in JSON Schema is not checked: durations here are Go's."""
    assert _faults({"type": "string", "format": "duration"}, "5m") == []


_FIXED = {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}


def test_immutability_follows_list_keys() -> None:
    """An item of a list-map is compared with the item of its key, wherever it stood."""
    items = {"type": "object", "properties": {"name": {"type": "string"}, "kind": _FIXED}}
    schema: Json = {"type": "array", "items": items, "x-kubernetes-list-type": "map"}
    schema["x-kubernetes-list-map-keys"] = ["name"]
    old = [{"name": "a", "kind": "1"}, {"name": "b", "kind": "2"}]

    assert _faults(schema, list(reversed(old)), old) == []
    (cause,) = _faults(schema, [{"name": "b", "kind": "3"}], old)
    assert (cause.field, cause.message) == ("x[0].kind", 'Invalid value: "3": failed rule: self == oldSelf')


def test_immutability_follows_map_keys() -> None:
    """A value of a map is compared with the value of its key."""
    schema = {"type": "object", "additionalProperties": _FIXED}

    assert _faults(schema, {"a": "1", "b": "2"}, {"a": "1"}) == []
    assert [cause.field for cause in _faults(schema, {"a": "2"}, {"a": "1"})] == ["x[a]"]


def test_a_field_of_an_object_may_be_immutable() -> None:
    """A rule on the object that compares one of its fields is understood in either order."""
    rule = {"rule": "oldSelf.a.b == self.a.b", "message": "a.b stays"}
    schema = {"type": "object", "x-kubernetes-validations": [rule]}

    assert _faults(schema, {"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 1}) == []
    assert _faults(schema, {"a": {"b": 2}}, {"a": {"b": 1}})[0].message == 'Invalid value: "object": a.b stays'


def test_other_rules_are_passed_over() -> None:
    """CEL beyond immutability is not evaluated."""
    schema = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > oldSelf"}]}

    assert _faults(schema, 1, 2) == []
