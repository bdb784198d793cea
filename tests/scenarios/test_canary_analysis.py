"""Analyses of a canary: at a step and in the background, what they are told, and what their verdicts do to it."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_routed_world, a_template, an_object, check, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

HEALTHY, FAILING, UNCLEAR = 0.0, 0.9, 0.5
BETWEEN = {"condition": "result[0] < 0.1", "failureCondition": "result[0] > 0.8"}


def runs(world: Sight) -> dict[str, Json]:
    """The AnalysisRuns by name."""
    return {run["metadata"]["name"]: run for run in world.all(kinds.ANALYSIS_RUNS)}


def phases(world: Sight) -> list[str]:
    """Their phases, in order of their names."""
    found = runs(world)
    return [str((found[name].get("status") or {}).get("phase", "")) for name in sorted(found)]


def a_judged_world(stage: Stage, *steps: Json, **fields: Any) -> list[Json]:
    """A routed canary with the template `check`, whose errors the stage says."""
    template = a_template(query=stage.says("errors", HEALTHY), **BETWEEN)
    return [template, *a_routed_world(*steps, **fields)]


@scenario
async def test_canary_judged_at_a_step(stage: Stage) -> None:
    """The step is over when its run is Successful; the run is told which version it judges, and of which rollout."""
    args = [
        {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "team", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
        {"name": "window", "value": "5m"},
    ]
    template, *world = a_judged_world(stage, weight(20), check(args=args), pause())
    template["spec"]["args"] = [
        {"name": "hash"},
        {"name": "team"},
        {"name": "window", "value": "1m"},
        {"name": "none", "value": ""},
    ]
    world[-1]["metadata"]["labels"] = {"team": "shop"}
    await stage.apply(template, *world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)

    new = stage.world.replica_set("web:v2")["metadata"]
    (run,) = runs(stage.world).values()
    assert run["metadata"]["name"] == f"{new['name']}-2-1"
    labels = run["metadata"]["labels"]
    assert (labels["rollout-type"], labels["step-index"]) == ("Step", "1")
    told = {arg["name"]: arg["value"] for arg in run["spec"]["args"]}
    assert told == {"hash": new["labels"]["rollouts-pod-template-hash"], "team": "shop", "window": "5m", "none": ""}


@scenario
async def test_canary_judged_by_a_template_of_templates(stage: Stage) -> None:
    """What a template names is judged along with it, each metric once, in one run."""
    parts = [a_template(name) for name in ("errors", "latency")]
    spec = {"templates": [{"templateName": "errors"}, {"templateName": "latency"}]}
    whole = an_object(kinds.ANALYSIS_TEMPLATES, "whole", spec=spec)
    both = {"analysis": {"templates": [{"templateName": "whole"}, {"templateName": "errors"}]}}
    await stage.apply(*parts, whole, *a_routed_world(weight(20), both, pause()))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)

    (run,) = runs(stage.world).values()
    assert [metric["name"] for metric in run["spec"]["metrics"]] == ["errors", "latency"]


@scenario
async def test_canary_judged_by_templates_that_disagree(stage: Stage) -> None:
    """Two templates that give one argument different values make no run: the spec is told to be wrong."""
    one, other = (a_template(name) for name in ("errors", "latency"))
    one["spec"]["args"], other["spec"]["args"] = ([{"name": "window", "value": value}] for value in ("1m", "5m"))
    both = {"analysis": {"templates": [{"templateName": "errors"}, {"templateName": "latency"}]}}
    await stage.apply(one, other, *a_routed_world(weight(20), both))
    await stage.degraded()

    told = "Argument `window` specified multiple times with different values: '1m', '5m'"
    assert told in stage.world.message()


@scenario
async def test_canary_found_bad_at_a_step(stage: Stage) -> None:
    """The release is aborted with the run's words and all users are given back; a retry has a run of its own."""
    await stage.apply(*a_judged_world(stage, weight(20), check(), abortScaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    stage.says("errors", FAILING)
    await stage.set_image("web:v2")
    await stage.degraded()
    blame = 'Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
    why = f"RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: {blame}"
    assert stage.world.message() == why
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    stage.says("errors", HEALTHY)
    await stage.retry()
    await stage.healthy(image="web:v2")

    new = stage.world.replica_set("web:v2")["metadata"]["name"]
    assert sorted(runs(stage.world)) == [f"{new}-2-1", f"{new}-2-1.1"]
    assert phases(stage.world) == ["Failed", "Successful"]


@scenario
async def test_canary_not_told_at_a_step(stage: Stage) -> None:
    """An inconclusive run pauses the release, weights as they are; who promotes goes on behind the step."""
    await stage.apply(*a_judged_world(stage, weight(20), check(), pause()))
    await stage.healthy(image="web:v1")
    stage.says("errors", UNCLEAR)
    await stage.set_image("web:v2")
    await stage.until(lambda world: "InconclusiveAnalysisRun" in world.pauses())
    assert stage.world.weights() == {"web-stable": 80, "web-canary": 20}
    await stage.promote()
    await stage.paused(step=2)

    assert phases(stage.world) == ["Inconclusive"]


@scenario
async def test_canary_judged_in_the_background(stage: Stage) -> None:
    """From its starting step on until the release is through; then it is told to end, and that is a success."""
    background = {"templates": [{"templateName": "check"}], "startingStep": 2}
    template, *world = a_judged_world(stage, weight(20), pause(), weight(40), pause(), analysis=background)
    template["spec"]["metrics"][0]["interval"] = "1s"
    await stage.apply(template, *world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert runs(stage.world) == {}
    await stage.promote()
    await stage.paused(step=3)
    await stage.until(lambda world: phases(world) == ["Running"])
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: phases(world) == ["Successful"])

    (run,) = runs(stage.world).values()
    assert run["spec"]["terminate"] is True
    assert run["metadata"]["labels"]["rollout-type"] == "Background"
    assert run["status"]["message"] == "Run Terminated"


@scenario
async def test_canary_found_bad_in_the_background(stage: Stage) -> None:
    """A release that stands at a pause is aborted as soon as its background analysis fails."""
    background = {"templates": [{"templateName": "check"}]}
    template, *world = a_judged_world(stage, weight(20), pause(), analysis=background)
    template["spec"]["metrics"][0] |= {"interval": "1s", "failureLimit": 1}
    await stage.apply(template, *world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    stage.says("errors", FAILING)
    await stage.degraded()

    blame = 'Metric "check" assessed Failed due to failed (2) > failureLimit (1)'
    why = f"RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: {blame}"
    assert stage.world.message() == why


@scenario
async def test_canary_whose_old_judgements_go(stage: Stage) -> None:
    """Of runs that ended well and of those that did not as many stay as the history limits say."""
    limits = {"successfulRunHistoryLimit": 1, "unsuccessfulRunHistoryLimit": 0}
    world = a_judged_world(stage, check(), weight(50), check(), weight(60), check())
    world[-1]["spec"]["analysis"] = limits
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: phases(world) == ["Successful"])
    stage.says("errors", FAILING)
    await stage.set_image("web:v3")
    await stage.degraded()
    await stage.until(lambda world: len(runs(world)) <= 2)

    assert phases(stage.world).count("Successful") == 1
