"""The strategy of a Rollout manifest as common values. Called by rollout.parse; validation.py finds the mistakes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rollouts.dialects.argo.reading import (
    flag,
    integer,
    items,
    mapping,
    optional_seconds,
    pause_duration,
    quota,
    seconds,
    text,
)
from rollouts.model.status import DEFAULT_SCALE_DOWN_DELAY
from rollouts.model.strategy import (
    Analyse,
    AnalysisRef,
    ArgValue,
    BlueGreen,
    Canary,
    CanaryStep,
    Pause,
    Quota,
    Router,
    SetCanaryScale,
    SetWeight,
    Strategy,
    TemplateRef,
)

GATEWAY_PLUGIN = "argoproj-labs/gatewayAPI"
GATEWAY_PROVIDER = "gatewayAPI"
_NO_PROVIDERS = frozenset({"managedRoutes", "maxTrafficWeight", "plugins"})


def parse_strategy(strategy: Mapping[str, Any]) -> Strategy:
    """Blue-green where it is given, else canary; that both or none are given is validation's business."""
    if isinstance(strategy.get("blueGreen"), dict):
        return parse_blue_green(strategy["blueGreen"])
    return parse_canary(mapping(strategy.get("canary")))


def parse_blue_green(spec: Mapping[str, Any]) -> BlueGreen:
    """spec.strategy.blueGreen with Argo's defaults."""
    after = integer(spec.get("autoPromotionSeconds")) or 0
    return BlueGreen(
        active_service=text(spec.get("activeService")),
        preview_service=text(spec.get("previewService")),
        preview_replicas=integer(spec.get("previewReplicaCount")),
        auto_promotion=flag(spec.get("autoPromotionEnabled"), default=True),
        auto_promotion_after=timedelta(seconds=after) if after else None,
        scale_down_delay=seconds(spec.get("scaleDownDelaySeconds"), DEFAULT_SCALE_DOWN_DELAY),
        scale_down_delay_revisions=integer(spec.get("scaleDownDelayRevisionLimit")),
        abort_scale_down_delay=optional_seconds(spec.get("abortScaleDownDelaySeconds")),
        pre_promotion=parse_analysis(spec.get("prePromotionAnalysis")),
        post_promotion=parse_analysis(spec.get("postPromotionAnalysis")),
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
        max_surge=surge,
        max_unavailable=unavailable,
        progress_threshold=_threshold(spec.get("replicaProgressThreshold")),
        background=parse_analysis(spec.get("analysis")),
        scale_down_delay=seconds(spec.get("scaleDownDelaySeconds"), DEFAULT_SCALE_DOWN_DELAY),
        abort_scale_down_delay=optional_seconds(spec.get("abortScaleDownDelaySeconds")),
    )


def _threshold(spec: Any) -> Quota | None:
    value = integer(mapping(spec).get("value"))
    return None if value is None else Quota(value, is_percent=mapping(spec).get("type") == "Percent")


def parse_routers(routing: Mapping[str, Any]) -> tuple[Router, ...]:
    """Every configured provider, settings or none; the Gateway API plugin's key is our native provider's."""
    named = {name: value for name, value in routing.items() if name not in _NO_PROVIDERS and value is not None}
    native = [Router(name, mapping(value)) for name, value in named.items()]
    plugins = [
        Router(GATEWAY_PROVIDER if name == GATEWAY_PLUGIN else name, mapping(value))
        for name, value in mapping(routing.get("plugins")).items()
    ]
    return tuple(native + plugins)


def parse_step(step: Mapping[str, Any]) -> CanaryStep:
    """One step. What this version does not know yet passes like a pause of no length; validation refuses it."""
    weight = integer(step.get("setWeight"))
    if weight is not None:
        return SetWeight(weight)
    if isinstance(step.get("analysis"), dict):
        return Analyse(parse_analysis(step["analysis"]) or AnalysisRef(()))
    if isinstance(step.get("setCanaryScale"), dict):
        scale = step["setCanaryScale"]
        return SetCanaryScale(
            integer(scale.get("weight")), integer(scale.get("replicas")), flag(scale.get("matchTrafficWeight"))
        )
    pause = mapping(step.get("pause"))
    return Pause(None if pause.get("duration") is None else pause_duration(pause["duration"]))


def parse_analysis(spec: Any) -> AnalysisRef | None:
    """A RolloutAnalysis; None where there is none."""
    if not isinstance(spec, dict):
        return None
    metadata = mapping(spec.get("analysisRunMetadata"))
    return AnalysisRef(
        templates=tuple(
            TemplateRef(text(t.get("templateName")), flag(t.get("clusterScope")))
            for t in map(mapping, items(spec.get("templates")))
        ),
        args=tuple(parse_arg(mapping(arg)) for arg in items(spec.get("args"))),
        dry_run=tuple(map(mapping, items(spec.get("dryRun")))),
        retention=tuple(map(mapping, items(spec.get("measurementRetention")))),
        labels=mapping(metadata.get("labels")),
        annotations=mapping(metadata.get("annotations")),
        starting_step=integer(spec.get("startingStep")) or 0,
    )


def parse_arg(arg: Mapping[str, Any]) -> ArgValue:
    """An argument: a value, the hash of a version, or a field of the Rollout."""
    source = mapping(arg.get("valueFrom"))
    field = mapping(source.get("fieldRef")).get("fieldPath")
    return ArgValue(
        name=text(arg.get("name")),
        value=arg["value"] if isinstance(arg.get("value"), str) and not source else None,
        pod_hash_of=text(source.get("podTemplateHashValue")) or None,
        field_path=text(field) or None,
    )
