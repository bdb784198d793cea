"""Autoscalers: what they read from the scale subresource, and what they write there while a rollout is at work."""

from collections.abc import Callable

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from tests.builders.manifests import a_blue_green_world, a_rollout, a_routed_world, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import scaled

STRICT = {"maxSurge": 1, "maxUnavailable": 0}


async def scale_of(stage: Stage) -> Json:
    """The Scale that an autoscaler gets."""
    return await stage.house.cluster.get(Target(kinds.ROLLOUTS, "web", stage.namespace, "scale"))


async def measured(stage: Stage, load: int, *, per_pod: int = 10) -> None:
    """One look of an autoscaler: it counts the pods by the selector of the Scale, and asks for as many as it takes."""
    await stage.until(lambda world: world.status().get("HPAReplicas") == sum(world.available().values()))
    scale = await scale_of(stage)
    key, _, value = scale["status"]["selector"].partition(",")[0].partition("=")
    counted = [pod for pod in stage.world.pods() if pod["metadata"]["labels"].get(key) == value]
    assert len(counted) == scale["status"]["replicas"]
    await stage.scale(-(-load // per_pod))


def is_at(sizes: dict[str, int]) -> Callable[[Sight], bool]:
    """All versions have their size, and their pods are available."""
    return lambda world: world.sizes() == sizes == world.available()


@scenario
async def test_autoscaled_reads_its_scale(stage: Stage) -> None:
    """The Scale of a canary counts all pods and selects all of them, before, during and after an update."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: world.status().get("HPAReplicas") == 2)
    scale = await scale_of(stage)
    assert scale["spec"]["replicas"] == 2
    assert scale["status"] == {"replicas": 2, "selector": "app=web"}
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.until(lambda world: world.status().get("HPAReplicas") == 2)

    assert (await scale_of(stage))["status"] == {"replicas": 2, "selector": "app=web"}


@scenario
async def test_autoscaled_reads_the_scale_of_a_blue_green(stage: Stage) -> None:
    """The Scale of a blue-green counts and selects what users use, so that a preview does not dilute the load."""
    await stage.apply(*a_blue_green_world(autoPromotionEnabled=False))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused()
    old = stage.world.service_hash("web-active")
    expected = {"replicas": 2, "selector": f"app=web,rollouts-pod-template-hash={old}"}
    assert (await scale_of(stage))["status"] == expected
    await stage.promote()
    await stage.until(lambda world: world.service_image("web-active") == "web:v2" and world.phase() == "Healthy")
    new = stage.world.service_hash("web-active")
    await stage.until(lambda world: str(world.status().get("selector", "")).endswith(new))

    assert (await scale_of(stage))["status"]["selector"] == f"app=web,rollouts-pod-template-hash={new}"


@scenario
async def test_autoscaled_while_healthy(stage: Stage) -> None:
    """More and less load: the rollout follows, tells each change once, and begins no update by it."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    attempt = stage.world.status()["duration"]
    await measured(stage, 45)
    await stage.until(is_at({"web:v1": 5}))
    await stage.healthy(image="web:v1")
    await measured(stage, 8)
    await stage.until(is_at({"web:v1": 1}))
    await stage.healthy(image="web:v1")

    assert stage.world.status()["duration"] == attempt
    await stage.told(scaled(stage.world, "web:v1", (5, 1)))
    told = [event for event in stage.events() if event[1] == "ScalingReplicaSet"]
    assert told == [scaled(stage.world, "web:v1", sizes) for sizes in ((0, 2), (2, 5), (5, 1))]


@scenario
async def test_autoscaled_during_a_canary(stage: Stage) -> None:
    """The share of a paused canary holds at each size that the autoscaler asks for, and the pause goes on."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    for load, half in ((80, 4), (20, 1), (60, 3)):
        await measured(stage, load)
        await stage.until(is_at({"web:v1": half, "web:v2": half}))
        await stage.paused(step=1)

    await stage.promote()
    await stage.healthy(image="web:v2")
    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 6}


@scenario
async def test_autoscaled_during_a_routed_canary(stage: Stage) -> None:
    """With routes the stable version has the whole size and the canary its share; the weight stays."""
    await stage.apply(*a_routed_world(weight(50), pause()))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    weights = stage.record(lambda world: world.weights())
    await measured(stage, 60)
    await stage.until(is_at({"web:v1": 6, "web:v2": 3}))
    await stage.paused(step=1)
    await measured(stage, 20)
    await stage.until(is_at({"web:v1": 2, "web:v2": 1}))
    await stage.paused(step=1)

    assert weights == [{"web-stable": 50, "web-canary": 50}]


@scenario
async def test_autoscaled_without_rest(stage: Stage) -> None:
    """An autoscaler that changes its mind all the time neither stops an update nor gets it wrong (Argo's conflicts)."""
    await stage.apply(a_rollout(canary(weight(50), pause(1), weight(80), pause(1), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    for size in (4, 2, 5, 3, 6, 2, 4, 3):
        await stage.scale(size)
        await stage.seconds(0.4)
    await stage.healthy(image="web:v2")
    await stage.until(is_at({"web:v1": 0, "web:v2": 3}))

    assert stage.world.phase() == "Healthy"


@scenario
async def test_autoscaled_to_nothing_and_back(stage: Stage) -> None:
    """Scaled to zero and back in the middle of an update, the rollout has its two versions again, at the same step."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.scale(0)
    await stage.until(is_at({"web:v1": 0, "web:v2": 0}))
    await stage.scale(4)
    await stage.until(is_at({"web:v1": 2, "web:v2": 2}))

    await stage.paused(step=1)
