"""The steps and analyses of a strategy as common values. Called by strategy.py; validation.py finds the mistakes."""

from collections.abc import Callable, Mapping
from typing import Any

from rollouts.dialects.argo.reading import flag, integer, optional_seconds, pause_duration
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import (
    Analyse,
    AnalysisRef,
    ArgValue,
    CanaryStep,
    Experiment,
    ExperimentAnalysis,
    ExperimentTemplate,
    HeaderMatch,
    Pause,
    RequestMatch,
    RunPlugin,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    StringMatch,
    TemplateRef,
)


def parse_step(step: Mapping[str, Any]) -> CanaryStep:
    """One step. What cannot be read passes like a pause of no length; validation refuses it."""
    weight = integer(step.get("setWeight"))
    if weight is not None:
        return SetWeight(weight)
    for name, parse in _PARSERS.items():
        if isinstance(step.get(name), dict):
            return parse(step[name])
    pause = mapping(step.get("pause"))
    if pause.get("duration") is None:
        return Pause()
    return Pause(pause_duration(pause["duration"]), written=str(pause["duration"]))


def _analyse(spec: Mapping[str, Any]) -> Analyse:
    return Analyse(parse_analysis(spec) or AnalysisRef(()))


def _set_canary_scale(spec: Mapping[str, Any]) -> SetCanaryScale:
    return SetCanaryScale(
        integer(spec.get("weight")), integer(spec.get("replicas")), flag(spec.get("matchTrafficWeight"))
    )


def _set_header_route(spec: Mapping[str, Any]) -> SetHeaderRoute:
    match = tuple(
        HeaderMatch(text(header.get("headerName")), parse_match(header.get("headerValue")) or StringMatch())
        for header in map(mapping, items(spec.get("match")))
    )
    return SetHeaderRoute(text(spec.get("name")), match)


def _set_mirror_route(spec: Mapping[str, Any]) -> SetMirrorRoute:
    match = tuple(
        RequestMatch(
            parse_match(request.get("method")),
            parse_match(request.get("path")),
            tuple(
                HeaderMatch(str(name), parse_match(value) or StringMatch())
                for name, value in mapping(request.get("headers")).items()
            ),
        )
        for request in map(mapping, items(spec.get("match")))
    )
    return SetMirrorRoute(text(spec.get("name")), match, integer(spec.get("percentage")))


def _run_plugin(spec: Mapping[str, Any]) -> RunPlugin:
    return RunPlugin(text(spec.get("name")), spec.get("config"))


def _experiment(spec: Mapping[str, Any]) -> Experiment:
    metadata = mapping(spec.get("analysisRunMetadata"))
    return Experiment(
        templates=tuple(_experiment_template(t) for t in map(mapping, items(spec.get("templates")))),
        duration=text(spec.get("duration")),
        analyses=tuple(_experiment_analysis(a) for a in map(mapping, items(spec.get("analyses")))),
        dry_run=tuple(map(mapping, items(spec.get("dryRun")))),
        labels=strings(metadata.get("labels")),
        annotations=strings(metadata.get("annotations")),
        scale_down_delay=optional_seconds(spec.get("scaleDownDelaySeconds")),
    )


def _experiment_template(spec: Mapping[str, Any]) -> ExperimentTemplate:
    metadata, service = mapping(spec.get("metadata")), spec.get("service")
    return ExperimentTemplate(
        name=text(spec.get("name")),
        spec_ref=text(spec.get("specRef")),
        replicas=integer(spec.get("replicas")),
        weight=integer(spec.get("weight")),
        service=text(service.get("name")) if isinstance(service, dict) else None,
        labels=strings(metadata.get("labels")),
        annotations=strings(metadata.get("annotations")),
        selector=spec["selector"] if isinstance(spec.get("selector"), dict) else None,
    )


def _experiment_analysis(spec: Mapping[str, Any]) -> ExperimentAnalysis:
    template = TemplateRef(text(spec.get("templateName")), flag(spec.get("clusterScope")))
    args = tuple(parse_arg(mapping(arg)) for arg in items(spec.get("args")))
    return ExperimentAnalysis(
        text(spec.get("name")), AnalysisRef((template,), args), flag(spec.get("requiredForCompletion"))
    )


_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], CanaryStep]] = {
    "analysis": _analyse,
    "setCanaryScale": _set_canary_scale,
    "setHeaderRoute": _set_header_route,
    "setMirrorRoute": _set_mirror_route,
    "plugin": _run_plugin,
    "experiment": _experiment,
}
"""How the settings of a step are read, by the step's key. A weight and a pause are read apart: they may be bare."""


def parse_match(spec: Any) -> StringMatch | None:
    """A string match; None where there is none."""
    if not isinstance(spec, dict):
        return None
    return StringMatch(*(text(spec.get(name)) or None for name in ("exact", "prefix", "regex")))


def strings(value: Any) -> dict[str, str]:
    """Labels or annotations: what is no string is left out."""
    return {str(key): item for key, item in mapping(value).items() if isinstance(item, str)}


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
