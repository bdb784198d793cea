"""What is wrong with a Rollout's spec, in the order and words of Argo (spec/argo-rollouts.md §1.2–1.6).

Called by rollout.parse. Paths follow Argo's form: `spec.strategy.steps[0]…`, without `canary`; the first fault is the
one that users see in the InvalidSpec condition.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.reading import integer, items, mapping, pause_duration, quota, text
from rollouts.dialects.argo.reference import RESOLVED
from rollouts.model.faults import Fault, Faults
from rollouts.model.strategy import Quota

_KNOWN_STEPS = ("setWeight", "pause", "analysis", "setCanaryScale")
_LATER_STEPS = ("experiment", "setHeaderRoute", "setMirrorRoute", "plugin")
_LATER_MODES = ("dynamicStableScale", "pingPong")
"""Modes that move traffic or pods otherwise than without them: refused rather than left out in silence."""
_ONE_OF = ("setWeight", "pause", "experiment", "analysis")
_STEP_MISSING = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
_SAME_SERVICE = "This rollout uses the same service for the {} services, but two different services are required."
_QUARTER = Quota(25, is_percent=True)
DEFAULT_DEADLINE_SECONDS = 600


def rollout_faults(spec: Mapping[str, Any]) -> Faults:
    """Every mistake in the spec, the most basic ones first."""
    return (*_selector(spec), *_template(spec), *_numbers(spec), *_strategy(mapping(spec.get("strategy"))))


def _invalid(path: str, value: Any, message: str, cure: str = "") -> Fault:
    return Fault(path, f"Invalid value: {json.dumps(value)}: {message}", cure)


def _is_unresolved(spec: Mapping[str, Any]) -> bool:
    """The template is another object's and not known here; with it at hand (dialects/argo/reference) it is judged."""
    return bool(spec.get("workloadRef")) and not spec.get(RESOLVED)


def _selector(spec: Mapping[str, Any]) -> Iterator[Fault]:
    if _is_unresolved(spec):
        return
    selector = mapping(spec.get("selector"))
    if spec.get("selector") is None:
        yield Fault("spec.selector", "Required value: Rollout has missing field '.spec.selector'")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield _invalid("spec.selector", {}, "empty selector is invalid for deployment")


def _template(spec: Mapping[str, Any]) -> Iterator[Fault]:
    if _is_unresolved(spec):
        template = mapping(spec.get("template"))
        if template.get("metadata") or template.get("spec"):
            message = "Internal error: template must be empty for workload reference rollout"
            yield Fault("spec.template", message, "remove spec.template or spec.workloadRef")
        return
    if not isinstance(spec.get("template"), dict):
        yield Fault("spec.template", "Required value: Rollout has missing field '.spec.template'")
        return
    labels = mapping(mapping(spec["template"].get("metadata")).get("labels"))
    wanted = mapping(mapping(spec.get("selector")).get("matchLabels"))
    if any(labels.get(key) != value for key, value in wanted.items()):
        message = "`selector` does not match template `labels`"
        yield _invalid("spec.template.metadata.labels", labels or None, message, "give the pods the selector's labels")
    containers = items(mapping(spec["template"].get("spec")).get("containers"))
    if not containers:
        yield Fault("spec.template.spec.containers", "Required value", "name at least one container")
    for index, container in enumerate(map(mapping, containers)):
        if not text(container.get("image")):
            yield Fault(f"spec.template.spec.containers[{index}].image", "Required value")


