"""The status of a Rollout. Users write some of it too (abort, promoteFull, pauseConditions)."""

from tools.crds.schema import (
    Schema,
    anything,
    array,
    boolean,
    conditions,
    integer,
    obj,
    string,
    time,
)


def run_status(description: str) -> Schema:
    """Where an AnalysisRun stands."""
    fields = {
        "name": string("Name of the AnalysisRun."),
        "status": string("Its phase."),
        "message": string("Its message."),
    }
    return obj(description, fields)


def weights() -> Schema:
    """Weights as they were last set."""

    def weight(description: str) -> Schema:
        fields = {
            "weight": integer("Its weight."),
            "serviceName": string("Its Service."),
            "podTemplateHash": string("Its pod template hash."),
        }
        return obj(description, fields)

    fields = {
        "canary": weight("The new version."),
        "stable": weight("The stable version."),
        "additional": array("Versions of experiments.", weight("One version.")),
        "verified": boolean("The router confirmed them."),
    }
    return obj("Weights as they were last set.", fields)


def step_plugins() -> Schema:
    """What step plugins reported."""
    fields = {
        "index": integer("Index of the step."),
        "name": string("Name of the plugin."),
        "operation": string("Run, Terminate or Abort."),
        "phase": string("Running, Successful, Failed or Error."),
        "message": string("What the plugin said."),
        "startedAt": time("When it started."),
        "updatedAt": time("When it was last called."),
        "finishedAt": time("When it ended."),
        "backoff": string("Time until it is called again."),
        "executions": integer("How often it was called."),
        "disabled": boolean("It was skipped."),
        "status": anything("What the plugin keeps."),
    }
    return array("What step plugins reported.", obj("One operation.", fields))


def canary() -> Schema:
    """What only canaries have."""
    fields = {
        "currentStepAnalysisRunStatus": run_status("Run of the current step."),
        "currentBackgroundAnalysisRunStatus": run_status("Run in the background."),
        "currentExperiment": string("Name of the running Experiment."),
        "weights": weights(),
        "stablePingPong": string("ping or pong: which Service is stable."),
        "stepPluginStatuses": step_plugins(),
    }
    return obj("Status of a canary.", fields)


def blue_green() -> Schema:
    """What only blue-green has."""
    fields = {
        "previewSelector": string("Hash in the preview Service."),
        "activeSelector": string("Hash in the active Service."),
        "scaleUpPreviewCheckPoint": boolean("The new version may grow to its full size."),
        "prePromotionAnalysisRunStatus": run_status("Run before the switch."),
        "postPromotionAnalysisRunStatus": run_status("Run after the switch."),
    }
    return obj("Status of blue-green.", fields)


def load_balancer() -> Schema:
    """AWS names behind an Ingress."""

    def resource(description: str) -> Schema:
        fields = {"name": string("Name."), "arn": string("ARN."), "fullName": string("Full name.")}
        return obj(description, fields)

    fields = {
        "ingress": string("The Ingress."),
        "loadBalancer": resource("The load balancer."),
        "canaryTargetGroup": resource("Target group of the new version."),
        "stableTargetGroup": resource("Target group of the stable version."),
    }
    return obj("AWS names behind an Ingress.", fields)


def duration() -> Schema:
    """How long the update took."""
    fields = {
        "rolloutStartedAt": time("When the update started."),
        "manualPauseStartedAt": time("When the present pause started."),
        "totalManualPauseDurationSeconds": integer("Seconds of pauses so far.", 64),
        "finishedAt": time("When it ended."),
        "completionStatus": string("How it ended."),
    }
    return obj("How long the update takes.", fields)


def counts() -> dict[str, Schema]:
    """Numbers of pods."""
    return {
        "replicas": integer("Pods of all versions."),
        "updatedReplicas": integer("Pods of the new version."),
        "readyReplicas": integer("Ready pods."),
        "availableReplicas": integer("Available pods."),
        "HPAReplicas": integer("Pods that an autoscaler counts."),
        "collisionCount": integer("How often a ReplicaSet's name was taken."),
    }


def requests() -> dict[str, Schema]:
    """What users (and failed analyses) ask for."""
    pause = {"reason": string("Why it is paused."), "startTime": time("Since when.")}
    return {
        "abort": boolean("Go back to the stable version."),
        "abortedAt": time("When it was aborted."),
        "promoteFull": boolean("Skip all steps."),
        "pauseConditions": array("Why it is paused.", obj("One pause.", pause, ["reason", "startTime"])),
        "controllerPause": boolean("The controller paused it."),
        "restartedAt": time("The restart that is done."),
    }


def rollout() -> Schema:
    """The whole status."""
    fields = {
        "phase": string("Healthy, Progressing, Paused or Degraded."),
        "message": string("Why it is in this phase."),
        "conditions": conditions("Conditions."),
        "observedGeneration": string("Generation that the status belongs to, as text."),
        "workloadObservedGeneration": string("The same for the referenced workload."),
        "currentPodHash": string("Hash of the wanted pod template."),
        "currentStepHash": string("Hash of the steps."),
        "currentStepIndex": integer("Index of the current step."),
        "stableRS": string("Hash of the last promoted version."),
        "selector": string("Label selector that an autoscaler uses."),
        "canary": canary(),
        "blueGreen": blue_green(),
        "alb": load_balancer(),
        "albs": array("The same for each Ingress.", load_balancer()),
        "duration": duration(),
        **counts(),
        **requests(),
    }
    return obj("What is.", fields)
