"""What a Rollout's status may hold, as Argo's own types have it (spec/argo-rollouts.md §1.7). Called by every stage.

A controller that takes the rollout back reads all of it; a number where it has a string would stop it. TYPES is the
whole list, so a field that Argo does not know is a fault too.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

TIME: Final = datetime
"""A moment, as text."""

_RUN: Final = {"name": str, "status": str, "message": str}
_GROUP: Final = {"name": str, "arn": str, "fullName": str}
_BALANCED: Final = {"loadBalancer": _GROUP, "canaryTargetGroup": _GROUP, "stableTargetGroup": _GROUP, "ingress": str}
_SHARE: Final = {"weight": int, "serviceName": str, "podTemplateHash": str}
_PLUGIN: Final = {
    **dict.fromkeys(("name", "operation", "phase", "message", "backoff"), str),
    **dict.fromkeys(("startedAt", "updatedAt", "finishedAt"), TIME),
    **{"index": int, "executions": int, "disabled": bool, "status": object},
}

TYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("observedGeneration", "workloadObservedGeneration"), str),
    **dict.fromkeys(("currentPodHash", "currentStepHash", "stableRS", "selector", "phase", "message"), str),
    **dict.fromkeys(("collisionCount", "currentStepIndex", "HPAReplicas"), int),
    **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), int),
    **dict.fromkeys(("abort", "controllerPause", "promoteFull"), bool),
    **dict.fromkeys(("abortedAt", "restartedAt"), TIME),
    "pauseConditions": [{"reason": str, "startTime": TIME}],
    "conditions": [
        {
            **dict.fromkeys(("type", "status", "reason", "message"), str),
            **dict.fromkeys(("lastUpdateTime", "lastTransitionTime"), TIME),
        }
    ],
    "canary": {
        "currentStepAnalysisRunStatus": _RUN,
        "currentBackgroundAnalysisRunStatus": _RUN,
        "currentExperiment": str,
        "weights": {"canary": _SHARE, "stable": _SHARE, "additional": [_SHARE], "verified": bool},
        "stablePingPong": str,
        "stepPluginStatuses": [_PLUGIN],
    },
    "blueGreen": {
        **dict.fromkeys(("previewSelector", "activeSelector"), str),
        "scaleUpPreviewCheckPoint": bool,
        "prePromotionAnalysisRunStatus": _RUN,
        "postPromotionAnalysisRunStatus": _RUN,
    },
    "duration": {
        **dict.fromkeys(("rolloutStartedAt", "manualPauseStartedAt", "finishedAt"), TIME),
        **{"totalManualPauseDurationSeconds": int, "completionStatus": str},
    },
    "alb": _BALANCED,
    "albs": [_BALANCED],
}


def faults_of(status: Any, types: Any = TYPES, path: str = "status") -> Iterator[str]:
    """What Argo's controller could not read, or would not know, by path; nothing where all is well."""
    match types:
        case dict():
            yield from _faults_of_fields(status, types, path)
        case [inner]:
            items = status if isinstance(status, list) else [status]
            yield from () if isinstance(status, list) else (f"{path} is no list",)
            for number, item in enumerate(items):
                yield from faults_of(item, inner, f"{path}[{number}]")
        case _:
            yield from () if _is_a(types, status) else (f"{path} is {status!r}, no {types.__name__}",)


def _faults_of_fields(status: Any, types: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(status, dict):
        yield f"{path} is no object"
        return
    for name, value in status.items():
        if name in types:
            yield from faults_of(value, types[name], f"{path}.{name}")
        else:
            yield f"{path}.{name} is no field of Argo's"


def _is_a(kind: type, value: Any) -> bool:
    if kind is TIME:
        return isinstance(value, str) and value.endswith("Z") and _is_moment(value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def shape_of(value: Any, path: str = "") -> set[tuple[str, str]]:
    """Every field that holds something, with its JSON type; the items of a list count as one."""
    if isinstance(value, dict):
        return {found for name, inner in value.items() for found in shape_of(inner, f"{path}.{name}")}
    if isinstance(value, list):
        return {found for inner in value for found in shape_of(inner, f"{path}[]")}
    return {(path, type(value).__name__)}
