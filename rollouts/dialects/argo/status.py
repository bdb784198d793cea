"""A Rollout's status, read into the common one and projected back to the letter (spec/argo-rollouts.md §1.7).

`read` is called by rollout.parse, `project` by controller/report. The status is partly user input: abort, promoteFull,
pauseConditions, controllerPause and currentStepIndex are patched by people and tools.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rollouts.dialects.argo.reading import flag, go_duration, go_text, integer
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, rfc3339, text
from rollouts.model.rollout import Rollout
from rollouts.model.status import (
    AnalysisStatus,
    Attempt,
    BlueGreenStatus,
    CanaryStatus,
    Condition,
    Counts,
    PauseCondition,
    Phase,
    PluginStatus,
    Status,
)
from rollouts.model.strategy import BlueGreen
from rollouts.model.weights import Share, Shares

_PHASES = {phase.value: phase for phase in Phase}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(status: Mapping[str, Any], max_weight: int = 100) -> Status:
    """The observed status; what cannot be read counts as absent."""
    phase = text(status.get("phase"))
    return Status(
        observed_generation=text(status.get("observedGeneration")),
        phase=_PHASES.get(phase),
        message=text(status.get("message")),
        current=text(status.get("currentPodHash")),
        stable=text(status.get("stableRS")),
        step=_step(status.get("currentStepIndex")),
        steps_hash=text(status.get("currentStepHash")),
        collisions=integer(status.get("collisionCount")),
        counts=_read_counts(status),
        selector=text(status.get("selector")),
        is_aborted=flag(status.get("abort")),
        aborted_at=moment(status.get("abortedAt")),
        pauses=tuple(_read_pause(mapping(p)) for p in items(status.get("pauseConditions"))),
        paused_by_controller=flag(status.get("controllerPause")),
        promote_fully=flag(status.get("promoteFull")),
        restarted_at=moment(status.get("restartedAt")),
        workload_generation=text(status.get("workloadObservedGeneration")),
        attempt=_read_attempt(mapping(status.get("duration"))),
        canary=_read_canary(mapping(status.get("canary")), max_weight),
        blue_green=_read_blue_green(mapping(status.get("blueGreen"))),
        conditions=tuple(read_condition(mapping(c)) for c in items(status.get("conditions"))),
    )


def project(status: Status, rollout: Rollout) -> Json:
    """The whole status as Argo writes it. A field that is to be absent stands here as None, nested ones too.

    Fields of Argo's status that are not named here belong to features of their own and are nobody's to clear. The part
    of the strategy that the rollout does not have is emptied: what it said of another strategy's versions would keep
    their pods for ever.
    """
    counts = status.counts
    blue_green = isinstance(rollout.strategy, BlueGreen)
    return {
        "observedGeneration": status.observed_generation or None,
        "phase": status.phase.value if status.phase else None,
        "message": status.message or None,
        "currentPodHash": status.current or None,
        "stableRS": status.stable or None,
        "currentStepIndex": status.step,
        "currentStepHash": status.steps_hash or None,
        "collisionCount": status.collisions,
        "replicas": counts.replicas or None,
        "updatedReplicas": counts.updated or None,
        "readyReplicas": counts.ready or None,
        "availableReplicas": counts.available or None,
        "HPAReplicas": counts.autoscaled or None,
        "selector": status.selector or None,
        "abort": status.is_aborted or None,
        "abortedAt": _time(status.aborted_at),
        "pauseConditions": [_project_pause(p) for p in status.pauses] or None,
        "controllerPause": status.paused_by_controller or None,
        "promoteFull": status.promote_fully or None,
        "restartedAt": _time(status.restarted_at),
        "workloadObservedGeneration": status.workload_generation or None,
        "duration": _project_attempt(status.attempt),
        "canary": _project_canary(CanaryStatus() if blue_green else status.canary),
        "blueGreen": _project_blue_green(status.blue_green if blue_green else BlueGreenStatus()),
        "conditions": [project_condition(c) for c in status.conditions] or None,
    }


def _read_counts(status: Mapping[str, Any]) -> Counts:
    fields = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas")
    return Counts(*(integer(status.get(name)) or 0 for name in fields))


def _read_pause(pause: Mapping[str, Any]) -> PauseCondition:
    return PauseCondition(text(pause.get("reason")), moment(pause.get("startTime")) or _EPOCH)


def _read_analysis(value: Any) -> AnalysisStatus | None:
    if not isinstance(value, dict):
        return None
    return AnalysisStatus(text(value.get("name")), text(value.get("status")), text(value.get("message")))


def _read_canary(canary: Mapping[str, Any], max_weight: int) -> CanaryStatus:
    weights = mapping(canary.get("weights"))
    shares = None
    if weights:
        extra = tuple(_read_share(mapping(w)) for w in items(weights.get("additional")))
        shares = Shares(
            _read_share(mapping(weights.get("canary"))), _read_share(mapping(weights.get("stable"))), extra, max_weight
        )
    verified = weights.get("verified")
    return CanaryStatus(
        shares=shares,
        verified=verified if isinstance(verified, bool) else None,
        step_analysis=_read_analysis(canary.get("currentStepAnalysisRunStatus")),
        background=_read_analysis(canary.get("currentBackgroundAnalysisRunStatus")),
        experiment=text(canary.get("currentExperiment")),
        stable_side=text(canary.get("stablePingPong")),
        plugins=tuple(_read_plugin(mapping(p)) for p in items(canary.get("stepPluginStatuses"))),
    )


def _read_plugin(status: Mapping[str, Any]) -> PluginStatus:
    return PluginStatus(
        index=integer(status.get("index")) or 0,
        name=text(status.get("name")),
        operation=text(status.get("operation")),
        phase=text(status.get("phase")),
        message=text(status.get("message")),
        started=moment(status.get("startedAt")),
        updated=moment(status.get("updatedAt")),
        finished=moment(status.get("finishedAt")),
        backoff=go_duration(text(status.get("backoff"))),
        executions=integer(status.get("executions")) or 0,
        is_disabled=flag(status.get("disabled")),
        state=status.get("status"),
    )


def _read_attempt(duration: Mapping[str, Any]) -> Attempt | None:
    started = moment(duration.get("rolloutStartedAt"))
    if started is None:
        return None
    return Attempt(
        started=started,
        paused_since=moment(duration.get("manualPauseStartedAt")),
        paused_seconds=integer(duration.get("totalManualPauseDurationSeconds")),
        finished=moment(duration.get("finishedAt")),
        outcome=text(duration.get("completionStatus")),
    )


def _read_share(share: Mapping[str, Any]) -> Share:
    return Share(integer(share.get("weight")) or 0, text(share.get("serviceName")), text(share.get("podTemplateHash")))


def _read_blue_green(status: Mapping[str, Any]) -> BlueGreenStatus:
    return BlueGreenStatus(
        active=text(status.get("activeSelector")),
        preview=text(status.get("previewSelector")),
        may_grow=flag(status.get("scaleUpPreviewCheckPoint")),
        pre_promotion=_read_analysis(status.get("prePromotionAnalysisRunStatus")),
        post_promotion=_read_analysis(status.get("postPromotionAnalysisRunStatus")),
    )


def read_condition(condition: Mapping[str, Any]) -> Condition:
    """A condition of a status; what cannot be read of it counts as empty."""
    return Condition(
        type=text(condition.get("type")),
        status=text(condition.get("status")),
        reason=text(condition.get("reason")),
        message=text(condition.get("message")),
        updated=moment(condition.get("lastUpdateTime")) or _EPOCH,
        changed=moment(condition.get("lastTransitionTime")) or _EPOCH,
    )


def _step(value: Any) -> int | None:
    """Never before the first: counted from the end, a negative index would be a step that somebody has."""
    index = integer(value)
    return None if index is None else max(index, 0)


def _time(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)


def _project_pause(pause: PauseCondition) -> Json:
    return {"reason": pause.reason, "startTime": rfc3339(pause.since)}


def _project_analysis(analysis: AnalysisStatus | None) -> Json | None:
    if analysis is None:
        return None
    return {"name": analysis.name, "status": analysis.phase, "message": analysis.message or None}


def _project_share(share: Share) -> Json:
    return {
        "weight": share.weight,
        "serviceName": share.service or None,
        "podTemplateHash": share.hash or None,
    }


def _project_canary(canary: CanaryStatus) -> Json:
    weights: Json | None = None
    if canary.shares is not None:
        weights = {
            "canary": _project_share(canary.shares.canary),
            "stable": _project_share(canary.shares.stable),
            "additional": [_without_none(_project_share(s)) for s in canary.shares.extra] or None,
            "verified": canary.verified,
        }
    return {
        "weights": weights,
        "currentStepAnalysisRunStatus": _project_analysis(canary.step_analysis),
        "currentBackgroundAnalysisRunStatus": _project_analysis(canary.background),
        "currentExperiment": canary.experiment or None,
        "stablePingPong": canary.stable_side or None,
        "stepPluginStatuses": [_without_none(_project_plugin(p)) for p in canary.plugins] or None,
    }


def _project_plugin(plugin: PluginStatus) -> Json:
    return {
        "index": plugin.index,
        "name": plugin.name,
        "operation": plugin.operation or None,
        "phase": plugin.phase or None,
        "message": plugin.message or None,
        "startedAt": _time(plugin.started),
        "updatedAt": _time(plugin.updated),
        "finishedAt": _time(plugin.finished),
        "backoff": None if plugin.backoff is None else go_text(plugin.backoff),
        "executions": plugin.executions or None,
        "disabled": plugin.is_disabled or None,
        "status": plugin.state,
    }


def _project_attempt(attempt: Attempt | None) -> Json | None:
    if attempt is None:
        return None
    return {
        "rolloutStartedAt": rfc3339(attempt.started),
        "manualPauseStartedAt": _time(attempt.paused_since),
        "totalManualPauseDurationSeconds": attempt.paused_seconds,
        "finishedAt": _time(attempt.finished),
        "completionStatus": attempt.outcome or None,
    }


def _project_blue_green(status: BlueGreenStatus) -> Json:
    return {
        "activeSelector": status.active or None,
        "previewSelector": status.preview or None,
        "scaleUpPreviewCheckPoint": status.may_grow or None,
        "prePromotionAnalysisRunStatus": _project_analysis(status.pre_promotion),
        "postPromotionAnalysisRunStatus": _project_analysis(status.post_promotion),
    }


def project_condition(condition: Condition) -> Json:
    """A condition as Argo writes it."""
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastUpdateTime": rfc3339(condition.updated),
        "lastTransitionTime": rfc3339(condition.changed),
    }


def _without_none(value: Json) -> Json:
    return {key: item for key, item in value.items() if item is not None}
