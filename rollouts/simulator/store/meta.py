"""Small moves on JSON objects. Called by every module of the store; nothing here changes what it is given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rollouts.cluster.port import Json

# What the server keeps about an object; writers cannot set these.
SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


class Sealed(dict[str, Any]):
    """A JSON object in the form in which it is stored, and never changed: many stores share it, and none walks it."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # a dict has none; this one stays as it is


def copied(value: Any) -> Any:
    """A deep copy of a JSON value (several times as quick as copy.deepcopy)."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


def timestamp(now: datetime) -> str:
    """The API's form of a moment: UTC, whole seconds."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_meta(obj: Json, **fields: Any) -> Json:
    """The object with these metadata fields set; a field given as None is removed."""
    meta = {**obj.get("metadata", {}), **fields}
    return {**obj, "metadata": {name: value for name, value in meta.items() if value is not None}}


def at_path(obj: Any, path: Sequence[str]) -> Any:
    """The value under these field names, or None."""
    for name in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj


def put_at_path(obj: Json, path: Sequence[str], value: Any) -> Json:
    """The object with the value under these field names; maps on the way are copied or made."""
    if not path:
        return value  # type: ignore[no-any-return]  # the caller names a path that ends in an object
    inner = obj.get(path[0])
    return {**obj, path[0]: put_at_path(inner if isinstance(inner, dict) else {}, path[1:], value)}


def without_system_fields(obj: Json) -> Json:
    """The object as if it had never been stored."""
    return with_meta(obj, selfLink=None, **dict.fromkeys(SYSTEM_FIELDS))


def name_of(obj: Json) -> str:
    """The object's name, "" before it has one."""
    return str(obj.get("metadata", {}).get("name", ""))


def namespace_of(obj: Json) -> str:
    """The object's namespace, "" for cluster-scoped ones."""
    return str(obj.get("metadata", {}).get("namespace", ""))


def version_of(obj: Json) -> str:
    """The object's resourceVersion, "" where it has none."""
    return str(obj.get("metadata", {}).get("resourceVersion", ""))
