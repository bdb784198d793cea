"""Small worlds for the CLI's tests, built by name."""

from typing import Any

from rollouts.cluster.port import Json

HASH = "rollouts-pod-template-hash"
CANARY_STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]


def a_rollout(name: str = "web", *, spec: Json | None = None, namespace: str = "default", **status: Any) -> Json:
    """A canary in its second step, with 5 replicas; `spec` and status fields replace the usual."""
    usual = {
        "observedGeneration": "1",
        "currentPodHash": "new",
        "stableRS": "old",
        "currentStepIndex": 1,
        "replicas": 5,
        "updatedReplicas": 1,
        "readyReplicas": 5,
        "availableReplicas": 5,
        "phase": "Progressing",
        "message": "more replicas need to be updated",
    }
    return {
        "kind": "Rollout",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "generation": 1,
            "creationTimestamp": "2026-11-10T11:00:00Z",
        },
        "spec": {
            "replicas": 5,
            "strategy": {"canary": {"steps": CANARY_STEPS}},
            "template": a_template("v2"),
            **(spec or {}),
        },
        "status": {**usual, **status},
    }


def a_template(tag: str, **labels: str) -> Json:
    """A pod template of one container."""
    container = {"name": "web", "image": f"web:{tag}", "resources": {}}
    return {"metadata": {"labels": {"app": "web", **labels}}, "spec": {"containers": [container]}}


def a_replica_set(hash_: str, revision: int, tag: str, *, replicas: int = 1, owner: str = "web") -> Json:
    """A ReplicaSet of the rollout, all of its pods available."""
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{owner}-{hash_}",
            "namespace": "default",
            "uid": f"uid-{hash_}",
            "creationTimestamp": "2026-11-10T11:50:00Z",
            "labels": {HASH: hash_},
            "annotations": {"rollout.argoproj.io/revision": str(revision)},
            "ownerReferences": [{"uid": f"uid-{owner}"}],
        },
        "spec": {"replicas": replicas, "template": a_template(tag, **{HASH: hash_})},
        "status": {"replicas": replicas, "availableReplicas": replicas},
    }


def an_experiment(
    name: str = "try", *, made: str = "2026-11-10T11:00:00Z", duration: str = "10m", **status: Any
) -> Json:
    """An experiment of ten minutes, made an hour ago."""
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "creationTimestamp": made}
    return {"kind": "Experiment", "metadata": metadata, "spec": {"duration": duration}, "status": status}
