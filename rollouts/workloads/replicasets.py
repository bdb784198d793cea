"""One ReplicaSet a version: names, labels and annotations are Argo's, to the letter (spec/argo-rollouts.md §2.1, §2.2).

The pod template goes into the ReplicaSet as the user wrote it, plus the hash label.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rollouts.model.effects import CreateVersion, DelayScaleDown, NumberVersion, RefreshVersion, ScaleVersion
from rollouts.model.keys import HASH_LABEL, REVISION, SCALE_DOWN_DEADLINE
from rollouts.model.objects import Create, Json, Modify, Ref, owner_reference
from rollouts.model.reading import mapping
from rollouts.model.rollout import Rollout
from rollouts.model.workload import Version
from rollouts.workloads import affinity, metadata
from rollouts.workloads.templates import is_same_template

REVISION_HISTORY = "rollout.argoproj.io/revision-history"
DESIRED_REPLICAS = "rollout.argoproj.io/desired-replicas"
_NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED_REPLICAS}
)
_NOT_COPIED_PREFIX = "notified.notifications.argoproj.io"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ref(rollout: Rollout, name: str) -> Ref:
    """The address of one of the rollout's ReplicaSets."""
    return Ref("apps/v1", "ReplicaSet", rollout.namespace, name)


def versions(manifest: Json, replicasets: Iterable[Json]) -> tuple[Version, ...]:
    """The versions that these ReplicaSets hold, oldest revision first; those of experiments are left out.

    `manifest` is the rollout's object: ReplicaSets that another controller owns are not its versions.
    """
    uid = manifest.get("metadata", {}).get("uid")
    held = [replace(_version(rs), is_dated=_is_dated(rs, manifest)) for rs in replicasets if _is_held(rs, uid)]
    return tuple(sorted(held, key=lambda v: (v.revision, v.name)))


def find_new(manifest: Json, rollout: Rollout, replicasets: Iterable[Json]) -> str | None:
    """The ReplicaSet of the wanted template: by hash, or by an equal template under another hash; None where none is.

    A template that only defaults were added to counts as equal, and so does one with what its role has put in.
    """
    uid = manifest.get("metadata", {}).get("uid")
    own = sorted((rs for rs in replicasets if _is_held(rs, uid)), key=lambda rs: _created(rs["metadata"]))
    for rs in own:
        if _labels(rs).get(HASH_LABEL) == rollout.target:
            return str(rs["metadata"]["name"])
    wanted = manifest.get("spec", {}).get("template", {})
    for rs in own:
        if is_same_template(wanted, _bare_template(rs, wanted)):
            return str(rs["metadata"]["name"])
    return None


def create(effect: CreateVersion, rollout: Rollout, manifest: Json) -> Create:
    """The ReplicaSet of the rollout's present template."""
    template = deepcopy(manifest["spec"]["template"])
    labels = {**mapping(mapping(template.get("metadata")).get("labels")), HASH_LABEL: effect.hash}
    template["metadata"] = {**mapping(template.get("metadata")), "labels": labels}
    annotations = {
        **copied_annotations(mapping(manifest["metadata"].get("annotations"))),
        DESIRED_REPLICAS: str(effect.desired),
        REVISION: str(effect.revision),
    }
    metadata.create(effect, template, annotations)
    if effect.keeps_off:
        rule = affinity.rule_of(rollout.strategy)
        template["spec"]["affinity"] = affinity.affinity(template, rule, effect.keeps_off)
    selector = deepcopy(manifest["spec"]["selector"])
    selector["matchLabels"] = {**mapping(selector.get("matchLabels")), HASH_LABEL: effect.hash}
    address = ref(rollout, effect.name)
    spec: Json = {"replicas": effect.replicas, "selector": selector, "template": template}
    if rollout.min_ready:
        spec["minReadySeconds"] = int(rollout.min_ready.total_seconds())
    body: Json = {
        "apiVersion": address.api_version,
        "kind": address.kind,
        "metadata": {
            "name": effect.name,
            "namespace": rollout.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner(rollout, manifest)],
        },
        "spec": spec,
    }
    return Create(address, body)


def owner(rollout: Rollout, manifest: Json) -> Json:
    """The ownerReference that ties an object to its rollout."""
    return owner_reference(manifest.get("apiVersion", "argoproj.io/v1alpha1"), rollout.kind, rollout.name, rollout.uid)


