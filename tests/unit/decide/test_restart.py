"""spec.restartAt: pods go within the budget, in order, and the end is written down."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.model import effects as e
from rollouts.model.questions import AskPods
from rollouts.model.status import Phase
from rollouts.model.strategy import BlueGreen, Canary, Quota
from tests.builders.herd import Herd, a_herd
from tests.builders.rollouts import a_blue_green, a_canary, pause, weight

HALF_MINUTE = timedelta(seconds=30)


def evictions(here: Herd) -> list[str]:
    """The pods that this moment's plan would evict."""
    return [effect.name for effect in here.decide().effects if isinstance(effect, e.EvictPod)]


def test_a_settled_rollout_restarts_and_is_healthy_again() -> None:
    """All pods are new afterwards, and the restart is written down as done."""
    here = a_herd(a_canary(weight(50)), replicas=5)
    old = set(here.pods)
    here.restart()
    here.settle()

    assert old.isdisjoint(here.pods)
    assert len(here.pods) == 5
    assert here.status.restarted_at == here.rollout.restart_at
    assert (here.status.phase, here.status.message) == (Phase.HEALTHY, "")


def test_pods_are_asked_for_by_name_of_their_versions() -> None:
    """Pods are in no cache: which there are is a question, and nothing is done until it is answered."""
    here = a_herd(a_canary(), replicas=5)
    here.restart()
    plan = here.deciding(here.snapshot, here.now)

    assert plan.questions == (AskPods(("shop-v1",)),)
    assert not plan.effects


def test_a_round_takes_what_may_be_missing() -> None:
    """A quarter of eight: two at a time; replacements that are not ready yet count as missing."""
    here = a_herd(a_canary(), replicas=8)
    here.restart()
    assert len(evictions(here)) == 2

    here.round()
    assert evictions(here) == []
    assert here.decide().wake_at == here.now + HALF_MINUTE
    here.settle()
    assert here.fewest == 6


def test_a_stale_count_of_available_pods_takes_no_more() -> None:
    """The ReplicaSet still counts the pod that was just evicted; the list of pods knows better."""
    here = a_herd(a_canary(), replicas=4)
    here.restart()
    here.round()
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], ready=4, available=4)

    assert evictions(here) == []


def test_a_pod_counts_after_its_minimum_of_ready_seconds() -> None:
    """A replacement that has just become ready is not available yet."""
    here = a_herd(a_canary(), replicas=4, min_ready=timedelta(seconds=10))
    here.restart()
    here.round()
    here.ready()
    assert evictions(here) == []

    here.now += timedelta(seconds=10)
    assert len(evictions(here)) == 1


def test_pods_that_serve_nobody_cost_nothing() -> None:
    """A restart may well be meant to cure them: all go at once, whatever may be missing."""
    here = a_herd(a_canary(), replicas=4)
    here.broken.add("v1")
    here.ready()
    here.restart()

    assert sorted(evictions(here)) == ["shop-v1-1", "shop-v1-2", "shop-v1-3", "shop-v1-4"]


def test_stable_goes_before_the_new_version() -> None:
    """Then the new one; each version's oldest pod first."""
    here = a_herd(a_canary(weight(50), pause(), is_routed=False), replicas=4)
    here.release("v2")
    here.settle()
    here.restart()
    here.settle()

    assert [name.rpartition("-")[0] for name in here.evicted] == ["shop-v1"] * 2 + ["shop-v2"] * 2


def test_a_paused_rollout_restarts() -> None:
    """A pause holds sizes and steps, not the wish to have other pods."""
    here = a_herd(a_canary(weight(50)), replicas=4, is_paused=False)
    here.rollout = replace(here.rollout, is_paused=True)
    here.settle()
    here.restart()
    here.settle()

    assert here.status.restarted_at == here.rollout.restart_at
    assert here.status.message == "manually paused"


