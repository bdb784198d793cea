"""Ways back of a blue-green: aborts, old versions that wait to be needed, and previews that never get ready."""

from datetime import datetime

from rollouts.cluster.port import Json
from tests.builders.manifests import a_blue_green_world
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import aborted, completed

DEADLINE = "scale-down-deadline"
BROKEN = "web:does-not-exist"


def served(world: Sight) -> tuple[str, str]:
    """The versions that users and testers see."""
    return world.service_image("web-active"), world.service_image("web-preview")


def deadlines(world: Sight) -> set[str]:
    """The images of the versions that wait for their end."""
    images = world.sizes()
    return {one for one in images if DEADLINE in (world.replica_set(one)["metadata"].get("annotations") or {})}


def is_promoted(world: Sight, image: str) -> bool:
    """Users see this version, and it is the stable one."""
    chosen, status = world.service_hash("web-active"), world.status()
    return (
        world.service_image("web-active") == image and status.get("stableRS") == chosen and world.phase() == "Healthy"
    )


async def promoted(stage: Stage, image: str) -> None:
    """Until users see this version, and it is the stable one."""
    await stage.until(lambda world: is_promoted(world, image), what=f"{image} is promoted")


def progress(world: Sight) -> Json:
    """The Progressing condition."""
    found = [one for one in world.status().get("conditions") or () if one["type"] == "Progressing"]
    return found[0] if found else {}


@scenario
async def test_bluegreen_aborted_before_the_switch(stage: Stage) -> None:
    """Aborted, the preview goes after its delay, and users never saw it; a retry begins the same preview anew."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, abortScaleDownDelaySeconds=4))
    await stage.healthy(image="web:v1")
    seen = stage.record(lambda world: world.service_image("web-active"))
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.abort()
    await stage.degraded()
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"
    await stage.until(lambda world: deadlines(world) == {"web:v2"})
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})
    await stage.until(lambda world: deadlines(world) == set())
    assert stage.world.status()["abort"] is True
    assert "abortedAt" in stage.world.status()
    await stage.told(aborted(2))

    await stage.retry()
    await stage.paused()
    assert stage.world.available() == {"web:v1": 2, "web:v2": 2}
    assert "abortedAt" not in stage.world.status()
    await stage.promote()
    await promoted(stage, "web:v2")

    assert seen == ["web:v1", "web:v2"]


@scenario
async def test_bluegreen_preview_kept_after_an_abort(stage: Stage) -> None:
    """abortScaleDownDelaySeconds: 0 keeps the preview of an aborted update for as long as nobody goes on."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, abortScaleDownDelaySeconds=0))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.abort()
    await stage.degraded()
    await stage.quiet(5)

    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    assert deadlines(stage.world) == set()
    assert served(stage.world) == ("web:v1", "web:v2")


@scenario
async def test_bluegreen_back_to_stable_while_it_waits(stage: Stage) -> None:
    """The stable template again, in the middle of an update: nothing is left to be promoted."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, scaleDownDelaySeconds=3))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.set_image("web:v1")
    await promoted(stage, "web:v1")
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})

    assert stage.world.pauses() == []
    assert served(stage.world) == ("web:v1", "web:v1")


@scenario
async def test_bluegreen_rolled_back_fast(stage: Stage) -> None:
    """Back to a version that still waits for its end: users see it at once, without the pause of an update."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, scaleDownDelaySeconds=60))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.promote()
    await promoted(stage, "web:v2")
    await stage.until(lambda world: deadlines(world) == {"web:v1"})
    phases = stage.record(lambda world: world.phase())
    await stage.undo()
    await promoted(stage, "web:v1")
    await stage.until(lambda world: deadlines(world) == {"web:v2"})

    assert "Paused" not in phases
    assert stage.world.available() == {"web:v1": 2, "web:v2": 2}
    await stage.told(completed(stage.world, "web:v1", "Fast rollback"))


