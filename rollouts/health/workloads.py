"""Health of what runs pods, and of what leads to them. One function a kind; the tables of spec/gitops.md §2.4.

Where the ancestors differ (a crashed Job, a Pod in a crash loop), the verdict that tells a user more wins.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.health.verdict import (
    HEALTHY,
    Health,
    Object,
    State,
    condition,
    count,
    degraded,
    holds,
    is_unobserved,
    progressing,
    said,
    spec_of,
    status_of,
)

_UNSEEN = progressing("waiting for its controller to see the newest spec")


def deployment(obj: Object) -> Health:
    """Every pod of the newest template available, no old one left."""
    if spec_of(obj).get("paused") is True:
        return Health(State.SUSPENDED, "paused")
    if status_of(obj).get("observedGeneration") is None or is_unobserved(obj):
        return _UNSEEN
    if condition(obj, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return degraded(said(obj, "Progressing"))
    return _all_updated(obj)


def _all_updated(obj: Object) -> Health:
    status = status_of(obj)
    wanted, updated = count(spec_of(obj), "replicas", 1), count(status, "updatedReplicas")
    if updated < wanted:
        return progressing(f"{updated} of {wanted} pods have the newest template")
    if count(status, "replicas") > updated:
        return progressing(f"{count(status, 'replicas') - updated} old pods are still there")
    return _enough_available(status, wanted)


def _enough_available(status: Mapping[str, Any], wanted: int) -> Health:
    available = count(status, "availableReplicas")
    return HEALTHY if available >= wanted else progressing(f"{available} of {wanted} pods are available")


def replica_set(obj: Object) -> Health:
    """As many pods available as wanted."""
    if status_of(obj).get("observedGeneration") is None or is_unobserved(obj):
        return _UNSEEN
    if holds(obj, "ReplicaFailure"):
        return degraded(said(obj, "ReplicaFailure"))
    return _enough_available(status_of(obj), count(spec_of(obj), "replicas", 1))


def stateful_set(obj: Object) -> Health:
    """Every pod ready and, unless updates are by hand, of the newest revision."""
    if status_of(obj).get("observedGeneration") is None or is_unobserved(obj):
        return _UNSEEN
    status, wanted = status_of(obj), count(spec_of(obj), "replicas", 1)
    ready = count(status, "readyReplicas")
    if ready < wanted:
        return progressing(f"{ready} of {wanted} pods are ready")
    strategy = spec_of(obj).get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return HEALTHY
    due = wanted - count(strategy.get("rollingUpdate") or {}, "partition")
    updated = count(status, "updatedReplicas")
    is_current = status.get("currentRevision") == status.get("updateRevision") or updated >= due
    return HEALTHY if is_current else progressing(f"{updated} of {due} pods have the newest revision")


def daemon_set(obj: Object) -> Health:
    """A pod of the newest template available on every node that wants one."""
    if status_of(obj).get("observedGeneration") is None or is_unobserved(obj):
        return _UNSEEN
    status = status_of(obj)
    wanted, updated = count(status, "desiredNumberScheduled"), count(status, "updatedNumberScheduled")
    if spec_of(obj).get("updateStrategy", {}).get("type") != "OnDelete" and updated < wanted:
        return progressing(f"{updated} of {wanted} pods have the newest template")
    available = count(status, "numberAvailable")
    return HEALTHY if available >= wanted else progressing(f"{available} of {wanted} pods are available")


def job(obj: Object) -> Health:
    """Complete; a started Job is not done yet."""
    if holds(obj, "Failed"):
        return degraded(said(obj, "Failed"))
    if holds(obj, "Complete"):
        return HEALTHY
    if spec_of(obj).get("suspend") is True:
        return Health(State.SUSPENDED, "suspended")
    return progressing("not complete yet")


def pod(obj: Object) -> Health:
    """Running and ready, or ended well; a container that cannot start is a failure."""
    match status_of(obj).get("phase"):
        case "Succeeded":
            return HEALTHY
        case "Failed":
            return degraded(str(status_of(obj).get("message") or "failed"))
        case _:
            return _living_pod(obj)


def _living_pod(obj: Object) -> Health:
    stuck = next(filter(None, (_trouble(c) for c in _containers(obj))), "")
    if stuck:
        return degraded(stuck)
    return HEALTHY if holds(obj, "Ready") else progressing("not ready yet")


def _containers(obj: Object) -> list[Mapping[str, Any]]:
    status = status_of(obj)
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _trouble(container: Mapping[str, Any]) -> str:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = str(waiting.get("reason", ""))
    if not (reason.startswith("Err") or reason.endswith(("Error", "BackOff"))):
        return ""
    return str(waiting.get("message") or f"container {container.get('name')}: {reason}")


def service(obj: Object) -> Health:
    """Of use at once, except where a load balancer has yet to get its address."""
    if spec_of(obj).get("type") != "LoadBalancer":
        return HEALTHY
    ingress = (status_of(obj).get("loadBalancer") or {}).get("ingress")
    return HEALTHY if ingress else progressing("the load balancer has no address yet")


def claim(obj: Object) -> Health:
    """A PersistentVolumeClaim that is bound."""
    match status_of(obj).get("phase"):
        case "Bound":
            return HEALTHY
        case "Lost":
            return degraded("its volume is lost")
        case _:
            return progressing("not bound yet")
