"""Pods of held versions, read for a restart and changed with their version's role. Called by controller/pods. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rollouts.model.effects import MarkPods
from rollouts.model.objects import Json, Modify, ref_of
from rollouts.model.workload import Pod
from rollouts.workloads.metadata import changes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 200
_HARMLESS = ("ContainerCreating", "PodInitializing")
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
        trouble=trouble_of(pod),
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
    )


def trouble_of(pod: Json) -> str:
    """Why the pod does not run, "" where it says nothing: no node for it, or the first container that cannot start."""
    status = pod.get("status") or {}
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return _worded(scheduled)
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state, last = container.get("state") or {}, container.get("lastState") or {}
        waiting = state.get("waiting") or {}
        ended = state.get("terminated") or last.get("terminated") or {}
        if waiting.get("reason") in _HARMLESS:
            continue
        if waiting:
            return _worded(waiting)
        if ended.get("exitCode"):
            return f"container {container.get('name')} ended with exit code {ended['exitCode']}"
    return _unready(pod)


def _unready(pod: Json) -> str:
    """A pod that runs and is not ready says in its conditions what is missing."""
    ready = _condition(pod, "Ready")
    return _worded(ready) if ready.get("status") == "False" else ""


def _worded(told: Mapping[str, Any]) -> str:
    """`Reason: message`, as short as a status can bear."""
    reason, message = str(told.get("reason") or ""), str(told.get("message") or "")
    words = f"{reason}: {message}" if reason and message else reason or message
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


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
