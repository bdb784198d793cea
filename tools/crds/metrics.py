"""Metrics, their providers and arguments: what templates and runs of an analysis have in common."""

from tools.crds import cloud
from tools.crds.schema import (
    Schema,
    anything,
    array,
    boolean,
    free_object,
    int_or_string,
    integer,
    obj,
    pod_metadata,
    string,
    strings,
)


def authentication() -> Schema:
    """Credentials for an HTTP metric source."""
    basic = {"username": string("User name."), "password": string("Password.")}
    oauth2 = {
        "tokenUrl": string("Where tokens are issued."),
        "clientId": string("Client id."),
        "clientSecret": string("Client secret."),
        "scopes": strings("Scopes to ask for."),
    }
    sigv4 = {
        "region": string("AWS region."),
        "profile": string("AWS profile."),
        "roleArn": string("Role to assume."),
    }
    fields = {
        "basicAuth": obj("User name and password.", basic),
        "oauth2": obj("OAuth2 client credentials.", oauth2),
        "sigv4": obj("AWS signature, version 4.", sigv4),
    }
    return obj("How requests are authenticated.", fields)


def headers() -> Schema:
    """HTTP headers as a list."""
    header = obj("One header.", {"key": string("Header name."), "value": string("Header value.")}, ["key", "value"])
    return array("Headers sent with each request.", header)


def prometheus() -> Schema:
    """A query to Prometheus, instant or over a range."""
    span = {
        "start": string("Expression for the first moment, such as now() - duration('5m')."),
        "end": string("Expression for the last moment."),
        "step": string("Resolution, such as 1m."),
    }
    fields = {
        "address": string("URL of Prometheus."),
        "query": string("PromQL query."),
        "timeout": integer("Seconds that a query may take (30 if absent).", 64),
        "insecure": boolean("Do not verify the server's certificate."),
        "headers": headers(),
        "authentication": authentication(),
        "rangeQuery": obj("Makes it a range query.", span),
    }
    return obj("Measures by PromQL.", fields)


def web() -> Schema:
    """A request to any HTTP server that answers JSON."""
    fields = {
        "method": string("GET, POST or PUT (GET if absent)."),
        "url": string("URL to call."),
        "headers": headers(),
        "body": string("Request body as text."),
        "jsonBody": anything("Request body as JSON."),
        "timeoutSeconds": integer("Seconds that a request may take (10 if absent).", 64),
        "jsonPath": string("JSONPath to the result ({$} if absent)."),
        "insecure": boolean("Do not verify the server's certificate."),
        "authentication": authentication(),
    }
    return obj("Measures by an HTTP request.", fields, ["url"])


def job() -> Schema:
    """A Kubernetes Job whose end is the measurement."""
    fields = {
        "metadata": pod_metadata("Labels and annotations of the Job."),
        "spec": free_object("A batch/v1 JobSpec."),
    }
    return obj("Measures by running a Job.", fields, ["spec"])


def provider() -> Schema:
    """Where a metric's measurements come from; one key is set."""
    fields = {
        "prometheus": prometheus(),
        "web": web(),
        "job": job(),
        "plugin": free_object("Settings of a metric plugin, by the plugin's name."),
        **cloud.PROVIDERS,
    }
    return obj("Where the measurements come from: exactly one key.", fields)


def metric() -> Schema:
    """One metric of an analysis."""
    fields = {
        "name": string("Name, unique in the analysis."),
        "provider": provider(),
        "interval": string("Time between measurements, such as 30s."),
        "initialDelay": string("Time before the first measurement."),
        "count": int_or_string("How many measurements are made."),
        "successCondition": string("Expression that is true for a good result."),
        "failureCondition": string("Expression that is true for a bad result."),
        "failureLimit": int_or_string("How many failures are tolerated; -1: any number."),
        "inconclusiveLimit": int_or_string("How many inconclusive measurements are tolerated."),
        "consecutiveErrorLimit": int_or_string("How many errors in a row are tolerated (4 if absent)."),
        "consecutiveSuccessLimit": int_or_string("How many successes in a row end the metric as successful."),
    }
    return obj("One metric.", fields, ["name", "provider"])


def argument() -> Schema:
    """An argument of a template or run."""
    secret = {"name": string("Name of the Secret."), "key": string("Key in the Secret.")}
    source = {
        "secretKeyRef": obj("A key of a Secret.", secret, ["name", "key"]),
        "fieldRef": obj("A field of the object.", {"fieldPath": string("Path of the field.")}, ["fieldPath"]),
    }
    fields = {
        "name": string("Name, as in {{args.name}}."),
        "value": string("Value; without one it must be supplied."),
        "valueFrom": obj("Where the value comes from.", source),
    }
    return obj("One argument.", fields, ["name"])


def supplied_argument() -> Schema:
    """An argument that a Rollout or Experiment supplies to its analysis."""
    source = {
        "podTemplateHashValue": string("Stable or Latest: the pod template hash of that version."),
        "fieldRef": obj("A field of the object.", {"fieldPath": string("Path of the field.")}, ["fieldPath"]),
    }
    fields = {
        "name": string("Name of the argument."),
        "value": string("Value."),
        "valueFrom": obj("Where the value comes from.", source),
    }
    return obj("One argument.", fields, ["name"])


def dry_run() -> Schema:
    """Metrics that are measured without deciding anything."""
    rule = obj("One rule.", {"metricName": string("Regular expression for metric names.")}, ["metricName"])
    return array("Metrics that are measured but decide nothing.", rule)


def measurement_retention() -> Schema:
    """How many measurements a metric keeps."""
    fields = {
        "metricName": string("Regular expression for metric names."),
        "limit": integer("How many finished measurements are kept."),
    }
    return array("How many measurements are kept (10 if absent).", obj("One rule.", fields, ["metricName", "limit"]))


def template_refs(description: str) -> Schema:
    """References to AnalysisTemplates and ClusterAnalysisTemplates."""
    fields = {
        "templateName": string("Name of the template."),
        "clusterScope": boolean("It is a ClusterAnalysisTemplate."),
    }
    return array(description, obj("One template.", fields))


def analysis_spec() -> dict[str, Schema]:
    """The fields that templates and runs share."""
    return {
        "metrics": array("What is measured.", metric()),
        "args": array("Arguments of the metrics.", argument()),
        "dryRun": dry_run(),
        "measurementRetention": measurement_retention(),
    }


def analysis_ref(description: str, *, can_start_late: bool = False) -> Schema:
    """An analysis as a Rollout asks for it."""
    fields = {
        "templates": template_refs("Templates whose metrics are measured."),
        "args": array("Arguments for the templates.", supplied_argument()),
        "dryRun": dry_run(),
        "measurementRetention": measurement_retention(),
        "analysisRunMetadata": pod_metadata("Labels and annotations of the AnalysisRun."),
    }
    if can_start_late:
        fields["startingStep"] = integer("Index of the step at which it starts.")
    return obj(description, fields)


def experiment_analysis(argument: Schema) -> Schema:
    """An analysis that an experiment runs; an Experiment itself may also take arguments from Secrets."""
    fields = {
        "name": string("Name, unique in the experiment."),
        "templateName": string("Name of the template."),
        "clusterScope": boolean("It is a ClusterAnalysisTemplate."),
        "args": array("Arguments for the template.", argument),
        "requiredForCompletion": boolean("The experiment ends successfully only when this analysis has."),
    }
    return obj("One analysis.", fields, ["name", "templateName"])


def service_name() -> Schema:
    """The Service that an experiment makes for a template."""
    return obj("Makes a Service for the template's pods.", {"name": string("Name of the Service.")})
