"""What is wrong with a canary's steps. Called by validation_strategy; texts and order are Argo's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods.names import qualified
from rollouts.dialects.argo.pods.wording import invalid, required
from rollouts.dialects.argo.reading import integer, pause_duration
from rollouts.hashing import typed
from rollouts.model.faults import Fault
from rollouts.model.reading import items, mapping

Part = Mapping[str, Any]
_EXCLUSIVE = ("experiment", "pause", "setWeight", "analysis")
_KINDS = (*_EXCLUSIVE, "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin")
_NO_KIND = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
_WEIGHTED = ("smi", "alb", "istio", "plugins")
_WITH_HEADERS = ("istio", "alb", "apisix", "plugins")
_WITH_MIRRORS = ("istio", "plugins")
_MAPS = ("metadata.annotations", "metadata.labels")
_UNREADABLE = -1
"""What Argo makes of a pause's duration that it cannot read."""


def step_faults(steps: Sequence[Any], routing: Part | None, path: str) -> Iterator[Fault]:
    """The steps in their order; `routing` is spec.strategy.canary.trafficRouting, None where there is none."""
    top = integer((routing or {}).get("maxTrafficWeight")) or 100
    for index, given in enumerate(typed("[]CanaryStep", list(steps)) or ()):
        here = f"{path}.steps[{index}]"
        yield from _kind(given, here)
        yield from _weight(given.get("setWeight"), top, here)
        yield from _pause(given.get("pause"), here)
        yield from _routes(given, routing, here, path)
        yield from _experiment(given.get("experiment"), routing, here)
        yield from _arguments(given, here)


def _kind(step: Part, path: str) -> Iterator[Fault]:
    given = [name for name in _KINDS if step.get(name) is not None]
    if sum(name in _EXCLUSIVE for name in given) > 1:
        yield invalid(path, _told(step, _EXCLUSIVE, is_missing=False), _NO_KIND)
    if not given:
        yield invalid(path, _told(step, _KINDS, is_missing=True), _NO_KIND)


def _told(step: Part, kinds: Sequence[str], *, is_missing: bool) -> str:
    """Argo says of each kind that it is there or, where none is, that it is missing."""
    marks = ((kind, (step.get(kind) is None) == is_missing) for kind in kinds)
    return " ".join(f"step.{kind[0].upper()}{kind[1:]}: {str(mark).lower()}" for kind, mark in marks)


def _experiment(experiment: Part | None, routing: Part | None, path: str) -> Iterator[Fault]:
    for index, template in enumerate((experiment or {}).get("templates") or ()):
        weight, here = template.get("weight"), f"{path}.experiment.templates[{index}].weight"
        if weight is None:
            continue
        if routing is None:
            yield invalid(here, weight, "Experiment template weight cannot be set unless TrafficRouting is enabled")
        elif not _has(routing, _WEIGHTED):
            only = "Experiment template weight is only available for TrafficRouting with"
            yield invalid(here, weight, f"{only} SMI, ALB, Istio and Plugins at this time")


def _has(routing: Part | None, routers: Sequence[str]) -> bool:
    """Whether one of the routers is there; plugins only if there is one."""
    return any(
        mapping(routing).get(router) is not None if router != "plugins" else bool(mapping(routing).get(router))
        for router in routers
    )


def _weight(weight: int | None, top: int, path: str) -> Iterator[Fault]:
    if weight is not None and not 0 <= weight <= top:
        yield invalid(f"{path}.setWeight", weight, f"SetWeight needs to be between 0 and {top}")


def _pause(pause: Part | None, path: str) -> Iterator[Fault]:
    if pause is None or pause.get("duration") is None:
        return
    parsed = pause_duration(pause["duration"])
    seconds = _UNREADABLE if parsed is None else int(parsed.total_seconds())
    if seconds < 0:
        cure = "write a number of seconds, or one like 30s, 5m or 1h"
        yield invalid(f"{path}.pause.duration", seconds, "Duration needs to be greater than 0", cure)


def _routes(step: Part, routing: Part | None, here: str, path: str) -> Iterator[Fault]:
    if step.get("setCanaryScale") is not None and routing is None:
        yield required(f"{path}.trafficRouting", "SetCanaryScale requires TrafficRouting to be set")
    header, mirror = step.get("setHeaderRoute"), step.get("setMirrorRoute")
    if header is not None:
        yield from _header(header, routing, f"{here}.setHeaderRoute")
    if mirror is not None:
        yield from _mirror(mirror, routing, f"{here}.setMirrorRoute")
    if routing is None or (header is None and mirror is None):
        return
    if not items(routing.get("managedRoutes")):
        missing = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
        yield required(f"{path}.trafficRouting.managedRoutes", missing)
        return
    known = [mapping(route).get("name") for route in items(routing["managedRoutes"])]
    unknown = "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes"
    for name, route in (("setHeaderRoute", header), ("setMirrorRoute", mirror)):
        if route is not None and route.get("name", "") not in known:
            yield invalid(f"{here}.{name}", route.get("name", ""), unknown)


def _header(route: Part, routing: Part | None, path: str) -> Iterator[Fault]:
    if not _has(routing, _WITH_HEADERS):
        yield invalid(path, route, "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix")
        return
    for index, match in enumerate(route.get("match") or ()):
        value, here = match.get("headerValue"), f"{path}.match[{index}]"
        if value is not None and mapping(routing).get("alb") is not None:
            if not value.get("exact") or len(value) > 1:
                yield invalid(here, value, "SetHeaderRoute match value invalid. ALB supports 'exact' value only")
        else:
            yield from _string_match(value, here)


def _mirror(route: Part, routing: Part | None, path: str) -> Iterator[Fault]:
    """Argo looks at the method twice, and never at the headers."""
    if not _has(routing, _WITH_MIRRORS):
        yield invalid(path, route, "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins")
    for index, match in enumerate(route.get("match") or ()):
        for part in ("method", "path", "method"):
            if match.get(part) is not None:
                yield from _string_match(match[part], f"{path}.match[{index}]")


def _string_match(value: Part | None, path: str) -> Iterator[Fault]:
    if not value:
        missing = "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
        yield invalid(path, value, missing)
    elif len(value) > 1:
        text = "StringMatch match value must have exactly one of the following: exact, regex, prefix"
        yield invalid(path, value, text)


def _arguments(step: Part, path: str) -> Iterator[Fault]:
    """Arguments whose value is a field of the metadata that cannot be read."""
    arguments = [
        argument
        for analysis in (*((step.get("experiment") or {}).get("analyses") or ()), step.get("analysis") or {})
        for argument in analysis.get("args") or ()
    ]
    for argument in arguments:
        field = ((argument.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
        if field.startswith("metadata") and not _is_readable(field):
            text = "Analyses arguments must refer to valid object metadata supported by downwardAPI"
            yield invalid(f"{path}.analyses", arguments, text)


def _is_readable(field: str) -> bool:
    name, bracket, key = field.removesuffix("']").partition("['")
    if bracket and field.endswith("']"):
        key = key.lower() if name == "metadata.annotations" else key
        return name in _MAPS and not list(qualified(key))
    return field in (*_MAPS, "metadata.name", "metadata.namespace", "metadata.uid")
