"""The lives that every rollout has: promoted, aborted and tried again, paused, scaled, deleted. Also examples."""

from rollouts.cluster import kinds
from tests.builders.manifests import (
    a_blue_green_world,
    a_rollout,
    a_routed_world,
    canary,
    canary_scale,
    pause,
    weight,
)
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

FIRST_DEPLOY = (
    "RolloutAddedToInformer",
    "RolloutUpdated",
    "NewReplicaSetCreated",
    "RolloutNotCompleted",
    "ScalingReplicaSet",
    "RolloutCompleted",
)
UPDATE = ("RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted", "ScalingReplicaSet")


@scenario
async def test_canary_aborted_retried_and_promoted(stage: Stage) -> None:
    """A canary that is aborted, retried and promoted tells Argo's twenty-one events, in order."""
    # The pause ends by itself: when a user lifts it, Argo tells no RolloutResumed (golden st-tr-header-17).
    await stage.apply(a_rollout(canary(weight(50), pause(6)), replicas=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.until(lambda world: world.sizes() == {"web:v1": 1, "web:v2": 0})
    await stage.degraded()
    await stage.retry()
    await stage.paused(step=1)
    await stage.healthy(image="web:v2")

    await stage.expect_events(
        *FIRST_DEPLOY,
        *UPDATE,
        *("RolloutStepCompleted", "RolloutPaused"),
        *("ScalingReplicaSet", ("Warning", "RolloutAborted", "Rollout aborted update to revision 2")),
        *("ScalingReplicaSet", "RolloutStepCompleted", "RolloutPaused"),
        *("RolloutStepCompleted", "RolloutResumed", "ScalingReplicaSet", "RolloutCompleted"),
    )


@scenario
async def test_canary_promoted(stage: Stage) -> None:
    """A routed canary takes its weight when its pods are there, and all of it when it is promoted."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2))
    await stage.healthy(image="web:v1")
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    await stage.set_image("web:v2")
    await stage.paused(step=1)

    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert stage.world.service_image("web-canary") == "web:v2"
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 1}

    await stage.promote()
    await stage.healthy()
    await stage.until(
        lambda world: world.service_image("web-stable") == "web:v2" and world.weights()["web-canary"] == 0
    )

    assert weights == [0, 50, 100, 0]


@scenario
async def test_blue_green_promoted(stage: Stage) -> None:
    """A blue-green without a pause switches when the new version is whole, with Argo's twelve events."""
    await stage.apply(*a_blue_green_world(replicas=2, has_preview=False))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.healthy()

    assert stage.world.service_image("web-active") == "web:v2"
    await stage.expect_events(
        *("RolloutAddedToInformer", "RolloutUpdated", "NewReplicaSetCreated", "ScalingReplicaSet"),
        *("RolloutCompleted", "SwitchService"),
        *("RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted", "ScalingReplicaSet"),
        *("SwitchService", "RolloutCompleted"),
    )


@scenario
async def test_pause_for_a_while(stage: Stage) -> None:
    """A timed pause ends by itself, and not before its time."""
    await stage.apply(a_rollout(canary(weight(50), pause(8)), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.seconds(5)

    assert stage.world.phase() == "Paused"
    await stage.healthy(image="web:v2")
    assert "RolloutResumed" in stage.world.reasons()


@scenario
async def test_scaled_during_a_pause(stage: Stage) -> None:
    """A rollout that is scaled while it pauses keeps its share: up and down again, without a step forward."""
    await stage.apply(a_rollout(canary(weight(50), pause(), maxSurge=0), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.scale(6)
    await stage.until(lambda world: world.available() == {"web:v1": 3, "web:v2": 3})
    await stage.scale(4)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})

    await stage.paused(step=1)


@scenario
async def test_canary_scale_set(stage: Stage) -> None:
    """setCanaryScale sizes the canary apart from its weight, and matchTrafficWeight gives that up again."""
    steps = (canary_scale(replicas=3), pause(), weight(50), pause(), canary_scale(matchTrafficWeight=True), pause())
    await stage.apply(*a_routed_world(*steps, replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert (stage.world.sizes(), stage.world.weights()["web-canary"]) == ({"web:v1": 2, "web:v2": 3}, 0)
    await stage.promote()
    await stage.paused(step=3)
    assert (stage.world.sizes()["web:v2"], stage.world.weights()["web-canary"]) == (3, 50)
    await stage.promote()
    await stage.paused(step=5)

    assert stage.world.sizes()["web:v2"] == 1


@scenario
async def test_deleted_in_the_foreground(stage: Stage) -> None:
    """Foreground deletion in the middle of an update leaves nothing of the rollout."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2))
    await stage.healthy()
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.delete(kinds.ROLLOUTS, propagation="Foreground")
    await stage.until(lambda world: not world.all(kinds.ROLLOUTS))

    await stage.until(lambda world: not world.all(kinds.REPLICA_SETS) and not world.all(kinds.PODS))


@scenario(served=True)
async def test_waited_for_by_kubectl(stage: Stage) -> None:
    """`kubectl wait` ends when the rollout is paused, completed and healthy."""
    await stage.apply(a_rollout(canary(weight(50), pause()), replicas=2))
    await stage.kubectl("wait", "rollout/web", "--for=condition=Healthy", "--timeout=60s")
    await stage.set_image("web:v2")
    await stage.kubectl("wait", "rollout/web", "--for=condition=Paused", "--timeout=60s")
    await stage.promote()
    await stage.kubectl("wait", "rollout/web", "--for=condition=Completed", "--timeout=60s")
    await stage.kubectl("wait", "rollout/web", "--for=condition=Healthy", "--timeout=60s")

    await stage.healthy(image="web:v2")
