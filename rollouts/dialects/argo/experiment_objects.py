"""What an Experiment makes: ReplicaSets, Services and AnalysisRuns, rendered from its manifest. Pure.

Called by the Experiment kind for each effect; names, labels and annotations are Argo's (spec/argo-rollouts.md §3.7).
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from analysis.model import Arg
from analysis.template import fill_tags
from rollouts.dialects.argo.analysis import missing_template, parse_args, run_spec
from rollouts.dialects.argo.experiment_spec import container_ports
from rollouts.dialects.argo.experiment_tags import experiment_tags
from rollouts.dialects.argo.field_ref import value_at
from rollouts.dialects.argo.reading import flag, integer
from rollouts.dialects.argo.steps import strings
from rollouts.hashing import template_hash
from rollouts.model.experiment import (
    CreateService,
    CreateTemplate,
    DelayTemplate,
    DeleteService,
    EndRun,
    ExperimentEffect,
    ScaleTemplate,
    StartRun,
)
from rollouts.model.keys import EXPERIMENT, EXPERIMENT_TEMPLATE, HASH_LABEL, INSTANCE_LABEL, SCALE_DOWN_DEADLINE
from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove, owner_reference, ref_of
from rollouts.model.reading import items, mapping, rfc3339, text
from rollouts.model.snapshot import Analysis
from rollouts.model.strategy import AnalysisRef, TemplateRef

_API = "argoproj.io/v1alpha1"
_OF_PORT = ("name", "port", "targetPort", "protocol", "appProtocol")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render_experiment_effect(  # an effect, and what there is to make it of
    effect: ExperimentEffect,
    manifest: Json,
    replica_sets: Mapping[str, Json],
    templates: Sequence[Json],
    ports: Sequence[Json] = (),
) -> Change:
    """The change that carries out an effect. ArgumentError where an analysis lacks a template or an argument.

    `replica_sets` are those that exist, by template; `templates` the analysis templates that are there. `ports` are
    those of the rollout's own Service: what routes lead there leads to a version of the experiment as well.
    """
    namespace = text(manifest["metadata"].get("namespace"))
    match effect:
        case CreateTemplate():
            return _created(_replica_set(effect, manifest))
        case ScaleTemplate(name=name, replicas=replicas, drops_delay=drops_delay):
            body: Json = {"spec": {"replicas": replicas}}
            if drops_delay:
                body["metadata"] = {"annotations": {SCALE_DOWN_DEADLINE: None}}
            return Modify(Ref("apps/v1", "ReplicaSet", namespace, name), body)
        case DelayTemplate(name=name, until=until):
            body = {"metadata": {"annotations": {SCALE_DOWN_DEADLINE: rfc3339(until)}}}
            return Modify(Ref("apps/v1", "ReplicaSet", namespace, name), body)
        case CreateService():
            return _created(_service(effect, manifest, replica_sets[effect.template], ports))
        case DeleteService(name=name):
            return Remove(Ref("v1", "Service", namespace, name))
        case StartRun():
            return _created(_run(effect, manifest, replica_sets, templates))
        case EndRun(name=name):
            return Modify(Ref(_API, "AnalysisRun", namespace, name), {"spec": {"terminate": True}})


def template_of(obj: Json, manifest: Json) -> str:
    """Which of the Experiment's templates this ReplicaSet or Service was made for; "" for none."""
    notes = mapping(obj["metadata"].get("annotations"))
    return text(notes.get(EXPERIMENT_TEMPLATE)) if notes.get(EXPERIMENT) == manifest["metadata"]["name"] else ""


