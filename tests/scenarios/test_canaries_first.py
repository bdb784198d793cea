"""The lives that every Canary has: begun, promoted, rolled back, overtaken by another revision. Also examples."""

from rollouts.cluster import kinds
from tests.builders.canaries import a_canary, a_deployment, at_most, rounds, steps
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

BEGUN = ("web:v1", 0), ("web:v1", 2)


@scenario
async def test_a_canary_begins(stage: Stage) -> None:
    """The copy serves by the Service and the route that users call, and the target rests."""
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")

    assert stage.world.deployments() == dict(zip(("web", "web-primary"), BEGUN, strict=True))
    assert stage.world.selector("web") == stage.world.selector("web-primary") == {"app": "web-primary"}
    assert stage.world.selector("web-canary") == {"app": "web"}
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    await stage.told(("Normal", "Synced", f"Initialization done! web.{stage.namespace}"))


@scenario
async def test_a_canary_is_promoted(stage: Stage) -> None:
    """The new version gets its weights tick by tick, then the copy becomes it and gets everybody back."""
    errors = stage.says("errors", 0)
    await stage.apply(a_deployment(), a_canary(steps(20, most=40, metrics=[at_most(errors, 1)])))
    await stage.canary_phase("Initialized")
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    begun = len(stage.events())
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded", within=120)

    assert weights == [0, 20, 40, 0]
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
    web, copy = f"web.{stage.namespace}", f"web-primary.{stage.namespace}"
    await stage.told(("Normal", "Synced", f"Promotion completed! Scaling down {web}"))
    told = [text for _, _, text in stage.events()[begun:] if "not ready" not in text]  # as many as pods take ticks
    assert told == [
        f"New revision detected! Scaling up {web}",
        f"Starting canary analysis for {web}",
        f"Advance {web} canary weight 20",
        f"Advance {web} canary weight 40",
        f"Copying {web} template spec to {copy}",
        "Routing all traffic to primary",
        f"Promotion completed! Scaling down {web}",
    ]


@scenario
async def test_a_canary_that_errs_is_rolled_back(stage: Stage) -> None:
    """Two bad measurements spend the budget: nobody stays with the new version, and its pods go."""
    errors = stage.says("errors", 5)
    await stage.apply(a_deployment(), a_canary(steps(20, metrics=[at_most(errors, 1)])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: world.weights().get("web-canary") == 20)
    await stage.canary_phase("Failed")

    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}
    await stage.told(("Warning", "Synced", f"Canary failed! Scaling down web.{stage.namespace}"))


@scenario
async def test_a_revision_overtakes_the_one_that_is_judged(stage: Stage) -> None:
    """Everybody goes back to the copy, and the newest revision begins at the first weight."""
    await stage.apply(a_deployment(), a_canary(steps(30, most=60, interval="4s")))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: world.weights().get("web-canary") == 30)
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    await stage.release("web:v3")
    await stage.canary_phase("Succeeded", within=120)

    assert weights == [30, 0, 30, 60, 0]
    assert stage.world.deployments()["web-primary"] == ("web:v3", 2)
    text = f"New revision detected! Restarting analysis for web.{stage.namespace}"
    await stage.told(("Normal", "Synced", text))


@scenario
async def test_a_canary_without_a_mesh_is_blue_green(stage: Stage) -> None:
    """Plain Kubernetes splits nothing: the copy serves until it has become the new version."""
    await stage.apply(a_deployment(), a_canary(rounds(2), provider="kubernetes"))
    await stage.canary_phase("Initialized")
    served = stage.record(lambda world: world.selector("web"))
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded", within=120)

    assert served == [{"app": "web-primary"}]
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
    assert await stage.listed(kinds.HTTP_ROUTES) == ()


@scenario
async def test_gates_hold_a_canary(stage: Stage) -> None:
    """A webhook that does not approve holds the new version back before anything of it runs, and lets it go."""
    gate = {"name": "ask", "type": "confirm-rollout", "url": stage.hook("ask", 403)}
    await stage.apply(a_deployment(), a_canary(steps(50, most=50, webhooks=[gate])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Waiting")
    assert stage.world.deployments()["web"] == ("web:v2", 0)

    stage.hook("ask", 200)
    await stage.canary_phase("Succeeded", within=120)
    assert {call["phase"] for call in stage.heard("ask")} == {"Initialized", "Waiting"}
