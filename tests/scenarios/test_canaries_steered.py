"""Commands to a Canary where one would wonder: several gates, what waits, what is held, what rests."""

import pytest

from rollouts.cli.session import CommandError
from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, a_gate, at_most, rounds, steps
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

PROMOTED = {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
RESTS = {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}


async def begun(stage: Stage, analysis: Json) -> None:
    """A second version is on its way."""
    await stage.apply(a_deployment(), a_canary(analysis))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")


def closed(stage: Stage, *moments: str) -> list[Json]:
    """Gates that nobody ever opens."""
    return [a_gate(moment, stage.hook("never", 403)) for moment in moments]


@scenario
async def test_a_person_agrees_in_the_place_of_gates(stage: Stage) -> None:
    """Once for the first pod and once for the promotion: each opens the gate that is waited at, no other."""
    await begun(stage, steps(50, most=50, webhooks=closed(stage, "confirm-rollout", "confirm-promotion")))
    await stage.canary_phase("Waiting")
    await stage.promote()
    await stage.canary_phase("WaitingPromotion")
    await stage.promote()
    await stage.canary_phase("Succeeded")

    assert stage.world.deployments() == PROMOTED
    texts = [message for _, _, message in stage.events()]
    assert "Confirm-rollout check confirm-rollout approved by user" in texts
    assert "Confirm-promotion check confirm-promotion approved by user" in texts


@scenario
async def test_a_person_takes_back_what_waits(stage: Stage) -> None:
    """Aborted before its approval, nothing of the new version ever runs."""
    await begun(stage, steps(50, webhooks=closed(stage, "confirm-rollout")))
    sizes = stage.record(lambda world: world.deployments()["web"][1])
    await stage.canary_phase("Waiting")
    await stage.abort()
    await stage.canary_phase("Failed")

    assert sizes == [0]
    assert stage.world.deployments() == RESTS

    await stage.argo("retry", "canary", "web")
    await stage.canary_phase("Waiting")
    await stage.quiet(3)
    assert (stage.world.canary_phase(), sizes) == ("Waiting", [0])


async def held(stage: Stage, analysis: Json) -> int:
    """Paused by a person in mid-run; how many rounds it has behind it."""
    await begun(stage, analysis)
    await stage.until(lambda world: world.canary_status().get("iterations"))
    await stage.pause()
    await stage.told(("Normal", "Synced", f"Pausing web.{stage.namespace}"))
    reached: int = stage.world.canary_status()["iterations"]
    return reached


@scenario
async def test_a_person_holds_a_run(stage: Stage) -> None:
    """It gets no more rounds until it is let go."""
    reached = await held(stage, rounds(20))
    await stage.seconds(3)
    assert stage.world.canary_status()["iterations"] == reached < 20

    await stage.promote()
    await stage.told(("Normal", "Synced", f"Resuming web.{stage.namespace}"))
    await stage.promote(full=True)
    await stage.canary_phase("Succeeded")
    assert stage.world.deployments() == PROMOTED


@scenario
async def test_a_run_that_is_held_may_fail(stage: Stage) -> None:
    """It is watched all the time."""
    errors = stage.says("errors", 0)
    await held(stage, rounds(20, metrics=[at_most(errors, 1)]))
    stage.says("errors", 8)
    await stage.canary_phase("Failed")

    assert stage.world.deployments() == RESTS


@scenario
async def test_what_makes_no_sense_is_refused(stage: Stage) -> None:
    """A person who steers what rests is told why that cannot be, and nothing happens."""
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")
    for words in (("promote", "web"), ("abort", "web"), ("pause", "web"), ("retry", "canary", "web")):
        with pytest.raises(CommandError, match=f"cannot {words[0]} canary 'web', which is Initialized: nothing runs"):
            await stage.argo(*words)

    await stage.quiet(3)
    assert stage.world.canary_phase() == "Initialized"
