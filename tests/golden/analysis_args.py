"""args and validation_experiment: arguments of analyses on every way that they take, and Experiments that cannot work.

The parts of `args` by `input.function`: merging, filling in, whole metrics, runs of several templates, the arguments of
a rollout's and of an experiment's analysis.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from analysis.errors import AnalysisError
from analysis.template import fill, fill_tags, merge_args, resolve, values_of
from rollouts.dialects.argo.analysis import (
    merged_spec,
    parse_args,
    parse_metric,
    parse_metrics,
    parse_template,
    rendered_arg,
    rendered_args,
    rendered_spec,
)
from rollouts.dialects.argo.experiment_tags import experiment_tags
from rollouts.dialects.argo.steps import parse_analysis, parse_arg
from rollouts.dialects.argo.validation_experiment import experiment_faults
from rollouts.model.keys import HASH_LABEL
from tests.golden.category import Category, Json, Rule


def _merge(given: Json) -> Json:
    merged = merge_args(parse_args(given["templateArgs"]), parse_args(given["suppliedArgs"]))
    return {"args": [rendered_arg(arg) for arg in merged]}


def _string(given: Json) -> Json:
    return {"value": fill(given["template"], values_of(parse_args(given["args"])), is_quoted=given["quoted"])}


def _metric(given: Json) -> Json:
    return {"metric": _filled(resolve(parse_metric(given["metric"]), values_of(parse_args(given["args"]))))}


def _run(given: Json) -> Json:
    templates = [parse_template(manifest) for manifest in (*given["templates"], *given["clusterTemplates"])]
    ref = parse_analysis({name: given[name] for name in ("dryRun", "measurementRetention")})
    if ref is None:
        raise TypeError("the case has no rules")
    spec = merged_spec(ref, templates, parse_args(given["args"]))
    return {"spec": _run_spec(rendered_spec(spec, [metric for each in templates for metric in each.written]))}


def _rollout(given: Json) -> Json:
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", **given["rollout"]}
    hashes = {name: given[name]["metadata"]["labels"][HASH_LABEL] for name in ("stableRS", "newRS")}
    args = [parse_arg(arg) for arg in given["args"]]
    return {"args": rendered_args(args, stable=hashes["stableRS"], latest=hashes["newRS"], manifest=manifest)}


def _experiment(given: Json) -> Json:
    return {"value": fill_tags(given["template"], experiment_tags(given["experiment"], given["templateRSs"]))}


_FUNCTIONS: Mapping[str, Callable[[Json], Json]] = {
    "mergeArgs": _merge,
    "resolveString": _string,
    "resolveMetric": _metric,
    "analysisRunFromTemplates": _run,
    "rolloutArgs": _rollout,
    "experimentArg": _experiment,
}


def _args(given: Json) -> Json:
    try:
        return {**_FUNCTIONS[given["function"]](given), "error": None}
    except AnalysisError as error:
        return {"error": str(error)}


def _shown(given: Json, output: Json) -> Json:
    """Metrics as our model has them: Argo's objects come with all that Go writes of an empty one."""
    if given["function"] == "resolveMetric" and output["metric"]:
        return {**output, "metric": _filled(parse_metric(output["metric"]))}
    if given["function"] == "analysisRunFromTemplates" and output["spec"]:
        return {**output, "spec": _run_spec(output["spec"])}
    return output


def _filled(metric: Any) -> Any:
    return _bare(asdict(metric))


def _run_spec(spec: Json) -> Json:
    return {**spec, "metrics": [_filled(metric) for metric in parse_metrics(spec["metrics"])]}


def _bare(value: Any) -> Any:
    """Without what says nothing."""
    if isinstance(value, Mapping):
        bare = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in bare.items() if item not in (None, {}, "")}
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def _is_unsupplied_and_open(given: Json, output: Json) -> bool:
    """Two mistakes at once: a tag that never ends, and an argument without a value."""
    is_open = str(output["error"]).startswith("Cannot find end tag")
    return is_open and any("value" not in arg for arg in given.get("args", ()))


def _unsupplied(given: Json, _: Json) -> Json:
    name = next(arg["name"] for arg in given["args"] if "value" not in arg)
    return {"error": f'argument "{name}" was not supplied'}


ARGUMENT_FIRST = Rule(
    "argument-first",
    "of two mistakes Argo names the unclosed tag first; we read all arguments once, before the texts that hold them",
    _is_unsupplied_and_open,
    _unsupplied,
)


def _validation(given: Json) -> Json:
    found = experiment_faults(given["experiment"])
    if not found:
        return {"valid": True}
    return {"valid": False, "conditionType": "InvalidSpec", "reason": "InvalidSpec", "message": found[0].message}


ARGS = Category("args", _args, (ARGUMENT_FIRST,), shown=_shown)
EXPERIMENT = Category("validation_experiment", _validation)
