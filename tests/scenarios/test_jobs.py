"""Jobs as measurements: what becomes of them becomes of the release, and none stays that nobody waits for."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_routed_world, an_object, check, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

RUN_UID = "analysisrun.argoproj.io/uid"


def a_job(command: str, image: str = "smoke:v1", **spec: Any) -> Json:
    """The settings of a Job that runs a shell command once."""
    container = {"name": "smoke", "image": image, "command": ["sh", "-c", command]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    labels = {"team": "shop"}
    return {"metadata": {"labels": labels}, "spec": {"backoffLimit": 0, "template": {"spec": pod}, **spec}}


def a_metric(job: Json, **metric: Any) -> Json:
    """A metric that runs it."""
    return {"name": "smoke", "provider": {"job": job}, **metric}


def a_template(job: Json, **metric: Any) -> Json:
    """The AnalysisTemplate `check` that runs it."""
    return an_object(kinds.ANALYSIS_TEMPLATES, "check", spec={"metrics": [a_metric(job, **metric)]})


def a_run(*metrics: Json, **spec: Any) -> Json:
    """An AnalysisRun of its own."""
    return an_object(kinds.ANALYSIS_RUNS, "smoke", spec={"metrics": list(metrics), **spec})


def the_run(world: Sight) -> Json:
    """The status of the one AnalysisRun."""
    return next((run.get("status") or {} for run in world.all(kinds.ANALYSIS_RUNS)), {})


def jobs(world: Sight) -> list[str]:
    """The names of the Jobs, without the run's uid."""
    return [job["metadata"]["name"].partition(".")[2] for job in world.all(kinds.JOBS)]


def a_checked_world(job: Json) -> list[Json]:
    """A canary that runs the Job at a fifth of the traffic."""
    return [a_template(job), *a_routed_world(weight(20), check())]


@scenario
async def test_a_job_that_completes_lets_a_release_go_on(stage: Stage) -> None:
    """The Job belongs to the run and names it; when it is Complete the measurement is Successful."""
    await stage.apply(*a_checked_world(a_job("sleep 2")))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.healthy(image="web:v2", within=120)

    run = stage.world.all(kinds.ANALYSIS_RUNS)[0]
    job = stage.world.all(kinds.JOBS)[0]
    assert job["metadata"]["name"] == f"{run['metadata']['uid']}.smoke.1"
    assert job["metadata"]["labels"] == {"team": "shop", RUN_UID: run["metadata"]["uid"]}
    assert job["metadata"]["annotations"]["analysisrun.argoproj.io/metric-name"] == "smoke"
    assert job["metadata"]["ownerReferences"][0]["uid"] == run["metadata"]["uid"]
    assert run["status"]["metricResults"][0]["measurements"][0]["metadata"]["job-name"] == job["metadata"]["name"]
    assert run["status"]["phase"] == "Successful"


@scenario
async def test_a_job_that_fails_aborts_a_release(stage: Stage) -> None:
    """A Job that is Failed is a failed measurement."""
    await stage.apply(*a_checked_world(a_job("exit 3")))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.degraded(within=120)

    assert the_run(stage.world)["phase"] == "Failed"
    await stage.until(lambda world: world.weights()["web-canary"] == 0)


@scenario
async def test_a_job_without_its_image_holds_a_release(stage: Stage) -> None:
    """An image that cannot be had says nothing about the release: it waits for somebody to look."""
    await stage.apply(*a_checked_world(a_job("true", image="does-not-exist:v1")))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: the_run(world).get("phase") == "Inconclusive", within=120)
    await stage.phase("Paused")

    measurement = the_run(stage.world)["metricResults"][0]["measurements"][0]
    assert measurement["phase"] == "Inconclusive"
    assert "container smoke of pod" in measurement["message"]
    assert stage.world.weights()["web-canary"] == 20


@scenario
async def test_a_job_goes_with_a_run_that_is_told_to_end(stage: Stage) -> None:
    """A Job under way is deleted with its pods, and its measurement is neither good nor bad."""
    await stage.apply(a_run(a_metric(a_job("sleep 600"))))
    await stage.until(lambda world: len(world.all(kinds.PODS)) == 1, what="the Job runs")
    await stage.until(lambda world: the_run(world).get("metricResults"), what="it is noted")
    await stage.patch({"spec": {"terminate": True}}, name="smoke", resource=kinds.ANALYSIS_RUNS)
    await stage.until(lambda world: world.all(kinds.JOBS) == [] and world.all(kinds.PODS) == [], what="it is gone")
    await stage.until(lambda world: the_run(world).get("phase") == "Inconclusive")

    assert the_run(stage.world)["metricResults"][0]["measurements"][0]["phase"] == "Inconclusive"


@scenario
async def test_jobs_are_kept_as_long_as_their_measurements(stage: Stage) -> None:
    """With a retention of one, the Jobs of older measurements go."""
    retention = [{"metricName": "smoke", "limit": 1}]
    metric = a_metric(a_job("true"), count=3, interval="1s")
    await stage.apply(a_run(metric, measurementRetention=retention))
    await stage.until(lambda world: the_run(world).get("phase") == "Successful", within=120)
    await stage.until(lambda world: jobs(world) == ["smoke.3"], what="the last Job alone is left")

    assert len(the_run(stage.world)["metricResults"][0]["measurements"]) == 1
    assert the_run(stage.world)["metricResults"][0]["count"] == 3
