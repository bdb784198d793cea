"""The workload that a rollout takes its template from: what is written to it, and of it. Called by render."""

from rollouts.model.objects import Modify, Ref
from rollouts.model.rollout import WorkloadRef


def scale(workload: WorkloadRef, namespace: str, replicas: int) -> Modify:
    """Another size of the workload's own pods."""
    return Modify(Ref(workload.api_version, workload.kind, namespace, workload.name), {"spec": {"replicas": replicas}})
