"""Templates of other workloads: what is noted of them, and when their own pods go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.decide.reference import LOOK_AGAIN_AFTER
from rollouts.model.effects import NoteWorkload, ScaleTarget
from rollouts.model.faults import Fault
from rollouts.model.status import Phase
from tests.builders.companions import Company, referring
from tests.builders.rollouts import CHECK, a_blue_green, a_canary, pause, weight

MODES = ("onsuccess", "progressively")


def scaled(here: Company) -> list[int]:
    """The sizes that the workload was given, in order."""
    effects = (effect for plan in here.plans for effect in plan.effects)
    return [effect.replicas for effect in effects if isinstance(effect, ScaleTarget)]


def test_the_generation_is_noted_and_then_observed() -> None:
    """Clients see a change of the workload as unobserved until a round has decided on it."""
    here = referring(a_canary())
    here.settle()

    assert here.rollout.workload_generation == here.status.workload_generation == "7"
    assert here.plans[0].effects[0] == NoteWorkload("7")


def test_a_rollout_with_its_own_template_observes_no_generation() -> None:
    """What was observed of an earlier workload is forgotten with the reference."""
    here = referring(a_canary())
    here.settle()
    here.rollout, here.workload = replace(here.rollout, workload=None), None
    here.settle()

    assert here.status.workload_generation == ""


def test_a_missing_workload_is_looked_for_again() -> None:
    """Nothing but the fault is told until it is there, twenty seconds later at the latest."""
    here = referring(a_canary())
    here.rollout, here.workload = replace(here.rollout, faults=(Fault("", "not found"),)), None
    plan = here.decide()

    assert plan.status.phase is Phase.DEGRADED
    assert plan.wake_at == here.now + LOOK_AGAIN_AFTER
    assert not plan.effects


def test_without_a_mode_the_workload_keeps_its_pods() -> None:
    """Nobody asked for anything else."""
    here = referring(a_canary())
    here.settle()

    assert scaled(here) == []


def test_a_healthy_rollout_takes_the_place_of_its_workload() -> None:
    """All pods of the workload go at once, and only when every pod of the rollout is there."""
    here = referring(a_canary(), "onsuccess")
    here.settle()
    before = next(plan for plan in here.plans if any(isinstance(e, ScaleTarget) for e in plan.effects))

    assert scaled(here) == [0]
    assert before.status.phase is Phase.HEALTHY


def test_pod_by_pod_the_rollout_takes_the_place_of_its_workload() -> None:
    """The workload keeps what the rollout lacks, and gets it back where pods of the rollout fail."""
    here = referring(a_canary(), "progressively")
    here.round()
    here.round()
    for ready, left in ((0, []), (1, [3]), (3, [3, 1]), (2, [3, 1, 2])):
        here.versions["shop-v1"] = replace(
            here.versions["shop-v1"], replicas=4, current=4, ready=ready, available=ready
        )
        here.round()
        assert scaled(here) == left
    here.settle()

    assert scaled(here) == [3, 1, 2, 0]


@pytest.mark.parametrize("mode", MODES)
def test_a_rollout_that_never_gets_ready_takes_nothing(mode: str) -> None:
    """The users of a broken first version are still served by the workload."""
    here = referring(a_canary(), mode)
    here.broken.add("v1")
    here.settle()

    assert scaled(here) == []


@pytest.mark.parametrize("mode", MODES)
def test_after_the_first_revision_the_workload_is_its_owners(mode: str) -> None:
    """Who scales the workload up again later wants its pods, even in the middle of an update."""
    here = referring(a_canary(weight(50), pause()), mode)
    here.settle()
    here.release("v2")
    here.settle()
    assert here.workload is not None
    here.workload = replace(here.workload, replicas=2)
    here.patch(pauses=())
    here.settle()

    assert here.status.phase is Phase.HEALTHY
    assert here.workload.replicas == 2


def test_a_first_version_that_was_mended_still_takes_its_place() -> None:
    """Argo looks at revision 1 only, and keeps both sets of pods for ever where that one was broken."""
    here = referring(a_canary(), "onsuccess")
    here.broken.add("v1")
    here.settle()
    here.release("v2")
    here.run(timedelta(minutes=5))

    assert (here.rollout.revision, scaled(here)) == (2, [0])


def test_a_workload_without_pods_gets_none() -> None:
    """Progressively gives back no pod that the Deployment did not have; Argo scales it up first."""
    here = referring(a_canary(), "progressively")
    assert here.workload is not None
    here.workload = replace(here.workload, replicas=0)
    here.settle()

    assert (here.status.phase, scaled(here)) == (Phase.HEALTHY, [])


def test_a_judgement_after_promotions_keeps_no_workload() -> None:
    """A post-promotion analysis, which the first version has none of, keeps Argo's Deployment for ever (#4681)."""
    here = referring(a_blue_green(post_promotion=CHECK), "onsuccess")
    here.settle()

    assert (here.status.phase, scaled(here)) == (Phase.HEALTHY, [0])


@pytest.mark.parametrize("kind", ["ReplicaSet", "PodTemplate"])
def test_other_kinds_are_never_scaled(kind: str) -> None:
    """Only a Deployment gives way."""
    here = referring(a_canary(), "onsuccess", kind=kind)
    here.settle()

    assert scaled(here) == []
