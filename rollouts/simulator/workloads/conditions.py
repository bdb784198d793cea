"""Conditions and moments as Kubernetes writes them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rollouts.cluster.port import Json


def written(moment: datetime) -> str:
    """A moment in a manifest: whole seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """The moment that a manifest writes so."""
    return datetime.fromisoformat(text).astimezone(UTC)


def condition_of(obj: Json, type_: str) -> Json | None:
    """The condition of this type in an object's status, if there is one."""
    conditions: list[Json] = (obj.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == type_), None)


def is_true(obj: Json, type_: str) -> bool:
    """Has the object this condition with status True?"""
    condition = condition_of(obj, type_)
    return condition is not None and condition.get("status") == "True"


def conditions_with(obj: Json, wanted: Iterable[Json], now: datetime, *, updates: bool = False) -> list[Json]:
    """The object's conditions, those of `wanted` (type, status, reason, message) in their place.

    lastTransitionTime moves only with the status. With `updates` there is a lastUpdateTime, as a Deployment has it,
    which moves with the reason too. Conditions that others wrote stay.
    """
    held: dict[str, Json] = {c["type"]: c for c in (obj.get("status") or {}).get("conditions") or []}
    merged = dict(held)
    for condition in wanted:
        merged[condition["type"]] = _timed(condition, held.get(condition["type"], {}), now, updates)
    return list(merged.values())


def _timed(condition: Json, before: Json, now: datetime, updates: bool) -> Json:
    is_turned = before.get("status") != condition["status"]
    stamps = {"lastTransitionTime": written(now) if is_turned else before["lastTransitionTime"]}
    if updates:
        is_new = is_turned or before.get("reason") != condition.get("reason")
        stamps["lastUpdateTime"] = written(now) if is_new else before.get("lastUpdateTime", written(now))
    return {**condition, **stamps}
