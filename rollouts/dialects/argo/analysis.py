"""AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun: parsed to analysis.model, runs rendered for a rollout.

Called by observe (what is wrong with the templates?), apply (render a run), the AnalysisRun kind and lint. A run is
made as Argo's rollout controller makes it: names, labels, merged templates and arguments to the letter; its status is
projected by analysis_run.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.errors import AnalysisError, ArgumentError
from analysis.expression.conditions import check
from analysis.model import Arg, IntOrText, Metric, Rule, RunSpec, SecretKey, TimeToLive
from analysis.template import join_args, join_metrics, join_rules, merge_args, refuse_conflicts
from analysis.validation import faults as metric_faults
from rollouts.dialects.argo.field_ref import value_at
from rollouts.dialects.argo.reading import flag, integer
from rollouts.model.effects import StartAnalysis
from rollouts.model.faults import Fault, Faults
from rollouts.model.keys import HASH_LABEL, INSTANCE_LABEL, REVISION
from rollouts.model.objects import Json, owner_reference
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import AnalysisRef, ArgValue, TemplateRef

CLUSTER_KIND = "ClusterAnalysisTemplate"


@dataclass(frozen=True, slots=True)
class Template:
    """An analysis template: what a run is made of. `nested` are the templates that it is made of itself."""

    name: str
    is_cluster_scoped: bool
    metrics: tuple[Metric, ...]
    args: tuple[Arg, ...] = ()
    dry_run: tuple[Rule, ...] = ()
    retention: tuple[Rule, ...] = ()
    nested: tuple[TemplateRef, ...] = ()
    written: tuple[Json, ...] = ()


def parse_template(manifest: Mapping[str, Any]) -> Template:
    """The template; what has the wrong type counts as absent, `faults_of` says what is wrong."""
    spec = mapping(manifest.get("spec"))
    return Template(
        name=text(mapping(manifest.get("metadata")).get("name")),
        is_cluster_scoped=manifest.get("kind") == CLUSTER_KIND,
        metrics=parse_metrics(spec.get("metrics")),
        args=parse_args(spec.get("args")),
        dry_run=parse_rules(spec.get("dryRun")),
        retention=parse_rules(spec.get("measurementRetention")),
        nested=tuple(
            TemplateRef(text(ref.get("templateName")), flag(ref.get("clusterScope")))
            for ref in map(mapping, items(spec.get("templates")))
        ),
        written=tuple(metric for metric in items(spec.get("metrics")) if isinstance(metric, dict)),
    )


def parse_run(manifest: Mapping[str, Any]) -> RunSpec:
    """The spec of an AnalysisRun. Its mistakes are found by analysis.decide, which words them as Argo does."""
    spec = mapping(manifest.get("spec"))
    return RunSpec(
        metrics=parse_metrics(spec.get("metrics")),
        args=parse_args(spec.get("args")),
        dry_run=parse_rules(spec.get("dryRun")),
        retention=parse_rules(spec.get("measurementRetention")),
        terminate=flag(spec.get("terminate")),
        time_to_live=_life(spec.get("ttlStrategy")),
    )


def parse_metrics(value: Any) -> tuple[Metric, ...]:
    """The metrics of a spec, in order."""
    return tuple(parse_metric(metric) for metric in items(value) if isinstance(metric, dict))


def parse_metric(metric: Mapping[str, Any]) -> Metric:
    """One metric. `provider` is empty or holds several names, joined by commas, where not exactly one is given."""
    providers = {name: settings for name, settings in mapping(metric.get("provider")).items() if settings is not None}
    if not providers.get("plugin", True):
        del providers["plugin"]
    settings: Any = next(iter(providers.values())) if len(providers) == 1 else {}
    return Metric(
        name=text(metric.get("name")),
        provider=",".join(providers),
        settings=mapping(settings),
        interval=text(metric.get("interval")),
        initial_delay=text(metric.get("initialDelay")),
        count=_int_or_text(metric.get("count")),
        success_condition=text(metric.get("successCondition")),
        failure_condition=text(metric.get("failureCondition")),
        failure_limit=_int_or_text(metric.get("failureLimit")),
        inconclusive_limit=_int_or_text(metric.get("inconclusiveLimit")),
        consecutive_error_limit=_int_or_text(metric.get("consecutiveErrorLimit")),
        consecutive_success_limit=_int_or_text(metric.get("consecutiveSuccessLimit")),
    )


def _int_or_text(value: Any) -> IntOrText | None:
    return value if isinstance(value, str) else integer(value)


def parse_args(value: Any) -> tuple[Arg, ...]:
    """The arguments of a template or run."""
    return tuple(_arg(mapping(arg)) for arg in items(value))


def _arg(arg: Mapping[str, Any]) -> Arg:
    source = mapping(arg.get("valueFrom"))
    secret = mapping(source.get("secretKeyRef"))
    return Arg(
        name=text(arg.get("name")),
        value=arg["value"] if isinstance(arg.get("value"), str) else None,
        secret=SecretKey(text(secret.get("name")), text(secret.get("key"))) if secret else None,
        field_path=text(mapping(source.get("fieldRef")).get("fieldPath")) or None,
    )


def parse_rules(value: Any) -> tuple[Rule, ...]:
    """Rules of dryRun or measurementRetention."""
    return tuple(
        Rule(text(rule.get("metricName")), integer(rule.get("limit")) or 0) for rule in map(mapping, items(value))
    )


def _life(value: Any) -> TimeToLive | None:
    if not isinstance(value, dict):
        return None
    return TimeToLive(
        integer(value.get("secondsAfterCompletion")),
        integer(value.get("secondsAfterFailure")),
        integer(value.get("secondsAfterSuccess")),
    )


def faults_of(template: Template) -> Faults:
    """What is wrong with a template by itself: metrics that cannot run, conditions that nobody can read."""
    found = [
        Fault(f"spec.{path}" if path else "spec.metrics", message)
        for path, message in (() if template.nested and not template.metrics else metric_faults(template.metrics))
    ]
    return (*found, *_condition_faults(template.metrics))


def _condition_faults(metrics: Sequence[Metric]) -> Iterator[Fault]:
    for index, metric in enumerate(metrics):
        conditions = {"successCondition": metric.success_condition, "failureCondition": metric.failure_condition}
        for field, condition in conditions.items():
            if condition and "{{" not in condition:
                try:
                    check(condition)
                except AnalysisError as error:
                    yield Fault(f"spec.metrics[{index}].{field}", f"{condition!r}: {error}", "correct the condition")


def template_faults(ref: AnalysisRef, templates: Sequence[Json], path: str = "") -> Faults:
    """What is wrong with an analysis that a rollout refers to: templates that are missing, arguments without a value.

    `path` is the field at which the reference stands; the messages are Argo's.
    """
    try:
        chosen = _chosen(ref.templates, templates)
    except _MissingTemplateError as error:
        kind = CLUSTER_KIND if error.ref.cluster_scope else "AnalysisTemplate"
        message = f"Invalid value: \"{error.ref.name}\": {kind} '{error.ref.name}' not found"
        where = f"{path}.templates" if path else ""
        return (Fault(where, message, f"create the {kind}, or correct the name"),)
    own = [fault for template in chosen for fault in faults_of(template)]
    if own:
        return tuple(Fault(path, f"{fault.path}: {fault.message}", fault.cure) for fault in own)
    try:
        merged_spec(ref, chosen, [_supplied(arg, _NOTHING) for arg in ref.args])
    except ArgumentError as error:
        names = " ".join(t.name for t in sorted(chosen, key=lambda template: template.is_cluster_scoped))
        message = f'Invalid value: "templateNames: [{names}]": {error}'
        cure = "give the argument a value where the analysis is used, or in its template"
        return (Fault(f"{path}.templates", message, cure),)
    return ()


def endless_faults(ref: AnalysisRef, templates: Sequence[Json], path: str) -> Iterator[Fault]:
    """Metrics that never end, in an analysis that a rollout waits for. A count that an argument gives may be one."""
    try:
        chosen = _chosen(ref.templates, templates)
    except _MissingTemplateError:
        return  # which is a fault of its own
    for template, metric in ((owner, metric) for owner in chosen for metric in owner.metrics):
        if metric.effective_count is None and "{{" not in str(metric.count):
            given = "<nil>" if metric.count is None else metric.count
            what = f"AnalysisTemplate {template.name} has metric {metric.name} which runs indefinitely"
            message = f'Invalid value: "{template.name}": {what}. Invalid value for count: {given}'
            yield Fault(f"{path}.templates", message, "give the metric a count, or run the analysis in the background")


def field_faults(ref: AnalysisRef, manifest: Json, path: str) -> Iterator[Fault]:
    """Arguments that point at no field of the Rollout. `path` is the field at which the analysis stands.

    Fields of the status come and go, so those are looked for when a run is made, and not before.
    """
    for index, arg in enumerate(ref.args):
        if arg.field_path is None or arg.field_path.startswith("status."):
            continue
        try:
            value_at(manifest, arg.field_path)
        except ArgumentError as error:
            where = f"{path}.args[{index}].valueFrom.fieldRef.fieldPath"
            message = f'Invalid value: "{arg.field_path}": {error}'
            yield Fault(
                where, message, "name a field of the Rollout that holds one value, or give the argument a value"
            )


class _MissingTemplateError(ArgumentError):
    """A template that is named and is not there."""

    def __init__(self, ref: TemplateRef) -> None:
        super().__init__(f"template {ref.name} not found")
        self.ref = ref


def _chosen(refs: Iterable[TemplateRef], templates: Sequence[Json]) -> tuple[Template, ...]:
    """The named templates and those they are made of, each once, in the order in which they are met."""
    known = {(t.name, t.is_cluster_scoped): t for t in map(parse_template, templates)}
    found: dict[tuple[str, bool], Template] = {}
    ahead = list(refs)
    while ahead:
        ref = ahead.pop(0)
        key = (ref.name, ref.cluster_scope)
        if key in found:
            continue
        if key not in known:
            raise _MissingTemplateError(ref)
        found[key] = known[key]
        ahead = [*known[key].nested, *ahead]
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _World:
    """Where the arguments of a rollout's analysis take their values."""

    stable: str
    latest: str
    manifest: Json | None


