"""Another version while one is under way, back again, and another strategy: where a canary goes from there."""

from tests.builders.manifests import (
    a_rollout,
    a_route,
    a_routed_world,
    blue_green,
    canary,
    pause,
    routed,
    services,
    weight,
)
from tests.scenarios.playing import scenario
from tests.scenarios.sight import REVISION, Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import begun, completed, first_deploy, not_completed, paused, scaled, step_done

STRICT = {"maxSurge": 1, "maxUnavailable": 0}
GATE = "example.com/warm"


def skipped(why: str) -> tuple[str, str, str]:
    """Steps are skipped."""
    return ("Normal", "SkipSteps", why)


def history(world: Sight, image: str) -> tuple[str | None, str | None]:
    """The revision of a version, and those that it had before."""
    notes = world.replica_set(image)["metadata"].get("annotations") or {}
    return notes.get(REVISION), notes.get("rollout.argoproj.io/revision-history")


@scenario
async def test_canary_of_a_third_version(stage: Stage) -> None:
    """A new template in mid-update begins at the first step; what it overtook goes, and stable stays the same."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    first = stage.world.status()["stableRS"]
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.set_image("web:v3")
    await stage.until(lambda world: "web:v3" in world.sizes())
    await stage.paused(step=1)
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 0, "web:v3": 1})

    assert stage.world.status()["stableRS"] == first
    world = stage.world
    await stage.expect_events(
        *first_deploy(world, size=2),
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        scaled(world, "web:v1", (2, 1)),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        *begun(world, "web:v3", 3),
        ("Normal", "RolloutResumed", "Rollout is resumed"),
        scaled(world, "web:v3", (0, 1)),
        scaled(world, "web:v2", (1, 0)),
        step_done(1, 2, "setWeight: 50"),
        paused(),
    )


@scenario
async def test_canary_back_to_stable(stage: Stage) -> None:
    """The stable template again in mid-update: steps are skipped, the canary's pods go, and no version is made."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.set_image("web:v1")
    await stage.healthy(image="web:v1")

    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 0}
    assert stage.world.step() == 2
    assert history(stage.world, "web:v1") == ("3", "1")
    world = stage.world
    await stage.expect_events(
        *first_deploy(world, size=2),
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        scaled(world, "web:v1", (2, 1), revision=1),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        ("Normal", "RolloutUpdated", "Rollout updated to revision 3"),
        skipped("Rollback to stable ReplicaSets"),
        ("Normal", "RolloutResumed", "Rollout is resumed"),
        scaled(world, "web:v1", (1, 2)),
        scaled(world, "web:v2", (1, 0)),
    )


@scenario
async def test_canary_rolled_back_within_its_window(stage: Stage) -> None:
    """A version from within the rollback window walks no step and waits for no pause."""
    steps = (weight(50), pause(1))
    await stage.apply(a_rollout(canary(*steps, **STRICT), replicas=2, rollbackWindow={"revisions": 1}))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.healthy(image="web:v2")
    await stage.quiet()
    phases = stage.record(lambda world: world.phase())
    await stage.set_image("web:v1")
    await stage.healthy(image="web:v1")

    assert "Paused" not in phases
    assert history(stage.world, "web:v1") == ("3", "1")
    assert stage.world.status()["stableRS"] == stage.world.status()["currentPodHash"]
    await stage.told(completed(stage.world, "web:v1", "Rollback within window"))
    assert "SkipSteps" not in stage.world.reasons()  # told only of a version that still has pods


@scenario
async def test_canary_rolled_back_outside_its_window(stage: Stage) -> None:
    """A version from before the window walks its steps like any other."""
    await stage.apply(a_rollout(canary(weight(50), pause(1), **STRICT), replicas=2, rollbackWindow={"revisions": 1}))
    await stage.healthy(image="web:v1")
    for image in ("web:v2", "web:v3"):
        await stage.set_image(image)
        await stage.healthy(image=image)
    before = len(stage.world.reasons())
    await stage.set_image("web:v1")
    await stage.paused(step=1)
    await stage.healthy(image="web:v1")

    assert history(stage.world, "web:v1") == ("4", "1")
    await stage.told(completed(stage.world, "web:v1", "Completed all 2 canary steps"))
    assert stage.world.reasons()[before:].count("RolloutStepCompleted") == 2


@scenario
async def test_canary_rolled_back_to_pods_that_wait(stage: Stage) -> None:
    """Within the window, to a version whose pods still wait for their end: the same pods serve again, and no step."""
    world = a_routed_world(weight(50), pause(1), replicas=2, scaleDownDelaySeconds=60)
    world[-1]["spec"]["rollbackWindow"] = {"revisions": 1}
    await stage.apply(*world)
    await stage.healthy(image="web:v1")
    pods = {pod["metadata"]["name"] for pod in stage.world.pods("web:v1")}
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.phase() == "Healthy" and world.available() == {"web:v1": 2, "web:v2": 2})
    await stage.until(lambda world: world.service_image("web-stable") == "web:v2")
    phases = stage.record(lambda world: world.phase())
    await stage.set_image("web:v1")
    await stage.told(completed(stage.world, "web:v1", "Rollback within window", revision=3))
    await stage.until(lambda world: world.service_image("web-stable") == "web:v1" and world.phase() == "Healthy")

    assert "Paused" not in phases
    assert {pod["metadata"]["name"] for pod in stage.world.pods("web:v1")} == pods
    assert skipped("Rollback to active ReplicaSets within RollbackWindow") in stage.events()
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})


