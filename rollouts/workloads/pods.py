"""Pods of held versions, read for a restart and changed with their version's role. Called by controller/pods. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rollouts.model.effects import MarkPods
from rollouts.model.objects import Json, Modify, ref_of
from rollouts.model.workload import Pod
from rollouts.workloads.metadata import changes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POD = {"apiVersion": "v1", "kind": "Pod"}


def owner_of(pod: Json) -> str:
    """The uid of the ReplicaSet that controls this pod, "" for none."""
    owners = pod.get("metadata", {}).get("ownerReferences") or ()
    return next((str(o.get("uid", "")) for o in owners if o.get("controller") and o.get("kind") == "ReplicaSet"), "")


def read(pod: Json, version: str) -> Pod:
    """The pod as a decision sees it."""
    meta = pod["metadata"]
    ready = _condition(pod, "Ready")
    is_ready = ready.get("status") == "True"
    return Pod(
        name=meta["name"],
        version=version,
        created=_time(meta.get("creationTimestamp")) or _EPOCH,
        is_ready=is_ready,
        ready_since=_time(ready.get("lastTransitionTime")) if is_ready else None,
        is_going=meta.get("deletionTimestamp") is not None,
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
    )


def mark(effect: MarkPods, pod: Json) -> Modify | None:
    """What has to change on this pod; None where it is as wanted, or on its way out."""
    if pod["metadata"].get("deletionTimestamp") is not None:
        return None
    marks = changes(effect.metadata, effect.former, pod["metadata"])
    return Modify(ref_of({**_POD, **pod}), {"metadata": marks}) if marks else None


def _condition(pod: Json, kind: str) -> Mapping[str, Any]:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == kind), {})


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
    except ValueError:
        return None
