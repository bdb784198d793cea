"""Why a target or its primary is not ready, in Flagger's words. Called by twins.

Readiness asks for less than health does: old pods may linger nowhere, but a percentage of the new ones may be enough
(spec/flagger.md §2.6). A verdict is a message ("": ready) and whether it is final.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.revision import KNATIVE
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, text
from rollouts.model.rollout import Rollout

Verdict = tuple[str, bool]
READY: Verdict = ("", False)
_WAITS = "waiting for rollout to finish: "


def unready(workload: Json, threshold: int, rollout: Rollout, now: datetime) -> Verdict:
    """Of whatever kind: a Service is always ready, Knative's is when its newest revision is."""
    match workload.get("kind"):
        case "DaemonSet":
            return _daemon_set(workload, threshold, rollout, now)
        case "Service":
            return _service(workload)
        case _:
            return _deployment(workload, threshold, rollout, now)


def _deployment(deployment: Json, threshold: int, rollout: Rollout, now: datetime) -> Verdict:
    """Two deadlines act: the Deployment's own, and the Canary's."""
    meta, spec, status = (mapping(deployment.get(part)) for part in ("metadata", "spec", "status"))
    conditions = {text(c.get("type")): c for c in map(mapping, items(status.get("conditions")))}
    if integer(meta.get("generation")) > integer(status.get("observedGeneration")):
        return f"{_WAITS}observed deployment generation less than desired generation", False
    if mapping(conditions.get("Progressing")).get("reason") == "ProgressDeadlineExceeded":
        return f'deployment "{text(meta.get("name"))}" exceeded its progress deadline', True
    message = _lacking(integer(spec.get("replicas"), 1), status, threshold)
    since = moment(mapping(conditions.get("Available")).get("lastUpdateTime"))
    is_unavailable = mapping(conditions.get("Available")).get("status") == "False"
    is_final = is_unavailable and since is not None and since + rollout.progress_deadline < now
    return message, bool(message) and is_final


def _lacking(wanted: int, status: Mapping[str, Any], threshold: int) -> str:
    updated, available = integer(status.get("updatedReplicas")), integer(status.get("availableReplicas"))
    if updated < wanted:
        return f"{_WAITS}{updated} out of {wanted} new replicas have been updated"
    if (old := integer(status.get("replicas")) - updated) > 0:
        return f"{_WAITS}{old} old replicas are pending termination"
    if available < updated * threshold // 100:
        return f"{_WAITS}{available} of {updated} (readyThreshold {threshold}%) updated replicas are available"
    return ""


def _daemon_set(daemon_set: Json, threshold: int, rollout: Rollout, now: datetime) -> Verdict:
    """The deadline counts from the Canary's last tick that counted: a DaemonSet has none of its own."""
    meta, status = mapping(daemon_set.get("metadata")), mapping(daemon_set.get("status"))
    wanted, updated, available = (
        integer(status.get(word)) for word in ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    )
    if integer(meta.get("generation")) > integer(status.get("observedGeneration")):
        return f"{_WAITS}observed daemonset generation less than desired generation", False
    if updated >= wanted and available >= wanted * threshold // 100:
        return READY
    since = rollout.status.ticks.ticked
    if since is not None and since + rollout.progress_deadline < now:
        return f"exceeded its progressDeadlineSeconds: {int(rollout.progress_deadline.total_seconds())}", True
    if updated < wanted:
        return f"{_WAITS}{updated} out of {wanted} new pods have been updated", False
    return f"{_WAITS}{available} of {wanted} (readyThreshold {threshold}%) updated pods are available", False


def is_knative(reference: Mapping[str, Any]) -> bool:
    """Whether a Service, or a reference to one, is Knative's."""
    return text(reference.get("apiVersion")).startswith(KNATIVE)


def _service(service: Json) -> Verdict:
    if not is_knative(service):
        return READY
    status = mapping(service.get("status"))
    newest = text(status.get("latestCreatedRevisionName"))
    if newest and newest == status.get("latestReadyRevisionName"):
        return READY
    return f"revision {newest or 'of its template'} is not ready", False
