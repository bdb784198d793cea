"""What a round says in the status of a GitRepository or Kustomization. Called by the controller's kinds; pure.

Each function takes the observed status and gives the whole new one; `change` is what has to be written, {} for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollouts.gitsync import conditions as c
from rollouts.gitsync import inventory
from rollouts.gitsync.conditions import Mark
from rollouts.gitsync.errors import FetchError
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.kustomizations import Kustomization
from rollouts.gitsync.ports import Fetched
from rollouts.gitsync.sources import Source
from rollouts.model.faults import Faults
from rollouts.model.objects import Json
from rollouts.model.reading import rfc3339

_SOURCE_OWNS = (c.READY, c.RECONCILING, c.STALLED, c.ARTIFACT_IN_STORAGE, c.FETCH_FAILED)
_OWNS = (c.READY, c.RECONCILING, c.STALLED, c.HEALTHY)


@dataclass(frozen=True, slots=True)
class Result:
    """How a round of a Kustomization ended.

    `ready` is the Ready condition's status: Unknown while health is waited for. `revision` is the one tried ("": none
    was). `entries` is the new inventory, None: as before. `healthy` is None where nothing was waited for.
    """

    ready: str
    reason: str
    message: str
    revision: str = ""
    entries: tuple[Entry, ...] | None = None
    healthy: str | None = None
    is_stalled: bool = False
    is_new_attempt: bool = False


def say(faults: Faults) -> str:
    """Faults as one message."""
    return "; ".join(str(fault) for fault in faults)


def stored(observed: Mapping[str, Any], source: Source, fetched: Fetched, now: datetime) -> Json:
    """A source whose commit is held."""
    message = f"stored artifact for revision '{fetched.revision}'"
    marks = [
        Mark(c.READY, "True", "Succeeded", message),
        Mark(c.ARTIFACT_IN_STORAGE, "True", "Succeeded", message),
    ]
    artifact = observed.get("artifact") or {}
    if (artifact.get("revision"), artifact.get("digest")) != (fetched.revision, fetched.digest):
        artifact = {"revision": fetched.revision, "digest": fetched.digest, "lastUpdateTime": rfc3339(now)}
    return _source_status(observed, source, marks, now) | {"artifact": artifact}


def unfetched(observed: Mapping[str, Any], source: Source, error: FetchError, now: datetime) -> Json:
    """A source whose remote refused, or could not be reached; the last artifact stays good."""
    message = f"failed to checkout and determine revision: {error}"
    marks = [
        Mark(c.READY, "False", error.reason, message),
        Mark(c.FETCH_FAILED, "True", error.reason, message),
        Mark(c.RECONCILING, "True", "ProgressingWithRetry", "reconciliation in progress"),
        *_still_stored(observed),
    ]
    return _source_status(observed, source, marks, now)


def refused(observed: Mapping[str, Any], source: Source, now: datetime) -> Json:
    """A source that its owner wrote wrong: it stands still until it is changed."""
    is_address = any(fault.path == "spec.url" for fault in source.faults)
    reason, message = ("URLInvalid" if is_address else "InvalidSpec"), say(source.faults)
    marks = [
        Mark(c.READY, "False", reason, message),
        Mark(c.STALLED, "True", reason, message),
        *_still_stored(observed),
    ]
    return _source_status(observed, source, marks, now)


def reconciled(observed: Mapping[str, Any], wanted: Kustomization, result: Result, now: datetime) -> Json:
    """A Kustomization after a round."""
    status = dict(observed) | {
        "observedGeneration": wanted.generation,
        "conditions": c.merge(observed, _marks(result), _OWNS, wanted.generation, now),
    }
    if result.revision:
        status["lastAttemptedRevision"] = result.revision
    if result.revision and result.ready == "True":
        status["lastAppliedRevision"] = result.revision
    if result.entries is not None:
        status["inventory"] = inventory.write(result.entries)
    return _handled(status, wanted.requested_at)


def waits_since(status: Mapping[str, Any]) -> datetime | None:
    """Since when the health of what was applied is waited for; None when it is not."""
    healthy = c.find(status, c.HEALTHY)
    return c.moment(str(healthy.get("lastTransitionTime", ""))) if healthy.get("status") == "Unknown" else None


def change(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """The merge patch from one status to the other: {} where they are equal; lists are replaced as a whole."""
    patch: Json = {key: None for key in observed if key not in wanted}
    for key, value in wanted.items():
        before = observed.get(key)
        if before == value and key in observed:
            continue
        is_nested = isinstance(value, Mapping) and isinstance(before, Mapping)
        patch[key] = change(before or {}, value) if is_nested else value
    return patch


def spent(duration: timedelta) -> str:
    """A duration as Go prints it in messages: `1.5s`, `2m0s`."""
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def _marks(result: Result) -> list[Mark]:
    marks = [Mark(c.READY, result.ready, result.reason, result.message)]
    if result.is_stalled:
        marks.append(Mark(c.STALLED, "True", result.reason, result.message))
    elif result.ready != "True":
        reason = "Progressing" if result.ready == "Unknown" else "ProgressingWithRetry"
        marks.append(Mark(c.RECONCILING, "True", reason, result.message))
    if result.healthy is not None:
        reason = {"True": "Succeeded", "Unknown": "Progressing"}.get(result.healthy, result.reason)
        marks.append(Mark(c.HEALTHY, result.healthy, reason, result.message, is_fresh=result.is_new_attempt))
    return marks


def _source_status(observed: Mapping[str, Any], source: Source, marks: list[Mark], now: datetime) -> Json:
    status = dict(observed) | {
        "observedGeneration": source.generation,
        "conditions": c.merge(observed, marks, _SOURCE_OWNS, source.generation, now),
    }
    return _handled(status, source.requested_at)


def _still_stored(observed: Mapping[str, Any]) -> list[Mark]:
    before = c.find(observed, c.ARTIFACT_IN_STORAGE)
    if not before:
        return []
    return [Mark(c.ARTIFACT_IN_STORAGE, "True", "Succeeded", str(before.get("message", "")))]


def _handled(status: Json, requested_at: str) -> Json:
    return status | {"lastHandledReconcileAt": requested_at} if requested_at else status
