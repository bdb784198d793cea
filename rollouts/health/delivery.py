"""Health of the kinds of progressive delivery, and of those that make kinds known.

A paused rollout is suspended, not unwell; an aborted one is degraded although it runs as its owner can bear.
"""

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
    status_of,
)
from rollouts.model.keys import WORKLOAD_GENERATION


def rollout(obj: Object) -> Health:
    """The phase that the controller gave it, once it has seen the newest spec (and the newest workload)."""
    if status_of(obj).get("observedGeneration") is None or is_unobserved(obj) or _workload_unobserved(obj):
        return progressing("waiting for its controller to see the newest spec")
    message = str(status_of(obj).get("message", ""))
    match status_of(obj).get("phase"):
        case "Healthy":
            return HEALTHY
        case "Paused":
            return Health(State.SUSPENDED, message or "paused")
        case "Degraded":
            return degraded(message or "degraded")
        case _:
            return progressing(message or "progressing")


def canary(obj: Object) -> Health:
    """What its condition Promoted says: pipelines wait for it."""
    if spec_of(obj).get("suspend") is True:
        return Health(State.SUSPENDED, "suspended")
    match condition(obj, "Promoted").get("status"):
        case "True":
            return HEALTHY
        case "False":
            return degraded(said(obj, "Promoted"))
        case _:
            return progressing(said(obj, "Promoted"))


def _workload_unobserved(obj: Object) -> bool:
    if "workloadRef" not in spec_of(obj):
        return False
    noted = (obj.get("metadata", {}).get("annotations") or {}).get(WORKLOAD_GENERATION)
    return noted is not None and str(status_of(obj).get("workloadObservedGeneration")) != str(noted)


def analysis_run(obj: Object) -> Health:
    """Its own verdict. Inconclusive needs a human: it counts as degraded."""
    phase = status_of(obj).get("phase")
    message = str(status_of(obj).get("message") or phase or "")
    match phase:
        case "Successful":
            return HEALTHY
        case "Failed" | "Error" | "Inconclusive":
            return degraded(message)
        case _:
            return progressing(message or "not started")


def definition(obj: Object) -> Health:
    """A CustomResourceDefinition whose kind is served."""
    if holds(obj, "NamesAccepted", "False"):
        return degraded(said(obj, "NamesAccepted"))
    return HEALTHY if holds(obj, "Established") else progressing("not established yet")


def autoscaler(obj: Object) -> Health:
    """A HorizontalPodAutoscaler that can read and scale."""
    broken = ("FailedGetScale", "FailedUpdateScale", "FailedGetResourceMetric", "InvalidSelector")
    for type_ in ("AbleToScale", "ScalingActive"):
        if condition(obj, type_).get("reason") in broken:
            return degraded(said(obj, type_))
    return HEALTHY


def static(_: Object) -> Health:
    """Kinds whose objects have no life of their own."""
    return HEALTHY
