"""Analyses of a blue-green: before users see the new version, and after."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_blue_green_world, a_template
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

CHECK = {"templates": [{"templateName": "check"}]}
HEALTHY, FAILING = 0.0, 0.5


def served(world: Sight) -> str:
    """The version that users see."""
    return world.service_image("web-active")


def judged(world: Sight, when: str) -> str:
    """What the status says of the analysis before or after the switch."""
    run = (world.status().get("blueGreen") or {}).get(f"{when}PromotionAnalysisRunStatus") or {}
    return str(run.get("status", ""))


def verdict(world: Sight) -> str:
    """What the first AnalysisRun says itself; "" while there is none."""
    return next((str((run.get("status") or {}).get("phase", "")) for run in world.all(kinds.ANALYSIS_RUNS)), "")


def runs(world: Sight) -> list[str]:
    """The names of the AnalysisRuns."""
    return [run["metadata"]["name"] for run in world.all(kinds.ANALYSIS_RUNS)]


def is_stable(world: Sight, image: str) -> bool:
    """Users see this version and the rollout is Healthy with it."""
    stable = world.status().get("stableRS")
    return world.phase() == "Healthy" and served(world) == image and stable == world.service_hash("web-active")


def a_judged_world(stage: Stage, when: str, **fields: Any) -> list[Json]:
    """A blue-green with an analysis before or after the switch, whose errors the stage says."""
    template = a_template(query=stage.says("errors", HEALTHY), condition="result[0] < 0.1")
    fields[f"{when}PromotionAnalysis"] = CHECK
    return [template, *a_blue_green_world(**fields)]


@scenario
async def test_bluegreen_judged_before_the_switch(stage: Stage) -> None:
    """A preview is judged first; users see it once it was found good. The first version is not judged at all."""
    await stage.apply(*a_judged_world(stage, "pre"))
    await stage.healthy(image="web:v1")
    assert runs(stage.world) == []
    verdicts = stage.record(lambda world: (verdict(world), served(world)))
    await stage.set_image("web:v2")
    await stage.until(lambda world: is_stable(world, "web:v2"))

    assert ("Successful", "web:v1") in verdicts
    assert {judgement for judgement, image in verdicts if image == "web:v2"} == {"Successful"}
    new = stage.world.replica_set("web:v2")["metadata"]["name"]
    assert runs(stage.world) == [f"{new}-2-pre"]
    labels = stage.world.all(kinds.ANALYSIS_RUNS)[0]["metadata"]["labels"]
    assert labels["rollout-type"] == "PrePromotion"


@scenario
async def test_bluegreen_found_bad_before_the_switch(stage: Stage) -> None:
    """A preview that is found bad is aborted, and no user ever saw it; the next one has its own judgement."""
    await stage.apply(*a_judged_world(stage, "pre", abortScaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    seen = stage.record(served)
    stage.says("errors", FAILING)
    await stage.set_image("web:v2")
    await stage.degraded()
    told = 'Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
    blame = f"Blue/green pre-promotion analysis phase error/failed: {told}"
    assert stage.world.message() == f"RolloutAborted: Rollout aborted update to revision 2: {blame}"
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})
    assert seen == ["web:v1"]

    stage.says("errors", HEALTHY)
    await stage.set_image("web:v3")
    await stage.until(lambda world: is_stable(world, "web:v3"))


@scenario
async def test_bluegreen_not_told_before_the_switch(stage: Stage) -> None:
    """An inconclusive judgement pauses; after a promote another one decides."""
    world = a_judged_world(stage, "pre")
    world[0]["spec"]["metrics"][0]["failureCondition"] = "result[0] > 0.9"
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    stage.says("errors", FAILING)
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.until(lambda world: world.message() == "InconclusiveAnalysisRun")
    assert served(stage.world) == "web:v1"
    stage.says("errors", HEALTHY)
    await stage.promote()
    await stage.until(lambda world: is_stable(world, "web:v2"))

    assert len(runs(stage.world)) == 2


@scenario
async def test_bluegreen_judged_and_then_approved(stage: Stage) -> None:
    """With both an analysis and a human: the pause begins once the preview was found good."""
    await stage.apply(*a_judged_world(stage, "pre", autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    sights = stage.record(lambda world: (judged(world, "pre"), "BlueGreenPause" in world.pauses()))
    await stage.set_image("web:v2")
    await stage.paused()
    assert judged(stage.world, "pre") == "Successful"
    assert {judgement for judgement, is_paused in sights if is_paused} == {"Successful"}
    await stage.promote()

    await stage.until(lambda world: is_stable(world, "web:v2"))


@scenario
async def test_bluegreen_promoted_in_full_before_its_judgement(stage: Stage) -> None:
    """promote --full waits for no judgement: users see the new version, and the run is ended."""
    world = a_judged_world(stage, "pre")
    world[0]["spec"]["metrics"][0] |= {"interval": "60s", "count": 5}
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: judged(world, "pre") == "Running")
    await stage.promote(full=True)
    await stage.until(lambda world: is_stable(world, "web:v2"))

    await stage.until(lambda world: all(run["spec"].get("terminate") for run in world.all(kinds.ANALYSIS_RUNS)))


@scenario
async def test_bluegreen_judged_after_the_switch(stage: Stage) -> None:
    """Users see the new version while it is judged; until it is found good the old one is stable, and whole."""
    world = a_judged_world(stage, "post", scaleDownDelaySeconds=2)
    world[0]["spec"]["metrics"][0] |= {"interval": "2s", "count": 3}
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    sizes = stage.record(lambda world: (verdict(world), world.sizes().get("web:v1")))
    await stage.set_image("web:v2")
    await stage.until(lambda world: judged(world, "post") == "Running" and served(world) == "web:v2")
    assert stage.world.message() in (
        "waiting for post-promotion verification to complete",
        "waiting for analysis to complete",
    )
    assert stage.world.status()["stableRS"] != stage.world.status()["currentPodHash"]
    await stage.until(lambda world: is_stable(world, "web:v2"))
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2})

    assert {size for judgement, size in sizes if judgement == "Running"} == {2}


@scenario
async def test_bluegreen_found_bad_after_the_switch(stage: Stage) -> None:
    """A version that is found bad in use gives its users back to the stable one."""
    await stage.apply(*a_judged_world(stage, "post", abortScaleDownDelaySeconds=2))
    await stage.healthy(image="web:v1")
    seen = stage.record(served)
    stage.says("errors", FAILING)
    await stage.set_image("web:v2")
    await stage.degraded()
    await stage.until(lambda world: served(world) == "web:v1")
    assert seen == ["web:v1", "web:v2", "web:v1"]
    assert "Blue/green post-promotion analysis phase error/failed" in stage.world.message()
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})

    assert judged(stage.world, "post") == "Failed"
