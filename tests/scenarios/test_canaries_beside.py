"""Canaries that are in each other's way, and manifests that are wrong beside good ones."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, a_gate, steps
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage


def fault(world: Sight, name: str) -> str:
    """Why a Canary is not run; "" while it is."""
    conditions = world.canary_status(name).get("conditions") or ()
    return next((str(c["message"]) for c in conditions if c["type"] == "InvalidSpec"), "")


def a_strategyless(name: str) -> Json:
    """A Canary whose weights never rise: the definition lets it pass."""
    return a_canary({"interval": "1s", "threshold": 1, "stepWeights": [20, 10]}, name=name)


@scenario
async def test_the_older_of_two_canaries_has_the_target(stage: Stage) -> None:
    """The other one is told so and does nothing, until the first has gone."""
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")
    await stage.seconds(1.1)  # whose creation is told in seconds
    await stage.apply(a_canary(steps(50), name="api", target="web"))
    await stage.until(lambda world: fault(world, "api"))
    assert "Deployment web is delivered by Canary web already" in fault(stage.world, "api")
    assert not fault(stage.world, "web")
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")
    assert stage.world.canary_phase("api") == ""

    await stage.delete(kinds.CANARIES, "web")
    await stage.canary_phase("Initialized", name="api")
    assert not fault(stage.world, "api")
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}


@scenario
async def test_wrong_manifests_hold_nobody_up(stage: Stage) -> None:
    """Each is told what is wrong and how to cure it, by condition and event; the good one is delivered meanwhile."""
    lost = a_canary(steps(50), name="lost", service={"port": 80})
    await stage.apply(a_deployment("sad"), a_deployment("lost"), a_strategyless("sad"), lost)
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")

    assert "stepWeights" in await stage.until(lambda world: fault(world, "sad"))
    assert "gatewayRefs" in await stage.until(lambda world: fault(world, "lost"))
    for name in ("sad", "lost"):
        message = fault(stage.world, name)
        await stage.told(("Warning", "Synced", message), name=name)
        assert len(stage.events(name)) == 1
    assert sorted(stage.world.deployments()) == ["lost", "sad", "web", "web-primary"]


@scenario
async def test_a_mended_manifest_is_run(stage: Stage) -> None:
    """Nobody need start anything anew: the fault goes, and the Canary begins."""
    await stage.apply(a_deployment(), a_strategyless("web"))
    await stage.until(lambda world: fault(world, "web"))
    await stage.patch({"spec": {"analysis": {"stepWeights": [10, 20]}}}, resource=kinds.CANARIES)
    await stage.canary_phase("Initialized")

    assert not fault(stage.world, "web")


@scenario
async def test_a_manifest_that_breaks_in_mid_run_waits_for_its_cure(stage: Stage) -> None:
    """The run stays where it is, and goes on from there."""
    gate = a_gate("confirm-promotion", stage.hook("ask", 403))
    good = {"interval": "1s", "threshold": 1, "stepWeights": [20, 40], "webhooks": [gate]}
    await stage.apply(a_deployment(), a_canary(good))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    await stage.patch({"spec": {"analysis": {"stepWeights": [40, 20]}}}, resource=kinds.CANARIES)
    await stage.until(lambda world: fault(world, "web"))
    stage.hook("ask")
    await stage.quiet(3)
    assert stage.world.canary_phase() == "WaitingPromotion"
    assert stage.world.weights() == {"web-primary": 60, "web-canary": 40}

    await stage.patch({"spec": {"analysis": {"stepWeights": [20, 40]}}}, resource=kinds.CANARIES)
    await stage.canary_phase("Succeeded")
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}


@scenario
async def test_a_canary_waits_for_its_target(stage: Stage) -> None:
    """Applied in any order: what is missing is told, and the Canary begins when it comes."""
    await stage.apply(a_canary(steps(50)))
    await stage.told(("Warning", "Synced", f"web.{stage.namespace} does not exist"))
    await stage.apply(a_deployment())
    await stage.canary_phase("Initialized")

    assert stage.world.deployments() == {"web": ("web:v1", 0), "web-primary": ("web:v1", 2)}


@scenario
async def test_a_canary_that_is_made_anew_begins_anew(stage: Stage) -> None:
    """What its forerunner made goes with that one, a moment later: nobody is led to it."""
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")
    uid = stage.world.canary()["metadata"]["uid"]
    await stage.delete(kinds.CANARIES)
    await stage.until(lambda world: world.one(kinds.CANARIES, "web") is None)
    await stage.apply(a_canary(steps(50)))
    await stage.canary_phase("Initialized")

    assert stage.world.canary()["metadata"]["uid"] != uid
    assert stage.world.deployments() == {"web": ("web:v1", 0), "web-primary": ("web:v1", 2)}
    await stage.quiet()
    assert stage.world.deployments() == {"web": ("web:v1", 0), "web-primary": ("web:v1", 2)}
    assert stage.world.selector("web") == {"app": "web-primary"}
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
