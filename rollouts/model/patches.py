"""The JSON merge patch between two states of an object. Called by whoever renders changes: traffic and workloads."""

from rollouts.model.objects import Json, Modify, Ref
from rollouts.model.reading import mapping, text


def version_of(obj: Json) -> str:
    """The resourceVersion, for patches that replace a list."""
    return text(mapping(obj.get("metadata")).get("resourceVersion"))


def difference(before: Json, after: Json) -> Json:
    """The JSON merge patch that makes `after` of `before`; empty where they are the same."""
    patch: Json = {key: None for key in before if key not in after}
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            inner = difference(before[key], value)
            if inner:
                patch[key] = inner
        elif key not in before or before[key] != value:
            patch[key] = value
    return patch


def changed(ref: Ref, before: Json, after: Json) -> tuple[Modify, ...]:
    """The merge patch between two states of an object, if they differ; it may replace lists, hence the version."""
    body = difference(before, after)
    return (Modify(ref, body, version_of(before)),) if body else ()
