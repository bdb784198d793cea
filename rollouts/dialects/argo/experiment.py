"""The Experiment that a canary's step starts, and how far it came. Called by controller/apply and controller/observe.

Its versions are the pods of the stable or the new ReplicaSet as those have them, with more labels and annotations where
the step gives some (spec/argo-rollouts.md §2.17).
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from analysis.errors import ArgumentError
from rollouts.dialects.argo.analysis import rendered_args
from rollouts.dialects.argo.reading import integer
from rollouts.model.effects import StartExperiment
from rollouts.model.keys import HASH_LABEL, REVISION
from rollouts.model.objects import Json, owner_reference
from rollouts.model.reading import items, mapping, moment, text
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import ExperimentRun, TemplateSeen
from rollouts.model.strategy import Experiment, ExperimentAnalysis, ExperimentTemplate

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def experiment_of(obj: Json) -> ExperimentRun:
    """An Experiment as a decision sees it."""
    meta, status = obj["metadata"], mapping(obj.get("status"))
    seen = map(mapping, items(status.get("templateStatuses")))
    return ExperimentRun(
        name=meta["name"],
        phase=text(status.get("phase")),
        message=text(status.get("message")),
        hash=text(mapping(meta.get("labels")).get(HASH_LABEL)),
        created=moment(meta.get("creationTimestamp")) or _EPOCH,
        is_terminating=mapping(obj.get("spec")).get("terminate") is True,
        templates=tuple(
            TemplateSeen(text(t.get("name")), text(t.get("serviceName")), text(t.get("podTemplateHash"))) for t in seen
        ),
    )


def render_experiment(effect: StartExperiment, rollout: Rollout, manifest: Json, replica_sets: Sequence[Json]) -> Json:
    """The Experiment of a step. ArgumentError where a version or a field that it needs is not there.

    `manifest` is the Rollout as it is now, whose labels and instance id the Experiment inherits.
    """
    meta, spec = mapping(manifest.get("metadata")), mapping(manifest.get("spec"))
    held = {text(mapping(rs["metadata"].get("labels")).get(HASH_LABEL)): rs for rs in replica_sets}
    deadline = integer(spec.get("progressDeadlineSeconds"))
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": {
            "name": effect.name,
            "namespace": rollout.namespace,
            "labels": {**mapping(meta.get("labels")), HASH_LABEL: effect.hash},
            "annotations": {REVISION: str(effect.revision)},
            "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Rollout", rollout.name, rollout.uid)],
        },
        "spec": {
            "templates": [_template(template, effect, held) for template in effect.experiment.templates],
            **_analyses(effect, manifest),
            **({} if deadline is None else {"progressDeadlineSeconds": deadline}),
            **_settings(effect.experiment),
        },
    }


def _settings(experiment: Experiment) -> Json:
    settings: Json = {"analysisRunMetadata": _metadata(experiment.labels, experiment.annotations)}
    if experiment.duration:
        settings["duration"] = experiment.duration
    if experiment.dry_run:
        settings["dryRun"] = [dict(rule) for rule in experiment.dry_run]
    if experiment.scale_down_delay is not None:
        settings["scaleDownDelaySeconds"] = int(experiment.scale_down_delay.total_seconds())
    return settings


def _analyses(effect: StartExperiment, manifest: Json) -> Json:
    found = [_analysis(analysis, effect, manifest) for analysis in effect.experiment.analyses]
    return {"analyses": found} if found else {}


def _analysis(analysis: ExperimentAnalysis, effect: StartExperiment, manifest: Json) -> Json:
    template = analysis.ref.templates[0]
    rendered: Json = {"name": analysis.name, "templateName": template.name}
    if template.cluster_scope:
        rendered["clusterScope"] = True
    if analysis.ref.args:
        rendered["args"] = rendered_args(analysis.ref.args, stable=effect.stable, latest=effect.hash, manifest=manifest)
    if analysis.is_required:
        rendered["requiredForCompletion"] = True
    return rendered


def _template(template: ExperimentTemplate, effect: StartExperiment, held: Mapping[str, Json]) -> Json:
    replica_set = held.get(effect.stable if template.spec_ref == "stable" else effect.hash)
    if replica_set is None:
        raise ArgumentError(f"template {template.name}: the {template.spec_ref} version is not there")
    spec = mapping(replica_set.get("spec"))
    rendered: Json = {
        "name": template.name,
        "selector": _selector(template, spec),
        "template": _pods(template, mapping(spec.get("template"))),
    }
    if template.replicas is not None:
        rendered["replicas"] = template.replicas
    if integer(spec.get("minReadySeconds")):
        rendered["minReadySeconds"] = spec["minReadySeconds"]
    if template.weight is not None or template.service is not None:
        rendered["service"] = {"name": template.service} if template.service else {}
    return rendered


def _selector(template: ExperimentTemplate, spec: Mapping[str, Any]) -> Json:
    selector: Json = deepcopy(dict(template.selector if template.selector is not None else mapping(spec["selector"])))
    if template.labels:
        selector["matchLabels"] = {**mapping(selector.get("matchLabels")), **template.labels}
    return selector


def _pods(template: ExperimentTemplate, pods: Mapping[str, Any]) -> Json:
    rendered: Json = deepcopy(dict(pods))
    more = _metadata(template.labels, template.annotations)
    metadata = dict(mapping(rendered.get("metadata")))
    for part, added in more.items():
        metadata[part] = {**mapping(metadata.get(part)), **added}
    return {**rendered, "metadata": metadata}


def _metadata(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Json:
    parts = {"labels": dict(labels), "annotations": dict(annotations)}
    return {name: part for name, part in parts.items() if part}
