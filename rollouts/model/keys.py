"""Labels and annotations that tie objects to a rollout, by the names that Argo gave them (spec/argo-rollouts.md §2.2).

Read by every layer above, so that a name stands in one place; what only one room reads stays there.
"""

HASH_LABEL = "rollouts-pod-template-hash"
INSTANCE_LABEL = "argo-rollouts.argoproj.io/controller-instance-id"
MANAGED_BY = "argo-rollouts.argoproj.io/managed-by-rollouts"
REVISION = "rollout.argoproj.io/revision"
SCALE_DOWN_DEADLINE = "scale-down-deadline"
EXPERIMENT = "experiment.argoproj.io/name"
EXPERIMENT_TEMPLATE = "experiment.argoproj.io/template-name"
WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"
SYNCED = "toolkit.fluxcd.io"
"""A part of every key by which a sync loop marks what it has applied."""
UNTENDED = {
    "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
    "helm.toolkit.fluxcd.io/driftDetection": "disabled",
}
"""Annotations by which others that apply manifests leave an object alone."""
