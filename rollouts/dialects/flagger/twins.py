"""Target and primary as a decision sees them: sizes, and in words why one is not ready. Called by whoever observes.

Readiness asks for less than health does: old pods may linger nowhere, but a percentage of the new ones may be enough
(spec/flagger.md §2.6).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rollouts.dialects.flagger.reading import integer, items, mapping, moment, text
from rollouts.hashing import template_hash
from rollouts.model.objects import Json
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Readiness, Twins
from rollouts.model.strategy import Progressive
from rollouts.model.workload import Version

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITS = "waiting for rollout to finish: "


def twins_of(manifest: Json, rollout: Rollout, objects: Mapping[str, Json], now: datetime) -> Twins:
    """The Deployments and the apex Service among `objects`, by name of workload and `service/<name>`."""
    strategy = rollout.strategy
    assert isinstance(strategy, Progressive)  # every Canary is one
    pair, analysis = strategy.pair, mapping(mapping(manifest.get("spec")).get("analysis"))
    target, primary = objects.get(pair.target), objects.get(pair.copy)
    return Twins(
        target=version_of(target) if target else None,
        copy=version_of(primary) if primary else None,
        target_readiness=_readiness(
            f"canary deployment {pair.target}.{rollout.namespace} not ready: ",
            *unready(target or {}, integer(analysis.get("canaryReadyThreshold"), 100), rollout, now),
        ),
        copy_readiness=_readiness(
            f"{pair.copy}.{rollout.namespace} not ready: ",
            *unready(primary or _blank(target), integer(analysis.get("primaryReadyThreshold"), 100), rollout, now),
        ),
        is_served=_leads_to_primary(objects.get(f"service/{pair.service}"), primary),
    )


def version_of(deployment: Json) -> Version:
    """A Deployment as a held version; an absent size is one pod."""
    meta, spec, status = (mapping(deployment.get(part)) for part in ("metadata", "spec", "status"))
    return Version(
        name=text(meta.get("name")),
        hash=template_hash(spec.get("template"), None),
        revision=0,
        created=moment(meta.get("creationTimestamp")) or _EPOCH,
        replicas=integer(spec.get("replicas"), 1),
        current=integer(status.get("replicas")),
        ready=integer(status.get("readyReplicas")),
        available=integer(status.get("availableReplicas")),
    )


def unready(deployment: Json, threshold: int, rollout: Rollout, now: datetime) -> tuple[str, bool]:
    """Why a Deployment is not ready ("": it is), and whether that is final: its own deadline, or the Canary's."""
    meta, spec, status = (mapping(deployment.get(part)) for part in ("metadata", "spec", "status"))
    name, conditions = (
        text(meta.get("name")),
        {text(c.get("type")): c for c in map(mapping, items(status.get("conditions")))},
    )
    if integer(meta.get("generation")) > integer(status.get("observedGeneration")):
        return f"{_WAITS}observed deployment generation less than desired generation", False
    if mapping(conditions.get("Progressing")).get("reason") == "ProgressDeadlineExceeded":
        return f'deployment "{name}" exceeded its progress deadline', True
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


def _readiness(prefix: str, message: str, is_final: bool) -> Readiness:
    return Readiness(f"{prefix}{message}", is_final) if message else Readiness()


def _blank(target: Json | None) -> Json:
    """The primary as it will be once created: the target's size, no pod yet."""
    return {"spec": {"replicas": integer(mapping((target or {}).get("spec")).get("replicas"), 1) or 1}}


def _leads_to_primary(service: Json | None, primary: Json | None) -> bool:
    """The Service selects what the primary's own selector names."""
    if service is None or primary is None:
        return False
    selector = mapping(mapping(service.get("spec")).get("selector"))
    labels = mapping(mapping(mapping(primary.get("spec")).get("selector")).get("matchLabels"))
    return bool(labels) and selector == labels
