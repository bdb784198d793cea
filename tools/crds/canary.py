"""Canary, MetricTemplate and AlertProvider: Flagger's kinds, each field that its own definitions accept."""

from tools.crds.canary_service import service, text_matches
from tools.crds.schema import (
    Schema,
    array,
    boolean,
    conditions,
    integer,
    named,
    number,
    obj,
    string,
    string_map,
    time,
)

SPAN = "^[0-9]+(m|s)"
PROVIDERS = [
    "apisix",
    "appmesh",
    "appmesh:v1beta2",
    "contour",
    "gatewayapi:v1",
    "gatewayapi:v1beta1",
    "gloo",
    "istio",
    "knative",
    "kubernetes",
    "kuma",
    "linkerd",
    "nginx",
    "osm",
    "skipper",
    "smi:v1alpha1",
    "smi:v1alpha2",
    "smi:v1alpha3",
    "traefik",
]
WEBHOOKS = [
    "",
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
    "event",
]
METRIC_SOURCES = [
    "prometheus",
    "influxdb",
    "datadog",
    "externalmetrics",
    "stackdriver",
    "cloudwatch",
    "newrelic",
    "graphite",
    "dynatrace",
    "keptn",
    "splunk",
]
PHASES = [
    "",
    "Initializing",
    "Initialized",
    "Waiting",
    "Progressing",
    "WaitingPromotion",
    "Promoting",
    "Finalising",
    "Succeeded",
    "Failed",
    "Terminating",
    "Terminated",
]


def reference(description: str, *kinds: str, **more: Schema) -> Schema:
    """An object of the same namespace; `more` are fields beside its name."""
    fields = {
        "apiVersion": string("Its API version."),
        "kind": string(f"Its kind: {', '.join(kinds)}.", enum=list(kinds)),
        "name": string("Its name."),
    }
    return obj(description, {**fields, **more}, ["apiVersion", "kind", "name"])


def at_least_one(description: str) -> Schema:
    """A size of at least one."""
    return {**integer(description), "minimum": 1}


def scaler() -> Schema:
    """The target's autoscaler, and what the primary's has otherwise."""
    sizes = {"minReplicas": at_least_one("Least size."), "maxReplicas": at_least_one("Largest size.")}
    return reference(
        "The target's autoscaler; the primary gets one like it.",
        "HorizontalPodAutoscaler",
        "ScaledObject",
        primaryScalerQueries=string_map("Queries of the primary's triggers, by the trigger's name (KEDA)."),
        primaryScalerReplicas=obj("Sizes of the primary (the target's if absent).", sizes),
    )


def elsewhere(description: str) -> Schema:
    """An object by name, perhaps of another namespace."""
    fields = {"name": string("Its name."), "namespace": string("Its namespace (the Canary's if absent).")}
    return obj(description, fields, ["name"])


def metric() -> Schema:
    """One thing that is measured in each tick."""
    bounds = {"min": number("Least value."), "max": number("Largest value.")}
    fields = {
        "name": string("Name; request-success-rate and request-duration are built in."),
        "interval": string("Span of time that is measured (1m if absent).", pattern=SPAN),
        "threshold": number("Bound in its older form; use thresholdRange."),
        "thresholdRange": obj("Values that pass, bounds included.", bounds),
        "query": string("PromQL in its older form; use templateRef."),
        "templateRef": elsewhere("MetricTemplate that says how it is measured."),
        "templateVariables": string_map("Values for the template's variables."),
    }
    return obj("One metric.", fields, ["name"])


def webhook() -> Schema:
    """Somebody who is asked, or told."""
    fields = {
        "name": string("Name, as events give it."),
        "type": string("When it is called (rollout if absent).", enum=WEBHOOKS),
        "url": string("Address to call."),
        "timeout": string("Time for a call (10s if absent).", pattern=SPAN),
        "retries": number("How often a call is tried again."),
        "disableTLS": boolean("Do not verify the server's certificate."),
        "muteAlert": boolean("No alert when it refuses."),
        "metadata": string_map("Values that are sent along."),
    }
    return obj("One webhook.", fields, ["name", "url"])


def alert() -> Schema:
    """Where news are sent."""
    fields = {
        "name": string("Name of the alert."),
        "severity": string("Least severity that is sent (info if absent).", enum=["", "info", "warn", "error"]),
        "providerRef": elsewhere("AlertProvider that it is sent by."),
    }
    return obj("One alert.", fields, ["name", "providerRef"])


def affinity() -> Schema:
    """Cookies that keep users on the version that they have seen."""
    fields = {
        "cookieName": string("Cookie of users of the canary."),
        "primaryCookieName": string("Cookie of users of the primary."),
        "maxAge": number("Seconds that the cookie lasts (86400 if absent)."),
        "domain": string("Domain of the cookie."),
        "path": string("Path of the cookie."),
        "sameSite": string("Whether other sites' requests carry it.", enum=["Strict", "Lax", "None"]),
        "httpOnly": boolean("Scripts cannot read it."),
        "secure": boolean("It goes over HTTPS only."),
        "partitioned": boolean("It is kept apart for each site."),
    }
    return obj("Keeps users on the version that they have seen.", fields, ["cookieName"])


def requests() -> Schema:
    """Requests that see the canary in an A/B test."""
    fields = {
        "headers": text_matches("Headers of the request.", ("exact", "prefix", "suffix", "regex")),
        "queryParams": text_matches("Query parameters of the request."),
        "sourceLabels": string_map("Labels of the workload that calls (Istio)."),
    }
    return array("Requests that see the canary; all others do not.", obj("One match.", fields))


