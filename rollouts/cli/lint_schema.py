"""What the API server will refuse or drop, by our kinds' own definitions, each with a cure. Called by lint_check.

The server's words name a rule and not always the field: where one of several forms is to be chosen, the fields that
are missing or too many are named here instead.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from rollouts.cli.arguments import did_you_mean
from rollouts.cli.lint_places import Step, steps_of
from rollouts.cli.shipped import shipped
from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.model.faults import Fault
from rollouts.simulator.api.strictness import unknown_fields
from rollouts.simulator.store.refusals import Cause
from rollouts.simulator.store.validation import Validation

Schema = Mapping[str, Any]
GROUPS = (kinds.ROLLOUTS.group, kinds.CANARIES.group)
"""Groups whose kinds people mistype."""
UNSERVED = "is served by nobody that is known here"
"""How the fault of a kind ends that may be another project's: Argo's share a group."""
OTHERS = frozenset(
    (
        *("Application", "ApplicationSet", "AppProject", "ArgoCD", "ArgoCDExport", "ImageUpdater", "RolloutManager"),
        *("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"),
        *("WorkflowTaskSet", "WorkflowTaskResult", "WorkflowArtifactGCTask", "EventBus", "EventSource", "Sensor"),
        *("NamespaceManagement", "NotificationsConfiguration"),
    )
)
"""Kinds of argoproj.io that Argo's other projects serve."""
_DURATION = re.compile(r"\s*(\d+)\s*([a-z]+)", re.IGNORECASE)
_TIMES = "^[0-9]+(m|s)"


def schema_faults(obj: Json) -> Iterator[Fault]:
    """Kinds and versions that nobody serves, fields that the definition does not know, and values that it refuses."""
    schema = _schemas().get((obj["apiVersion"], obj["kind"]))
    if schema is None:
        yield from _of_kind(obj["apiVersion"], obj["kind"])
        return
    for path in unknown_fields(obj, schema):
        last = str(steps_of(path)[-1])
        near = did_you_mean(last, (_below(schema, steps_of(path)[:-1]).get("properties") or {})).removeprefix("; ")
        yield Fault(path, f'unknown field "{last}"', near or "the API server drops it: take it out")
    for cause in Validation(schema).faults(obj):
        steps = steps_of(cause.field)
        yield from _told(cause, _below(schema, steps), _value(obj, steps))


def is_known(obj: Json) -> bool:
    """Is it of a kind that lint looks into?"""
    return (obj["apiVersion"], obj["kind"]) in _schemas()


@cache
def _schemas() -> Mapping[tuple[str, str], Schema]:
    """The schemas of our own kinds."""
    found: dict[tuple[str, str], Schema] = {}
    for file in sorted(shipped("crds").glob("*.yaml")):
        spec = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            api_version = f"{spec['group']}/{version['name']}"
            found[api_version, spec["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    return found


def _of_kind(api_version: str, kind: str) -> Iterator[Fault]:
    """A kind or version that is nearly one of ours."""
    ours = {kind: version for version, kind in _schemas() if version.rpartition("/")[0] in GROUPS}
    group = api_version.rpartition("/")[0]
    if kind in ours and ours[kind] != api_version:
        near = did_you_mean(group, {ours[kind].rpartition("/")[0]})
        if group in GROUPS or near:
            yield Fault("apiVersion", f'"{api_version}" has no {kind}', f'did you mean "{ours[kind]}"?')
    elif group in GROUPS and kind not in OTHERS:
        known = {kind for kind, version in ours.items() if version.startswith(f"{group}/")}
        near = did_you_mean(kind, known).removeprefix("; ")
        is_ours = near or group == kinds.CANARIES.group
        said = f'"{kind}" is no kind of {group}' if is_ours else f'"{kind}" {UNSERVED}'
        yield Fault("kind", said, near or f"known are {', '.join(sorted(known))}")


def _below(schema: Schema, steps: Sequence[Step]) -> Schema:
    for step in steps:
        inner = schema.get("items") if isinstance(step, int) else (schema.get("properties") or {}).get(step)
        schema = inner or {}
    return schema


def _value(value: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _told(cause: Cause, schema: Schema, value: Any) -> Iterator[Fault]:
    """The server's words with a cure; of a choice among forms, what is missing and what is too much."""
    forms = [form.get("required") or () for form in schema.get("oneOf") or ()]
    if "(oneOf)" in cause.message and all(forms) and isinstance(value, Mapping):
        yield from _chosen(cause, forms, value)
    else:
        yield Fault(cause.field, cause.message, _cure(cause, schema, value))


def _chosen(cause: Cause, forms: Sequence[Sequence[str]], value: Mapping[str, Any]) -> Iterator[Fault]:
    common = [name for name in forms[0] if all(name in form for form in forms)]
    choice = list(dict.fromkeys(name for form in forms for name in form if name not in common))
    for name in common:
        if name not in value:
            yield Fault(f"{cause.field}.{name}", "Required value", f"set {name}")
    taken = [name for name in choice if name in value]
    if not taken:
        yield Fault(cause.field, f"has none of {', '.join(choice)}", f"set one of {', '.join(choice)}")
    for name in taken[1:]:
        yield Fault(f"{cause.field}.{name}", f"does not go with {taken[0]}", f"take {name} or {taken[0]} out")


def _cure(cause: Cause, schema: Schema, value: Any) -> str:
    if cause.reason == "FieldValueTypeInvalid":
        return "write a value of that type"
    if cause.reason == "FieldValueRequired":
        return f"set {steps_of(cause.field)[-1]}"
    if schema.get("enum") and isinstance(value, str):
        return did_you_mean(value, filter(None, schema["enum"])).removeprefix("; ")
    return _span(value) if str(schema.get("pattern", "")).startswith(_TIMES) else ""


def _span(value: Any) -> str:
    """A duration as Flagger's fields take it: minutes or seconds."""
    found = _DURATION.match(str(value))
    unit = found[2][0].lower() if found else ""
    if found and unit in "hms":
        return f'did you mean "{int(found[1]) * 60}m"?' if unit == "h" else f'did you mean "{found[1]}{unit}"?'
    return "write it as 1m or 30s"
