"""What a Deployment's status says of its ReplicaSets. Pure; written by the Deployment controller."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.workloads.conditions import condition_of, conditions_with, moment_of
from rollouts.simulator.workloads.rolling import bounds_of, is_recreate


def count(replica_sets: Sequence[Json], name: str) -> int:
    """A count of status, summed over ReplicaSets."""
    return sum((replica_set.get("status") or {}).get(name) or 0 for replica_set in replica_sets)


def deployment_status(deployment: Json, new: Json | None, held: Sequence[Json], now: datetime) -> Json:
    """The whole status; `held` are all its ReplicaSets, `new` the one of the wanted template."""
    replicas: int = deployment["spec"].get("replicas", 1)
    available = count(held, "availableReplicas")
    counts = {
        "replicas": count(held, "replicas"),
        "updatedReplicas": count([new] if new else [], "replicas"),
        "readyReplicas": count(held, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(replicas, count(held, "replicas")) - available),
    }
    status = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        **{name: number for name, number in counts.items() if number},
    }
    wanted = [_available(deployment, available), *_progressing(deployment, new, status, now)]
    return {**status, "conditions": conditions_with(deployment, wanted, now, updates=True)}


def deadline(deployment: Json) -> datetime | None:
    """When a Deployment that moves counts as stuck; None for one that is done, stuck already, or has no deadline."""
    condition = condition_of(deployment, "Progressing")
    limit = deployment["spec"].get("progressDeadlineSeconds", 600)
    if condition is None or limit is None or condition["reason"] in _SETTLED:
        return None
    return moment_of(condition["lastUpdateTime"]) + timedelta(seconds=limit)


_SETTLED = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused")


def _available(deployment: Json, available: int) -> Json:
    bounds = bounds_of(deployment)
    floor = bounds.replicas - (0 if is_recreate(deployment) else bounds.unavailable)
    if available >= floor:
        message = "Deployment has minimum availability."
        return {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": message}
    message = "Deployment does not have minimum availability."
    return {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": message}


def _progressing(deployment: Json, new: Json | None, status: Json, now: datetime) -> list[Json]:
    name = new["metadata"]["name"] if new else ""
    if deployment["spec"].get("paused"):
        return [_progress("Unknown", "DeploymentPaused", "Deployment is paused")]
    if new is not None and _is_complete(deployment, status):
        return [_progress("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')]
    if _has_progressed(deployment, status):
        reason = "ReplicaSetUpdated" if condition_of(deployment, "Progressing") else "NewReplicaSetCreated"
        return [_progress("True", reason, f'ReplicaSet "{name}" is progressing.')]
    limit = deadline(deployment)
    if limit is not None and now >= limit:
        return [_progress("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')]
    return []


def _progress(status: str, reason: str, message: str) -> Json:
    return {"type": "Progressing", "status": status, "reason": reason, "message": message}


def _is_complete(deployment: Json, status: Json) -> bool:
    wanted = deployment["spec"].get("replicas", 1)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == wanted for name in names)


def _has_progressed(deployment: Json, status: Json) -> bool:
    """More new, ready or available pods than before, or fewer old ones; a new generation starts afresh."""
    before = deployment.get("status") or {}
    if condition_of(deployment, "Progressing") is None:
        return True
    if before.get("observedGeneration") != status["observedGeneration"]:
        return True
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    old_now = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return old_now < old_before or any(status.get(name, 0) > before.get(name, 0) for name in grown)