def analysis_refs(manifest: Json) -> Iterator[tuple[str, AnalysisRef]]:
    """Each analysis by name, with what a run of it is made of; its arguments have no values yet."""
    spec = mapping(manifest.get("spec"))
    metadata = mapping(spec.get("analysisRunMetadata"))
    for analysis in map(mapping, items(spec.get("analyses"))):
        template = TemplateRef(text(analysis.get("templateName")), flag(analysis.get("clusterScope")))
        yield (
            text(analysis.get("name")),
            AnalysisRef(
                (template,),
                dry_run=tuple(map(mapping, items(spec.get("dryRun")))),
                retention=tuple(map(mapping, items(spec.get("measurementRetention")))),
                labels=strings(metadata.get("labels")),
                annotations=strings(metadata.get("annotations")),
            ),
        )


def service_of_rollout(rollout: Json) -> str:
    """The Service by which a canary's stable version is reached; "" for none."""
    canary = mapping(mapping(mapping(rollout.get("spec")).get("strategy")).get("canary"))
    return text(canary.get("stableService")) or text(mapping(canary.get("pingPong")).get("pingService"))


def missing_templates(manifest: Json, templates: Sequence[Json]) -> dict[str, str]:
    """By analysis, which of its templates is not there, as Kubernetes says it."""
    found = ((name, missing_template(ref, templates)) for name, ref in analysis_refs(manifest))
    return {
        name: f'{"cluster" if ref.cluster_scope else ""}analysistemplate.argoproj.io "{ref.name}" not found'
        for name, ref in found
        if ref is not None
    }


def run_seen(run: Json) -> Analysis:
    """An AnalysisRun of an Experiment as a decision sees it."""
    meta, status = run["metadata"], mapping(run.get("status"))
    return Analysis(
        name=meta["name"],
        role="",
        phase=text(status.get("phase")),
        message=text(status.get("message")),
        hash="",
        step=None,
        created=_EPOCH,
        is_terminating=mapping(run.get("spec")).get("terminate") is True,
    )


def _created(body: Json) -> Create:
    return Create(ref_of(body), body)


def hashes_of(manifest: Json) -> dict[str, str]:
    """The hash of each version: that of its template without any hash label.

    One that is a version's of the rollout, or another template's, is counted up as after a collision: Services would
    lead to both. Argo does not, and where a template has no defaults left to fill in the hashes are the same.
    """
    templates = list(map(mapping, items(mapping(manifest.get("spec")).get("templates"))))
    metadata = [mapping(mapping(template.get("template")).get("metadata")) for template in templates]
    taken = {text(mapping(meta.get("labels")).get(HASH_LABEL)) for meta in metadata}
    hashes: dict[str, str] = {}
    for template in templates:
        pods, name = _bare(mapping(template.get("template"))), text(template.get("name"))
        first = _collisions(manifest, name)
        counts = (first, *range(1 if first is None else first + 1, len(templates) * 2 + 2 + (first or 0)))
        hashes[name] = next(found for count in counts if (found := template_hash(pods, count)) not in taken)
        taken.add(hashes[name])
    return hashes


def _bare(pods: Mapping[str, Any]) -> Json:
    """A pod template without the label of the version that it was taken from."""
    metadata = dict(mapping(pods.get("metadata")))
    if "labels" in metadata:
        metadata["labels"] = {k: v for k, v in mapping(metadata["labels"]).items() if k != HASH_LABEL}
    return {**deepcopy(dict(pods)), "metadata": metadata}


def _replica_set(effect: CreateTemplate, manifest: Json) -> Json:
    """Without pods."""
    template, own = _template(manifest, effect.template), hashes_of(manifest)[effect.template]
    pods = _bare(mapping(template.get("template")))
    pods["metadata"]["labels"] = {**mapping(pods["metadata"].get("labels")), HASH_LABEL: own}
    selector: Json = deepcopy(dict(mapping(template.get("selector"))))
    selector["matchLabels"] = {**mapping(selector.get("matchLabels")), HASH_LABEL: own}
    spec: Json = {"replicas": 0, "selector": selector, "template": pods}
    if integer(template.get("minReadySeconds")):
        spec["minReadySeconds"] = template["minReadySeconds"]
    body = _owned("apps/v1", "ReplicaSet", effect.name, manifest, _notes(effect.template, manifest))
    body["metadata"]["labels"] = {HASH_LABEL: own}
    return {**body, "spec": spec}


