"""Who is asked while a Canary goes on, and who only hears of it: all eight moments; gates of the load tester."""

from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, a_gate, at_most, rounds, steps
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage


async def begun(stage: Stage, *gates: Json, analysis: Json | None = None) -> None:
    """A Canary that goes by 20 % to 40 %, with these webhooks, and whose second version is on its way."""
    given = {**(analysis or steps(20, most=40)), "webhooks": list(gates)}
    await stage.apply(a_deployment(), a_canary(given))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")


async def halted(stage: Stage, why: str) -> None:
    """It has been told that it goes no further."""
    await stage.told(("Warning", "Synced", f"Halt web.{stage.namespace} advancement {why}"))


@scenario
async def test_all_who_agree_are_asked_in_order(stage: Stage) -> None:
    """Before the first pod, before the first request, in each tick, before each weight and the promotion, and after."""
    moments = ("confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion")
    rest = ("rollback", "post-rollout")
    gates = [a_gate(moment, stage.hook("all"), metadata={"moment": moment}) for moment in (*moments, *rest)]
    gates[-2]["url"] = stage.hook("nothing", 403)
    await begun(stage, *gates)
    await stage.canary_phase("Succeeded")

    calls = [(call["metadata"]["moment"], call["phase"]) for call in stage.heard("all")]
    going = "Progressing"
    assert calls == [
        ("confirm-rollout", "Initialized"),
        *(("pre-rollout", going), ("confirm-traffic-increase", going)),
        *(("rollout", going), ("confirm-traffic-increase", going)),
        *(("rollout", going), ("confirm-traffic-increase", going), ("confirm-promotion", going)),
        ("post-rollout", "Succeeded"),
    ]
    assert len({call["checksum"] for call in stage.heard("all")[1:]}) == 1
    assert {call["phase"] for call in stage.heard("nothing")} == {going}
    assert {(call["name"], call["namespace"]) for call in stage.heard("all")} == {("web", stage.namespace)}


@scenario
async def test_a_gate_of_the_load_tester_holds_the_first_pod(stage: Stage) -> None:
    """Nothing of the new version runs before a person opens it."""
    await begun(stage, a_gate("confirm-rollout", stage.gate("gate/check")))
    await stage.canary_phase("Waiting")
    await halted(stage, "waiting for approval confirm-rollout")
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}

    await stage.turn("gate/open")
    await stage.canary_phase("Succeeded")
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}


@scenario
async def test_a_gate_of_the_load_tester_holds_the_promotion(stage: Stage) -> None:
    """The last weight stays, the checks go on, and one opening ends the wait."""
    await begun(stage, a_gate("confirm-promotion", stage.gate("gate/check")))
    await stage.canary_phase("WaitingPromotion")
    await halted(stage, "waiting for promotion approval confirm-promotion")
    assert stage.world.weights() == {"web-primary": 60, "web-canary": 40}
    assert stage.world.deployments() == {"web": ("web:v2", 2), "web-primary": ("web:v1", 2)}

    await stage.turn("gate/open")
    await stage.canary_phase("Succeeded")
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}


@scenario
async def test_who_waits_for_promotion_may_still_fail(stage: Stage) -> None:
    """It serves users while it waits, so it is watched."""
    errors = stage.says("errors", 0)
    gate = a_gate("confirm-promotion", stage.gate("gate/check"))
    await begun(stage, gate, analysis=steps(20, most=40, metrics=[at_most(errors, 1)]))
    await stage.canary_phase("WaitingPromotion")
    stage.says("errors", 7)
    await stage.canary_phase("Failed")

    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}


@scenario
async def test_a_gate_of_the_load_tester_sends_it_back(stage: Stage) -> None:
    """Opened by a person, it ends the run, whatever the checks say."""
    await begun(
        stage,
        a_gate("confirm-promotion", stage.hook("never", 403)),
        a_gate("rollback", stage.gate("rollback/check")),
    )
    await stage.canary_phase("WaitingPromotion")
    await stage.turn("rollback/open")
    await stage.canary_phase("Failed")

    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}
    await stage.told(("Warning", "Synced", f"Rolling back web.{stage.namespace} manual webhook invoked"))


@scenario
async def test_every_weight_waits_for_its_approval(stage: Stage) -> None:
    """No request reaches the new version before somebody agrees."""
    await begun(stage, a_gate("confirm-traffic-increase", stage.hook("more", 403)))
    await halted(stage, "waiting for traffic increase approval confirm-traffic-increase")
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.canary_phase() == "Progressing"

    weights = stage.record(lambda world: world.weights().get("web-canary"))
    stage.hook("more")
    await stage.canary_phase("Succeeded")
    assert weights == [0, 20, 40, 0]


@scenario
async def test_a_check_before_the_first_request_fails(stage: Stage) -> None:
    """Its second refusal spends the budget; nobody ever met the new version."""
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    await begun(stage, a_gate("pre-rollout", stage.hook("smoke", 400, "it smokes")))
    await stage.canary_phase("Failed")
    await halted(stage, "pre-rollout check pre-rollout failed it smokes")

    assert weights == [None, 0]
    assert len(stage.heard("smoke")) == 2


@scenario
async def test_a_check_of_every_tick_fails(stage: Stage) -> None:
    """Users of the new version go back; who is told afterwards learns that it failed."""
    await begun(
        stage,
        a_gate("rollout", stage.hook("load", 400, "too slow")),
        a_gate("post-rollout", stage.hook("after")),
    )
    await stage.canary_phase("Failed")
    await halted(stage, "external check rollout failed too slow")
    await stage.told(("Normal", "Synced", "Post-rollout check post-rollout passed"))

    assert [call["phase"] for call in stage.heard("after")] == ["Failed"]
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}


@scenario
async def test_a_listener_hears_of_every_event(stage: Stage) -> None:
    """In order, with the user's own words beside those of the event."""
    listener = a_gate("event", stage.hook("ear"), metadata={"team": "shop"})
    await begun(stage, listener, analysis=rounds(1))
    await stage.canary_phase("Succeeded")
    name = f"web.{stage.namespace}"
    last = ("Normal", "Synced", f"Promotion completed! Scaling down {name}")
    await stage.told(last)
    await stage.quiet()

    heard = [(call["metadata"]["eventType"], call["metadata"]["eventMessage"]) for call in stage.heard("ear")]
    assert heard == [(type_, message) for type_, _, message in stage.events()]
    assert heard[-1] == (last[0], last[2])
    assert {call["metadata"]["team"] for call in stage.heard("ear")} == {"shop"}
    assert stage.heard("ear")[-1]["phase"] == "Succeeded"