@scenario
async def test_canary_aborted_and_taken_back(stage: Stage) -> None:
    """The stable template again after an abort: nothing is left to abort, and nothing is made."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 0})
    pods = {pod["metadata"]["name"] for pod in stage.world.pods()}
    await stage.undo()
    await stage.healthy(image="web:v1")

    assert {pod["metadata"]["name"] for pod in stage.world.pods()} == pods
    assert stage.world.step() == 2
    assert not {"abort", "abortedAt"} & set(stage.world.status())
    assert stage.world.conditions()["Completed"] == ("True", "RolloutCompleted")


@scenario
async def test_canary_overtaken_on_its_route(stage: Stage) -> None:
    """A third version while the second has weight: users go back to stable until the third can serve."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    await stage.edit(
        {"op": "add", "path": "/spec/template/spec/readinessGates", "value": [{"conditionType": GATE}]},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v3"},
    )
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    await stage.until(lambda world: world.sizes().get("web:v3") == 1 and len(world.pods("web:v3")) == 1)
    await stage.quiet()
    assert stage.world.step() == 0
    assert stage.world.service_image("web-canary") == "web:v2"  # which keeps its pods as long as it leads to them
    assert stage.world.available() == {"web:v1": 2, "web:v2": 1, "web:v3": 0}
    await stage.open_gates(GATE, image="web:v3")
    await stage.paused(step=1)

    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert stage.world.service_image("web-canary") == "web:v3"
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 0, "web:v3": 1})
    assert stage.world.phase() == "Paused"


@scenario
async def test_routed_canary_back_to_stable(stage: Stage) -> None:
    """Back to stable on a route: no weight is left on the canary, whose pods go after a grace."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.set_image("web:v1")
    await stage.phase("Healthy")
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    await stage.until(lambda world: world.service_image("web-canary") == "web:v1")
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})

    await stage.told(skipped("Rollback to stable ReplicaSets"))
    assert stage.world.step() == 2


@scenario
async def test_canary_becomes_blue_green(stage: Stage) -> None:
    """Another strategy for a healthy rollout restarts nothing; the next version goes by the new one."""
    await stage.apply(*services("web-active", "web-preview"), a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    pods = {pod["metadata"]["name"] for pod in stage.world.pods()}
    strategy = blue_green(autoPromotionEnabled=False, scaleDownDelaySeconds=2)
    await stage.edit({"op": "replace", "path": "/spec/strategy", "value": strategy})
    await stage.until(lambda world: world.service_image("web-active") == "web:v1" and world.phase() == "Healthy")
    assert {pod["metadata"]["name"] for pod in stage.world.pods()} == pods
    await stage.set_image("web:v2")
    await stage.paused()
    assert stage.world.message() == "BlueGreenPause"
    assert (stage.world.service_image("web-active"), stage.world.service_image("web-preview")) == ("web:v1", "web:v2")
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 2}
    await stage.promote()
    await stage.healthy(image="web:v2")

    assert stage.world.service_image("web-active") == "web:v2"
    assert "currentStepIndex" not in stage.world.status()


@scenario
async def test_blue_green_becomes_canary(stage: Stage) -> None:
    """A blue-green that becomes a canary keeps its version, and walks the steps with the next one."""
    await stage.apply(*services("web-active", "web-preview"), a_rollout(blue_green()))
    await stage.healthy(image="web:v1")
    pods = {pod["metadata"]["name"] for pod in stage.world.pods()}
    strategy = canary(weight(50), pause(), **STRICT)
    await stage.edit({"op": "replace", "path": "/spec/strategy", "value": strategy})
    await stage.until(lambda world: world.step() == 2 and world.phase() == "Healthy")
    assert {pod["metadata"]["name"] for pod in stage.world.pods()} == pods
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}
    await stage.promote()
    await stage.healthy(image="web:v2")

    assert stage.world.status().get("blueGreen") in (None, {})


@scenario
async def test_canary_becomes_blue_green_in_mid_update(stage: Stage) -> None:
    """Another strategy in the middle of an update: no traffic is chosen yet, so the new version goes on to its end."""
    await stage.apply(*services("web-active", "web-preview"), a_rollout(canary(weight(50), pause(), **STRICT)))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    least = stage.record(lambda world: sum(world.available().values()))
    strategy = blue_green(autoPromotionEnabled=False, scaleDownDelaySeconds=2)
    await stage.edit({"op": "replace", "path": "/spec/strategy", "value": strategy})
    await stage.healthy(image="web:v2")

    assert stage.world.service_image("web-active") == "web:v2"
    assert min(least) == 2
    await stage.told(completed(stage.world, "web:v2", "Completed blue-green update"))


@scenario
async def test_blue_green_becomes_routed_canary(stage: Stage) -> None:
    """A blue-green that gets a route: the version that was active goes when the next one is promoted."""
    pairs = services("web-active", "web-preview", "web-stable", "web-canary")
    await stage.apply(*pairs, a_route(), a_rollout(blue_green()))
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: world.service_image("web-active") == "web:v1")
    strategy = routed(weight(50), pause(), scaleDownDelaySeconds=2)
    await stage.edit({"op": "replace", "path": "/spec/strategy", "value": strategy})
    await stage.until(lambda world: world.step() == 2 and world.phase() == "Healthy")
    await stage.until(lambda world: world.service_image("web-stable") == "web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    await stage.promote()
    await stage.healthy(image="web:v2")

    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 2}
