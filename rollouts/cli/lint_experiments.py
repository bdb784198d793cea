"""What is wrong with Experiments, alone or in a step, that only the manifests beside them show. Called by lint_check.

The controller finds it out when the experiment runs: a template that is not there, an argument without a value, a
selector that does not find the pods it is for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.errors import AnalysisError
from rollouts.cluster.port import Json
from rollouts.dialects.argo.analysis import missing_template, parse_args, run_spec
from rollouts.dialects.argo.experiment_objects import analysis_refs
from rollouts.dialects.argo.experiment_spec import parse_experiment
from rollouts.model.faults import Fault
from rollouts.model.reading import items, mapping
from rollouts.model.selectors import selects
from rollouts.model.strategy import AnalysisRef

_TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")


def spec_faults(obj: Json) -> Iterator[Fault]:
    """What the controller refuses at once, and what the API server would refuse of the ReplicaSets."""
    yield from parse_experiment(obj).faults
    for index, template in enumerate(map(mapping, items(mapping(obj.get("spec")).get("templates")))):
        labels = mapping(mapping(mapping(template.get("template")).get("metadata")).get("labels"))
        selector = mapping(template.get("selector"))
        if selector and not selects(selector, labels):
            path = f"spec.templates[{index}].template.metadata.labels"
            yield Fault(path, "`selector` does not match template `labels`", "give the pods the labels of the selector")


def analysis_faults(experiment: Mapping[str, Any], path: str, namespace: str, shelf: Sequence[Json]) -> Iterator[Fault]:
    """Analyses whose templates are not there, or lack an argument. `path` is where the experiment stands."""
    templates = [obj for obj in shelf if obj["kind"] in _TEMPLATES and _is_seen(obj, namespace)]
    refs = analysis_refs({"spec": dict(experiment)})
    written = map(mapping, items(experiment.get("analyses")))
    for index, ((_, ref), analysis) in enumerate(zip(refs, written, strict=True)):
        here = f"{path}.analyses[{index}]"
        missing = missing_template(ref, templates)
        if missing is not None:
            kind = _TEMPLATES[missing.cluster_scope]
            message = f'{kind} "{missing.name}" not found'
            yield Fault(f"{here}.templateName", message, f"create the {kind}, or correct the name")
        else:
            yield from _argument_faults(ref, analysis, here, templates)


def step_faults(rollout: Json, shelf: Sequence[Json]) -> Iterator[Fault]:
    """The same of the experiments that a rollout's steps would start."""
    canary = mapping(mapping(mapping(rollout.get("spec")).get("strategy")).get("canary"))
    for index, step in enumerate(map(mapping, items(canary.get("steps")))):
        experiment = mapping(step.get("experiment"))
        path = f"spec.strategy.canary.steps[{index}].experiment"
        yield from analysis_faults(experiment, path, rollout["metadata"].get("namespace", ""), shelf)


def _argument_faults(
    ref: AnalysisRef, analysis: Mapping[str, Any], path: str, templates: Sequence[Json]
) -> Iterator[Fault]:
    try:
        run_spec(ref, templates, parse_args(analysis.get("args")))
    except AnalysisError as error:
        yield Fault(f"{path}.args", str(error), "give the argument a value here, or in its template")


def _is_seen(template: Json, namespace: str) -> bool:
    return template["kind"] == _TEMPLATES[1] or bool(template["metadata"].get("namespace") == namespace)
