"""The strategy of a Rollout manifest as common values. Called by rollout.parse; validation.py finds the mistakes.

Steps and analyses are read in steps.py.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.dialects.argo.reading import flag, integer, optional_seconds, quota, seconds
from rollouts.dialects.argo.steps import parse_analysis, parse_step, strings
from rollouts.model.reading import items, mapping, text
from rollouts.model.status import DEFAULT_SCALE_DOWN_DELAY
from rollouts.model.strategy import (
    AntiAffinity,
    BlueGreen,
    Canary,
    PingPong,
    PodMetadata,
    Quota,
    Router,
    Strategy,
)

GATEWAY_PLUGINS = ("argoproj-labs/gatewayAPI", "sluice.dev/gatewayAPI")
"""The key of Argo's plugin, which is not needed here, and the one that says so."""
GATEWAY_PROVIDER = "gatewayAPI"
_NO_PROVIDERS = frozenset({"managedRoutes", "maxTrafficWeight", "plugins"})


def parse_strategy(strategy: Mapping[str, Any]) -> Strategy:
    """Blue-green where it is given, else canary; that both or none are given is validation's business."""
    if isinstance(strategy.get("blueGreen"), dict):
        return parse_blue_green(strategy["blueGreen"])
    return parse_canary(mapping(strategy.get("canary")))


def parse_blue_green(spec: Mapping[str, Any]) -> BlueGreen:
    """spec.strategy.blueGreen with Argo's defaults."""
    return BlueGreen(
        active_service=text(spec.get("activeService")),
        preview_service=text(spec.get("previewService")),
        preview_replicas=integer(spec.get("previewReplicaCount")),
        auto_promotion=flag(spec.get("autoPromotionEnabled"), default=True),
        auto_promotion_after=optional_seconds(spec.get("autoPromotionSeconds")) or None,
        scale_down_delay=seconds(spec.get("scaleDownDelaySeconds"), DEFAULT_SCALE_DOWN_DELAY),
        scale_down_delay_revisions=integer(spec.get("scaleDownDelayRevisionLimit")),
        abort_scale_down_delay=optional_seconds(spec.get("abortScaleDownDelaySeconds")),
        pre_promotion=parse_analysis(spec.get("prePromotionAnalysis")),
        post_promotion=parse_analysis(spec.get("postPromotionAnalysis")),
        max_unavailable=quota(spec.get("maxUnavailable"), Quota(25, is_percent=True)),
        anti_affinity=_anti_affinity(spec.get("antiAffinity")),
        preview_metadata=_pod_metadata(spec.get("previewMetadata")),
        active_metadata=_pod_metadata(spec.get("activeMetadata")),
    )


def parse_canary(spec: Mapping[str, Any]) -> Canary:
    """spec.strategy.canary with Argo's defaults; both quotas zero means one unavailable pod."""
    routing = mapping(spec.get("trafficRouting"))
    surge = quota(spec.get("maxSurge"), Quota(25, is_percent=True))
    unavailable = quota(spec.get("maxUnavailable"), Quota(25, is_percent=True))
    return Canary(
        steps=tuple(parse_step(mapping(step)) for step in items(spec.get("steps"))),
        stable_service=text(spec.get("stableService")),
        canary_service=text(spec.get("canaryService")),
        routers=parse_routers(routing),
        max_weight=integer(routing.get("maxTrafficWeight")) or 100,
        is_max_weight_given=integer(routing.get("maxTrafficWeight")) is not None,
        max_surge=surge,
        max_unavailable=unavailable,
        progress_threshold=_threshold(spec.get("replicaProgressThreshold")),
        background=parse_analysis(spec.get("analysis")),
        scale_down_delay=seconds(spec.get("scaleDownDelaySeconds"), DEFAULT_SCALE_DOWN_DELAY),
        scale_down_delay_revisions=integer(spec.get("scaleDownDelayRevisionLimit")),
        abort_scale_down_delay=optional_seconds(spec.get("abortScaleDownDelaySeconds")),
        dynamic_stable=flag(spec.get("dynamicStableScale")),
        ping_pong=_ping_pong(spec.get("pingPong")),
        min_pods=integer(spec.get("minPodsPerReplicaSet")),
        managed_routes=tuple(text(mapping(route).get("name")) for route in items(routing.get("managedRoutes"))),
        anti_affinity=_anti_affinity(spec.get("antiAffinity")),
        canary_metadata=_pod_metadata(spec.get("canaryMetadata")),
        stable_metadata=_pod_metadata(spec.get("stableMetadata")),
    )


def _ping_pong(spec: Any) -> PingPong | None:
    if not isinstance(spec, dict):
        return None
    return PingPong(text(spec.get("pingService")), text(spec.get("pongService")))


def _anti_affinity(spec: Any) -> AntiAffinity | None:
    """Argo: where both kinds are given the required one holds."""
    if mapping(spec).get("requiredDuringSchedulingIgnoredDuringExecution") is not None:
        return AntiAffinity()
    preferred = mapping(spec).get("preferredDuringSchedulingIgnoredDuringExecution")
    return None if preferred is None else AntiAffinity(integer(mapping(preferred).get("weight")) or 0)


def _pod_metadata(spec: Any) -> PodMetadata | None:
    if not isinstance(spec, dict):
        return None
    return PodMetadata(strings(spec.get("labels")), strings(spec.get("annotations")))


def _threshold(spec: Any) -> Quota | None:
    value = integer(mapping(spec).get("value"))
    return None if value is None else Quota(value, is_percent=mapping(spec).get("type") == "Percent")


def parse_routers(routing: Mapping[str, Any]) -> tuple[Router, ...]:
    """Every configured provider, settings or none; the Gateway API plugin's keys are our native provider's."""
    named = {name: value for name, value in routing.items() if name not in _NO_PROVIDERS and value is not None}
    path = "spec.strategy.canary.trafficRouting"
    native = [Router(name, mapping(value), f"{path}.{name}") for name, value in named.items()]
    plugins = [
        Router(GATEWAY_PROVIDER if name in GATEWAY_PLUGINS else name, mapping(value), f'{path}.plugins["{name}"]')
        for name, value in mapping(routing.get("plugins")).items()
    ]
    return tuple(native + plugins)
