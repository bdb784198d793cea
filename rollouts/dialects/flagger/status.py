"""A Canary's status, read into the common one and projected back to the letter (spec/flagger.md §1.4).

`read` is called by canary.parse, `project` by whoever reports. `kubectl wait --for=condition=promoted` is what users
build on, so the one condition follows the phase exactly.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.revision import is_ours
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, rfc3339, text
from rollouts.model.status import Condition, Cookies, Phase, Status, TickStatus

PROMOTED = "Promoted"
COOKIES = ("sessionAffinityCookie", "previousSessionAffinityCookie", "primarySessionAffinityCookie")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED = ("Initialized", "Succeeded")
_PHASES = {
    Phase.INITIALIZING: ("Unknown", "New {kind} detected, starting initialization."),
    Phase.INITIALIZED: ("True", "{kind} initialization completed."),
    Phase.WAITING: ("Unknown", "Waiting for approval."),
    Phase.PROGRESSING: ("Unknown", "New revision detected, progressing canary analysis."),
    Phase.WAITING_PROMOTION: ("Unknown", "Waiting for approval."),
    Phase.PROMOTING: ("Unknown", "Canary analysis completed, starting primary rolling update."),
    Phase.FINALISING: ("Unknown", "Canary analysis completed, routing all traffic to primary."),
    Phase.SUCCEEDED: ("True", "Canary analysis completed successfully, promotion finished."),
    Phase.FAILED: ("False", "Canary analysis failed, {kind} scaled to zero."),
}


def read(status: Mapping[str, Any], revision: str) -> Status:
    """The observed status. Hashes that Flagger wrote are adopted: what it has settled is taken as seen."""
    phase = text(status.get("phase"))
    applied, promoted = text(status.get("lastAppliedSpec")), text(status.get("lastPromotedSpec"))
    if applied and not is_ours(applied):
        applied = revision
        promoted = revision if phase in _SETTLED else promoted
    return Status(
        phase=next((known for known in (*_PHASES, Phase.TERMINATING) if known.value == phase), None),
        ticks=TickStatus(
            failed_checks=integer(status.get("failedChecks")),
            weight=integer(status.get("canaryWeight")),
            rounds=integer(status.get("iterations")),
            applied=applied,
            promoted=promoted,
            ticked=moment(status.get("lastTransitionTime")),
            configs=_configs(status.get("trackedConfigs")),
            cookies=Cookies(*(text(status.get(field)) for field in COOKIES)),
        ),
        conditions=tuple(_condition(mapping(condition)) for condition in items(status.get("conditions"))),
    )


def project(status: Status, kind: str = "Deployment") -> Json:
    """The whole status as Flagger writes it. A field that is to be absent stands here as None."""
    ticks = status.ticks
    conditions = [c for c in status.conditions if c.type != PROMOTED]
    if status.phase in _PHASES:
        conditions.insert(0, _promoted(status, kind))
    elif status.phase is Phase.TERMINATING:
        conditions = list(status.conditions)
    return {
        "phase": status.phase.value if status.phase in (*_PHASES, Phase.TERMINATING) else None,
        "failedChecks": ticks.failed_checks,
        "canaryWeight": ticks.weight,
        "iterations": ticks.rounds,
        "lastAppliedSpec": ticks.applied or None,
        "lastPromotedSpec": ticks.promoted or None,
        "trackedConfigs": None if ticks.configs is None else dict(ticks.configs),
        **_cookies(ticks.cookies),
        "lastTransitionTime": rfc3339(ticks.ticked) if ticks.ticked else None,
        "conditions": [_projected(condition) for condition in conditions] or None,
    }


def _cookies(cookies: Cookies) -> Json:
    values = (cookies.new, cookies.former, cookies.copy)
    return {field: value or None for field, value in zip(COOKIES, values, strict=True)}


def _configs(value: Any) -> Mapping[str, str] | None:
    return {str(name): text(found) for name, found in value.items()} if isinstance(value, dict) else None


def _promoted(status: Status, kind: str) -> Condition:
    """The condition of a phase, with the times of the one that stands if it says the same."""
    assert status.phase is not None
    value, message = _PHASES[status.phase]
    known, now = status.condition(PROMOTED), status.ticks.ticked or _EPOCH
    if known is not None and (known.status, known.reason) == (value, status.phase.value):
        return known
    changed = known.changed if known is not None and known.status == value else now
    return Condition(PROMOTED, value, status.phase.value, message.format(kind=kind), now, changed)


def _condition(condition: Mapping[str, Any]) -> Condition:
    updated, changed = moment(condition.get("lastUpdateTime")), moment(condition.get("lastTransitionTime"))
    return Condition(
        type=text(condition.get("type")),
        status=text(condition.get("status")),
        reason=text(condition.get("reason")),
        message=text(condition.get("message")),
        updated=updated or _EPOCH,
        changed=changed or _EPOCH,
    )


def _projected(condition: Condition) -> Json:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastUpdateTime": rfc3339(condition.updated),
        "lastTransitionTime": rfc3339(condition.changed),
    }
