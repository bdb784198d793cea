"""AnalysisTemplate, ClusterAnalysisTemplate, AnalysisRun and Experiment."""

from tools.crds import metrics
from tools.crds.schema import (
    Schema,
    array,
    boolean,
    conditions,
    integer,
    label_selector,
    obj,
    pod_metadata,
    pod_template,
    string,
    string_map,
    time,
)


def template() -> Schema:
    """An AnalysisTemplate, of a namespace or of the cluster."""
    fields = {**metrics.analysis_spec(), "templates": metrics.template_refs("Templates that it includes.")}
    return obj("Metrics that judge a version.", {"spec": obj("What is measured.", fields)})


def ttl() -> Schema:
    """How long a finished run is kept."""
    fields = {
        "secondsAfterCompletion": integer("Seconds after its end."),
        "secondsAfterSuccess": integer("Seconds after success."),
        "secondsAfterFailure": integer("Seconds after failure."),
    }
    return obj("How long it is kept after its end.", fields)


def summary(description: str) -> Schema:
    """How many metrics ended how."""
    names = ("count", "successful", "failed", "inconclusive", "error")
    return obj(description, {name: integer(f"Number of metrics: {name}.") for name in names})


def measurement() -> Schema:
    """One measurement."""
    fields = {
        "phase": string("Its verdict."),
        "message": string("Why."),
        "startedAt": time("When it started."),
        "finishedAt": time("When it ended."),
        "resumeAt": time("When it is looked at again."),
        "value": string("What was measured."),
        "metadata": string_map("What the provider notes."),
    }
    return obj("One measurement.", fields, ["phase"])


def metric_result() -> Schema:
    """What became of one metric."""
    counters = ("count", "successful", "failed", "inconclusive", "error", "consecutiveError", "consecutiveSuccess")
    fields = {
        "name": string("Name of the metric."),
        "phase": string("Its verdict."),
        "message": string("Why."),
        "dryRun": boolean("It decides nothing."),
        "metadata": string_map("What the provider notes."),
        "measurements": array("The last measurements.", measurement()),
        **{name: integer(f"Number of measurements: {name}.") for name in counters},
    }
    return obj("One metric.", fields, ["name", "phase"])


def run() -> Schema:
    """An AnalysisRun."""
    spec = {
        **metrics.analysis_spec(),
        "terminate": boolean("End it now."),
        "ttlStrategy": ttl(),
    }
    status = {
        "phase": string("Pending, Running, Successful, Failed, Error or Inconclusive."),
        "message": string("Why."),
        "startedAt": time("When it started."),
        "completedAt": time("When it ended."),
        "metricResults": array("Results by metric.", metric_result()),
        "runSummary": summary("Metrics that decide."),
        "dryRunSummary": summary("Metrics that decide nothing."),
    }
    fields = {"spec": obj("What is measured.", spec), "status": obj("What came out.", status, ["phase"])}
    return obj("One run of an analysis.", fields)


def experiment_spec() -> Schema:
    """Versions beside each other and analyses that judge them."""
    version = {
        "name": string("Name, unique in the experiment."),
        "replicas": integer("Number of pods (1 if absent)."),
        "minReadySeconds": integer("Seconds that a pod must be ready to count as available."),
        "selector": label_selector("Which pods are the template's."),
        "template": pod_template("Its pods."),
        "service": metrics.service_name(),
    }
    fields = {
        "templates": array("Versions that run.", obj("One version.", version, ["name", "selector", "template"])),
        "duration": string("How long it runs."),
        "progressDeadlineSeconds": integer("Seconds for pods to become ready (600 if absent)."),
        "terminate": boolean("End it now."),
        "analyses": array("Analyses that judge it.", metrics.experiment_analysis(metrics.argument())),
        "scaleDownDelaySeconds": integer("Seconds that its pods stay afterwards (30 if absent)."),
        "dryRun": metrics.dry_run(),
        "measurementRetention": metrics.measurement_retention(),
        "analysisRunMetadata": pod_metadata("Labels and annotations of its AnalysisRuns."),
    }
    return obj("What runs.", fields)


def template_status() -> Schema:
    """Where one version of an experiment stands."""
    fields = {
        "name": string("Name of the template."),
        "status": string("Progressing, Running, Successful, Failed or Error."),
        "message": string("Why."),
        "lastTransitionTime": time("When its status last changed."),
        "replicas": integer("Its pods."),
        "updatedReplicas": integer("Its pods of this template."),
        "readyReplicas": integer("Its ready pods."),
        "availableReplicas": integer("Its available pods."),
        "collisionCount": integer("How often a ReplicaSet's name was taken."),
        "serviceName": string("Its Service."),
        "podTemplateHash": string("Its pod template hash."),
    }
    return obj("One version.", fields, ["name"])


def experiment() -> Schema:
    """An Experiment."""
    run_fields = {
        "name": string("Name of the analysis."),
        "analysisRun": string("Name of its AnalysisRun."),
        "phase": string("Its verdict."),
        "message": string("Why."),
    }
    status = {
        "phase": string("Pending, Running, Successful, Failed, Error or Inconclusive."),
        "message": string("Why."),
        "availableAt": time("When all versions were available."),
        "templateStatuses": array("Versions.", template_status()),
        "analysisRuns": array("Analyses.", obj("One analysis.", run_fields)),
        "conditions": conditions("Conditions."),
    }
    fields = {"spec": experiment_spec(), "status": obj("What came out.", status)}
    return obj("Versions that run beside each other for a while.", fields)
