"""What a person does with a Canary by `kubectl sluice`: each command, told through the CLI and the controller."""

from tests.builders.canaries import a_canary, a_deployment, at_most, rounds, steps
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage


def weight(world: Sight) -> int | None:
    """What the new version gets by the route."""
    return world.weights().get("web-canary")


@scenario
async def test_a_promotion_opens_the_gate_that_it_waits_at(stage: Stage) -> None:
    """The webhook says no for as long as it likes; it is not asked any more."""
    gate = {"name": "ask", "type": "confirm-promotion", "url": stage.hook("ask", 403, "no")}
    await stage.apply(a_deployment(), a_canary(steps(50, most=50, webhooks=[gate])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    await stage.argo("promote", "canary/web")
    await stage.canary_phase("Succeeded", within=120)

    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
    assert ("Normal", "Synced", "Confirm-promotion check ask approved by user") in stage.events()


@scenario
async def test_an_abort_sends_everybody_back_and_a_retry_begins_again(stage: Stage) -> None:
    """The same version, aborted once, is promoted the second time; the abort says nothing about that."""
    await stage.apply(a_deployment(), a_canary(steps(20, most=40, interval="4s")))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: weight(world) == 20)
    await stage.argo("abort", "canary/web")
    await stage.canary_phase("Failed", within=8)
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}

    await stage.argo("retry", "canary", "web")
    await stage.canary_phase("Succeeded", within=150)
    assert stage.world.deployments()["web-primary"] == ("web:v2", 2)


@scenario
async def test_a_pause_holds_the_weight_until_a_promotion(stage: Stage) -> None:
    """Ticks go by, checks are asked, and users stay where they are."""
    errors = stage.says("errors", 0)
    await stage.apply(a_deployment(), a_canary(steps(20, most=40, interval="4s", metrics=[at_most(errors, 1)])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: weight(world) == 20)
    await stage.argo("pause", "canary/web")
    await stage.seconds(9)
    assert weight(stage.world) == 20

    await stage.argo("promote", "canary/web")
    await stage.canary_phase("Succeeded", within=120)
    told = [message for _, _, message in stage.events()]
    assert told.count(f"Pausing web.{stage.namespace}") == told.count(f"Resuming web.{stage.namespace}") == 1


@scenario
async def test_a_full_promotion_asks_no_check_any_more(stage: Stage) -> None:
    """A version that a check would never let pass is promoted because a person says so."""
    errors = stage.says("errors", 5)
    bad = a_canary(rounds(20, threshold=50, metrics=[at_most(errors, 1)]))
    await stage.apply(a_deployment(), bad)
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Progressing")
    await stage.argo("promote", "canary/web", "--full")
    await stage.canary_phase("Succeeded", within=120)

    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
