"""The canary's course: steps, pauses, traffic, aborts, in the order that Argo's users know."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.model.effects import ShiftTraffic
from rollouts.model.status import Phase
from rollouts.model.strategy import Quota
from rollouts.model.weights import Weights
from tests.builders.rollouts import a_canary, analysis, deployed, pause, weight

MINUTE = timedelta(minutes=1)


def test_the_first_deploy_skips_the_steps() -> None:
    """A rollout without a stable version goes to full size and is promoted at once."""
    here = deployed(a_canary(weight(10), pause()))

    assert (here.status.phase, here.status.stable, here.status.step) == (Phase.HEALTHY, "v1", 2)
    assert here.versions["shop-v1"].replicas == 4
    assert here.services["stable"].hash == here.services["canary"].hash == "v1"


def test_a_new_version_stops_at_its_pause() -> None:
    """Weight first needs a ready canary; then the pause holds everything until a human comes."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()

    assert here.route == Weights(25, 75)
    assert (here.status.phase, here.status.message) == (Phase.PAUSED, "CanaryPauseStep")
    assert here.decide().wake_at is None
    assert here.reasons() == [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "SwitchService",
        "TrafficWeightUpdated",
        "RolloutStepCompleted",
        "RolloutPaused",
    ]


def test_promote_goes_on_to_the_end() -> None:
    """Clearing the pause completes the step; the new version takes all traffic, the old one waits out its delay."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()
    here.patch(pauses=())
    here.settle()

    assert (here.status.phase, here.status.stable) == (Phase.HEALTHY, "v2")
    assert here.route == Weights(0, 100)
    assert here.services["stable"].hash == "v2"
    assert here.versions["shop-v1"].replicas == 4

    here.run(MINUTE)
    assert here.versions["shop-v1"].replicas == 0


def test_a_timed_pause_ends_by_itself() -> None:
    """The wake-up lies at the pause's end, and the rollout goes on then."""
    here = deployed(a_canary(weight(25), pause(30)))
    here.release("v2")
    here.settle()
    assert here.decide().wake_at == here.now + timedelta(seconds=30)

    here.run(MINUTE)
    assert here.status.stable == "v2"
    assert "RolloutResumed" in here.reasons()


def test_an_abort_gives_all_traffic_back_before_it_scales_down() -> None:
    """The canary keeps its pods for the abort delay while stable already serves everything."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert here.route == Weights(0, 100)
    assert here.services["canary"].hash == "v1"
    assert here.versions["shop-v2"].replicas == 2
    assert (here.status.phase, here.status.step) == (Phase.DEGRADED, 0)
    assert here.status.message == "RolloutAborted: Rollout aborted update to revision 2"

    here.run(MINUTE)
    assert here.versions["shop-v2"].replicas == 0


def test_a_retry_starts_again_at_the_first_step() -> None:
    """Taking the abort back runs the same version through its steps once more."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    here.patch(is_aborted=False)
    here.settle()

    assert here.status.phase == Phase.PAUSED
    assert here.route == Weights(50, 50)


def test_a_full_promotion_skips_pauses_and_analyses() -> None:
    """promoteFull needs the canary at full size, and nothing else."""
    here = deployed(a_canary(weight(10), pause(), analysis()))
    here.release("v2")
    here.settle()
    here.patch(promote_fully=True)
    here.settle()

    assert here.status.stable == "v2"
    assert not here.status.promote_fully
    assert here.analyses == {}


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_bad_analysis_aborts(phase: str) -> None:
    """The run's message becomes the abort's reason, in condition, event and phase."""
    here = deployed(a_canary(weight(10), analysis()))
    here.release("v2")
    here.settle()
    here.finish(phase)
    here.settle()

    assert here.route == Weights(0, 100)
    assert "Step-based analysis phase error/failed" in here.status.message
    assert here.reasons().count("RolloutAborted") == 1


def test_a_good_analysis_is_a_completed_step() -> None:
    """Its success is all that the step waits for."""
    here = deployed(a_canary(weight(10), analysis(), pause()))
    here.release("v2")
    here.settle()
    here.finish("Successful")
    here.settle()

    assert here.status.step == 2


def test_an_inconclusive_analysis_waits_for_a_human_and_is_run_again() -> None:
    """After the resume a new run, numbered .1, takes the place of the old one."""
    here = deployed(a_canary(weight(10), analysis()))
    here.release("v2")
    here.settle()
    here.finish("Inconclusive")
    here.settle()
    assert here.status.message == "InconclusiveAnalysisRun"

    here.patch(pauses=())
    here.settle()
    assert sorted(here.analyses) == ["shop-v2-2-1", "shop-v2-2-1.1"]


