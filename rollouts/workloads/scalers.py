"""Two autoscalers where the user has one: the copy's twin, and the target's own, held while that rests.

Called by twins. Kubernetes' own kind scales nothing that has no pods, so there is nothing to hold; KEDA's would start
pods again, and is paused by its annotation.
"""

import re
from copy import deepcopy

from rollouts.model.copying import Copying, Objects, TwinScaler
from rollouts.model.objects import Change, Create, Json, Modify, Ref
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping, text

KEDA = "ScaledObject"
PAUSED = "autoscaling.keda.sh/paused-replicas"
NAMED = "scaledobject.keda.sh/name"
"""The label by which KEDA marks its objects with their own name."""
_BOUNDS = {KEDA: ("minReplicaCount", "maxReplicaCount")}
_KUBERNETES_BOUNDS = ("minReplicas", "maxReplicas")


def twin_ref(copying: Copying, scaler: TwinScaler) -> Ref:
    """Where the copy's autoscaler is."""
    ref = scaler.ref
    return Ref(ref.api_version, ref.kind, ref.namespace, f"{ref.name}{copying.suffix}")


def tend(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """Make the twin where there is none; it stays as it is until the next promotion."""
    found = _found(copying, objects)
    if found is None or objects.get(twin_ref(copying, found[0])) is not None:
        return ()
    scaler, own = found
    ref = twin_ref(copying, scaler)
    labels = _labels(own)
    meta: Json = {"name": ref.name, "namespace": ref.namespace, "ownerReferences": [dict(copying.owner)]}
    meta |= {"labels": labels} if labels else {}
    body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": _spec(copying, scaler, own)}
    return (Create(ref, body),)


def match(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """Bring the twin to what the user's own says now; to the letter, its labels stay as they were."""
    found = _found(copying, objects)
    live = objects.get(twin_ref(copying, found[0])) if found else None
    if found is None or live is None:
        return tend(copying, objects)
    scaler, own = found
    after = {**live, "spec": _spec(copying, scaler, own)}
    labels = _labels(own)
    if not copying.is_literal and labels:
        after["metadata"] = {**live["metadata"], "labels": {**mapping(live["metadata"].get("labels")), **labels}}
    return changed(twin_ref(copying, scaler), live, after)


def hold(copying: Copying, objects: Objects, *, is_held: bool) -> tuple[Change, ...]:
    """Keep the user's own off the target, or let it go; a pause of the user's own stays."""
    found = _found(copying, objects)
    if found is None or found[0].ref.kind != KEDA:
        return ()
    scaler, own = found
    wanted = "0" if is_held else None
    if mapping(own["metadata"].get("annotations")).get(PAUSED) == wanted:
        return ()
    return (Modify(scaler.ref, {"metadata": {"annotations": {PAUSED: wanted}}}),)


def _labels(own: Json) -> Json:
    return {key: value for key, value in mapping(own["metadata"].get("labels")).items() if key != NAMED}


def _found(copying: Copying, objects: Objects) -> tuple[TwinScaler, Json] | None:
    own = objects.get(copying.scaler.ref) if copying.scaler is not None else None
    return (copying.scaler, own) if copying.scaler is not None and own is not None else None


def _spec(copying: Copying, scaler: TwinScaler, own: Json) -> Json:
    """The user's own spec about the copy, within the twin's own bounds."""
    spec: Json = deepcopy(mapping(own.get("spec")))
    spec["scaleTargetRef"] = {**mapping(spec.get("scaleTargetRef")), "name": copying.copy.name}
    bounds = zip(_BOUNDS.get(scaler.ref.kind, _KUBERNETES_BOUNDS), (scaler.minimum, scaler.maximum), strict=True)
    spec |= {field: bound for field, bound in bounds if bound is not None}
    _rename_inner(copying, spec)
    for trigger in map(mapping, items(spec.get("triggers"))):
        _ask_for_copy(copying, scaler, trigger)
    return spec


def _rename_inner(copying: Copying, spec: Json) -> None:
    """The autoscaler that KEDA makes has a name of its own, if the user gives it one."""
    inner = mapping(mapping(spec.get("advanced")).get("horizontalPodAutoscalerConfig"))
    if inner.get("name"):
        inner["name"] = f"{inner['name']}{copying.suffix}"


def _ask_for_copy(copying: Copying, scaler: TwinScaler, trigger: Json) -> None:
    """Queries of the user's for the copy; where there are none at all, the target's name in them becomes the copy's."""
    metadata = mapping(trigger.get("metadata"))
    query = text(metadata.get("query"))
    query = scaler.queries.get(text(trigger.get("name")), query) if scaler.queries else about_copy(query, copying)
    if query:
        metadata["query"] = query


def about_copy(query: str, copying: Copying) -> str:
    """A query about the target, by its name or its Service's, asked about the copy."""
    pattern = rf"\b{re.escape(copying.pair.target)}\b(?:-canary\b|{re.escape(copying.suffix)}\b)?"
    return re.sub(pattern, copying.copy.name, query)