def _service(effect: CreateService, manifest: Json, replica_set: Json, ports: Sequence[Json]) -> Json:
    own = text(mapping(replica_set["metadata"].get("labels")).get(HASH_LABEL))
    rendered = [{key: port[key] for key in _OF_PORT if port.get(key) is not None} for port in ports]
    for port in container_ports(mapping(replica_set["spec"].get("template"))):
        number, protocol = port.get("containerPort"), port.get("protocol")
        if all((held["port"], held.get("protocol", "TCP")) != (number, protocol or "TCP") for held in rendered):
            said = {"name": port.get("name"), "port": number, "targetPort": number, "protocol": protocol}
            rendered.append({key: value for key, value in said.items() if value})
    body = _owned("v1", "Service", effect.name, manifest, _notes(effect.template, manifest))
    return {**body, "spec": {"selector": {HASH_LABEL: own}, "ports": list(_named(rendered))}}


def _named(ports: Sequence[Json]) -> Iterator[Json]:
    """Kubernetes: where there are several, each has a name. Argo gives them none, and the Service is refused."""
    taken: set[str] = set()
    for port in ports:
        name = port.get("name", "")
        if len(ports) > 1 and name in ("", *taken):
            name = f"port-{port['port']}-{len(taken)}"
        taken.add(name)
        yield {**port, "name": name} if name else port


def _run(effect: StartRun, manifest: Json, replica_sets: Mapping[str, Json], templates: Sequence[Json]) -> Json:
    ref = next(ref for name, ref in analysis_refs(manifest) if name == effect.analysis)
    spec = run_spec(ref, templates, list(_arguments(effect.analysis, manifest, replica_sets)))
    body = _owned(_API, "AnalysisRun", effect.name, manifest, ref.annotations)
    body["metadata"]["labels"] = {**_instance(manifest), **ref.labels}
    return {**body, "spec": spec}


def _arguments(analysis: str, manifest: Json, replica_sets: Mapping[str, Json]) -> Iterator[Arg]:
    """What the Experiment gives, with its own tags filled in and its own fields looked up."""
    tags = experiment_tags(manifest, replica_sets)
    analyses = map(mapping, items(mapping(manifest.get("spec")).get("analyses")))
    for arg in parse_args(next(a.get("args") for a in analyses if a.get("name") == analysis)):
        if arg.value is not None:
            yield replace(arg, value=fill_tags(arg.value, tags))
        elif arg.field_path is not None:
            yield Arg(arg.name, value_at(manifest, arg.field_path))
        else:
            yield arg


def _template(manifest: Json, name: str) -> Mapping[str, Any]:
    templates = map(mapping, items(mapping(manifest.get("spec")).get("templates")))
    return next(template for template in templates if template.get("name") == name)


def _collisions(manifest: Json, name: str) -> int | None:
    seen = map(mapping, items(mapping(manifest.get("status")).get("templateStatuses")))
    return next((integer(status.get("collisionCount")) for status in seen if status.get("name") == name), None)


def _notes(template: str, manifest: Json) -> dict[str, str]:
    return {EXPERIMENT: manifest["metadata"]["name"], EXPERIMENT_TEMPLATE: template}


def _instance(manifest: Json) -> dict[str, str]:
    """A controller with an instance id watches only what carries it."""
    instance = mapping(manifest["metadata"].get("labels")).get(INSTANCE_LABEL)
    return {INSTANCE_LABEL: instance} if instance else {}


def _owned(api_version: str, kind: str, name: str, manifest: Json, annotations: Mapping[str, str]) -> Json:
    meta = manifest["metadata"]
    owner = owner_reference(_API, "Experiment", meta["name"], meta.get("uid", ""))
    metadata: Json = {"name": name, "namespace": text(meta.get("namespace")), "ownerReferences": [owner]}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