@scenario
async def test_bluegreen_rolled_back_late(stage: Stage) -> None:
    """Back to a version whose delay is over is an update like any other: a new preview, and a pause."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False, scaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    await stage.promote()
    await promoted(stage, "web:v2")
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2})
    await stage.undo()
    await stage.paused()

    assert served(stage.world) == ("web:v2", "web:v1")
    await stage.promote()
    await promoted(stage, "web:v1")


@scenario
async def test_bluegreen_old_version_waits(stage: Stage) -> None:
    """After the switch the old version stays whole until its delay is over, and then goes."""
    await stage.apply(*a_blue_green_world(scaleDownDelaySeconds=5))
    await stage.healthy(image="web:v1")
    moments: dict[bool, datetime] = {}
    stage.record(lambda world: moments.setdefault(world.sizes().get("web:v1") == 0, stage.house.clock()))
    await stage.set_image("web:v2")
    await promoted(stage, "web:v2")
    await stage.until(lambda world: deadlines(world) == {"web:v1"})
    end = datetime.fromisoformat(stage.world.replica_set("web:v1")["metadata"]["annotations"][DEADLINE])
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2})
    await stage.until(lambda world: deadlines(world) == set())

    assert moments[True] >= end
    assert stage.world.phase() == "Healthy"


@scenario
async def test_bluegreen_old_version_goes_at_once(stage: Stage) -> None:
    """scaleDownDelaySeconds: 0: the old version goes once the switch is known; Argo's would stay for ever."""
    await stage.apply(*a_blue_green_world(scaleDownDelaySeconds=0))
    await stage.healthy(image="web:v1")
    sights = stage.record(lambda world: (world.sizes().get("web:v1"), world.service_image("web-active")))
    await stage.set_image("web:v2")
    await promoted(stage, "web:v2")
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2}, within=18)

    assert (0, "web:v1") not in sights
    assert deadlines(stage.world) == set()


@scenario
async def test_bluegreen_number_of_old_versions(stage: Stage) -> None:
    """scaleDownDelayRevisionLimit: so many old versions wait, the ones beyond go at once."""
    await stage.apply(*a_blue_green_world(replicas=1, scaleDownDelaySeconds=60, scaleDownDelayRevisionLimit=1))
    await stage.healthy(image="web:v1")
    for image in ("web:v2", "web:v3"):
        await stage.set_image(image)
        await promoted(stage, image)
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 1, "web:v3": 1})
    assert deadlines(stage.world) == {"web:v2"}
    await stage.set_image("web:v4")
    await promoted(stage, "web:v4")

    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 0, "web:v3": 1, "web:v4": 1})
    await stage.until(lambda world: deadlines(world) == {"web:v3"})


@scenario
async def test_bluegreen_history_limit(stage: Stage) -> None:
    """revisionHistoryLimit: of the old versions without pods the newest stay, the others are deleted."""
    world = a_blue_green_world(replicas=1, scaleDownDelaySeconds=0)
    world[2]["spec"]["revisionHistoryLimit"] = 1
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    for image in ("web:v2", "web:v3"):
        await stage.set_image(image)
        await promoted(stage, image)
    await stage.until(lambda world: world.sizes().get("web:v2") == 0)
    await stage.set_image("web:v4")
    await promoted(stage, "web:v4")

    await stage.until(lambda world: world.sizes() == {"web:v3": 0, "web:v4": 1})


@scenario
async def test_bluegreen_out_of_time(stage: Stage) -> None:
    """A preview that makes no progress is told, harms nobody, and is not aborted; mended, the update goes on."""
    world = a_blue_green_world()
    world[2]["spec"]["progressDeadlineSeconds"] = 5
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image(BROKEN)
    await stage.degraded()
    name = stage.world.replica_set(BROKEN)["metadata"]["name"]
    assert stage.world.message().startswith(f'ProgressDeadlineExceeded: ReplicaSet "{name}" has timed out progressing.')
    assert progress(stage.world)["reason"] == "ProgressDeadlineExceeded"
    assert served(stage.world) == ("web:v1", BROKEN)
    assert "abort" not in stage.world.status()
    assert stage.world.available() == {"web:v1": 2, BROKEN: 0}

    await stage.set_image("web:v2")
    await promoted(stage, "web:v2")


@scenario
async def test_bluegreen_out_of_time_and_aborted(stage: Stage) -> None:
    """With progressDeadlineAbort a preview that makes no progress is aborted."""
    world = a_blue_green_world(abortScaleDownDelaySeconds=1)
    world[2]["spec"] |= {"progressDeadlineSeconds": 5, "progressDeadlineAbort": True}
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    await stage.set_image(BROKEN)
    await stage.until(lambda world: world.status().get("abort") is True)
    await stage.degraded()
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, BROKEN: 0})

    assert stage.world.service_image("web-active") == "web:v1"
    await stage.set_image("web:v2")
    await promoted(stage, "web:v2")
