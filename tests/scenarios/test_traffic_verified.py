"""Weights that a gateway has to take first: steps, promotions and old versions wait for it. The test is the gateway."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_routed_world, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight, Told
from tests.scenarios.stage import Stage
from tests.scenarios.telling import completed, step_done

LATE: Told = (
    "Warning",
    "WeightVerifyError",
    "Failed to verify weight: HTTPRoute web: its gateway has not taken the change yet",
)


async def report(stage: Stage, *, refusal: str = "") -> None:
    """A gateway says what it makes of the route as it is now: it has taken it, or refuses it for a reason."""
    route = await stage.get(kinds.HTTP_ROUTES)
    said = ("False", refusal, "told by the test") if refusal else ("True", "Accepted", "")
    condition: Json = {
        **{"type": "Accepted", "observedGeneration": route["metadata"]["generation"]},
        **dict(zip(("status", "reason", "message"), said, strict=True)),
        "lastTransitionTime": stage.house.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    parent = {"parentRef": {"name": "edge"}, "controllerName": "example.com/edge", "conditions": [condition]}
    body = {"status": {"parents": [parent]}}
    await stage.patch(body, resource=kinds.HTTP_ROUTES, subresource="status")


def verified(world: Sight) -> bool | None:
    """What the status says of the weights."""
    answer: bool | None = ((world.status().get("canary") or {}).get("weights") or {}).get("verified")
    return answer


async def half_way(stage: Stage) -> None:
    """A routed rollout whose gateway reports, at 50 % of its second version, which is not taken yet."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2, scaleDownDelaySeconds=0))
    await stage.healthy(image="web:v1")
    await report(stage)
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.weights()["web-canary"] == 50 and verified(world) is False)


@scenario
async def test_weight_verified_late(stage: Stage) -> None:
    """A step waits for the gateway that has not taken its weight; taken, the rollout goes on by itself."""
    await half_way(stage)
    await stage.seconds(12)
    assert (stage.world.step(), stage.world.phase()) == (0, "Progressing")
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 1}
    assert stage.world.events().count(LATE) == 1
    await report(stage)
    await stage.paused(step=1)

    assert verified(stage.world) is True
    await stage.told(step_done(1, 2, "setWeight: 50"))


@scenario
async def test_weight_refused(stage: Stage) -> None:
    """A gateway that refuses the route is quoted, and an abort does not wait for it."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2, abortScaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await report(stage, refusal="NoMatchingParent")
    await stage.set_image("web:v2")
    await stage.until(lambda world: verified(world) is False)
    await report(stage, refusal="NoMatchingParent")
    await stage.until(lambda world: "WeightVerifyError" in world.reasons())
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})

    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"


@scenario
async def test_last_weight_verified_late(stage: Stage) -> None:
    """Behind the last step nothing is promoted, and no old version goes, before the gateway has taken the weight."""
    await half_way(stage)
    await report(stage)
    await stage.paused(step=1)
    await stage.promote()
    await stage.until(lambda world: world.weights()["web-canary"] == 100 and verified(world) is False)
    await stage.seconds(12)
    assert stage.world.status()["stableRS"] != stage.world.status()["currentPodHash"]
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    assert stage.world.service_image("web-stable") == "web:v1"
    assert (stage.world.phase(), stage.world.step()) == ("Progressing", 2)

    await report(stage)
    await stage.told(completed(stage.world, "web:v2", "Completed all 2 canary steps"))
    await stage.until(lambda world: world.weights()["web-canary"] == 0 and verified(world) is False)
    await stage.seconds(3)
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    await report(stage)
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 2})
    await stage.until(lambda world: verified(world) is True and world.phase() == "Healthy")
