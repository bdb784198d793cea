"""Patches that are no apply: what an object becomes. Called by the core; the object given is never changed."""

from typing import Any, assert_never

import jsonpatch
import jsonpointer

from rollouts.cluster.port import Json, Patch, PatchType
from rollouts.simulator.store import refusals
from rollouts.simulator.store.meta import copied
from rollouts.simulator.store.shapes import Shape
from rollouts.simulator.store.strategic import strategically_merged


def patched(obj: Json, patch: Patch, shape: Shape, *, is_custom: bool) -> Json:
    """The object after a merge, JSON or strategic merge patch."""
    match patch.type:
        case PatchType.MERGE:
            return _as_object(merged(obj, patch.body))
        case PatchType.JSON:
            return _as_object(_edited(obj, patch.body))
        case PatchType.STRATEGIC:
            if is_custom:
                supported = ", ".join((PatchType.JSON, PatchType.MERGE, PatchType.APPLY))
                message = (
                    f"the body of the request was in an unknown format - accepted media types include: {supported}"
                )
                raise refusals.unsupported_media_type(message)
            return strategically_merged(obj, _as_object(patch.body), shape)
        case PatchType.APPLY:
            raise ValueError("an apply is no plain patch: see apply.py")
        case _:
            assert_never(patch.type)


def merged(value: Any, patch: Any) -> Any:
    """RFC 7386: maps merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(value) if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), change)
    return result


def _edited(obj: Json, operations: Any) -> Any:
    """RFC 6902: one operation after the other, or none of them."""
    if not isinstance(operations, list):
        raise refusals.bad_request("error decoding patch: a JSON patch is a list of operations")
    try:
        return jsonpatch.JsonPatch(operations).apply(copied(obj))
    except (jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException) as error:
        raise refusals.unprocessable(
            f"the server rejected our request due to an error in our request: {error}"
        ) from error
    except (jsonpatch.InvalidJsonPatch, TypeError, ValueError) as error:
        raise refusals.bad_request(f"error decoding patch: {error}") from error


def _as_object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise refusals.bad_request("error decoding patch: the body and its outcome must be objects")
    return value