def copied_annotations(annotations: Mapping[str, Any]) -> Json:
    """The rollout's annotations that its ReplicaSets carry too."""
    return {
        key: value
        for key, value in annotations.items()
        if key not in _NOT_COPIED and not key.startswith(_NOT_COPIED_PREFIX)
    }


def scale(effect: ScaleVersion, rollout: Rollout) -> Modify:
    """A new size, with the rollout's own size beside it."""
    annotations: Json = {DESIRED_REPLICAS: str(effect.desired)}
    if not effect.keeps_delay:
        annotations[SCALE_DOWN_DEADLINE] = None
    body = {"metadata": {"annotations": annotations}, "spec": {"replicas": effect.replicas}}
    return Modify(ref(rollout, effect.name), body)


def number(effect: NumberVersion, rollout: Rollout) -> Modify:
    """A new revision; the old ones are history."""
    annotations = {
        REVISION: str(effect.revision),
        REVISION_HISTORY: ",".join(map(str, effect.former)) or None,
    }
    return Modify(ref(rollout, effect.name), {"metadata": {"annotations": annotations}})


def refresh(effect: RefreshVersion, rollout: Rollout, manifest: Json) -> Modify:
    """The rollout's present annotations and minReadySeconds; annotations that it lost stay, as in Argo."""
    copied = copied_annotations(mapping(manifest["metadata"].get("annotations")))
    body = {"metadata": {"annotations": copied}, "spec": {"minReadySeconds": int(rollout.min_ready.total_seconds())}}
    return Modify(ref(rollout, effect.name), body)


def delay(effect: DelayScaleDown, rollout: Rollout) -> Modify:
    """A deadline until which the version keeps its pods, or none any more."""
    until = None if effect.until is None else effect.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Modify(ref(rollout, effect.name), {"metadata": {"annotations": {SCALE_DOWN_DEADLINE: until}}})


def _is_dated(rs: Json, manifest: Json) -> bool:
    """Whether a ReplicaSet's copies differ from what the rollout says."""
    wanted = copied_annotations(mapping(mapping(manifest.get("metadata")).get("annotations")))
    held = mapping(rs["metadata"].get("annotations"))
    if any(held.get(key) != value for key, value in wanted.items()):
        return True
    return (mapping(manifest.get("spec")).get("minReadySeconds") or 0) != (rs["spec"].get("minReadySeconds") or 0)


def _is_held(rs: Json, uid: str | None) -> bool:
    meta = rs.get("metadata", {})
    owners = [o for o in meta.get("ownerReferences", ()) if o.get("controller")]
    is_ours = not uid or any(o.get("uid") == uid for o in owners)
    return is_ours and meta.get("deletionTimestamp") is None and HASH_LABEL in _labels(rs)


def _version(rs: Json) -> Version:
    meta, spec, status = rs["metadata"], rs.get("spec", {}), rs.get("status", {})
    annotations = mapping(meta.get("annotations"))
    return Version(
        name=meta["name"],
        hash=_labels(rs).get(HASH_LABEL, ""),
        revision=_number(annotations.get(REVISION)) or 0,
        created=_created(meta),
        replicas=1 if spec.get("replicas") is None else spec["replicas"],
        current=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        desired_then=_number(annotations.get(DESIRED_REPLICAS)),
        scale_down_at=_time(annotations.get(SCALE_DOWN_DEADLINE)),
        former_revisions=tuple(_numbers(annotations.get(REVISION_HISTORY))),
        failure=_failure(status),
        metadata=metadata.recorded(annotations),
        pending=metadata.recorded(annotations, metadata.PENDING),
        keeps_off=affinity.keeps_off(spec.get("template") or {}),
    )


def _bare_template(rs: Json, wanted: Json) -> Json:
    """The template of a ReplicaSet as its user wrote it: what its role put in is left out."""
    template = rs.get("spec", {}).get("template", {})
    return affinity.bare(metadata.bare(template, wanted, mapping(rs["metadata"].get("annotations"))))


def _failure(status: Mapping[str, Any]) -> tuple[str, str] | None:
    for condition in status.get("conditions", ()):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return condition.get("reason", ""), condition.get("message", "")
    return None


def _labels(obj: Json) -> Mapping[str, str]:
    return obj.get("metadata", {}).get("labels") or {}


def _created(meta: Mapping[str, Any]) -> datetime:
    return _time(meta.get("creationTimestamp")) or _EPOCH


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _numbers(value: Any) -> list[int]:
    return [int(part) for part in value.split(",") if part.isdecimal()] if isinstance(value, str) else []
