"""Rollouts that get nowhere: they say what they wait for and since when, and go on when it comes."""

from tests.builders.manifests import a_rollout, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

BAD = "web:does-not-exist"


@scenario
async def test_stuck_on_an_image(stage: Stage) -> None:
    """A version that cannot be pulled: status, event and log name the ReplicaSet and the pod's own reason."""
    manifest = a_rollout(canary(weight(50), pause()), replicas=2)
    manifest["spec"]["progressDeadlineSeconds"] = 12
    await stage.apply(manifest)
    await stage.healthy(image="web:v1")
    await stage.set_image(BAD)
    await stage.until(lambda world: "; pod " in world.message())

    message = stage.world.message()
    assert "(stuck since " in message
    assert ": 0 of 1 available; pod web-" in message
    assert any(reason in message for reason in ("ErrImagePull", "ImagePullBackOff"))
    await stage.until(lambda world: world.message().startswith("ProgressDeadlineExceeded: "))
    assert stage.world.reasons().count("RolloutStuck") == 1

    await stage.set_image("web:v1")
    await stage.healthy(image="web:v1")
    assert stage.world.message() == ""
