"""How a canary walks its steps, and how users hurry it, hold it and size it on the way."""

from tests.builders.manifests import a_rollout, a_routed_world, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import begun, completed, first_deploy, not_completed, paused, scaled, step_done

STRICT = {"maxSurge": 1, "maxUnavailable": 0}
BY_STEP = "CanaryPauseStep"


def state(world: Sight) -> tuple[str, str]:
    """Phase and message."""
    return world.phase(), world.message()


@scenario
async def test_canary_first_deploy_skips_steps(stage: Stage) -> None:
    """The first version walks no step: all pods at once, no pause, and the index stands behind the last step."""
    states = stage.record(state)
    await stage.apply(a_rollout(canary(weight(10), pause(), weight(50), pause(60)), replicas=3))
    await stage.healthy(image="web:v1")

    assert "Paused" not in {phase for phase, _ in states}
    assert stage.world.sizes() == {"web:v1": 3}
    status = stage.world.status()
    assert (status["currentStepIndex"], status["stableRS"]) == (4, status["currentPodHash"])
    assert stage.world.conditions()["Completed"] == ("True", "RolloutCompleted")
    await stage.expect_events(*first_deploy(stage.world, size=3))


@scenario
async def test_canary_pause_until_promoted(stage: Stage) -> None:
    """A pause without a duration stands until somebody promotes; promoted once, one pause is over and not the next."""
    await stage.apply(a_rollout(canary(weight(50), pause(), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.quiet(6)
    assert state(stage.world) == ("Paused", BY_STEP)
    assert stage.world.pauses() == [BY_STEP]
    assert stage.world.status()["controllerPause"] is True
    assert stage.world.conditions()["Paused"] == ("True", "RolloutPaused")
    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}

    await stage.promote()
    await stage.paused(step=2)
    await stage.quiet(6)
    assert state(stage.world) == ("Paused", BY_STEP)
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: "controllerPause" not in world.status())

    world = stage.world
    await stage.expect_events(
        *first_deploy(world, size=2),
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        scaled(world, "web:v1", (2, 1)),
        step_done(1, 3, "setWeight: 50"),
        paused(),
        step_done(2, 3, "pause"),
        paused(),
        step_done(3, 3, "pause"),
        scaled(world, "web:v2", (1, 2)),
        scaled(world, "web:v1", (1, 0)),
        completed(world, "web:v2", "Completed all 3 canary steps"),
    )


@scenario
async def test_canary_held_by_its_spec(stage: Stage) -> None:
    """spec.paused: a new template is observed, and no pod of it is made until a promote lets go."""
    await stage.apply(a_rollout(canary(weight(50), pause(1), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.pause()
    await stage.paused()
    assert state(stage.world) == ("Paused", "manually paused")
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0} and world.phase() == "Paused")
    await stage.quiet(5)
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 0}
    assert (stage.world.step(), stage.world.message()) == (0, "manually paused")
    assert stage.world.conditions()["Paused"] == ("True", "RolloutPaused")

    await stage.promote()
    await stage.healthy(image="web:v2")
    assert "paused" not in stage.world.rollout()["spec"] or stage.world.rollout()["spec"]["paused"] is False
    assert stage.world.conditions()["Paused"] == ("False", "RolloutPaused")


@scenario
async def test_canary_held_between_steps(stage: Stage) -> None:
    """spec.paused during a timed pause: the pause may end, the rollout may not go on."""
    await stage.apply(a_rollout(canary(weight(50), pause(3), weight(100), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.pause()
    await stage.seconds(6)
    assert state(stage.world) == ("Paused", "manually paused")
    assert stage.world.step() == 1
    assert stage.world.sizes() == {"web:v1": 1, "web:v2": 1}

    await stage.promote()
    await stage.paused(step=3)
    assert stage.world.available() == {"web:v1": 0, "web:v2": 2}


@scenario
async def test_canary_promoted_past_a_step(stage: Stage) -> None:
    """A promote in the middle of a step that cannot end goes past it."""
    template = canary(weight(50), pause(), weight(100), pause(), **STRICT)
    await stage.apply(a_rollout(template, replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:does-not-exist")
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:does-not-exist": 1})
    await stage.quiet()
    assert state(stage.world) == ("Progressing", "more replicas need to be updated")
    assert stage.world.step() == 0

    await stage.promote()
    await stage.paused(step=1)
    assert state(stage.world) == ("Paused", BY_STEP)
    await stage.promote()
    await stage.until(lambda world: world.step() == 2)
    assert stage.world.available()["web:v1"] == 2


@scenario
async def test_canary_promoted_in_full(stage: Stage) -> None:
    """promote --full goes past all steps and pauses that are left; the route follows when the pods are there."""
    await stage.apply(*a_routed_world(weight(10), pause(), weight(50), pause(), replicas=3, scaleDownDelaySeconds=2))
    await stage.healthy(image="web:v1")
    phases = stage.record(lambda world: world.phase())
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert stage.world.weights() == {"web-stable": 90, "web-canary": 10}
    assert stage.world.sizes() == {"web:v1": 3, "web:v2": 1}
    begun_at = len(phases)
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 3})

    assert "Paused" not in phases[begun_at:]
    status = stage.world.status()
    assert (status["currentStepIndex"], status["stableRS"]) == (4, status["currentPodHash"])
    assert "promoteFull" not in status
    await stage.quiet()
    await stage.told(completed(stage.world, "web:v2", "Full promotion requested"))


@scenario
async def test_canary_promoted_in_full_while_held(stage: Stage) -> None:
    """promote --full of a rollout that a user holds by spec.paused lets go of it and goes to the end."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.pause()
    await stage.until(lambda world: world.message() == "manually paused")
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")

    assert stage.world.rollout()["spec"].get("paused") in (None, False)
    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 2}
    await stage.told(completed(stage.world, "web:v2", "Full promotion requested"))


@scenario
async def test_canary_promoted_in_full_by_its_status(stage: Stage) -> None:
    """promoteFull alone, beside a spec.paused that stays, does not hang either: Argo's would."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.pause()
    await stage.until(lambda world: world.message() == "manually paused")
    await stage.patch({"status": {"promoteFull": True}}, subresource="status")
    await stage.until(lambda world: world.available() == {"web:v1": 0, "web:v2": 2})
    await stage.until(lambda world: world.status()["stableRS"] == world.status()["currentPodHash"])

    assert state(stage.world) == ("Paused", "manually paused")


@scenario
async def test_canary_scaled_during_an_update(stage: Stage) -> None:
    """A rollout that is scaled while its canary is not ready yet: both versions follow, and the update goes on."""
    gate = [{"conditionType": "example.com/warm"}]
    world = a_routed_world(weight(50), pause(), replicas=2)
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.edit(
        {"op": "add", "path": "/spec/template/spec/readinessGates", "value": gate},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"},
    )
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 1} and world.step() == 0)
    await stage.scale(6)
    await stage.until(lambda world: world.sizes() == {"web:v1": 6, "web:v2": 3})
    await stage.until(lambda world: world.available() == {"web:v1": 6, "web:v2": 0})
    await stage.scale(4)
    await stage.until(lambda world: world.sizes() == {"web:v1": 4, "web:v2": 2} and len(world.pods("web:v2")) == 2)
    assert (stage.world.step(), stage.world.weights()["web-canary"]) == (0, 0)
    await stage.open_gates("example.com/warm", image="web:v2")
    await stage.paused(step=1)

    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert stage.world.available() == {"web:v1": 4, "web:v2": 2}
