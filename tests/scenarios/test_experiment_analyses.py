"""Experiments that are judged: what they wait for, what ends them, and what their analyses are told."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_template, a_version, an_experiment, analysed
from tests.scenarios.experimenting import analyses, is_gone, phase_of, status_of, versions
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

NO_DELAY: Json = {"scaleDownDelaySeconds": 0}


@scenario
async def test_a_required_analysis_ends_an_experiment(stage: Stage) -> None:
    """Without a duration it ends once that has succeeded; the analysis beside it is told to end, and followed."""
    await stage.apply(a_template(), a_template("watch", interval="1s"))
    both = [analysed(requiredForCompletion=True), analysed("watch", template="watch")]
    await stage.apply(an_experiment(a_version("one", "web:v1"), analyses=both, **NO_DELAY))
    await stage.until(lambda world: phase_of(world) == "Successful" and is_gone(world))
    await stage.until(lambda world: analyses(world) == {"check": "Successful", "watch": "Successful"})

    assert status_of(stage.world)["message"] == "Required AnalysisRuns completed"
    told = "AnalysisRun 'check' transitioned from {} -> {}"
    await stage.told(("Normal", "AnalysisRunPending", told.format("", "Pending")), name="trial")
    await stage.until(lambda world: "AnalysisRunSuccessful" in world.reasons("trial"))
    reasons = stage.world.reasons("trial")
    assert (
        reasons.index("TemplateRunning") < reasons.index("AnalysisRunPending") < reasons.index("AnalysisRunSuccessful")
    )


@scenario
async def test_a_bad_measurement_ends_an_experiment(stage: Stage) -> None:
    """At once, long before the duration has passed; its message is the run's."""
    await stage.apply(a_template(query=stage.says("rate", 1), interval="1s"))
    await stage.apply(an_experiment(a_version("one", "web:v1"), duration="1h", analyses=[analysed()], **NO_DELAY))
    await stage.until(lambda world: analyses(world) == {"check": "Running"})
    stage.says("rate", 0)
    await stage.until(lambda world: phase_of(world) == "Failed")
    await stage.until(is_gone)

    said = 'Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
    assert status_of(stage.world)["message"] == said
    assert versions(stage.world) == {"one": "Successful"}
    failed = ("Warning", "AnalysisRunFailed", f"AnalysisRun 'check' transitioned from Running -> Failed: {said}")
    await stage.told(failed, name="trial")


@scenario
async def test_an_experiment_that_cannot_tell(stage: Stage) -> None:
    """An analysis between success and failure leaves the experiment Inconclusive."""
    await stage.apply(a_template(query="1", condition="result[0] > 1", failureCondition="result[0] < 1"))
    await stage.apply(an_experiment(a_version("one", "web:v1"), analyses=[analysed()], **NO_DELAY))
    await stage.until(lambda world: phase_of(world) == "Inconclusive")
    await stage.until(is_gone)


@scenario
async def test_a_dry_run_harms_no_experiment(stage: Stage) -> None:
    """What it measures is bad, and the experiment ends well."""
    await stage.apply(a_template(query="0"))
    trial = an_experiment(
        a_version("one", "web:v1"),
        analyses=[analysed(requiredForCompletion=True)],
        dryRun=[{"metricName": "check"}],
        **NO_DELAY,
    )
    await stage.apply(trial)
    await stage.until(lambda world: phase_of(world) == "Successful")


@scenario
async def test_an_experiment_without_its_template(stage: Stage) -> None:
    """It does not wait for one that may never come: an error names it before any pod is ready."""
    await stage.apply(an_experiment(a_version("one", "web:v1"), analyses=[analysed()], **NO_DELAY))
    await stage.until(lambda world: phase_of(world) == "Error")
    await stage.until(is_gone)

    missing = 'analysistemplate.argoproj.io "check" not found'
    said = f"AnalysisTemplate verification failed for analysis 'check': {missing}"
    assert status_of(stage.world)["message"] == said
    assert not stage.world.all(kinds.ANALYSIS_RUNS)


@scenario
async def test_what_an_analysis_of_an_experiment_is_told(stage: Stage) -> None:
    """The hashes and ReplicaSets of the versions, and the times of the experiment; labels and rules go with it."""
    names = ("hash", "set", "since", "until", "team")
    template = a_template(interval="1s")
    template["spec"]["args"] = [{"name": name} for name in names]
    values = (
        *("{{templates.one.podTemplateHash}}", "{{templates.one.replicaset.name}}"),
        *("{{experiment.availableAt}}", "{{experiment.finishedAt}}"),
    )
    args: list[Json] = [{"name": name, "value": value} for name, value in zip(names[:4], values, strict=True)]
    args.append({"name": "team", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}})
    trial = an_experiment(
        a_version("one", "web:v1", service={}),
        duration="60s",
        analyses=[analysed(args=args)],
        analysisRunMetadata={"labels": {"kind": "trial"}, "annotations": {"why": "test"}},
        measurementRetention=[{"metricName": "check", "limit": 3}],
    )
    trial["metadata"]["labels"] = {"team": "shop"}
    await stage.apply(template, trial)
    await stage.until(lambda world: analyses(world) == {"check": "Running"})

    run = await stage.get(kinds.ANALYSIS_RUNS, "trial-check")
    (seen,) = status_of(stage.world)["templateStatuses"]
    told = {arg["name"]: arg["value"] for arg in run["spec"]["args"]}
    assert (told["hash"], told["set"], told["team"]) == (seen["podTemplateHash"], "trial-one", "shop")
    assert told["since"] == status_of(stage.world)["availableAt"] < told["until"]
    assert run["metadata"]["labels"] == {"kind": "trial"}
    assert run["metadata"]["annotations"] == {"why": "test"}
    assert run["spec"]["measurementRetention"] == [{"metricName": "check", "limit": 3}]
