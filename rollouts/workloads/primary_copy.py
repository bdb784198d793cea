"""The primary: the generated copy of a user's workload that serves while the target is judged. Called by twins.

It is the target by another name: one label of its pods tells the two apart, configs are read from copies, and rules
that keep the target's pods apart keep its own apart. Of a Service as target the two versions are copies of it; Knative
keeps both in one object, where only a note says which revision serves.
"""

from copy import deepcopy
from typing import Any

from rollouts.hashing.configs import digest, pod_of
from rollouts.model.copying import Copying, Objects
from rollouts.model.objects import Change, Create, Json, Modify
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping, text
from rollouts.workloads import services_owned, tracked_configs
from rollouts.workloads.marks import chosen, one_s_own, passed_on, without_synced
from rollouts.workloads.selection import Side, side_of

_KEPT = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds", "strategy", "updateStrategy")


def create(copying: Copying, objects: Objects, replicas: int) -> tuple[Change, ...]:
    """The copy, after all that its pods need; nothing that is there already is overwritten."""
    target = objects.get(copying.target)
    if target is None:
        return ()
    if copying.has_revisions:
        return _noted(copying, target)
    if not copying.pair.is_sized:
        return services_owned.versions(copying, objects)
    configs = tracked_configs.written(copying, target, objects)
    if objects.get(copying.copy) is not None:
        return configs
    return (*configs, Create(copying.copy, _whole(copying, target, objects, replicas)))