def test_the_old_version_back_in_the_spec_skips_the_steps() -> None:
    """Going back to stable in mid-update needs no judgement: it serves already."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.release("v1")
    here.settle()

    assert (here.status.phase, here.status.stable, here.status.step) == (Phase.HEALTHY, "v1", 2)
    assert "SkipSteps" in here.reasons()
    assert here.route == Weights(0, 100)


def test_no_weight_goes_to_a_version_that_cannot_serve() -> None:
    """A canary whose pods never get ready waits at weight zero."""
    here = deployed(a_canary(weight(50), pause()))
    here.broken.add("v2")
    here.release("v2")
    here.settle()

    assert here.route == Weights(0, 100)
    assert here.status.phase == Phase.PROGRESSING


def test_pods_stand_for_weight_without_a_route() -> None:
    """At 25 % one of four pods is new, and stable gives one up."""
    here = deployed(a_canary(weight(25), pause(), is_routed=False))
    here.release("v2")
    here.settle()

    assert {v.hash: v.replicas for v in here.versions.values()} == {"v1": 3, "v2": 1}


def test_the_replicas_default_is_written_back() -> None:
    """Autoscalers need the field: an absent one becomes 1."""
    here = deployed(a_canary(weight(10)), replicas=None)

    assert here.rollout.replicas == 1
    assert here.versions["shop-v1"].replicas == 1


def test_a_spent_deadline_is_degraded_and_recovers_by_itself() -> None:
    """No progress for longer than the deadline is told; new progress heals it."""
    here = deployed(a_canary(weight(50), pause()))
    here.broken.add("v2")
    here.release("v2")
    here.run(timedelta(minutes=15))
    assert here.status.message.startswith(
        'ProgressDeadlineExceeded: ReplicaSet "shop-v2" has timed out progressing. (stuck since '
    )

    here.broken.clear()
    here.settle()
    assert here.status.phase == Phase.PAUSED


def test_a_spent_deadline_aborts_where_the_user_wants_it() -> None:
    """progressDeadlineAbort gives the traffic back as any other abort does."""
    here = deployed(a_canary(weight(50), pause()), aborts_at_deadline=True)
    here.broken.add("v2")
    here.release("v2")
    here.run(timedelta(minutes=15))

    assert here.status.is_aborted
    assert here.versions["shop-v1"].available == 4


def test_a_version_that_is_stable_already_is_not_aborted() -> None:
    """A stable version that takes too long is Degraded: there is nothing to go back to."""
    here = deployed(a_canary(weight(50)), aborts_at_deadline=True)
    here.broken.add("v1")
    here.scale(6)
    here.run(timedelta(minutes=30))

    assert here.status.phase is Phase.DEGRADED
    assert not here.status.is_aborted
    assert "RolloutAborted" not in here.reasons()


def test_a_full_promotion_is_not_aborted_by_the_deadline() -> None:
    """Whoever asked for it takes the version as it is; it is Degraded until its pods are ready."""
    here = deployed(a_canary(weight(50), pause()), aborts_at_deadline=True)
    here.broken.add("v2")
    here.release("v2")
    here.settle()
    here.patch(promote_fully=True)
    here.run(timedelta(minutes=30))

    assert here.status.phase is Phase.DEGRADED
    assert (here.status.is_aborted, here.status.promote_fully) == (False, True)


def test_an_aborted_canary_does_not_grow_on_its_way_out() -> None:
    """Back at stable, the aborted version keeps its one pod until its delay is over (Argo scales it up)."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    here.release("v1")
    here.settle()
    assert here.versions["shop-v2"].replicas == 1

    here.run(MINUTE)
    assert here.versions["shop-v2"].replicas == 0


def test_traffic_comes_back_even_where_the_size_changes_with_the_abort() -> None:
    """An autoscaler that writes in the moment of the abort does not keep users on the bad version."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.scale(6)
    here.patch(is_aborted=True)
    here.settle()

    assert here.route == Weights(0, 100)
    assert here.versions["shop-v1"].replicas == 6


@pytest.mark.parametrize("is_routed", [True, False])
def test_a_size_that_changes_with_the_template_does_not_skip_the_steps(is_routed: bool) -> None:
    """An autoscaler that acts at the moment of a release must not let it through unseen."""
    here = deployed(a_canary(weight(25), pause(), is_routed=is_routed))
    here.release("v2")
    here.scale(8)
    here.settle()

    assert (here.status.stable, here.status.step) == ("v1", 1)
    assert here.versions["shop-v2"].replicas == 2
    assert here.versions["shop-v1"].replicas == (8 if is_routed else 6)


def test_a_healthy_rollout_that_is_held_comes_to_rest() -> None:
    """Its conditions show the pause, and do not swing between that and its health."""
    here = deployed(a_canary(weight(50)))
    here.rollout = replace(here.rollout, is_paused=True, generation=2)
    here.settle()

    progressing = here.status.condition("Progressing")
    assert here.status.phase is Phase.PAUSED
    assert progressing is not None
    assert progressing.reason == "RolloutPaused"


def test_pods_on_their_way_out_are_not_given_away_twice() -> None:
    """An old version that was just made smaller counts with what it keeps, whatever its status still says."""
    strategy = a_canary(weight(80), pause(), is_routed=False, max_surge=Quota(2), max_unavailable=Quota(1))
    here = deployed(strategy, replicas=5)
    here.release("v2")
    here.settle()
    here.release("v3")
    for _ in range(6):
        here.round()
    here.versions["shop-v2"] = replace(here.versions["shop-v2"], available=4)

    assert here.versions["shop-v2"].replicas == 3
    assert here.decide().effects == ()


def test_an_abort_that_is_seen_together_with_its_template_counts() -> None:
    """Whoever aborts a release before the controller has looked at it does not have to do it again."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.patch(is_aborted=True)
    here.settle()

    assert (here.status.phase, here.status.is_aborted) == (Phase.DEGRADED, True)
    assert here.versions["shop-v2"].replicas == 0


def test_a_new_template_forgets_the_abort_of_the_one_before() -> None:
    """What was aborted is over: the next release has its own chance."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.release("v3")
    here.settle()

    assert (here.status.phase, here.status.is_aborted) == (Phase.PAUSED, False)


def test_routes_do_not_move_to_a_stable_version_without_pods() -> None:
    """A rollout that was made anew finds the route as its predecessor left it, and its own pods not ready."""
    here = deployed(a_canary(weight(50)))
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], ready=0, available=0)
    here.route = Weights(34, 66)

    assert not [effect for effect in here.decide().effects if isinstance(effect, ShiftTraffic)]
    here.settle()
    assert here.route == Weights(0, 100)
