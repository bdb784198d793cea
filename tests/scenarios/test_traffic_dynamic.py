"""dynamicStableScale: stable gives pods away as the canary gets weight, and gets them back before it gets traffic."""

from typing import Any

from rollouts.cluster.port import Json
from tests.builders.manifests import a_pod, a_routed_world, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import completed

GATE = "example.com/warm"
GATED: Json = {"readinessGates": [{"conditionType": GATE}]}


def share(world: Sight) -> tuple[int, int]:
    """The weight that routes give the canary, and the one that the status records."""
    weights = (world.status().get("canary") or {}).get("weights") or {}
    return world.weights().get("web-canary", 0), (weights.get("canary") or {}).get("weight", 0)


async def warm(stage: Stage, image: str, count: int) -> None:
    """Open the gates of so many pods, once they are there."""
    await stage.until(lambda world: len(world.pods(image)) >= count)
    await stage.open_gates(GATE, image=image)


async def dynamic(stage: Stage, *steps: Json, gated: bool = True, **fields: Any) -> None:
    """A dynamic rollout of four gated pods, which are warm."""
    objects = a_routed_world(*steps, replicas=4, dynamicStableScale=True, **fields)
    objects[-1]["spec"]["template"] = a_pod(**(GATED if gated else {}))
    await stage.apply(*objects)
    if gated:
        await warm(stage, "web:v1", 4)
    await stage.healthy(image="web:v1")


@scenario
async def test_dynamic_stable_waits_for_gates(stage: Stage) -> None:
    """Pods that run behind closed gates get no weight, and cost stable no pod; opened, both follow."""
    await dynamic(stage, weight(50), pause(), weight(75), pause())
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(world.pods("web:v2")) == 2)
    await stage.quiet(3)
    assert stage.world.sizes() == {"web:v1": 4, "web:v2": 2}
    assert (share(stage.world), stage.world.step()) == ((0, 0), 0)
    assert (stage.world.phase(), stage.world.message()) == ("Progressing", "more replicas need to be updated")

    await stage.open_gates(GATE, image="web:v2")
    await stage.paused(step=1)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    assert share(stage.world) == (50, 50)
    await stage.promote()
    await stage.until(lambda world: world.sizes()["web:v2"] == 3)
    await stage.quiet(3)
    assert (stage.world.sizes()["web:v1"], share(stage.world)) == (2, (50, 50))
    await warm(stage, "web:v2", 3)
    await stage.paused(step=3)
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 3})
    assert share(stage.world) == (75, 75)
    await stage.promote()
    await warm(stage, "web:v2", 4)
    await stage.until(lambda world: world.phase() == "Healthy" and world.sizes() == {"web:v1": 0, "web:v2": 4})
    await stage.until(lambda world: share(world) == (0, 0) and world.service_image("web-stable") == "web:v2")

    await stage.told(completed(stage.world, "web:v2", "Completed all 4 canary steps"))


@scenario
async def test_dynamic_stable_aborted(stage: Stage) -> None:
    """An abort gives traffic back only as fast as stable has warm pods for it, step by step, and never up again."""
    await dynamic(stage, weight(25), pause(1), weight(75), pause())
    await stage.set_image("web:v2")
    await warm(stage, "web:v2", 1)
    await warm(stage, "web:v2", 3)
    await stage.paused(step=3)
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 3})
    weights = stage.record(lambda world: world.weights().get("web-canary", 0))
    await stage.abort()
    await stage.until(lambda world: len(world.pods("web:v1")) == 3)
    await stage.quiet(3)
    assert share(stage.world) == (75, 75)
    assert stage.world.available() == {"web:v1": 1, "web:v2": 3}
    assert (stage.world.phase(), stage.world.step()) == ("Degraded", 0)

    await stage.open_gates(GATE, image="web:v1")
    await stage.until(lambda world: share(world) == (25, 25) and world.sizes() == {"web:v1": 4, "web:v2": 1})
    await warm(stage, "web:v1", 4)
    await stage.until(lambda world: share(world) == (0, 0) and world.sizes() == {"web:v1": 4, "web:v2": 0})
    assert weights == sorted(weights, reverse=True)
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"
    assert stage.world.reasons().count("RolloutAborted") == 1
    await stage.quiet(3)
    assert stage.world.available() == {"web:v1": 4, "web:v2": 0}


@scenario
async def test_dynamic_stable_rolled_back(stage: Stage) -> None:
    """Back to the stable template: the canary keeps weight and pods until stable has grown back."""
    await dynamic(stage, weight(50), pause())
    await stage.set_image("web:v2")
    await warm(stage, "web:v2", 2)
    await stage.paused(step=1)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    served = stage.record(lambda world: sum(world.available().values()))
    await stage.set_image("web:v1")
    await stage.until(lambda world: len(world.pods("web:v1")) == 4)
    await stage.quiet(3)
    assert share(stage.world)[0] == 50
    assert stage.world.available() == {"web:v1": 2, "web:v2": 2}

    await stage.open_gates(GATE, image="web:v1")
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: share(world) == (0, 0) and world.service_image("web-canary") == "web:v1")
    assert stage.world.sizes() == {"web:v1": 4, "web:v2": 0}
    assert min(served) == 4
    await stage.told(("Normal", "SkipSteps", "Rollback to stable ReplicaSets"))


@scenario
async def test_dynamic_stable_keeps_an_aborted_canary(stage: Stage) -> None:
    """abortScaleDownDelaySeconds 0 keeps the canary's pods here too, without weight, where Argo scales them down."""
    await dynamic(stage, weight(50), pause(), gated=False, abortScaleDownDelaySeconds=0)
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})
    await stage.abort()
    await stage.until(lambda world: share(world) == (0, 0) and world.available()["web:v1"] == 4)
    await stage.quiet(3)

    assert stage.world.phase() == "Degraded"
    assert stage.world.sizes() == {"web:v1": 4, "web:v2": 2}


@scenario
async def test_dynamic_stable_promoted_in_full(stage: Stage) -> None:
    """promote --full: weight follows the pods that can serve, and stable gives up none before."""
    await dynamic(stage, weight(25), pause(), weight(50), pause(), gated=False)
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    served = stage.record(lambda world: sum(world.available().values()))
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: share(world) == (0, 0) and world.service_image("web-stable") == "web:v2")

    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 4}
    assert min(served) >= 4
    await stage.told(completed(stage.world, "web:v2", "Full promotion requested"))