def overwrite(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """The copy becomes what the target is now, configs first. Done twice it changes nothing more."""
    target, copy = objects.get(copying.target), objects.get(copying.copy)
    if target is not None and copying.has_revisions:
        return _noted(copying, target)
    if target is None or copy is None:
        return ()
    if not copying.pair.is_sized:
        return services_owned.promoted(copying, target, copy)
    configs = tracked_configs.written(copying, target, objects)
    return (*configs, *changed(copying.copy, copy, _promoted(copying, target, copy, objects)))


def scale(copying: Copying, objects: Objects, replicas: int) -> tuple[Change, ...]:
    """Another size of the target; a DaemonSet has its pods or, kept off every node, none."""
    target = objects.get(copying.target)
    if target is None or not copying.pair.is_sized:
        return ()
    if copying.target.kind != "DaemonSet":
        has = mapping(target.get("spec")).get("replicas", 1) == replicas
        return () if has else (Modify(copying.target, {"spec": {"replicas": replicas}}),)
    selector = mapping(pod_of(target).get("nodeSelector"))
    off = None if replicas else "true"
    if selector.get(copying.keys.off) == off:
        return ()
    patch = {"spec": {"template": {"spec": {"nodeSelector": {copying.keys.off: off}}}}}
    return (Modify(copying.target, patch),)


def _noted(copying: Copying, target: Json) -> tuple[Change, ...]:
    """Let the newest revision be the one that serves."""
    newest = text(mapping(target.get("status")).get("latestCreatedRevisionName"))
    if not newest:
        return ()
    annotations = mapping(target["metadata"].get("annotations"))
    after = {**target["metadata"], "annotations": {**annotations, copying.keys.serving: newest}}
    return changed(copying.target, target, {**target, "metadata": after})


def _whole(copying: Copying, target: Json, objects: Objects, replicas: int) -> Json:
    side, annotations = side_of(copying, target), _annotations(copying, target, None)
    metadata: Json = {"name": copying.copy.name, "namespace": copying.copy.namespace}
    metadata |= {"labels": _labels(copying, target, side), "ownerReferences": [dict(copying.owner)]}
    metadata |= {"annotations": annotations} if annotations else {}
    spec = _spec(copying, target, objects, side) | {"selector": {"matchLabels": {side.label: side.copy}}}
    if copying.target.kind != "DaemonSet":
        spec["replicas"] = replicas
    return {"apiVersion": target["apiVersion"], "kind": target["kind"], "metadata": metadata, "spec": spec}


def _promoted(copying: Copying, target: Json, copy: Json, objects: Objects) -> Json:
    """The copy with all of the target but its identity; where an autoscaler sizes it, its size stays too."""
    side, meta = side_of(copying, target), copy["metadata"]
    annotations = _annotations(copying, target, copy)
    marks = {"labels": _labels(copying, target, side)}
    marks |= {"annotations": annotations} if annotations or "annotations" in meta else {}
    spec = {key: value for key, value in copy["spec"].items() if key not in (*_KEPT, "template")}
    size = mapping(target.get("spec")).get("replicas")
    if size and copying.scaler is None and copying.target.kind != "DaemonSet":
        spec["replicas"] = size
    return {**copy, "metadata": {**meta, **marks}, "spec": spec | _spec(copying, target, objects, side)}


def _labels(copying: Copying, target: Json, side: Side) -> Json:
    return {**chosen(mapping(target["metadata"].get("labels")), copying.label_prefixes), side.label: side.copy}


def _annotations(copying: Copying, target: Json, copy: Json | None) -> Json:
    """The target's, whether the copy is made or promoted; to the letter a promotion leaves only those of a prefix."""
    given = mapping(target["metadata"].get("annotations"))
    if copying.is_literal:
        return without_synced(given) if copy is None else chosen(given, copying.label_prefixes)
    held = one_s_own(mapping(copy["metadata"].get("annotations"))) if copy is not None else {}
    return passed_on(given) | held


def _spec(copying: Copying, target: Json, objects: Objects, side: Side) -> Json:
    """What a workload's spec has from its target."""
    kept = {key: deepcopy(target["spec"][key]) for key in _KEPT if target["spec"].get(key) is not None}
    return kept | {"template": _template(copying, target, objects, side)}


def _template(copying: Copying, target: Json, objects: Objects, side: Side) -> Json:
    template = mapping(target["spec"].get("template"))
    meta, pod = mapping(template.get("metadata")), tracked_configs.renamed(copying, target, objects)
    _awake(pod, copying.keys.off)
    _keep_apart(pod, side, copying.suffix)
    labels = {**without_synced(mapping(meta.get("labels"))), side.label: side.copy}
    annotations = without_synced(mapping(meta.get("annotations")))
    edition = edition_of([labels, annotations, pod, tracked_configs.contents(copying, target, objects)])
    return {"metadata": {"labels": labels, "annotations": {**annotations, copying.keys.edition: edition}}, "spec": pod}


def _awake(pod: Json, off: str) -> None:
    """Without the mark that keeps the target's pods off all nodes."""
    if off in mapping(pod.get("nodeSelector")):
        del pod["nodeSelector"][off]
        if not pod["nodeSelector"]:
            del pod["nodeSelector"]


def edition_of(contents: Any) -> str:
    """A name for what is promoted: pods restart when it changes, so also for configuration that they read once."""
    digits = "".join(digest([part, contents]) for part in range(2))
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _keep_apart(pod: Json, side: Side, suffix: str) -> None:
    """Rules that spread the target's pods, or keep them apart, are about the copy's own pods in the copy."""
    rules = mapping(mapping(pod.get("affinity")).get("podAntiAffinity"))
    weighted = map(mapping, items(rules.get("preferredDuringSchedulingIgnoredDuringExecution")))
    terms = [
        *items(pod.get("topologySpreadConstraints")),
        *items(rules.get("requiredDuringSchedulingIgnoredDuringExecution")),
        *(term.get("podAffinityTerm") for term in weighted),
    ]
    for term in map(mapping, terms):
        _about_copy(mapping(term.get("labelSelector")), side, suffix)


def _about_copy(selector: Json, side: Side, suffix: str) -> None:
    labels = mapping(selector.get("matchLabels"))
    for key in side.keys:
        if labels.get(key) == side.known_as:
            labels[key] = f"{side.known_as}{suffix}"
    for expression in map(mapping, items(selector.get("matchExpressions"))):
        if expression.get("key") in side.keys:
            values = items(expression.get("values"))
            expression["values"] = [f"{value}{suffix}" if value == side.known_as else value for value in values]
