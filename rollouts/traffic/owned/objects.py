"""Generated objects: made whole, repaired by a patch, missed in words. Called by the providers of generated routes."""

from collections.abc import Callable, Mapping

from rollouts.model.keys import UNTENDED
from rollouts.model.objects import Change, Create, Json, Ref, ref_of
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.patches import changed
from rollouts.model.reading import mapping

RESET = Split(100, 0)
"""Everybody is with the stable version."""


def metadata(route: OwnedRoute, name: str, *, is_marked: bool = True) -> Json:
    """The metadata of a generated object; a marked one carries what users want on the route, and is left alone."""
    made: Json = {"name": name, "namespace": route.namespace, "ownerReferences": [dict(route.owner)]}
    if is_marked:
        made |= {"annotations": {**route.annotations, **UNTENDED}}
        made |= {"labels": dict(route.labels)} if route.labels else {}
    return made


def whole(ref: Ref, meta: Json, spec: Json) -> Json:
    """A generated object."""
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": spec}


def brought(ref: Ref, live: Json | None, wanted: Json) -> tuple[Change, ...]:
    """Make the object, or bring it to what is wanted; labels and annotations only of an object that has marks."""
    if live is None:
        return (Create(ref, wanted),)
    meta, new = mapping(live.get("metadata")), wanted["metadata"]
    marks = ("labels", "annotations") if "annotations" in new else ()
    kept = {key: value for key, value in meta.items() if key not in marks}
    kept |= {key: new[key] for key in marks if key in new}
    rest = {key: wanted[key] for key in wanted if key not in ("apiVersion", "kind", "metadata")}
    return changed(ref, live, {**live, **rest, "metadata": kept})


def tended(
    route: OwnedRoute, live: Json | None, wanted: Callable[[Split], Json], now: Split | None, reset: Split = RESET
) -> tuple[Change, ...]:
    """Make or repair the object that `wanted` gives for a split. `now` is the split that the live one has, if any.

    The weights stay as they are, but where a repair is to cost them (`reset`).
    """
    made = wanted(now or reset)
    ref = ref_of(made)
    changes = brought(ref, live, made)
    return brought(ref, live, wanted(reset)) if changes and route.loses_weights else changes


def respec(ref: Ref, live: Json, spec: Mapping[str, object]) -> tuple[Change, ...]:
    """Bring just the spec to what is wanted."""
    return changed(ref, live, {**live, "spec": dict(spec)})


def split_of(route: OwnedRoute, parts: Mapping[str, int]) -> Split | None:
    """The split that weights by the names of Services amount to; None where they lead to neither version."""
    split = Split(parts.get(route.stable_service, 0), parts.get(route.canary_service, 0))
    return split if split.stable or split.canary else None


def not_found(resource: str, name: str) -> str:
    """That an object is missing, as an API server says it."""
    return f'{resource} "{name}" not found'