_NOTHING = _World("", "", None)


def _supplied(arg: ArgValue, world: _World) -> Arg:
    if arg.pod_hash_of is not None:
        return Arg(arg.name, world.stable if arg.pod_hash_of == "Stable" else world.latest)
    if arg.field_path is not None:
        return Arg(arg.name, "" if world.manifest is None else value_at(world.manifest, arg.field_path))
    return Arg(arg.name, arg.value)


def merged_spec(ref: AnalysisRef, chosen: Sequence[Template], supplied: Sequence[Arg]) -> RunSpec:
    """The spec of a run made of these templates. ArgumentError where they do not fit together."""
    own_rules = [Rule(text(rule.get("metricName")), integer(rule.get("limit")) or 0) for rule in ref.dry_run]
    own_limits = [Rule(text(rule.get("metricName")), integer(rule.get("limit")) or 0) for rule in ref.retention]
    args = merge_args(join_args(template.args for template in chosen), supplied)
    # the rollout's own rules come first, as Argo writes them
    spec = RunSpec(
        metrics=join_metrics(template.metrics for template in chosen),
        args=args,
        dry_run=join_rules([own_rules, *(template.dry_run for template in chosen)], "Dry-Run"),
        retention=join_rules([own_limits, *(template.retention for template in chosen)], "Measurement Retention"),
    )
    refuse_conflicts(template.args for template in chosen)
    return spec


