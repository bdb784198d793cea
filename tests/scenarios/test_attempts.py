"""status.duration for each way in which an attempt can end."""

from tests.builders.manifests import a_blue_green_world, a_rollout, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage


def outcome(world: Sight) -> str:
    """How the attempt ended; "" while it goes on."""
    duration = world.status().get("duration") or {}
    return str(duration.get("completionStatus", "")) if "finishedAt" in duration else ""


def started(world: Sight) -> str:
    """When the attempt began."""
    return str((world.status().get("duration") or {}).get("rolloutStartedAt", ""))


@scenario
async def test_attempt_promoted(stage: Stage) -> None:
    """The first deploy and an update through its steps are promoted; what a human took to go on is counted."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.healthy()
    await stage.until(lambda world: outcome(world) == "Promoted")
    first = started(stage.world)
    await stage.seconds(1.2)
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.seconds(2.2)
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: outcome(world) == "Promoted" and started(world) > first)

    assert stage.world.status()["duration"]["totalManualPauseDurationSeconds"] >= 2


@scenario
async def test_attempt_promoted_in_haste(stage: Stage) -> None:
    """A full promotion is told apart, and its steps are over."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")

    await stage.until(lambda world: outcome(world) == "FastPromoted")


@scenario
async def test_attempt_aborted_and_begun_anew(stage: Stage) -> None:
    """An abort ends the attempt, a retry begins another."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.until(lambda world: outcome(world) == "Aborted")
    first = started(stage.world)
    await stage.seconds(1.2)
    await stage.retry()
    await stage.until(lambda world: outcome(world) == "" and started(world) > first)
    await stage.promote(full=True)

    await stage.until(lambda world: outcome(world) == "FastPromoted")


@scenario
async def test_attempt_rolled_back_at_once(stage: Stage) -> None:
    """Back to the stable version in the middle of an attempt is the end of that very attempt."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    begun = started(stage.world)
    await stage.set_image("web:v1")
    await stage.until(lambda world: outcome(world) == "FastRolledBack")

    assert started(stage.world) == begun


@scenario
async def test_attempt_rolled_back(stage: Stage) -> None:
    """Back to a version before the stable one, in the middle of an attempt: it walks the steps, as a rollback."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.healthy()
    await stage.seconds(1.2)
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")
    await stage.seconds(1.2)
    await stage.set_image("web:v3")
    await stage.paused(step=1)
    await stage.set_image("web:v1")
    await stage.until(lambda world: world.sizes().get("web:v1") == 1)
    await stage.paused(step=1)
    await stage.promote()
    await stage.healthy(image="web:v1")

    await stage.until(lambda world: outcome(world) == "RolledBack")


@scenario
async def test_attempt_of_a_blue_green(stage: Stage) -> None:
    """What a human took to approve the preview is no time of the rollout's own."""
    await stage.apply(*a_blue_green_world(replicas=2, autoPromotionEnabled=False))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.until(lambda world: "manualPauseStartedAt" in world.status()["duration"])
    await stage.promote()
    await stage.until(lambda world: world.service_image("web-active") == "web:v2")
    await stage.until(lambda world: outcome(world) == "Promoted")

    assert "manualPauseStartedAt" not in stage.world.status()["duration"]
