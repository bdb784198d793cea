"""How a blue-green comes to its switch: the preview's size, the pause before it, and ways to hurry it."""

from datetime import datetime

from rollouts.cluster.port import Json
from tests.builders.manifests import a_blue_green_world
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight, Told, hash_of
from tests.scenarios.stage import Stage
from tests.scenarios.telling import begun, completed, not_completed, paused, scaled, switched

BEFORE_SWITCH = "BlueGreenPause"
RESUMED = "RolloutResumed"


def served(world: Sight) -> tuple[str, str]:
    """The versions that users and testers see."""
    return world.service_image("web-active"), world.service_image("web-preview")


def blue_green(world: Sight) -> Json:
    """status.blueGreen."""
    part: Json = world.status().get("blueGreen") or {}
    return part


def first_deploy(world: Sight, *, size: int) -> tuple[Told, ...]:
    """All that a first version tells whose Services lead to it: Argo tells no RolloutNotCompleted here."""
    new = hash_of(world.replica_set("web:v1"))
    return (
        ("Normal", "RolloutAddedToInformer", f"Rollout resource added to informer: {world.namespace}/web"),
        *begun(world, "web:v1", 1),
        switched("web-preview", "", new),
        scaled(world, "web:v1", (0, size), revision=1),
        completed(world, "web:v1", "Initial deploy", revision=1),
        switched("web-active", "", new),
    )


@scenario
async def test_bluegreen_promoted_by_hand(stage: Stage) -> None:
    """Without auto-promotion the preview waits, whole and unseen by users, for a human; events as Argo's."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    assert stage.world.message() == BEFORE_SWITCH
    await stage.quiet(5)
    assert stage.world.pauses() == [BEFORE_SWITCH]
    assert stage.world.status()["controllerPause"] is True
    assert stage.world.conditions()["Paused"] == ("True", "RolloutPaused")
    assert stage.world.available() == {"web:v1": 2, "web:v2": 2}
    assert served(stage.world) == ("web:v1", "web:v2")

    await stage.promote()
    await stage.phase("Healthy")
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))
    await stage.until(lambda world: world.status()["stableRS"] == world.status()["currentPodHash"])
    world, old = stage.world, hash_of(stage.world.replica_set("web:v1"))
    new = hash_of(world.replica_set("web:v2"))
    assert blue_green(world)["activeSelector"] == blue_green(world)["previewSelector"] == new
    await stage.expect_events(
        *first_deploy(world, size=2),
        *begun(world, "web:v2", 2),
        switched("web-preview", old, new),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 2)),
        paused(BEFORE_SWITCH),
        switched("web-active", old, new),
        completed(world, "web:v2", "Completed blue-green update"),
    )


@scenario
async def test_bluegreen_promoted_by_time(stage: Stage) -> None:
    """autoPromotionSeconds after the preview was ready users see it, and not earlier."""
    await stage.apply(*a_blue_green_world(autoPromotionSeconds=5))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    began = datetime.fromisoformat(stage.world.status()["pauseConditions"][0]["startTime"])
    assert served(stage.world) == ("web:v1", "web:v2")
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))
    assert (stage.house.clock() - began).total_seconds() >= 5
    await stage.phase("Healthy")

    await stage.until(lambda world: RESUMED in world.reasons())
    assert stage.world.pauses() == []


@scenario
async def test_bluegreen_time_without_auto_promotion(stage: Stage) -> None:
    """autoPromotionSeconds beside autoPromotionEnabled: false does nothing; only a human goes on."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, autoPromotionSeconds=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.quiet(6)

    assert (stage.world.phase(), served(stage.world)) == ("Paused", ("web:v1", "web:v2"))
    await stage.promote()
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))


