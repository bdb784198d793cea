"""Types and limits of a structural schema, checked by jsonschema-rs and told in the API server's words.

Called by schema.py. OpenAPI v3 as CRDs write it is turned into JSON Schema once a kind: nullable, int-or-string and
boolean exclusive limits differ; formats are dropped but for date-time, because the two worlds mean different things.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from rollouts.cluster.port import Json
from rollouts.simulator.store.refusals import Cause, invalid_value, required

Schema = Mapping[str, Any]
_SAME = ("enum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMERIC = ("minimum", "maximum", "multipleOf")
_Kind = jsonschema_rs.ValidationErrorKind


class Validation:
    """A schema's validator, made at its first use: many kinds of a store are never written."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator: jsonschema_rs.Draft202012Validator | None = None

    def faults(self, obj: Json) -> list[Cause]:
        """What breaks the schema, one cause a field."""
        if self._validator is None:
            self._validator = jsonschema_rs.Draft202012Validator(_converted(self._schema), validate_formats=True)
        if self._validator.is_valid(obj):
            return []
        causes = [cause for error in self._validator.iter_errors(obj) for cause in _causes(error)]
        return sorted(dict.fromkeys(causes), key=lambda cause: cause.field)


def _converted(schema: Schema) -> Json:
    converted: Json = {name: schema[name] for name in _SAME if name in schema}
    converted |= _limits(schema)
    if type_ := _type(schema):
        converted["type"] = type_
    if schema.get("nullable") and "enum" in schema:
        converted["enum"] = [*schema["enum"], None]
    if schema.get("format") == "date-time":
        converted["format"] = "date-time"
    converted |= _inner(schema)
    needed = [*schema.get("required", ())]
    if schema.get("x-kubernetes-embedded-resource"):
        needed += [name for name in ("apiVersion", "kind") if name not in needed]
    return {**converted, "required": needed} if needed else converted


def _type(schema: Schema) -> str | list[str] | None:
    if schema.get("x-kubernetes-int-or-string"):
        return ["integer", "string", "null"] if schema.get("nullable") else ["integer", "string"]
    type_ = schema.get("type")
    return [type_, "null"] if type_ and schema.get("nullable") else type_


def _limits(schema: Schema) -> Json:
    limits = {name: schema[name] for name in _NUMERIC if name in schema}
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) and limit in limits:
            limits[exclusive] = limits.pop(limit)
    return limits


def _inner(schema: Schema) -> Json:
    inner: Json = {}
    if "properties" in schema:
        inner["properties"] = {name: _converted(one) for name, one in schema["properties"].items()}
    for name in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(name), dict):
            inner[name] = _converted(schema[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema and not (name == "anyOf" and schema.get("x-kubernetes-int-or-string")):
            inner[name] = [_converted(one) for one in schema[name]]
    return inner


# Kind of error -> what the API server says of it, after "<field> in body ".
_WORDS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (_Kind.Minimum, lambda kind: f"should be greater than or equal to {kind.limit}"),
    (_Kind.Maximum, lambda kind: f"should be less than or equal to {kind.limit}"),
    (_Kind.ExclusiveMinimum, lambda kind: f"should be greater than {kind.limit}"),
    (_Kind.ExclusiveMaximum, lambda kind: f"should be less than {kind.limit}"),
    (_Kind.MinLength, lambda kind: f"should be at least {kind.limit} chars long"),
    (_Kind.MinItems, lambda kind: f"should have at least {kind.limit} items"),
    (_Kind.MinProperties, lambda kind: f"should have at least {kind.limit} properties"),
    (_Kind.MultipleOf, lambda kind: f"should be a multiple of {kind.value}"),
    (_Kind.Pattern, lambda kind: f"should match '{kind.pattern}'"),
    (_Kind.Format, lambda kind: f"must be of type {kind.value}"),
    (_Kind.AnyOf, lambda _: "must validate at least one schema (anyOf)"),
    (_Kind.OneOfNotValid, lambda _: "must validate one and only one schema (oneOf). Found none valid"),
    (_Kind.OneOfMultipleValid, lambda _: "must validate one and only one schema (oneOf). Found 2 valid alternatives"),
    (_Kind.Not, lambda _: "must not validate the schema (not)"),
)


def _causes(error: jsonschema_rs.ValidationError) -> Iterator[Cause]:
    field, kind = _field(error.instance_path), error.kind
    if isinstance(kind, _Kind.Required):
        yield required(f"{field}.{kind.property}" if field else str(kind.property))
        return
    for type_, (reason, message) in _OWN_REASONS.items():
        if isinstance(kind, type_):
            yield Cause(reason, message(kind, error.instance, field), field)
            return
    said = next((words(kind) for type_, words in _WORDS if isinstance(kind, type_)), error.message)
    yield invalid_value(field, quoted(error.instance), f"{field} in body {said}")


def _wrong_type(kind: Any, value: Any, field: str) -> str:
    wanted, shown = ",".join(one for one in kind.types if one != "null"), f'"{_type_name(value)}"'
    return f"Invalid value: {shown}: {field} in body must be of type {wanted}: {shown}"


def _unknown_value(kind: Any, value: Any, _field: str) -> str:
    known = ", ".join(json.dumps(one) for one in kind.options if one is not None)
    return f"Unsupported value: {quoted(value)}: supported values: {known}"


# Kind of error -> reason and words, where they are not those of an invalid value.
_OWN_REASONS: dict[type, tuple[str, Callable[[Any, Any, str], str]]] = {
    _Kind.Type: ("FieldValueTypeInvalid", _wrong_type),
    _Kind.Enum: ("FieldValueNotSupported", _unknown_value),
    _Kind.MaxLength: ("FieldValueTooLong", lambda kind, *_: f"Too long: may not be more than {kind.limit} bytes"),
    _Kind.MaxItems: (
        "FieldValueTooMany",
        lambda kind, value, _: f"Too many: {len(value)}: must have at most {kind.limit} items",
    ),
    _Kind.MaxProperties: (
        "FieldValueTooMany",
        lambda kind, value, _: f"Too many: {len(value)}: must have at most {kind.limit} items",
    ),
}


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "null")


def quoted(value: Any) -> str:
    """A value as the API server quotes it: containers by their type, null in quotes."""
    return f'"{_type_name(value)}"' if value is None or isinstance(value, dict | list) else json.dumps(value)


def _field(path: list[str | int]) -> str:
    field = ""
    for step in path:
        field += f"[{step}]" if isinstance(step, int) else f".{step}"
    return field.removeprefix(".")
