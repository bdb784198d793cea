"""A field of a Rollout as an argument's value: `metadata.labels['app']`, `spec.template.spec.containers[0].image`.

Called when a run is rendered. Fields under metadata follow Kubernetes' downward API, all others are dotted paths with
indexes; a path must end at a value, and what Go leaves out of its JSON (false, zero, empty) is not there.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from analysis.errors import ArgumentError
from analysis.units import format_value
from rollouts.model.objects import Json

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
_PLAIN = ("name", "namespace", "uid")
_STEP = re.compile(r"([^\[\]]*)((?:\[\d+\])*)")
# Go writes these out even when they are zero: pointers, and fields without omitempty
_KEPT_ZEROES = frozenset({"replicas", "currentStepIndex", "weight", "duration"})


def value_at(manifest: Json, path: str) -> str:
    """The text of the field; ArgumentError, in Argo's words, when there is no such value."""
    if path == "metadata" or path.startswith("metadata."):
        return _of_metadata(manifest.get("metadata") or {}, path)
    value: Any = manifest
    for part in path.split("."):
        if part:
            value = _stepped(value, part, path)
    if isinstance(value, Mapping | list):
        raise ArgumentError(f"path {path} in rollout must terminate in a primitive value")
    return _shown(value)


def _of_metadata(metadata: Mapping[str, Any], path: str) -> str:
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is not None:
        return str((metadata.get(subscript[1]) or {}).get(subscript[2], ""))
    field = path.removeprefix("metadata.")
    if field in ("labels", "annotations"):
        values = metadata.get(field) or {}
        return "\n".join(f"{key}={json.dumps(values[key], ensure_ascii=False)}" for key in sorted(values))
    if field in _PLAIN:
        return str(metadata.get(field, ""))
    raise ArgumentError(f"unsupported fieldPath: {path}")


def _stepped(value: Any, part: str, path: str) -> Any:
    match = _STEP.fullmatch(part)
    if match is None or not isinstance(value, Mapping):
        raise ArgumentError(f"invalid path {path} in rollout")
    name, indexes = match[1], [int(index) for index in re.findall(r"\d+", match[2])]
    found = value.get(name)
    if found is None or (not found and name not in _KEPT_ZEROES):
        raise ArgumentError(f"invalid path {path} in rollout")
    for index in indexes:
        if not isinstance(found, list):
            raise ArgumentError(f"invalid path {path} in rollout")
        if index >= len(found):
            raise ArgumentError(f"index {index} out of range")
        found = found[index]
    return found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_value(value)
    return str(value)
