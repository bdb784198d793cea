"""How long versions stay that no route leads to any more: after a promotion, after an abort, and with a delay of 0."""

from datetime import datetime, timedelta
from typing import Any

from tests.builders.manifests import a_routed_world, canary_scale, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight, hash_of
from tests.scenarios.stage import Stage
from tests.scenarios.telling import (
    aborted,
    begun,
    completed,
    not_completed,
    paused,
    scaled,
    step_done,
    switched,
    weighed,
)

SERVICES = ("web-stable", "web-canary")


def deadline(world: Sight, image: str) -> str:
    """When a version is to go, as its ReplicaSet says; "" where nothing is said."""
    notes = world.replica_set(image)["metadata"].get("annotations") or {}
    return str(notes.get("scale-down-deadline", ""))


def seconds_left(stage: Stage, image: str) -> float:
    """Until a version is to go."""
    left: timedelta = datetime.fromisoformat(deadline(stage.world, image)) - stage.house.clock()
    return left.total_seconds()


async def to_second(stage: Stage, **fields: Any) -> int:
    """A routed rollout of two pods, paused at half of its second version; how many events came before that."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2, **fields))
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: all(world.service_image(name) == "web:v1" for name in SERVICES))
    await stage.quiet(1)
    first = len(stage.events())
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    return first


@scenario
async def test_old_version_stays_for_its_delay(stage: Stage) -> None:
    """After a promotion the old version keeps all its pods until its time is over; every event in order."""
    first = await to_second(stage, scaleDownDelaySeconds=8)
    await stage.promote()
    await stage.until(lambda world: deadline(world, "web:v1") != "" and world.phase() == "Healthy")
    assert 0 < seconds_left(stage, "web:v1") <= 8
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    assert stage.world.weights() == {"web-stable": 100, "web-canary": 0}
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2})
    assert seconds_left_is_over(stage)

    world = stage.world
    old, new = (hash_of(world.replica_set(image)) for image in ("web:v1", "web:v2"))
    await stage.until(lambda world: deadline(world, "web:v1") == "")
    await stage.expect_events(
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        switched("web-canary", old, new),
        weighed(0, 50),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        step_done(2, 2, "pause"),
        scaled(world, "web:v2", (1, 2)),
        weighed(50, 100),
        completed(world, "web:v2", "Completed all 2 canary steps"),
        switched("web-stable", old, new),
        weighed(100, 0),
        scaled(world, "web:v1", (2, 0)),
        since=first,
    )


def seconds_left_is_over(stage: Stage) -> bool:
    """The deadline, if it is still written, has passed."""
    return not deadline(stage.world, "web:v1") or seconds_left(stage, "web:v1") <= 0


@scenario
async def test_old_version_goes_at_once(stage: Stage) -> None:
    """With a delay of 0 the old version goes once no Service or route leads to it, which Argo never brings about."""
    await to_second(stage, scaleDownDelaySeconds=0)
    await stage.promote()
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2}, within=18)

    await stage.healthy(image="web:v2")
    assert deadline(stage.world, "web:v1") == ""
    assert stage.world.service_image("web-stable") == "web:v2"


@scenario
async def test_old_version_is_wanted_again(stage: Stage) -> None:
    """Back to a version that waits for its end: it is kept, and its deadline goes."""
    await to_second(stage, scaleDownDelaySeconds=60)
    await stage.promote()
    await stage.until(lambda world: deadline(world, "web:v1") != "" and world.phase() == "Healthy")
    names = {pod["metadata"]["name"] for pod in stage.world.pods("web:v1")}
    await stage.set_image("web:v1")
    await stage.until(lambda world: deadline(world, "web:v1") == "" and world.phase() == "Paused")

    left = {pod["metadata"]["name"] for pod in stage.world.pods("web:v1")}
    assert left <= names
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert (stage.world.service_image("web-stable"), stage.world.service_image("web-canary")) == ("web:v2", "web:v1")


@scenario
async def test_no_more_old_versions_than_may_stay(stage: Stage) -> None:
    """scaleDownDelayRevisionLimit: of the old versions that wait, the newest stays and the others go."""
    await stage.apply(*a_routed_world(weight(50), replicas=1, scaleDownDelaySeconds=60, scaleDownDelayRevisionLimit=1))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.phase() == "Healthy" and deadline(world, "web:v1") != "")
    await stage.set_image("web:v3")
    await stage.until(lambda world: world.phase() == "Healthy" and deadline(world, "web:v2") != "")

    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 1, "web:v3": 1})


@scenario
async def test_aborted_version_stays_for_its_delay(stage: Stage) -> None:
    """After an abort the weight goes at once, and the canary's pods when their time is over."""
    first = await to_second(stage, abortScaleDownDelaySeconds=8)
    await stage.abort()
    await stage.until(lambda world: deadline(world, "web:v2") != "")
    await stage.degraded()
    assert 0 < seconds_left(stage, "web:v2") <= 8
    assert stage.world.weights() == {"web-stable": 100, "web-canary": 0}
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 1}
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})

    world = stage.world
    old, new = (hash_of(world.replica_set(image)) for image in ("web:v1", "web:v2"))
    await stage.expect_events(
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        switched("web-canary", old, new),
        weighed(0, 50),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        switched("web-canary", new, old),
        weighed(50, 0),
        aborted(2),
        scaled(world, "web:v2", (1, 0)),
        since=first,
    )


@scenario
async def test_aborted_version_stays_for_good(stage: Stage) -> None:
    """abortScaleDownDelaySeconds 0 keeps the canary's pods, without weight, for those who want to look at them."""
    await to_second(stage, abortScaleDownDelaySeconds=0)
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    await stage.seconds(8)

    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 1}
    assert deadline(stage.world, "web:v2") == ""
    await stage.retry()
    await stage.paused(step=1)
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}


@scenario
async def test_aborted_version_of_its_own_size(stage: Stage) -> None:
    """A canary that setCanaryScale made large goes whole after an abort; retried in time, its pods are the same."""
    steps = (canary_scale(replicas=3), weight(10), pause())
    await stage.apply(*a_routed_world(*steps, replicas=2, abortScaleDownDelaySeconds=10))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    names = {pod["metadata"]["name"] for pod in stage.world.pods("web:v2")}
    assert (len(names), stage.world.weights()["web-canary"]) == (3, 10)
    await stage.abort()
    await stage.until(lambda world: deadline(world, "web:v2") != "")
    await stage.retry()
    await stage.until(lambda world: world.step() == 2 and world.phase() == "Paused" and deadline(world, "web:v2") == "")
    assert {pod["metadata"]["name"] for pod in stage.world.pods("web:v2")} == names
    await stage.abort()

    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})
    assert stage.world.weights() == {"web-stable": 100, "web-canary": 0}
