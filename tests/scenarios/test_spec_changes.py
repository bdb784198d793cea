"""Specs that users get wrong and put right, and changes of several fields in one write."""

from rollouts.cluster import kinds
from tests.builders.manifests import a_blue_green_world, a_rollout, a_routed_world, canary, pause, services, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import completed

STRICT = {"maxSurge": 1, "maxUnavailable": 0}


def served(world: Sight) -> str:
    """The version that users of a blue-green see."""
    return world.service_image("web-active")


@scenario
async def test_spec_born_wrong(stage: Stage) -> None:
    """A rollout that cannot be carried out says which field is wrong, makes no pods, and begins once it is mended."""
    wrong = a_rollout(canary(weight(50), pause(), maxSurge=0, maxUnavailable=0))
    await stage.apply(wrong)
    await stage.degraded()
    assert stage.world.message().startswith("InvalidSpec: ")
    assert "MaxSurge and MaxUnavailable both can not be zero" in stage.world.message()
    assert stage.world.conditions()["InvalidSpec"] == ("True", "InvalidSpec")
    await stage.quiet()
    assert stage.world.sizes() == {}

    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    assert "InvalidSpec" not in stage.world.conditions()
    await stage.told(completed(stage.world, "web:v1", "Initial deploy"))


@scenario
async def test_spec_wrong_during_an_update(stage: Stage) -> None:
    """A mistake in mid-update holds all as it is; mended, the update goes on where it stood."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.patch({"spec": {"strategy": {"canary": {"maxSurge": 0}}}})
    await stage.degraded()
    assert stage.world.message().startswith("InvalidSpec: ")
    await stage.quiet()
    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}

    await stage.patch({"spec": {"strategy": {"canary": {"maxSurge": 1}}}})
    await stage.paused(step=1)
    assert "InvalidSpec" not in stage.world.conditions()
    await stage.promote()
    await stage.healthy(image="web:v2")


@scenario
async def test_spec_names_a_service_that_is_missing(stage: Stage) -> None:
    """A canary whose Service is not there says so, and goes on as soon as it comes."""
    stable, preview, route, rollout = a_routed_world(weight(50), pause())
    await stage.apply(stable, route, rollout)
    await stage.degraded()
    assert 'service "web-canary" not found' in stage.world.message()
    await stage.apply(preview)
    await stage.healthy(image="web:v1")

    assert "InvalidSpec" not in stage.world.conditions()


@scenario
async def test_spec_names_one_service_twice(stage: Stage) -> None:
    """A blue-green whose two Services are one is refused by field; with another one it goes on."""
    active, preview, rollout = a_blue_green_world(autoPromotionEnabled=False)
    rollout["spec"]["strategy"]["blueGreen"]["previewService"] = "web-active"
    await stage.apply(active, rollout)
    await stage.degraded()
    assert stage.world.message().startswith("InvalidSpec: ")
    assert "the same service for the active and preview services" in stage.world.message()
    await stage.apply(preview)
    await stage.patch({"spec": {"strategy": {"blueGreen": {"previewService": "web-preview"}}}})
    await stage.healthy(image="web:v1")

    assert served(stage.world) == "web:v1"


@scenario
async def test_spec_service_deleted_and_made_anew(stage: Stage) -> None:
    """An active Service that is deleted is told; made anew, it leads to the version that users had."""
    await stage.apply(*a_blue_green_world())
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: served(world) == "web:v1")
    await stage.delete(kinds.SERVICES, "web-active")
    await stage.degraded()
    assert 'service "web-active" not found' in stage.world.message()
    await stage.apply(*services("web-active"))
    await stage.until(lambda world: served(world) == "web:v1" and world.phase() == "Healthy")

    assert stage.world.sizes() == {"web:v1": 2}


@scenario
async def test_spec_template_and_size_in_one_write(stage: Stage) -> None:
    """A new image and a new size in one write: neither gets lost, and the update walks its steps at the new size."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    available = stage.record(lambda world: sum(world.available().values()))
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"}
    await stage.edit(image, {"op": "replace", "path": "/spec/replicas", "value": 4})
    await stage.paused(step=1)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    assert min(available) >= 2
    await stage.promote()
    await stage.healthy(image="web:v2")

    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 4}


@scenario
async def test_spec_template_and_size_of_a_blue_green(stage: Stage) -> None:
    """A new image and a smaller size in one write: both versions take the size, and users switch once."""
    await stage.apply(*a_blue_green_world(replicas=3, autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    seen = stage.record(served)
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"}
    await stage.edit(image, {"op": "replace", "path": "/spec/replicas", "value": 2})
    await stage.paused()
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    await stage.promote()
    await stage.until(lambda world: served(world) == "web:v2" and world.phase() == "Healthy")

    assert seen == ["web:v1", "web:v2"]


@scenario
async def test_spec_template_and_steps_in_one_write(stage: Stage) -> None:
    """A new image and other steps in one write: the update walks the new steps from the first."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    steps = [pause(), weight(50), pause()]
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"}
    await stage.edit(image, {"op": "replace", "path": "/spec/strategy/canary/steps", "value": steps})
    await stage.paused(step=0)
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 0}
    await stage.promote()
    await stage.paused(step=2)

    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}


@scenario
async def test_spec_other_steps_during_an_update(stage: Stage) -> None:
    """Other steps in mid-update begin at the first of them, with the same two versions."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    steps = [weight(50), {"pause": {"duration": "1s"}}, pause()]
    await stage.patch({"spec": {"strategy": {"canary": {"steps": steps}}}})
    await stage.paused(step=2)

    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}
    assert [rs["metadata"]["annotations"]["rollout.argoproj.io/revision"] for rs in stage.world.replica_sets()] == [
        "1",
        "2",
    ]
