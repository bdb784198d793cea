"""Canaries that Flagger has left, at rest and in mid-run: nobody can make the hashes in their status again."""

from rollouts.cluster import kinds
from tests.builders.canaries import a_canary, a_deployment, steps
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

FLAGGERS = {"lastAppliedSpec": "5d8b9c7f4d", "lastPromotedSpec": "5d8b9c7f4d"}


async def as_flagger_left_it(stage: Stage, **status: object) -> None:
    """The status with Flagger's hashes in the place of ours."""
    body = {"status": {**FLAGGERS, **status}}
    await stage.patch(body, resource=kinds.CANARIES, subresource="status")


@scenario
async def test_a_settled_canary_is_not_rolled_out_again(stage: Stage) -> None:
    """What serves is taken as promoted, at once and for good; the next version is a run like any other."""
    await stage.apply(a_deployment(), a_canary(steps(50, most=50)))
    await stage.canary_phase("Initialized")
    before = stage.world.deployments()
    await as_flagger_left_it(stage)
    await stage.until(lambda world: str(world.one(kinds.CANARIES, "web")).count("'sluice-") == 2, within=30)
    await stage.seconds(15)
    assert stage.world.canary_phase("web") == "Initialized"
    assert stage.world.deployments() == before

    await stage.release("web:v2")
    await stage.canary_phase("Succeeded", within=120)
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}


@scenario
async def test_a_run_in_flight_goes_on_from_its_route(stage: Stage) -> None:
    """Neither its weight nor its pods go back to the beginning."""
    await stage.apply(a_deployment(), a_canary(steps(20, most=60)))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: world.weights().get("web-canary") == 40)
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    await as_flagger_left_it(stage, lastPromotedSpec="7f6d5c4b3a")
    await stage.canary_phase("Succeeded", within=120)

    assert weights == [40, 60, 0]
    assert stage.world.deployments()["web-primary"] == ("web:v2", 2)
