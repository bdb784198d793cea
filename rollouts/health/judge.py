"""Is this object healthy? Called by the sync loop (wait) and by the CLI's tree.

Pure: what the object says of itself is all that counts. A kind without a rule is judged by the conditions that
well-behaved controllers write (kstatus): generation observed, then Stalled, Reconciling and Ready.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rollouts.health import delivery, workloads
from rollouts.health.verdict import (
    HEALTHY,
    Health,
    Object,
    State,
    condition,
    degraded,
    holds,
    is_unobserved,
    progressing,
    said,
    spec_of,
)

Rule = Callable[[Object], Health]


def generic(obj: Object) -> Health:
    """What the standard conditions say; an object without any is healthy."""
    if is_unobserved(obj):
        return progressing("waiting for its controller to see the newest spec")
    if holds(obj, "Stalled"):
        return degraded(said(obj, "Stalled"))
    if holds(obj, "Reconciling"):
        return progressing(said(obj, "Reconciling"))
    if not condition(obj, "Ready") or holds(obj, "Ready"):
        return HEALTHY
    return progressing(said(obj, "Ready"))


def flux(obj: Object) -> Health:
    """GitRepository and Kustomization: suspended, not seen yet, or as the conditions say."""
    if spec_of(obj).get("suspend") is True:
        return Health(State.SUSPENDED, "suspended")
    if not condition(obj, "Ready"):
        return progressing("not reconciled yet")
    if holds(obj, "Ready", "False") and not is_unobserved(obj):
        return degraded(said(obj, "Ready"))
    return generic(obj)


RULES: Mapping[tuple[str, str], Rule] = MappingProxyType(
    {
        ("", "ConfigMap"): delivery.static,
        ("", "PersistentVolumeClaim"): workloads.claim,
        ("", "Pod"): workloads.pod,
        ("", "Secret"): delivery.static,
        ("", "Service"): workloads.service,
        ("apiextensions.k8s.io", "CustomResourceDefinition"): delivery.definition,
        ("apps", "DaemonSet"): workloads.daemon_set,
        ("apps", "Deployment"): workloads.deployment,
        ("apps", "ReplicaSet"): workloads.replica_set,
        ("apps", "StatefulSet"): workloads.stateful_set,
        ("argoproj.io", "AnalysisRun"): delivery.analysis_run,
        ("argoproj.io", "Experiment"): delivery.analysis_run,
        ("argoproj.io", "Rollout"): delivery.rollout,
        ("autoscaling", "HorizontalPodAutoscaler"): delivery.autoscaler,
        ("batch", "Job"): workloads.job,
        ("flagger.app", "Canary"): delivery.canary,
        ("kustomize.toolkit.fluxcd.io", "Kustomization"): flux,
        ("source.toolkit.fluxcd.io", "GitRepository"): flux,
    }
)


def health_of(obj: Object | None) -> Health:
    """The verdict on an object as the API server shows it; None: it is not there."""
    if obj is None:
        return Health(State.MISSING, "not found")
    if obj.get("metadata", {}).get("deletionTimestamp"):
        return progressing("being deleted")
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    return RULES.get((group, str(obj.get("kind", ""))), generic)(obj)
