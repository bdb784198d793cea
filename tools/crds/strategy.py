"""Canary and blue-green: the strategies of a Rollout and the steps of a canary."""

from tools.crds import metrics, traffic
from tools.crds.schema import (
    Schema,
    anything,
    array,
    boolean,
    int_or_string,
    integer,
    label_selector,
    obj,
    pod_metadata,
    string,
)


def anti_affinity() -> Schema:
    """Keeps new pods off the nodes of stable ones."""
    preferred = obj("Preferred.", {"weight": integer("Weight from 1 to 100.")}, ["weight"])
    fields = {
        "requiredDuringSchedulingIgnoredDuringExecution": obj("Required.", {}),
        "preferredDuringSchedulingIgnoredDuringExecution": preferred,
    }
    return obj("Keeps pods of the new version off nodes of the stable one: exactly one key.", fields)


def delays() -> dict[str, Schema]:
    """How long old pods stay; both strategies have these."""
    return {
        "scaleDownDelaySeconds": integer("Seconds that the old version stays after the switch (30 if absent)."),
        "scaleDownDelayRevisionLimit": integer("How many old versions may stay at once."),
        "abortScaleDownDelaySeconds": integer("Seconds that the new version stays after an abort; 0: it stays."),
        "antiAffinity": anti_affinity(),
        "maxUnavailable": int_or_string("Pods that may be unavailable, as a number or percentage (25% if absent)."),
    }


def blue_green() -> Schema:
    """All traffic at once, after a preview."""
    fields = {
        "activeService": string("Service with live traffic."),
        "previewService": string("Service on the new version before the switch."),
        "previewReplicaCount": integer("Pods of the new version before the switch."),
        "autoPromotionEnabled": boolean("Switch without a human (true if absent)."),
        "autoPromotionSeconds": integer("Seconds to wait before the switch."),
        "prePromotionAnalysis": metrics.analysis_ref("Decides whether traffic is switched."),
        "postPromotionAnalysis": metrics.analysis_ref("Decides whether the switch stays."),
        "previewMetadata": pod_metadata("Labels and annotations of preview pods."),
        "activeMetadata": pod_metadata("Labels and annotations of active pods."),
        **delays(),
    }
    return obj("Switches all traffic at once.", fields, ["activeService"])


def canary() -> Schema:
    """Traffic in steps."""
    threshold = {"type": string("Percent or Pods."), "value": integer("How much of it.")}
    ping_pong = {"pingService": string("One Service."), "pongService": string("The other Service.")}
    fields = {
        "canaryService": string("Service of the new version."),
        "stableService": string("Service of the stable version."),
        "steps": array("What happens, in order; none: a rolling update.", step()),
        "trafficRouting": traffic.routing(),
        "maxSurge": int_or_string("Pods above the wanted number, as a number or percentage (25% if absent)."),
        "analysis": metrics.analysis_ref("Runs in the background.", can_start_late=True),
        "canaryMetadata": pod_metadata("Labels and annotations of canary pods."),
        "stableMetadata": pod_metadata("Labels and annotations of stable pods."),
        "dynamicStableScale": boolean("Shrinks the stable version as the canary grows."),
        "pingPong": obj("Two Services that swap roles.", ping_pong, ["pingService", "pongService"]),
        "minPodsPerReplicaSet": integer("Fewest pods of a version that has any."),
        "replicaProgressThreshold": obj("How much of a step's scale is enough.", threshold, ["type", "value"]),
        **delays(),
    }
    return obj("Shifts traffic in steps.", fields)


def step() -> Schema:
    """One step of a canary."""
    scale = {
        "weight": integer("Percent of the wanted pods."),
        "replicas": integer("Number of pods."),
        "matchTrafficWeight": boolean("Follow the traffic's weight again."),
    }
    plugin = {"name": string("Name of the plugin."), "config": anything("Its settings.")}
    duration = int_or_string("How long, in seconds or such as 1h; absent: until it is promoted.")
    fields = {
        "setWeight": integer("Percent of traffic for the new version."),
        "pause": obj("Waits.", {"duration": duration}),
        "setCanaryScale": obj("Scales the canary apart from its weight.", scale),
        "analysis": metrics.analysis_ref("Runs before the next step."),
        "experiment": experiment(),
        "setHeaderRoute": header_route(),
        "setMirrorRoute": mirror_route(),
        "plugin": obj("Runs a step plugin.", plugin, ["name"]),
    }
    return obj("One step: one key.", fields)


def experiment() -> Schema:
    """An experiment as a step."""
    template = {
        "name": string("Name, unique in the step."),
        "specRef": string("stable or canary: whose pods it runs."),
        "replicas": integer("Number of pods (1 if absent)."),
        "metadata": pod_metadata("Labels and annotations added to its pods."),
        "selector": label_selector("Which pods are the template's."),
        "weight": integer("Percent of traffic."),
        "service": metrics.service_name(),
    }
    fields = {
        "templates": array("Versions that run.", obj("One version.", template)),
        "duration": string("How long it runs."),
        "analyses": array("Analyses that judge it.", metrics.experiment_analysis(metrics.supplied_argument())),
        "dryRun": metrics.dry_run(),
        "analysisRunMetadata": pod_metadata("Labels and annotations of its AnalysisRuns."),
        "scaleDownDelaySeconds": integer("Seconds that its pods stay afterwards (30 if absent)."),
    }
    return obj("Runs versions beside each other.", fields)


def string_match(description: str) -> Schema:
    """Text compared in one of three ways."""
    words = {
        "exact": string("It is equal to this."),
        "prefix": string("It starts with this."),
        "regex": string("This regular expression matches it."),
    }
    return obj(description, words)


def header_route() -> Schema:
    """Requests with a header go to the canary."""
    match = {"headerName": string("Name of the header."), "headerValue": string_match("Its value.")}
    fields = {
        "name": string("Name of the managed route."),
        "match": array(
            "Headers that must match; none: the route is removed.",
            obj("One header.", match, ["headerName", "headerValue"]),
        ),
    }
    return obj("Sends requests with certain headers to the new version.", fields)


def mirror_route() -> Schema:
    """Copies of requests go to the canary."""
    match = {
        "method": string_match("Method of the request."),
        "path": string_match("Path of the request."),
        "headers": {
            "description": "Headers by name.",
            "type": "object",
            "additionalProperties": string_match("Value of the header."),
        },
    }
    fields = {
        "name": string("Name of the managed route."),
        "match": array("Requests that are copied; none: the route is removed.", obj("One rule.", match)),
        "percentage": integer("Percent of requests that are copied (100 if absent)."),
    }
    return obj("Sends copies of requests to the new version.", fields, ["name"])