@scenario
async def test_bluegreen_preview_count(stage: Stage) -> None:
    """The preview has its own size until it is promoted, then grows, and users see it when it is whole."""
    await stage.apply(*a_blue_green_world(replicas=3, previewReplicaCount=1, autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    assert stage.world.sizes() == {"web:v1": 3}
    await stage.set_image("web:v2")
    await stage.paused()
    assert stage.world.available() == {"web:v1": 3, "web:v2": 1}
    assert "scaleUpPreviewCheckPoint" not in blue_green(stage.world)

    checked = stage.record(lambda world: blue_green(world).get("scaleUpPreviewCheckPoint"))
    seen = stage.record(lambda world: (world.service_image("web-active"), world.available()["web:v2"]))
    await stage.promote()
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))
    await stage.phase("Healthy")
    await stage.until(lambda world: "scaleUpPreviewCheckPoint" not in blue_green(world))

    assert checked == [None, True, None]
    assert {count for image, count in seen if image == "web:v2"} == {3}
    assert stage.world.available() == {"web:v1": 3, "web:v2": 3}


@scenario
async def test_bluegreen_preview_count_of_the_next(stage: Stage) -> None:
    """A newer template while the preview grows begins small again: what was latched is forgotten."""
    world = a_blue_green_world(replicas=3, previewReplicaCount=1, autoPromotionEnabled=False, scaleDownDelaySeconds=2)
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.set_image("web:does-not-exist")
    await stage.until(lambda world: world.sizes() == {"web:v1": 3, "web:v2": 0, "web:does-not-exist": 1})
    assert served(stage.world) == ("web:v1", "web:does-not-exist")
    await stage.set_image("web:v3")
    await stage.paused()
    await stage.until(lambda world: world.available().get("web:v3") == 1)

    assert "scaleUpPreviewCheckPoint" not in blue_green(stage.world)
    assert stage.world.sizes()["web:v3"] == 1
    assert served(stage.world) == ("web:v1", "web:v3")


@scenario
async def test_bluegreen_promoted_in_full(stage: Stage) -> None:
    """promote --full of a preview that waits: the pause and the small size are over at once."""
    await stage.apply(*a_blue_green_world(replicas=3, previewReplicaCount=1, autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.promote(full=True)
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))
    await stage.phase("Healthy")

    assert "promoteFull" not in stage.world.status()
    await stage.told(completed(stage.world, "web:v2", "Full promotion requested"))


@scenario
async def test_bluegreen_without_preview_service(stage: Stage) -> None:
    """A blue-green needs no preview Service; the switch is the same."""
    world = a_blue_green_world(autoPromotionEnabled=False)
    del world[2]["spec"]["strategy"]["blueGreen"]["previewService"]
    await stage.apply(world[0], world[2])
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    assert "previewSelector" not in blue_green(stage.world)
    await stage.promote()

    await stage.until(lambda world: world.service_image("web-active") == "web:v2")


@scenario
async def test_bluegreen_scaled_while_it_waits(stage: Stage) -> None:
    """An autoscaler's change during the pause sizes both versions; what users see is not touched."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.scale(4)
    await stage.until(lambda world: world.available() == {"web:v1": 4, "web:v2": 4})
    await stage.paused()
    assert stage.world.status()["HPAReplicas"] == 4
    await stage.scale(1)
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 1})
    await stage.paused()

    assert served(stage.world) == ("web:v1", "web:v2")
    assert stage.world.pauses() == [BEFORE_SWITCH]


@scenario
async def test_bluegreen_held_by_its_spec(stage: Stage) -> None:
    """spec.paused: a new template has its preview, as in Argo; the switch waits for a promote."""
    await stage.apply(*a_blue_green_world())
    await stage.healthy(image="web:v1")
    await stage.pause()
    await stage.paused()
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    await stage.quiet(4)
    assert served(stage.world) == ("web:v1", "web:v2")
    assert (stage.world.phase(), stage.world.message()) == ("Paused", "manually paused")

    await stage.promote()
    await stage.until(lambda world: served(world) == ("web:v2", "web:v2"))
    await stage.phase("Healthy")