def render_run(effect: StartAnalysis, rollout: Rollout, manifest: Json, templates: Sequence[Json]) -> Json:
    """The AnalysisRun that a rollout starts. ArgumentError when templates or arguments of it are missing.

    `manifest` is the Rollout as it is now: arguments may point into it.
    """
    world = _World(stable=rollout.status.stable, latest=effect.hash, manifest=manifest)
    spec = run_spec(effect.analysis, templates, [_supplied(arg, world) for arg in effect.analysis.args])
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": effect.name,
            "namespace": rollout.namespace,
            "labels": _labels(effect, manifest),
            "annotations": {**effect.analysis.annotations, REVISION: str(effect.revision)},
            "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Rollout", rollout.name, rollout.uid)],
        },
        "spec": spec,
    }


def run_spec(ref: AnalysisRef, templates: Sequence[Json], supplied: Sequence[Arg]) -> Json:
    """The spec of a run of what `ref` names, with these arguments. ArgumentError where something is missing."""
    chosen = _chosen(ref.templates, templates)
    written = [metric for template in chosen for metric in template.written]
    return rendered_spec(merged_spec(ref, chosen, supplied), written)


def missing_template(ref: AnalysisRef, templates: Sequence[Json]) -> TemplateRef | None:
    """The first template that a run of this would need and that is not there, nested ones included."""
    try:
        _chosen(ref.templates, templates)
    except _MissingTemplateError as error:
        return error.ref
    return None


def _labels(effect: StartAnalysis, manifest: Json) -> dict[str, str]:
    selector = mapping(mapping(mapping(manifest.get("spec")).get("selector")).get("matchLabels"))
    labels = {**selector, **effect.analysis.labels, HASH_LABEL: effect.hash, "rollout-type": effect.role}
    if effect.step is not None:
        labels["step-index"] = str(effect.step)
    instance = mapping(mapping(manifest.get("metadata")).get("labels")).get(INSTANCE_LABEL)
    if instance:  # a controller with an instance id watches only what carries it
        labels[INSTANCE_LABEL] = instance
    return labels


def rendered_spec(spec: RunSpec, metrics: Sequence[Json]) -> Json:
    """The spec as a manifest has it, with the metrics as they were written."""
    rendered: Json = {"metrics": list(metrics)}
    if spec.args:
        rendered["args"] = [rendered_arg(arg) for arg in spec.args]
    if spec.dry_run:
        rendered["dryRun"] = [{"metricName": rule.metric_name} for rule in spec.dry_run]
    if spec.retention:
        rendered["measurementRetention"] = [
            {"metricName": rule.metric_name, "limit": rule.limit} for rule in spec.retention
        ]
    return rendered


def rendered_args(args: Sequence[ArgValue], *, stable: str, latest: str, manifest: Json) -> list[Json]:
    """The arguments that a rollout gives, with the values that they have now."""
    world = _World(stable, latest, manifest)
    return [rendered_arg(_supplied(arg, world)) for arg in args]


def rendered_arg(arg: Arg) -> Json:
    """An argument as a manifest has it."""
    rendered: Json = {"name": arg.name}
    if arg.value is not None:
        rendered["value"] = arg.value
    if arg.secret is not None:
        rendered["valueFrom"] = {"secretKeyRef": {"name": arg.secret.name, "key": arg.secret.key}}
    elif arg.field_path is not None:
        rendered["valueFrom"] = {"fieldRef": {"fieldPath": arg.field_path}}
    return rendered
