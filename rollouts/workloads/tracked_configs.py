"""Copies of the ConfigMaps and Secrets that a target's pods are started with. Called by primary_copy.

The target's configuration may change while it is judged; the copy's pods restart with what was promoted. So they read
copies, written when the workload's copy is made and at each promotion.
"""

from copy import deepcopy

from rollouts.hashing.configs import Name, is_tracked, mentions, pod_of
from rollouts.model.copying import Copying, Objects
from rollouts.model.objects import Change, Create, Json, Ref, ref_of
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping
from rollouts.workloads.marks import chosen


def named(copying: Copying, target: Json) -> tuple[Ref, ...]:
    """Every config that the target's pods name, in a settled order."""
    places = mentions(pod_of(target)) if copying.tracks_configs else ()
    return tuple(
        sorted({_ref(copying, (place.kind, place.name)) for place in places}, key=lambda ref: (ref.kind, ref.name))
    )


def copies(copying: Copying, target: Json) -> tuple[Ref, ...]:
    """Where their copies are, should they be copied."""
    return tuple(_copy(copying, ref) for ref in named(copying, target))


def copied(copying: Copying, target: Json, objects: Objects) -> tuple[Ref, ...]:
    """Where the copies are of those that are copied."""
    return tuple(_copy(copying, ref_of(config)) for config in _tracked(copying, target, objects))


def missing(copying: Copying, target: Json, objects: Objects) -> Ref | None:
    """The first config that the pods cannot start without, and that is not there."""
    places = mentions(pod_of(target)) if copying.tracks_configs else ()
    needed = {_ref(copying, (place.kind, place.name)) for place in places if not place.is_optional}
    return next((ref for ref in named(copying, target) if ref in needed and not objects.get(ref)), None)


def written(copying: Copying, target: Json, objects: Objects) -> tuple[Change, ...]:
    """The changes that bring every copy to what its original says now."""
    found = _tracked(copying, target, objects)
    return tuple(change for config in found for change in _written(copying, config, objects))


def renamed(copying: Copying, target: Json, objects: Objects) -> Json:
    """The spec of the target's pods, with the copies named in place of the originals."""
    pod: Json = deepcopy(pod_of(target))
    known = {(ref.kind, ref.name) for ref in map(ref_of, _tracked(copying, target, objects))}
    for place in mentions(pod):
        if (place.kind, place.name) in known:
            place.holder[place.field] = f"{place.name}{copying.suffix}"
    return pod


def data_of(config: Json, *, is_literal: bool) -> Json:
    """What pods see of a config; to the letter, bytes get lost."""
    fields = ("data",) if is_literal else ("data", "binaryData")
    return {field: config[field] for field in fields if config.get(field)}


def _tracked(copying: Copying, target: Json, objects: Objects) -> list[Json]:
    found = (objects.get(ref) for ref in named(copying, target))
    return [config for config in found if config and is_tracked(config, copying.keys.sharing)]


def _written(copying: Copying, config: Json, objects: Objects) -> tuple[Change, ...]:
    ref = _copy(copying, ref_of(config))
    live, labels = objects.get(ref), chosen(mapping(config["metadata"].get("labels")), copying.label_prefixes)
    meta: Json = {"name": ref.name, "namespace": ref.namespace, "ownerReferences": _owners(copying, live)}
    meta |= {"labels": labels} if labels else {}
    contents = data_of(config, is_literal=copying.is_literal)
    if config.get("type"):
        contents["type"] = config["type"]
    if live is None:
        return (Create(ref, {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, **contents}),)
    kept = {key: value for key, value in live["metadata"].items() if key != "labels"}
    rest = {key: value for key, value in live.items() if key not in ("data", "binaryData")}
    return changed(ref, live, {**rest, **contents, "metadata": {**kept, **meta}})


def _owners(copying: Copying, live: Json | None) -> list[Json]:
    """Ours controls it; others that had it before keep a part in it, so that it outlives each of them."""
    former = map(mapping, items(mapping(mapping(live).get("metadata")).get("ownerReferences")))
    others = [{**owner, "controller": False} for owner in former if owner.get("uid") != copying.owner["uid"]]
    return [*others, dict(copying.owner)]


def _ref(copying: Copying, name: Name) -> Ref:
    return Ref("v1", name[0], copying.target.namespace, name[1])


def _copy(copying: Copying, ref: Ref) -> Ref:
    return Ref(ref.api_version, ref.kind, ref.namespace, f"{ref.name}{copying.suffix}")


def contents(copying: Copying, target: Json, objects: Objects) -> list[Json]:
    """What the pods read from their copies, in a settled order."""
    return [data_of(config, is_literal=copying.is_literal) for config in _tracked(copying, target, objects)]
