"""The Rollout: its specification. Strategies and status have modules of their own."""

from tools.crds import status, strategy
from tools.crds.schema import Schema, boolean, integer, label_selector, obj, pod_template, string, time


def selector() -> Schema:
    """Which pods are the rollout's; fixed once it is set."""
    immutable = {"rule": "self == oldSelf", "message": "selector cannot be changed; make a new Rollout instead"}
    return {**label_selector("Which pods belong to it."), "x-kubernetes-validations": [immutable]}


def workload_ref() -> Schema:
    """Another object that holds the pod template."""
    fields = {
        "apiVersion": string("API version of the object."),
        "kind": string("Deployment, ReplicaSet or PodTemplate."),
        "name": string("Name of the object."),
        "scaleDown": string("When its own pods go: never (if absent), onsuccess or progressively."),
    }
    return obj("Takes the pod template from another object.", fields)


def history() -> Schema:
    """How many analysis runs are kept."""
    fields = {
        "successfulRunHistoryLimit": integer("How many successful runs are kept (5 if absent)."),
        "unsuccessfulRunHistoryLimit": integer("How many other runs are kept (5 if absent)."),
    }
    return obj("How many AnalysisRuns and Experiments are kept.", fields)


def spec() -> Schema:
    """What the user wants."""
    fields = {
        "replicas": integer("How many pods are wanted (1 if absent)."),
        "selector": selector(),
        "template": pod_template("The pods of this version."),
        "workloadRef": workload_ref(),
        "minReadySeconds": integer("Seconds that a pod must be ready to count as available."),
        "revisionHistoryLimit": integer("How many old ReplicaSets are kept (10 if absent)."),
        "paused": boolean("Stops scaling and steps."),
        "progressDeadlineSeconds": integer("Seconds without progress until it is degraded (600 if absent)."),
        "progressDeadlineAbort": boolean("Abort when the deadline passes."),
        "restartAt": time("Pods older than this are evicted."),
        "rollbackWindow": obj(
            "Lets a recent version return without steps.",
            {"revisions": integer("How many revisions back count as recent.")},
        ),
        "analysis": history(),
        "strategy": obj(
            "How a new version takes over: exactly one key.",
            {"canary": strategy.canary(), "blueGreen": strategy.blue_green()},
        ),
    }
    return obj("What is wanted.", fields)


def schema() -> Schema:
    """Specification and status."""
    return obj("A workload whose versions are delivered step by step.", {"spec": spec(), "status": status.rollout()})
