"""Experiments as steps of a canary: what a rollout starts, what it makes of the end, and what it ends itself."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import (
    a_rollout,
    a_routed_world,
    a_template,
    analysed,
    canary,
    experiment_step,
    pause,
    weight,
)
from tests.scenarios.experimenting import analyses, begun_by, is_gone, phase_of, sizes, status_of
from tests.scenarios.playing import scenario
from tests.scenarios.sight import HASH, image_of
from tests.scenarios.stage import Stage
from tests.scenarios.telling import step_done

NO_DELAY: Json = {"scaleDownDelaySeconds": 0}


async def an_update_at_its_experiment(stage: Stage, step: Json) -> str:
    """A rollout of two pods whose second version stands at its experiment; the Experiment's name."""
    await stage.apply(a_rollout(canary(step, pause())))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(begun_by("web", world)) == 1)
    (name,) = begun_by("web", stage.world)
    return name


@scenario
async def test_a_step_that_tries_both_versions(stage: Stage) -> None:
    """Pods of stable and of the new version beside the rollout's own; once it has gone well the next step begins."""
    await stage.apply(a_template())
    step = experiment_step("can", duration="15s", analyses=[analysed(requiredForCompletion=True)], **NO_DELAY)
    step["experiment"]["templates"].append({"name": "base", "specRef": "stable", "replicas": 2})
    name = await an_update_at_its_experiment(stage, step)
    await stage.until(lambda world: world.status().get("canary", {}).get("currentExperiment") == name)
    await stage.until(lambda world: phase_of(world, name) == "Running")
    images = {rs["metadata"]["name"]: image_of(rs) for rs in stage.world.all(kinds.REPLICA_SETS)}
    assert (images[f"{name}-can"], images[f"{name}-base"]) == ("web:v2", "web:v1")
    assert sizes(stage.world, name) == {f"{name}-base": 2, f"{name}-can": 1}
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 0}
    await stage.paused(step=1)

    assert "currentExperiment" not in stage.world.status().get("canary", {})
    await stage.until(lambda world: is_gone(world, name))
    await stage.told(("Normal", "ExperimentCreated", f"Created Experiment '{name}'"))
    await stage.told(step_done(1, 2, "experiment"))
    ended = "AnalysisRun 'check' transitioned from {} -> Successful"
    either = {ended.format("Running"), ended.format("Pending")}  # whether the run was seen at work is chance
    await stage.until(lambda world: either & {said for _, _, said in world.events("web")})
    trial = stage.world.one(kinds.EXPERIMENTS, name) or {}
    assert trial["metadata"]["labels"][HASH] == stage.world.status()["currentPodHash"]


@scenario
async def test_a_step_whose_experiment_fails(stage: Stage) -> None:
    """The update is aborted with the experiment's message; retried it begins another experiment."""
    await stage.apply(a_template(query=stage.says("health", 0)))
    step = experiment_step("can", analyses=[analysed(requiredForCompletion=True)], **NO_DELAY)
    name = await an_update_at_its_experiment(stage, step)
    await stage.degraded()
    await stage.until(lambda world: is_gone(world, name))
    said = 'Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
    blame = f"Experiment analysis phase is error/failed: {said}"
    assert stage.world.message() == f"RolloutAborted: Rollout aborted update to revision 2: {blame}"

    stage.says("health", 1)
    await stage.retry()
    await stage.paused(step=1)
    assert begun_by("web", stage.world) == [name, f"{name}-1"]
    assert phase_of(stage.world, f"{name}-1") == "Successful"


@scenario
async def test_a_step_whose_experiment_cannot_tell(stage: Stage) -> None:
    """A human looks; who goes on gets another experiment."""
    query = stage.says("health", 1)
    await stage.apply(a_template(query=query, condition="result[0] > 1", failureCondition="result[0] < 1"))
    step = experiment_step("can", analyses=[analysed(requiredForCompletion=True)], **NO_DELAY)
    name = await an_update_at_its_experiment(stage, step)
    await stage.paused()
    assert stage.world.pauses() == ["InconclusiveExperiment"]

    stage.says("health", 2)
    await stage.promote()
    await stage.paused(step=1)
    assert begun_by("web", stage.world) == [name, f"{name}-1"]


