"""Structural schemas at work: what a custom resource looks like once the server has read it, and what is wrong with it.

Called by every write to a custom resource. Pruning and defaulting are one walk of our own; types and limits are
validated by jsonschema-rs (validation.py). Of CEL only immutability is understood (`self == oldSelf`, also of a field
as in `self.a == oldSelf.a`); every other rule is passed over, so a cluster may refuse what is taken here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store.meta import at_path, copied
from rollouts.simulator.store.refusals import Cause, invalid_value
from rollouts.simulator.store.validation import Validation, quoted

Schema = Mapping[str, Any]
_OF_EVERY_RESOURCE = ("apiVersion", "kind", "metadata")
_UNCHANGED = re.compile(r"self((?:\.\w+)*)\s*==\s*oldSelf((?:\.\w+)*)|oldSelf((?:\.\w+)*)\s*==\s*self((?:\.\w+)*)")


class Structure:
    """A kind's structural schema, made ready for writes."""

    def __init__(self, schema: Schema, *, status_is_apart: bool) -> None:
        self._schema = schema
        self._status_is_apart = status_is_apart
        self._validation = Validation(schema)

    def fitted(self, obj: Json) -> Json:
        """The object without unknown fields and with defaults."""
        fitted = _fitted(obj, self._schema, is_resource=True)
        return fitted if isinstance(fitted, dict) else obj

    def faults(self, obj: Json, old: Json | None) -> list[Cause]:
        """What breaks the schema: types, limits, duplicates and, against the old state, what may not change."""
        causes = [*self._validation.faults(obj), *_duplicates(obj, self._schema, "")]
        if old is not None:
            causes += _transitions(_Pair(old, obj), self._schema, "")
        return causes


def _fitted(value: Any, schema: Schema, *, is_resource: bool = False) -> Any:
    if isinstance(value, dict):
        return _fitted_map(value, schema, is_resource=is_resource or _is_embedded(schema))
    if isinstance(value, list) and isinstance(items := schema.get("items"), dict):
        return [_fitted(item, items) for item in value]
    return value


def _fitted_map(value: Json, schema: Schema, *, is_resource: bool) -> Json:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    fitted = {}
    for name, inner in value.items():
        if is_resource and name in _OF_EVERY_RESOURCE:
            fitted[name] = inner
        elif name in properties:
            if not _is_unset(inner, properties[name]):
                fitted[name] = _fitted(inner, properties[name])
        elif isinstance(rest := schema.get("additionalProperties"), dict):
            if not _is_unset(inner, rest):
                fitted[name] = _fitted(inner, rest)
        elif rest or schema.get("x-kubernetes-preserve-unknown-fields"):
            fitted[name] = inner
    for name, inner_schema in properties.items():
        if name not in fitted and "default" in inner_schema and not (is_resource and name in _OF_EVERY_RESOURCE):
            fitted[name] = _fitted(copied(inner_schema["default"]), inner_schema)
    return fitted


def _is_unset(value: Any, schema: Schema) -> bool:
    """A null where null is no value is as good as nothing, and gives way to a default."""
    is_open = schema.get("x-kubernetes-preserve-unknown-fields")
    return value is None and not schema.get("nullable") and not is_open


def _is_embedded(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource"))


def _children(value: Any, schema: Schema, path: str) -> Iterator[tuple[Any, Schema, str]]:
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for name, inner in value.items():
            if name in properties:
                yield inner, properties[name], f"{path}.{name}" if path else name
            elif isinstance(rest, dict):
                yield inner, rest, f"{path}[{name}]"
    elif isinstance(value, list) and isinstance(items := schema.get("items"), dict):
        for index, inner in enumerate(value):
            yield inner, items, f"{path}[{index}]"


def _duplicates(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    kind = schema.get("x-kubernetes-list-type")
    if isinstance(value, list) and kind in ("map", "set"):
        seen = set()
        for index, item in enumerate(value):
            key = json.dumps(_key_of(item, schema), sort_keys=True, separators=(",", ":"))
            if key in seen:
                yield Cause("FieldValueDuplicate", f"Duplicate value: {key}", f"{path}[{index}]")
            seen.add(key)
    for inner, inner_schema, inner_path in _children(value, schema, path):
        yield from _duplicates(inner, inner_schema, inner_path)


def _key_of(item: Any, schema: Schema) -> Any:
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(item, dict):
        return item
    return {key: item.get(key) for key in schema.get("x-kubernetes-list-map-keys", ())}


class _Pair:
    """The same place before and after a write."""

    def __init__(self, old: Any, new: Any) -> None:
        self.old, self.new = old, new


def _transitions(pair: _Pair, schema: Schema, path: str) -> Iterator[Cause]:
    for rule in schema.get("x-kubernetes-validations", ()):
        if _is_broken(pair, rule["rule"]):
            yield invalid_value(path, quoted(pair.new), rule.get("message") or f"failed rule: {rule['rule']}")
    for new, inner_schema, inner_path in _children(pair.new, schema, path):
        old = _old_of(pair, new, inner_path, schema)
        if old is not None:
            yield from _transitions(_Pair(old, new), inner_schema, inner_path)


def _is_broken(pair: _Pair, rule: str) -> bool:
    met = _UNCHANGED.fullmatch(rule.strip())
    if met is None:
        return False
    paths = [part for part in met.groups() if part is not None]
    left, right = (_steps(part) for part in paths)
    return left == right and bool(at_path(pair.new, left) != at_path(pair.old, left))


def _steps(path: str) -> Sequence[str]:
    return path.split(".")[1:]


def _old_of(pair: _Pair, new: Any, path: str, schema: Schema) -> Any:
    """What stood where `new` stands: by name in maps, by key in list-maps; items of other lists have no past."""
    if isinstance(pair.old, dict):
        name = path[path.rfind("[") + 1 : -1] if path.endswith("]") else path.rpartition(".")[2]
        return pair.old.get(name)
    if isinstance(pair.old, list) and schema.get("x-kubernetes-list-type") == "map":
        key = _key_of(new, schema)
        return next((item for item in pair.old if _key_of(item, schema) == key), None)
    return None
