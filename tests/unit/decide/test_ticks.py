"""The course of ticks: a Canary's run from bootstrap to promotion or rollback, told in ticks of 30 seconds."""

from datetime import timedelta

from rollouts.model.command import Verb
from rollouts.model.effects import OverwriteCopy, ShiftTraffic, Tend
from rollouts.model.weights import Weights
from tests.builders.ticking import World, a_canary, a_run, started


def test_the_first_tick_makes_the_copy_and_waits_for_it() -> None:
    """Nobody is led to the copy, and the target keeps its pods, until the copy can serve."""
    here = World(a_canary())
    here.tick()

    assert (here.phase, here.sizes, here.route, here.services) == ("Initializing", (2, 2), None, {})
    assert here.texts() == [
        "all the metrics providers are available!",
        "web-primary.shop not ready: waiting for rollout to finish: 0 out of 2 new replicas have been updated",
    ]


def test_the_ready_copy_takes_over_and_the_target_rests() -> None:
    """Service and route lead to the copy, the target goes to zero, and what runs counts as promoted."""
    here = World(a_canary())
    here.tick(2)

    assert (here.phase, here.sizes, here.route) == ("Initialized", (0, 2), Weights(0, 100))
    assert here.services["web"]["spec"]["selector"] == {"app": "web-primary"}
    assert here.status["lastAppliedSpec"] == here.status["lastPromotedSpec"] == here.rollout.target


def test_a_settled_canary_does_nothing_and_writes_nothing() -> None:
    """Without a new version a tick has no effect, changes no status and plans no other."""
    here = started(a_canary())
    here.now += timedelta(hours=1)
    plan = here.decide()

    assert (plan.effects, plan.events, plan.wake_at) == ((), (), None)
    assert plan.status == here.rollout.status


def test_at_rest_it_is_mended_once_a_tick() -> None:
    """Somebody who undoes what is mended gets an answer in the next tick, so that the two never race."""
    here = started(a_canary())
    here.now += timedelta(hours=1)
    here.drifted = frozenset({"services"})
    plan = here.decide()
    assert plan.effects == (Tend("services"),)
    assert plan.wake_at == here.now + timedelta(seconds=30)

    here.tick()
    here.now += timedelta(seconds=20)
    assert here.decide().effects == ()


def test_a_new_version_gets_pods_before_it_gets_traffic() -> None:
    """The tick that sees a new template scales the target up and leaves the route alone."""
    here = a_run()

    assert (here.phase, here.sizes, here.route) == ("Progressing", (2, 2), Weights(0, 100))
    assert here.texts() == ["New revision detected! Scaling up web.shop"]


def test_a_good_version_climbs_and_is_promoted_by_copy() -> None:
    """Weights rise tick by tick, the template is copied, traffic returns, the target rests."""
    here = a_run()
    story = []
    for _ in range(6):
        here.tick()
        assert here.route is not None
        story.append((here.phase, here.route.canary, here.sizes[0]))

    assert story == [
        ("Progressing", 20, 2),
        ("Progressing", 40, 2),
        ("Promoting", 40, 2),
        ("Finalising", 0, 2),
        ("Succeeded", 0, 0),
        ("Succeeded", 0, 0),
    ]
    assert here.status["lastPromotedSpec"] == here.rollout.target


def test_rounds_between_two_ticks_change_nothing() -> None:
    """Whatever wakes the rollout early finds that the next tick is not due, and when it is."""
    here = a_run()
    due = here.now + timedelta(seconds=30)
    here.now += timedelta(seconds=29)
    plan = here.decide()

    assert (plan.effects, plan.events, plan.wake_at) == ((), (), due)
    assert plan.status == here.rollout.status


def test_a_user_aborts_between_two_ticks() -> None:
    """The request names the version that it means; that one is rolled back at once, later ones are not."""
    here = a_run()
    here.tick()
    here.command(Verb.ABORT)
    here.now += timedelta(seconds=1)
    here.carry_out(here.decide())

    assert (here.phase, here.route, here.sizes) == ("Failed", Weights(0, 100), (0, 2))

    here.release("web:3")
    here.tick(2)
    assert (here.phase, here.route) == ("Progressing", Weights(20, 80))


def test_another_version_in_mid_run_begins_again() -> None:
    """What was measured of the former version counts for nothing: no weight, no failures, pods stay."""
    here = a_run()
    here.tick(2)
    here.metrics["request-success-rate"] = 1
    here.tick()
    here.release("web:3")
    here.tick()

    assert here.texts() == ["New revision detected! Restarting analysis for web.shop"]
    assert (here.phase, here.route, here.status["failedChecks"]) == ("Progressing", Weights(0, 100), 0)
    assert here.sizes == (2, 2)


def test_a_target_that_never_gets_ready_is_rolled_back() -> None:
    """While pods come up the run waits; once their deadline is spent it has failed."""
    here = a_run()
    here.states["web"] = "pending"
    here.tick()
    assert (here.phase, here.route) == ("Progressing", Weights(0, 100))

    here.states["web"] = "deadline"
    here.tick()
    assert (here.phase, here.sizes) == ("Failed", (0, 2))


