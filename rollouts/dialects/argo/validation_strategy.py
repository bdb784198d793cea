"""What is wrong with a strategy, its steps apart. Called by validation; texts and order are Argo's."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods.wording import invalid, required
from rollouts.dialects.argo.reading import integer
from rollouts.dialects.argo.validation_steps import step_faults
from rollouts.model.faults import Fault
from rollouts.model.reading import items, mapping, text

Part = Mapping[str, Any]
_PATH = "spec.strategy"
_QUARTER = 25
_SERVICES_MISSING = "Canary service and Stable service must to be set to use Traffic Routing"
_SAME_SERVICE = "This rollout uses the same service for the {} services, but two different services are required."
_PING_PONG_MISSING = "Ping service and Pong service must to be set to use Ping-Pong feature"
_PING_PONG_ROUTERS = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only"
_ROOT_MISSING = "Root service field is required for the configuration with ALB and ping-pong feature enabled"
_WITH_SERVICES = ("alb", "istio", "smi", "apisix", "ambassador", "nginx", "appMesh", "traefik")
_MOST_AFFINITY = 100
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def strategy_faults(strategy: Part, history: int) -> Iterator[Fault]:
    """The one strategy; `history` is how many old revisions are kept."""
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    if canary is None and blue_green is None:
        missing = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
        yield required(f"{_PATH}.strategy", missing)
    elif canary is not None and blue_green is not None:
        both = "Multiple Strategies can not be listed"
        yield invalid(f"{_PATH}.strategy", "blueGreen: true canary: true", both, "remove one of them")
    elif blue_green is not None:
        yield from _blue_green(mapping(blue_green), history)
    else:
        yield from _canary(mapping(canary))


def _blue_green(spec: Part, history: int) -> Iterator[Fault]:
    active = text(spec.get("activeService"))
    if active == text(spec.get("previewService")):
        yield invalid(f"{_PATH}.activeService", active, _SAME_SERVICE.format("active and preview"))
    limit = integer(spec.get("scaleDownDelayRevisionLimit"))
    if limit is not None and limit > history:
        message = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"
        yield invalid(f"{_PATH}.scaleDownDelayRevisionLimit", limit, message)
    yield from _anti_affinity(spec.get("antiAffinity"))


def _canary(spec: Part) -> Iterator[Fault]:
    routing = spec.get("trafficRouting") if isinstance(spec.get("trafficRouting"), dict) else None
    yield from _quotas(spec)
    canary, stable = text(spec.get("canaryService")), text(spec.get("stableService"))
    if canary and canary == stable:
        yield invalid(f"{_PATH}.stableService", stable, _SAME_SERVICE.format("stable and canary"))
    if isinstance(spec.get("pingPong"), dict):
        yield from _ping_pong(spec["pingPong"], routing)
    if routing is not None and _needs_services(spec, routing):
        for field in ("stableService", "canaryService"):
            if not text(spec.get(field)):
                yield invalid(f"{_PATH}.{field}", "", _SERVICES_MISSING, "name both Services")
    yield from _modes(spec, routing)
    yield from step_faults(items(spec.get("steps")), routing, _PATH)
    yield from _anti_affinity(spec.get("antiAffinity"))


def _quotas(spec: Part) -> Iterator[Fault]:
    surge = spec.get("maxSurge")
    if _share(surge) == 0 and _share(spec.get("maxUnavailable")) == 0:
        yield invalid(f"{_PATH}.maxSurge", surge, "MaxSurge and MaxUnavailable both can not be zero")


def _share(value: Any) -> int:
    """A count or percentage as Argo takes it here: a text that is neither is zero."""
    if isinstance(value, str):
        digits = value.removesuffix("%") if re.fullmatch("[0-9]+%", value) else value
        return int(digits) if re.fullmatch("[+-]?[0-9]+", digits) else 0
    number = integer(value)
    return _QUARTER if number is None else number


def _ping_pong(spec: Part, routing: Part | None) -> Iterator[Fault]:
    ping, pong = text(spec.get("pingService")), text(spec.get("pongService"))
    alb = (routing or {}).get("alb")
    if routing is not None and alb is None and routing.get("istio") is None and not routing.get("plugins"):
        yield invalid(f"{_PATH}.trafficRouting.alb", None, _PING_PONG_ROUTERS)
    for field, name in (("pingService", ping), ("pongService", pong)):
        if not name:
            yield invalid(f"{_PATH}.pingPong.{field}", "", _PING_PONG_MISSING)
    if ping == pong:
        yield invalid(f"{_PATH}.pingPong.pingService", ping, _SAME_SERVICE.format("ping and pong"))
    if alb is not None and not text(mapping(alb).get("rootService")):
        yield invalid(f"{_PATH}.trafficRouting.alb.rootService", "", _ROOT_MISSING)


def _needs_services(spec: Part, routing: Part) -> bool:
    """Whether its routers tell versions by Service; subsets and ping-pong do without."""
    with_ping_pong = isinstance(spec.get("pingPong"), dict)
    istio = mapping(routing.get("istio"))
    return any(
        routing.get(router) is not None
        for router in _WITH_SERVICES
        if not (router == "istio" and (with_ping_pong or istio.get("destinationRule") is not None))
        and not (router == "alb" and with_ping_pong)
    )


def _modes(spec: Part, routing: Part | None) -> Iterator[Fault]:
    delay, is_dynamic = integer(spec.get("scaleDownDelaySeconds")), spec.get("dynamicStableScale") is True
    if routing is None:
        if delay is not None:
            message = "Canary scaleDownDelaySeconds can only be used with traffic routing"
            yield invalid(f"{_PATH}.scaleDownDelaySeconds", delay, message)
        if is_dynamic:
            message = "Canary dynamicStableScale can only be used with traffic routing"
            yield invalid(f"{_PATH}.dynamicStableScale", value=True, detail=message)
        return
    if delay is not None and is_dynamic:
        message = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
        yield invalid(f"{_PATH}.dynamicStableScale", value=True, detail=message)
    weight = integer(routing.get("maxTrafficWeight"))
    if weight is not None and routing.get("nginx") is None and not routing.get("plugins"):
        message = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins"
        yield invalid(f"{_PATH}.trafficRouting.maxTrafficWeight", weight, message)


def _anti_affinity(spec: Any) -> Iterator[Fault]:
    if not isinstance(spec, dict):
        return
    preferred, has_required = spec.get(_PREFERRED), isinstance(spec.get(_REQUIRED), dict)
    has_preferred = isinstance(preferred, dict)
    if has_preferred == has_required:
        kinds = {"PreferredDuring": has_preferred, "RequiredDuring": has_required}
        suffix = "SchedulingIgnoredDuringExecution"
        shown = " ".join(f"antiAffinity.{kind}{suffix}: {str(given).lower()}" for kind, given in kinds.items())
        yield invalid(f"{_PATH}.antiAffinity", shown, "AntiAffinity must have exactly one strategy listed")
    if has_preferred:
        weight = integer(mapping(preferred).get("weight")) or 0
        if not 1 <= weight <= _MOST_AFFINITY:
            yield invalid(f"{_PATH}.antiAffinity.weight", weight, "AntiAffinity weight must be between 1-100")