def _numbers(spec: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        value = integer(spec.get(name))
        if value is not None and value < 0:
            yield _invalid(f"spec.{name}", value, "must be greater than or equal to 0")
    deadline = integer(spec.get("progressDeadlineSeconds"))
    deadline = DEFAULT_DEADLINE_SECONDS if deadline is None else deadline
    if deadline <= (integer(spec.get("minReadySeconds")) or 0):
        yield _invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _strategy(strategy: Mapping[str, Any]) -> Iterator[Fault]:
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    if canary is None and blue_green is None:
        missing = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
        yield Fault("spec.strategy.strategy", f"Required value: {missing}")
    elif canary is not None and blue_green is not None:
        yield _invalid("spec.strategy.strategy", "rollout", "Multiple Strategies can not be listed", "remove one")
    elif blue_green is not None:
        yield from _blue_green(mapping(blue_green))
    else:
        yield from _canary(mapping(canary))


def _blue_green(spec: Mapping[str, Any]) -> Iterator[Fault]:
    active = text(spec.get("activeService"))
    if not active:
        yield Fault("spec.strategy.blueGreen.activeService", "Required value", "name the Service that serves users")
    elif active == spec.get("previewService"):
        yield _invalid("spec.strategy.activeService", active, _SAME_SERVICE.format("active and preview"))
    history, limit = integer(spec.get("revisionHistoryLimit")), integer(spec.get("scaleDownDelayRevisionLimit"))
    if history is not None and limit is not None and limit > history:
        yield _invalid(
            "spec.strategy.scaleDownDelayRevisionLimit", limit, "must not be larger than revisionHistoryLimit"
        )


def _canary(spec: Mapping[str, Any]) -> Iterator[Fault]:
    canary, stable = text(spec.get("canaryService")), text(spec.get("stableService"))
    if canary and canary == stable:
        yield _invalid("spec.strategy.stableService", stable, _SAME_SERVICE.format("stable and canary"))
    for mode in _LATER_MODES:
        if spec.get(mode):
            message = "this version of Sluice does not know this mode yet"
            yield Fault(f"spec.strategy.{mode}", message, "remove it, or stay with Argo Rollouts for this rollout")
    routing = spec.get("trafficRouting")
    if routing and not (canary and stable):
        message = "Canary service and Stable service must to be set to use Traffic Routing"
        field, value = ("canaryService", canary) if not canary else ("stableService", stable)
        yield _invalid(f"spec.strategy.{field}", value, message)
    surge = quota(spec.get("maxSurge"), _QUARTER)
    if surge.value == 0 and quota(spec.get("maxUnavailable"), _QUARTER).value == 0:
        yield _invalid(
            "spec.strategy.maxSurge", spec.get("maxSurge"), "MaxSurge and MaxUnavailable both can not be zero"
        )
    top = integer(mapping(routing).get("maxTrafficWeight")) or 100
    for index, step in enumerate(items(spec.get("steps"))):
        yield from _step(f"spec.strategy.steps[{index}]", mapping(step), top, is_routed=bool(routing))


def _step(path: str, step: Mapping[str, Any], top: int, *, is_routed: bool) -> Iterator[Fault]:
    given = [name for name in (*_KNOWN_STEPS, *_LATER_STEPS) if step.get(name) is not None]
    if not given or sum(name in _ONE_OF for name in given) > 1:
        yield Fault(path, f'Invalid value: "step": {_STEP_MISSING}')
        return
    for name in given:
        if name in _LATER_STEPS:
            yield Fault(f"{path}.{name}", "this version of Sluice does not run such steps yet", "remove the step")
    weight = integer(step.get("setWeight"))
    if step.get("setWeight") is not None and (weight is None or not 0 <= weight <= top):
        yield _invalid(f"{path}.setWeight", step["setWeight"], f"SetWeight needs to be between 0 and {top}")
    if step.get("setCanaryScale") is not None and not is_routed:
        yield Fault("spec.strategy.trafficRouting", "Required value: SetCanaryScale requires TrafficRouting to be set")
    yield from _pause(f"{path}.pause.duration", mapping(step.get("pause")).get("duration"))


def _pause(path: str, duration: Any) -> Iterator[Fault]:
    if duration is None:
        return
    parsed = pause_duration(duration)
    if parsed is None:
        yield _invalid(path, duration, "Duration is not a number of seconds, nor one like 30s, 5m or 1h")
    elif parsed.total_seconds() < 0:
        yield _invalid(path, int(parsed.total_seconds()), "Duration needs to be greater than 0")
