"""What the controllers ask of a pod, and how they make one. Pure."""

from datetime import datetime, timedelta

from rollouts.cluster.port import Json, Resource
from rollouts.model.objects import owner_reference
from rollouts.simulator.workloads.conditions import condition_of, is_true, moment_of


def phase_of(pod: Json) -> str:
    """The pod's phase; a new one is pending."""
    phase: str = (pod.get("status") or {}).get("phase") or "Pending"
    return phase


def is_finished(pod: Json) -> bool:
    """It ran to an end."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_ready(pod: Json) -> bool:
    """It takes traffic."""
    return is_true(pod, "Ready")


def available_at(pod: Json, min_ready: timedelta) -> datetime | None:
    """When a ready pod counts as available; None for one that is not ready."""
    condition = condition_of(pod, "Ready")
    if condition is None or condition["status"] != "True":
        return None
    return moment_of(condition["lastTransitionTime"]) + min_ready


def controller_of(obj: Json) -> Json | None:
    """The ownerReference of the one who controls the object."""
    references: list[Json] = obj["metadata"].get("ownerReferences") or []
    return next((ref for ref in references if ref.get("controller")), None)


def is_controlled_by(obj: Json, owner: Json) -> bool:
    """Is `owner` the object's controller?"""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def reference_to(owner: Json, resource: Resource) -> Json:
    """The ownerReference of a controller."""
    meta = owner["metadata"]
    return owner_reference(resource.api_version, resource.kind, meta["name"], meta["uid"])


def pod_of(owner: Json, resource: Resource, template: Json) -> Json:
    """A pod by its owner's template."""
    meta = template.get("metadata") or {}
    kept = {name: dict(meta[name]) for name in ("labels", "annotations") if meta.get(name)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **kept,
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "ownerReferences": [reference_to(owner, resource)],
        },
        "spec": template.get("spec") or {},
    }
