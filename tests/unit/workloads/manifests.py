"""Rollouts and ReplicaSets as an API server gives them. Makers; no test in here."""

from typing import Any

from rollouts.model.objects import Json


def a_manifest(affinity: Json | None = None, **canary: Any) -> Json:
    """A Rollout with a canary of these fields, and an affinity of the user's own."""
    spec: Json = {"containers": [{"name": "shop", "image": "shop:v1"}]}
    if affinity is not None:
        spec["affinity"] = affinity
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "namespace": "default", "uid": "ro-uid"},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {"metadata": {"labels": {"app": "shop"}}, "spec": spec},
            "strategy": {"canary": canary},
        },
    }


def stored(replica_set: Json) -> Json:
    """The ReplicaSet once an API server has stored it."""
    meta = {**replica_set["metadata"], "uid": "rs-uid", "creationTimestamp": "2026-11-01T12:00:00Z"}
    return {**replica_set, "metadata": meta}