@scenario
async def test_aborted_during_an_experiment(stage: Stage) -> None:
    """The experiment is told to end, with its analysis, and its pods go."""
    await stage.apply(a_template(interval="1s"))
    name = await an_update_at_its_experiment(stage, experiment_step("can", analyses=[analysed()], **NO_DELAY))
    await stage.until(lambda world: analyses(world, name) == {"check": "Running"})
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: is_gone(world, name) and analyses(world, name) == {"check": "Successful"})

    assert phase_of(stage.world, name) == "Successful"
    assert (stage.world.one(kinds.EXPERIMENTS, name) or {})["spec"]["terminate"] is True


@scenario
async def test_promoted_during_an_experiment(stage: Stage) -> None:
    """promote --full leaves no experiment behind."""
    name = await an_update_at_its_experiment(stage, experiment_step("can", **NO_DELAY))
    await stage.until(lambda world: phase_of(world, name) == "Running")
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: phase_of(world, name) == "Successful" and is_gone(world, name))


@scenario
async def test_overtaken_during_an_experiment(stage: Stage) -> None:
    """A third version ends the experiment of the second one and begins its own."""
    name = await an_update_at_its_experiment(stage, experiment_step("can", **NO_DELAY))
    await stage.until(lambda world: phase_of(world, name) == "Running")
    await stage.set_image("web:v3")
    await stage.until(lambda world: len(begun_by("web", world)) == 2 and is_gone(world, name))
    other = next(one for one in begun_by("web", stage.world) if one != name)
    await stage.until(lambda world: phase_of(world, other) == "Running")

    assert [rs["spec"]["template"]["spec"]["containers"][0]["image"] for rs in of(stage, other)] == ["web:v3"]


@scenario
async def test_experiments_of_long_ago(stage: Stage) -> None:
    """Only as many are kept as the limits say, the newest of them."""
    step = experiment_step("can", duration="1s", **NO_DELAY)
    limits = {"successfulRunHistoryLimit": 1, "unsuccessfulRunHistoryLimit": 0}
    await stage.apply(a_rollout(canary(step), analysis=limits))
    await stage.healthy(image="web:v1")
    for image in ("web:v2", "web:v3", "web:v4"):
        await stage.set_image(image)
        await stage.healthy(image=image)
    await stage.until(lambda world: len(begun_by("web", world)) <= 2)

    newest = max(begun_by("web", stage.world), key=lambda name: int(name.split("-")[-2]))
    assert newest.split("-")[-2:] == ["4", "0"]


@scenario
async def test_a_share_of_the_traffic(stage: Stage) -> None:
    """While it runs a version with a weight gets its share from the route, and gives it back at the end."""
    step = experiment_step("can", duration="15s", scaleDownDelaySeconds=10)
    step["experiment"]["templates"][0] |= {"weight": 10}
    world = a_routed_world(weight(20), step, pause())
    world[-1]["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(begun_by("web", world)) == 1)
    (name,) = begun_by("web", stage.world)
    service = f"{name}-can"
    await stage.until(lambda world: world.weights() == {"web-stable": 70, "web-canary": 20, service: 10})
    assert status_of(stage.world, name)["templateStatuses"][0]["serviceName"] == service
    await stage.until(lambda world: world.weights() == {"web-stable": 80, "web-canary": 20})
    await stage.paused(step=2)


def of(stage: Stage, name: str) -> list[Json]:
    """The ReplicaSets of an experiment."""
    return [rs for rs in stage.world.all(kinds.REPLICA_SETS) if rs["metadata"]["name"] in sizes(stage.world, name)]
