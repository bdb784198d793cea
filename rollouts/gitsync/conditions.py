"""Conditions as Flux writes them. Called by status; pure.

`Ready` is always there. The others say that something is going on or wrong, and exist only while they are true, so that
`kubectl wait` and kstatus read them as they do Flux's.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollouts.model.reading import items, mapping, rfc3339, text

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
HEALTHY = "Healthy"
ARTIFACT_IN_STORAGE = "ArtifactInStorage"
FETCH_FAILED = "FetchFailed"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Mark:
    """What a round says about one type of condition. `is_fresh`: it began now, even if it stood there before."""

    type: str
    status: str
    reason: str
    message: str
    is_fresh: bool = False


def merge(
    observed: Mapping[str, Any], marks: Iterable[Mark], own: Collection[str], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """The conditions after a round: ours as marked, those of others as they stand.

    A condition keeps its time while its status stays the same.
    """
    found = [mapping(condition) for condition in items(observed.get("conditions"))]
    before = {text(condition.get("type")): condition for condition in found}
    others = [dict(condition) for condition in found if text(condition.get("type")) not in own]
    return [*others, *(_written(mark, before.get(mark.type, {}), generation, now) for mark in marks)]


def find(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    """The condition of this type, empty where there is none."""
    return next((mapping(c) for c in items(status.get("conditions")) if mapping(c).get("type") == type_), {})


def moment(written: str) -> datetime | None:
    """A time as Kubernetes writes it, read; None where it is none."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None


def shortened(message: str) -> str:
    """A message that fits into a condition."""
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


def _written(mark: Mark, before: Mapping[str, Any], generation: int, now: datetime) -> dict[str, Any]:
    is_same = before.get("status") == mark.status and not mark.is_fresh
    return {
        "type": mark.type,
        "status": mark.status,
        "reason": mark.reason,
        "message": shortened(mark.message),
        "lastTransitionTime": text(before.get("lastTransitionTime")) if is_same else rfc3339(now),
        "observedGeneration": generation,
    }
