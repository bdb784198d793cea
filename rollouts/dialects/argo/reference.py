"""The pod template that a Rollout takes from another object. Called by controller/observe before anything is decided.

`resolved` puts template and selector where the rollout's own would stand, for this round only: nothing of it is ever
written back. The mark `templateResolvedFromRef` is Argo's; it tells validation whose template it sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.dialects.argo.reading import integer
from rollouts.model.faults import Fault
from rollouts.model.objects import Json, Ref
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import WorkloadRef
from rollouts.model.workload import Workload

RESOLVED = "templateResolvedFromRef"


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a kind keeps its pod template and its selector (empty: it has none), and what its collection is called."""

    collection: str
    template: tuple[str, ...]
    selector: tuple[str, ...] = ()


KINDS: Mapping[tuple[str, str], _Kind] = {
    ("apps/v1", "Deployment"): _Kind("deployments.apps", ("spec", "template"), ("spec", "selector")),
    ("apps/v1", "ReplicaSet"): _Kind("replicasets.apps", ("spec", "template"), ("spec", "selector")),
    ("v1", "PodTemplate"): _Kind("podtemplates", ("template",)),
}
"""What a rollout may take its template from."""


def reference_of(workload: WorkloadRef, namespace: str) -> Ref | None:
    """The address of the referenced object; None for a kind that cannot be referenced."""
    if (workload.api_version, workload.kind) not in KINDS:
        return None
    return Ref(workload.api_version, workload.kind, namespace, workload.name)


def reference_fault(workload: WorkloadRef, namespace: str) -> Fault:
    """Why a reference that leads nowhere does so. The texts are Argo's, path and all."""
    kind = KINDS.get((workload.api_version, workload.kind))
    if kind is None:
        group = workload.api_version.rpartition("/")[0]
        known = ", ".join(f"{kind} ({version})" for version, kind in KINDS)
        message = f"workload of type {group}/{workload.kind} is not supported"
        return Fault("", message, f"spec.workloadRef: name one of {known}")
    message = f'{kind.collection} "{namespace}/{workload.name}" not found'
    return Fault("", message, f"create the {workload.kind}, or correct spec.workloadRef.name")


def resolved(manifest: Json, workload: Json) -> Json:
    """The manifest with the workload's template, and with its selector where it has none of its own."""
    kind = KINDS[workload["apiVersion"], workload["kind"]]
    spec = {**mapping(manifest.get("spec")), "template": _at(workload, kind.template), RESOLVED: True}
    if spec.get("selector") is None and kind.selector:
        spec["selector"] = _at(workload, kind.selector)
    return {**manifest, "spec": spec}


def has_own_template(manifest: Json) -> bool:
    """Whether the rollout brings a template beside the reference: one too many, which validation says."""
    template = mapping(mapping(manifest.get("spec")).get("template"))
    return any(template.get(part) for part in ("metadata", "spec"))


def workload_of(obj: Json) -> Workload:
    """The referenced object as a decision sees it."""
    meta, spec = obj["metadata"], mapping(obj.get("spec"))
    generation = integer(meta.get("generation"))
    return Workload(text(obj.get("kind")), meta["name"], integer(spec.get("replicas")), str(generation or 0))


def _at(obj: Json, path: tuple[str, ...]) -> Json | None:
    found: Any = obj
    for part in path:
        found = mapping(found).get(part)
    return found if isinstance(found, dict) else None
