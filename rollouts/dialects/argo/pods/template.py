"""A whole pod template as a ReplicaSet would hold it: labels, annotations, pod. Called by the Rollout's validation."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods.labels import annotation_faults, label_faults
from rollouts.dialects.argo.pods.spec import pod_faults
from rollouts.dialects.argo.pods.wording import forbidden, invalid, unsupported
from rollouts.model.faults import Fault
from rollouts.model.selectors import selects

_MIRROR = "kubernetes.io/config.mirror"


def template_faults(template: Mapping[str, Any], selector: Mapping[str, Any] | None, path: str) -> Iterator[Fault]:
    """Everything wrong with a template; no selector at all selects nothing, an empty one everything."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    if selector is None or not selects(selector, labels):
        cure = "give the pods the selector's labels"
        yield invalid(f"{path}.metadata.labels", labels or None, "`selector` does not match template `labels`", cure)
    yield from label_faults(labels, f"{path}.labels")
    yield from annotation_faults(annotations, f"{path}.annotations")
    yield from _known_annotations(annotations, spec, f"{path}.annotations")
    yield from pod_faults(spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        yield forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")
    if spec.get("restartPolicy", "Always") != "Always":
        yield unsupported(f"{path}.spec.restartPolicy", spec["restartPolicy"], ["Always"])
    if spec.get("activeDeadlineSeconds") is not None:
        text = "activeDeadlineSeconds in ReplicaSet is not Supported"
        yield forbidden(f"{path}.spec.activeDeadlineSeconds", text)


def _known_annotations(annotations: Mapping[str, str], spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Annotations that Kubernetes itself reads."""
    if _MIRROR in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        yield invalid(f"{path}[{_MIRROR}]", annotations[_MIRROR], text)