def analysis() -> Schema:
    """How a new version is judged, and how it gets its traffic."""
    fields = {
        "interval": string("Time between two ticks, 10s at least.", pattern=SPAN),
        "threshold": number("Failed ticks that end the run."),
        "iterations": number("Ticks that must pass (A/B tests, blue/green)."),
        "maxWeight": number("Weight at which it is promoted (100 if absent)."),
        "stepWeight": number("What its weight grows by in each tick."),
        "stepWeights": array("Its weights, one a tick.", {"type": "number"}),
        "stepWeightPromotion": number("What the primary's weight grows by on the way back (all at once if absent)."),
        "mirror": boolean("It gets copies of requests first."),
        "mirrorWeight": number("Percentage of requests that are copied (Istio)."),
        "primaryReadyThreshold": number("Percentage of the primary's pods that must be available (100 if absent)."),
        "canaryReadyThreshold": number("Percentage of the canary's pods that must be available (100 if absent)."),
        "match": requests(),
        "sessionAffinity": affinity(),
        "metrics": array("What is measured in each tick.", metric()),
        "webhooks": array("Who is asked, and told.", webhook()),
        "alerts": array("Where news are sent.", alert()),
    }
    ways = [{"required": ["interval", "threshold", way]} for way in ("iterations", "stepWeight", "stepWeights")]
    return {**obj("How a new version is judged and gets its traffic.", fields), "oneOf": ways}


def spec() -> Schema:
    """What the user wants."""
    upstream = string("Its namespace.")
    fields = {
        "provider": string("Mesh or gateway that splits the traffic.", enum=PROVIDERS),
        "metricsServer": string("URL of the Prometheus that is asked."),
        "targetRef": reference("The workload whose versions are delivered.", "DaemonSet", "Deployment", "Service"),
        "autoscalerRef": scaler(),
        "ingressRef": reference("The Ingress that users come by.", "Ingress"),
        "routeRef": reference("The ApisixRoute that users come by.", "ApisixRoute"),
        "upstreamRef": reference("The Upstream whose settings are copied (Gloo).", "Upstream", namespace=upstream),
        "service": service(),
        "progressDeadlineSeconds": number("Seconds for a version to get ready (600 if absent)."),
        "skipAnalysis": boolean("New versions are promoted at once."),
        "revertOnDeletion": boolean("Deleted, it gives everything back to the target first."),
        "suspend": boolean("Nothing is done for now."),
        "analysis": analysis(),
    }
    return obj("What is delivered, and how.", fields, ["targetRef", "analysis"])


def status() -> Schema:
    """How far it is."""
    fields = {
        "phase": string("Where the run stands.", enum=PHASES),
        "failedChecks": number("Failed ticks of this run."),
        "canaryWeight": number("Percentage of the traffic that the canary gets."),
        "iterations": number("Ticks that have passed."),
        "trackedConfigs": string_map("Hashes of ConfigMaps and Secrets that the target uses."),
        "lastAppliedSpec": string("Hash of the target as it was tried last."),
        "lastPromotedSpec": string("Hash of the target as it was promoted last."),
        "lastTrackedRevision": string("What the target was when it was looked at last."),
        "lastTransitionTime": time("The last tick that counted."),
        "sessionAffinityCookie": string("Cookie of users of the canary."),
        "previousSessionAffinityCookie": string("That of the run before."),
        "primarySessionAffinityCookie": string("Cookie of users of the primary."),
        "conditions": conditions("Conditions."),
    }
    return obj("How far it is.", fields)


def canary() -> Schema:
    """A Canary."""
    return obj("Delivers versions of a workload tick by tick.", {"spec": spec(), "status": status()}, ["spec"])


def template() -> Schema:
    """A MetricTemplate."""
    header = {
        "description": "Headers that are sent along.",
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    }
    provider = {
        "type": string("Which service.", enum=METRIC_SOURCES),
        "address": string("Its URL."),
        "headers": header,
        "secretRef": named("Secret with credentials, beside the template.", "Its name."),
        "region": string("Its region (CloudWatch)."),
        "insecureSkipVerify": boolean("Do not verify the server's certificate."),
    }
    fields = {
        "provider": obj("The service that is asked.", provider, ["type"]),
        "query": string("The query, with variables in {{ }}."),
    }
    body = {
        "spec": obj("What is asked, and whom.", fields, ["provider", "query"]),
        "status": obj("Nothing is written here.", {"conditions": conditions("Conditions.")}),
    }
    return obj("A way to measure, for many Canaries.", body)


def alerts() -> Schema:
    """An AlertProvider."""
    fields = {
        "type": string("Which service.", enum=["slack", "msteams", "discord", "rocket", "gchat"]),
        "address": string("URL of its webhook."),
        "channel": string("Channel (general if absent)."),
        "username": string("Name of the sender (flagger if absent)."),
        "proxy": string("URL of a proxy."),
        "secretRef": named("Secret with key address instead, and perhaps token.", "Its name."),
    }
    ways = [{"required": ["type", way]} for way in ("address", "secretRef")]
    body = {
        "spec": {**obj("Where alerts go.", fields), "oneOf": ways},
        "status": obj("Nothing is written here.", {"conditions": conditions("Conditions.")}),
    }
    return obj("A service that alerts are sent by.", body)