def test_a_failed_promotion_keeps_users_on_the_target() -> None:
    """The copy cannot run the new template: all traffic goes to the target, which can, and which stays."""
    here = a_run()
    here.settle("Promoting")
    here.states["web-primary"] = "deadline"
    here.tick()

    assert (here.phase, here.route, here.sizes) == ("Failed", Weights(100, 0), (2, 2))
    assert here.status["canaryWeight"] == 100


def test_traffic_returns_in_steps() -> None:
    """With a promotion step the copy gets its users back tick by tick."""
    here = a_run(a_canary(stepWeight=100, stepWeightPromotion=40))
    here.settle("Promoting")
    weights = []
    while here.phase == "Promoting":
        here.tick()
        assert here.route is not None
        weights.append(here.route.canary)

    assert weights == [60, 20, 0]
    assert here.phase == "Finalising"


def test_rounds_end_in_a_switch_of_all_traffic() -> None:
    """Blue-green: users stay on the copy while the rounds count, then all move, are judged once more, and return."""
    here = a_run(a_canary(iterations=2))
    story = []
    for _ in range(6):
        here.tick()
        assert here.route is not None
        story.append((here.phase, here.status["iterations"], here.route.canary))

    assert story == [
        ("Progressing", 1, 0),
        ("Progressing", 2, 0),
        ("Progressing", 3, 100),
        ("Promoting", 3, 100),
        ("Finalising", 0, 0),
        ("Succeeded", 0, 0),
    ]


def test_without_a_router_no_traffic_ever_moves() -> None:
    """Plain Kubernetes: ten rounds where weights were asked for, said aloud, and then the copy."""
    here = a_run(a_canary(provider="kubernetes", stepWeight=20))
    here.tick()
    assert here.texts()[1:] == [
        "Progressive traffic is not supported when using the kubernetes provider",
        "Setting canaryAnalysis.iterations: 10",
        "Advance web.shop canary iteration 1/10",
    ]

    here.settle("Succeeded")
    effects = [effect for plan in here.plans for effect in plan.effects]
    assert not any(isinstance(effect, ShiftTraffic) for effect in effects)
    assert any(isinstance(effect, OverwriteCopy) for effect in effects)


def test_a_skipped_analysis_promotes_at_once() -> None:
    """No check, no weight: as soon as the target is ready the copy gets its template."""
    here = a_run(a_canary(spec={"skipAnalysis": True}))
    here.tick()

    assert (here.phase, here.route, here.sizes[0]) == ("Succeeded", Weights(0, 100), 0)
    assert here.texts() == [
        "Copying web.shop template spec to web-primary.shop",
        "Promotion completed! Canary analysis was skipped for web.shop",
    ]


def test_a_suspended_run_stands_still() -> None:
    """Routes and pods stay as they are, and go on from there."""
    here = a_run()
    here.tick()
    here.canary["spec"]["suspend"] = True
    plan = here.tick(3)
    assert (plan.effects, here.route) == ((), Weights(20, 80))
    assert here.texts() == ["skipping canary run as object is suspended"]

    here.canary["spec"]["suspend"] = False
    here.tick()
    assert here.route == Weights(40, 60)


def test_a_faulty_spec_is_shown_and_nothing_else_happens() -> None:
    """The run keeps its phase and traffic, the fault is told once, and the cure lets it go on."""
    here = a_run()
    here.tick()
    here.canary["spec"]["provider"] = "mystery"
    here.tick()
    assert [event.is_warning for event in here.events] == [True]
    assert "spec.provider: 'mystery' is not known" in here.texts()[0]

    here.tick()
    assert (here.texts(), here.phase, here.route) == ([], "Progressing", Weights(20, 80))
    assert [c["type"] for c in here.status["conditions"]] == ["Promoted", "InvalidSpec"]

    here.canary["spec"]["provider"] = "gatewayapi:v1"
    here.tick()
    assert (here.route, [c["type"] for c in here.status["conditions"]]) == (Weights(40, 60), ["Promoted"])


def test_a_revision_that_comes_at_a_bad_moment_is_not_lost() -> None:
    """After a failure the new version waits for the copy to be well, and is tried then."""
    here = a_run()
    here.states["web"] = "deadline"
    here.settle("Failed")
    here.states = {"web-primary": "pending"}
    here.release("web:3")
    here.tick(2)
    assert here.phase == "Failed"

    here.states = {}
    here.tick()
    assert here.phase == "Progressing"


def test_a_failed_version_can_be_tried_again_by_way_of_the_promoted_one() -> None:
    """Going back to what serves is no run; coming again with what failed is one."""
    here = a_run()
    here.states["web"] = "deadline"
    here.settle("Failed")
    here.states = {}
    here.release("web:1")
    here.tick(2)
    assert here.phase == "Failed"

    here.release("web:2")
    here.tick()
    assert here.phase == "Progressing"


def test_nothing_moves_while_the_route_cannot_be_read() -> None:
    """A run whose route has gone says so and waits."""
    here = a_run()
    here.tick()
    here.route = None
    plan = here.tick()

    assert (plan.effects, here.texts()) == ((), ["HTTPRoute web.shop does not exist"])
    assert here.phase == "Progressing"


def test_a_lost_target_is_reported() -> None:
    """Without the user's workload nothing is decided."""
    here = World(a_canary(), deployments={})
    plan = here.tick()

    assert (plan.effects, here.texts()) == ((), ["web.shop does not exist"])
