"""Unknown fields, as `fieldValidation` asks: Strict refuses them, Warn names them, Ignore drops them in silence.

Called by the writing verbs for kinds with a schema; fields of built-in kinds are not known here and pass. A patch is
judged by what it says itself, as an API server does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.cluster.errors import BadRequestError
from rollouts.cluster.port import Json, PatchType
from rollouts.simulator.api.requests import Asked

_OF_EVERY_RESOURCE = ("apiVersion", "kind", "metadata")
_BY_OBJECT = (PatchType.MERGE, PatchType.STRATEGIC, PatchType.APPLY)


def check(asked: Asked, body: Json) -> tuple[str, ...]:
    """Warnings about the body. Raises BadRequestError where the caller wants unknown fields refused."""
    level = asked.params.get("fieldValidation") or "Warn"
    if level not in ("Strict", "Warn", "Ignore"):
        raise BadRequestError(f'fieldValidation: Unsupported value: "{level}": write Strict, Warn or Ignore')
    if level == "Ignore" or asked.address.subresource or not asked.kind.raw_schema:
        return ()
    unknown = tuple(f'unknown field "{path}"' for path in unknown_fields(body, asked.kind.raw_schema))
    if unknown and level == "Strict":
        kind, version = asked.kind.resource.kind, asked.kind.resource.version
        told = ", ".join(unknown)
        raise BadRequestError(
            f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {told}'
        )
    return unknown


def check_patch(asked: Asked, patch_type: PatchType, body: Any) -> tuple[str, ...]:
    """As `check`, for a patch that is an object; a JSON patch is left to the schema."""
    return check(asked, body) if patch_type in _BY_OBJECT and isinstance(body, dict) else ()


def unknown_fields(body: Json, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths of fields that the schema does not know."""
    own = {name: value for name, value in body.items() if name not in _OF_EVERY_RESOURCE}
    return tuple(_unknown(own, schema, ""))


def _unknown(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, schema.get("items") or {}, f"{path}[{index}]")
    elif isinstance(value, dict):
        yield from _unknown_keys(value, schema, path)


def _unknown_keys(value: Json, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    rest = schema.get("additionalProperties")
    is_open = bool(rest) or schema.get("x-kubernetes-preserve-unknown-fields") or not schema
    is_resource = schema.get("x-kubernetes-embedded-resource")
    for name, inner in value.items():
        inner_path = f"{path}.{name}" if path else name
        if name in properties:
            yield from _unknown(inner, properties[name], inner_path)
        elif isinstance(rest, dict):
            yield from _unknown(inner, rest, inner_path)
        elif not is_open and not name.startswith("$") and not (is_resource and name in _OF_EVERY_RESOURCE):
            yield inner_path