def test_an_aborted_rollout_restarts() -> None:
    """So does one that went back to stable."""
    here = a_herd(a_canary(weight(50), pause()), replicas=4)
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    here.restart()
    here.settle()

    assert here.status.restarted_at == here.rollout.restart_at
    assert here.status.phase is Phase.DEGRADED


def test_an_abort_waits_for_no_list_of_pods() -> None:
    """The round that meets it asks nothing; those after it go on with the restart."""
    here = a_herd(a_canary(weight(50), pause()), replicas=4)
    here.release("v2")
    here.settle()
    here.restart()
    here.patch(is_aborted=True)

    assert here.deciding(here.snapshot, here.now).questions == ()
    here.settle()
    assert here.status.restarted_at == here.rollout.restart_at


def test_a_restart_in_the_future_wakes_the_rollout_then() -> None:
    """Until then its pods are left alone, and nobody is asked for them."""
    here = a_herd(a_canary(), replicas=4)
    here.restart(timedelta(hours=1))
    here.settle()
    assert here.decide().wake_at == here.rollout.restart_at
    assert here.status.message == "rollout is restarting"

    here.run(timedelta(hours=2))
    assert len(here.evicted) == 4
    assert here.status.phase is Phase.HEALTHY


def test_a_new_template_overtakes_the_restart() -> None:
    """All pods are made anew anyway: the restart counts as done."""
    here = a_herd(a_canary(weight(50), pause()), replicas=4)
    here.restart()
    here.release("v2")
    here.settle()

    assert here.evicted == []
    assert here.status.restarted_at == here.rollout.restart_at


def test_pods_that_cannot_be_read_hold_up_nothing_else() -> None:
    """The restart is tried again; an update that was asked for meanwhile goes on."""
    here = a_herd(a_canary(weight(50), pause()), replicas=4)
    here.trouble = "pods is forbidden"
    here.restart()
    here.settle()
    plan = here.decide()

    assert plan.wake_at == here.now + HALF_MINUTE
    assert "pods is forbidden" in plan.reason


def test_old_versions_without_pods_are_not_asked_about() -> None:
    """Nothing can be old where nothing is."""
    here = a_herd(a_canary(), replicas=0)
    here.restart()
    here.settle()

    assert here.status.restarted_at == here.rollout.restart_at


@pytest.mark.parametrize("strategy", [a_canary(), a_blue_green()])
def test_the_only_pod_goes_once_a_spare_one_serves(strategy: Canary | BlueGreen) -> None:
    """Argo drops it and users meet nobody; here there are two for a moment."""
    here = a_herd(strategy, replicas=1)
    old = set(here.pods)
    here.restart()
    here.settle()

    assert here.fewest == 1
    assert old.isdisjoint(here.pods)
    assert len(here.pods) == 1
    assert here.status.phase is Phase.HEALTHY
    assert [event.message for event in here.events] == [
        "Scaled up ReplicaSet shop-v1 (revision 1) from 1 to 2",
        "Scaled down ReplicaSet shop-v1 (revision 1) from 2 to 1",
    ]


def test_the_only_pod_goes_at_once_where_the_user_allows_that() -> None:
    """maxUnavailable 1 of 1 is the user's word; so is a canary that may not surge."""
    here = a_herd(a_canary(max_unavailable=Quota(1)), replicas=1)
    here.restart()
    here.settle()

    assert here.fewest == 0
    assert here.reasons() == []


def test_a_spare_pod_goes_when_the_restart_is_taken_back() -> None:
    """Nobody waits for it any more."""
    here = a_herd(a_canary(), replicas=1)
    here.restart()
    here.round()
    assert here.versions["shop-v1"].replicas == 2

    here.rollout = replace(here.rollout, restart_at=None)
    here.settle()
    assert len(here.pods) == 1


def test_scaling_to_one_during_a_restart_is_not_taken_for_a_spare() -> None:
    """Two pods of a rollout of two go down to one, as the user wants."""
    here = a_herd(a_canary(), replicas=2)
    here.restart()
    here.scale(1)
    here.settle()

    assert len(here.pods) == 1
    assert here.status.restarted_at == here.rollout.restart_at
