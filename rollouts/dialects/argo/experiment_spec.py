"""An Experiment's own manifest as values, and its status back to the letter. Called by the Experiment kind each round.

The status has no subresource: it is patched into the object. Fields that Go leaves out when they are empty are None in
the projection (a merge patch then removes them), and left out inside of lists, which are written whole.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from rollouts.dialects.argo.analysis_run import parse_phase
from rollouts.dialects.argo.reading import flag, go_duration, integer, seconds
from rollouts.dialects.argo.status import project_condition, read_condition
from rollouts.dialects.argo.validation_experiment import DEADLINE, duration_faults, experiment_faults
from rollouts.model.experiment import (
    AnalysisSpec,
    ExperimentSpec,
    ExperimentStatus,
    RunStatus,
    TemplatePhase,
    TemplateSpec,
    TemplateStatus,
)
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, rfc3339, text

_TEMPLATE_PHASES = frozenset(phase.value for phase in TemplatePhase)
_SCALE_DOWN_DELAY = timedelta(seconds=30)


def parse_experiment(manifest: Json) -> ExperimentSpec:
    """What is to be run; mistakes are its `faults`."""
    spec = mapping(manifest.get("spec"))
    duration = text(spec.get("duration"))
    return ExperimentSpec(
        name=text(mapping(manifest.get("metadata")).get("name")),
        templates=tuple(_template(template) for template in map(mapping, items(spec.get("templates")))),
        analyses=tuple(
            AnalysisSpec(text(analysis.get("name")), flag(analysis.get("requiredForCompletion")))
            for analysis in map(mapping, items(spec.get("analyses")))
        ),
        duration=go_duration(duration) if duration else None,
        progress_deadline=seconds(spec.get("progressDeadlineSeconds"), timedelta(seconds=DEADLINE)),
        scale_down_delay=seconds(spec.get("scaleDownDelaySeconds"), _SCALE_DOWN_DELAY),
        is_terminated=flag(spec.get("terminate")),
        faults=(*experiment_faults(manifest), *duration_faults(duration, "spec.duration")),
    )


def _template(template: Mapping[str, Any]) -> TemplateSpec:
    replicas, service = integer(template.get("replicas")), template.get("service")
    return TemplateSpec(
        name=text(template.get("name")),
        replicas=1 if replicas is None else replicas,
        service=text(service.get("name")) if isinstance(service, dict) else None,
        has_ports=next(container_ports(mapping(template.get("template"))), None) is not None,
    )


def container_ports(pods: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The ports that the containers of a pod template name."""
    for container in map(mapping, items(mapping(pods.get("spec")).get("containers"))):
        yield from map(mapping, items(container.get("ports")))


def parse_experiment_status(manifest: Json) -> ExperimentStatus:
    """How far it came, from its object."""
    status = mapping(manifest.get("status"))
    return ExperimentStatus(
        phase=parse_phase(status.get("phase")),
        message=text(status.get("message")),
        available_at=moment(status.get("availableAt")),
        templates=tuple(_template_status(mapping(seen)) for seen in items(status.get("templateStatuses"))),
        runs=tuple(_run_status(mapping(seen)) for seen in items(status.get("analysisRuns"))),
        conditions=tuple(read_condition(mapping(seen)) for seen in items(status.get("conditions"))),
    )


def _template_status(seen: Mapping[str, Any]) -> TemplateStatus:
    def counted(name: str) -> int:
        return integer(seen.get(name)) or 0

    phase = seen.get("status")
    return TemplateStatus(
        name=text(seen.get("name")),
        phase=TemplatePhase(phase) if phase in _TEMPLATE_PHASES else TemplatePhase.UNSET,
        message=text(seen.get("message")),
        replicas=counted("replicas"),
        updated=counted("updatedReplicas"),
        ready=counted("readyReplicas"),
        available=counted("availableReplicas"),
        collisions=integer(seen.get("collisionCount")),
        transitioned=moment(seen.get("lastTransitionTime")),
        service=text(seen.get("serviceName")),
        hash=text(seen.get("podTemplateHash")),
    )


def _run_status(seen: Mapping[str, Any]) -> RunStatus:
    return RunStatus(
        text(seen.get("name")), text(seen.get("analysisRun")), parse_phase(seen.get("phase")), text(seen.get("message"))
    )


def project_experiment_status(status: ExperimentStatus) -> Json:
    """The whole status; None stands for a field that must be absent."""
    return {
        "phase": str(status.phase) or None,
        "message": status.message or None,
        "availableAt": None if status.available_at is None else rfc3339(status.available_at),
        "templateStatuses": [_projected_template(template) for template in status.templates] or None,
        "analysisRuns": [_projected_run(run) for run in status.runs] or None,
        "conditions": [project_condition(condition) for condition in status.conditions] or None,
    }


def _projected_template(template: TemplateStatus) -> Json:
    counts = {
        "replicas": template.replicas,
        "updatedReplicas": template.updated,
        "readyReplicas": template.ready,
        "availableReplicas": template.available,
    }
    kept = {
        "collisionCount": template.collisions,
        "status": str(template.phase) or None,
        "message": template.message or None,
        "lastTransitionTime": None if template.transitioned is None else rfc3339(template.transitioned),
        "serviceName": template.service or None,
        "podTemplateHash": template.hash or None,
    }
    return {"name": template.name, **counts, **{name: value for name, value in kept.items() if value is not None}}


def _projected_run(run: RunStatus) -> Json:
    said = {"message": run.message} if run.message else {}
    return {"name": run.name, "analysisRun": run.run, "phase": str(run.phase), **said}
