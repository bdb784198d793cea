"""What ends a round before any strategy is asked, and what becomes of it when it is mended."""

from dataclasses import replace
from datetime import timedelta

from rollouts.decide import decide
from rollouts.model.effects import CreateVersion, DeleteVersion, NumberVersion, RefreshVersion, SetRevision
from rollouts.model.faults import Fault
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Failure
from rollouts.model.status import Phase
from tests.builders.rollouts import Miniature, a_canary, a_rollout, deployed, pause, weight

FAULT = Fault("spec.strategy.steps[0].setWeight", "Invalid value: 150: needs to be between 0 and 100", "lower it")


def refused(here: Miniature, reason: str, *, is_ours: bool = False) -> Plan:
    """The plan after the creation of the new version was refused."""
    (create,) = (effect for effect in here.decide().effects if isinstance(effect, CreateVersion))
    failure = Failure(create, reason, "the server's own words", is_ours)
    return decide(replace(here.snapshot, failures=(failure,)), here.now)


def test_an_invalid_spec_is_told_once_and_touches_nothing() -> None:
    """Condition, phase and one event name the field; nothing else happens, and a second round is silent."""
    here = Miniature(a_rollout(a_canary(weight(150)), faults=(FAULT,)))
    plan = here.round()

    assert plan.effects == ()
    assert plan.status.phase is Phase.DEGRADED
    assert plan.status.message == f'InvalidSpec: The Rollout "shop" is invalid: {FAULT}'
    assert plan.status.observed_generation == "1"
    assert [(event.reason, event.is_warning) for event in plan.events] == [("InvalidSpec", True)]
    assert plan.events[0].message.endswith("(lower it)")

    assert here.is_settled()
    assert here.round().events == ()


def test_a_mended_spec_is_taken_up_again() -> None:
    """The condition is removed, not set to False."""
    here = Miniature(a_rollout(a_canary(weight(150)), faults=(FAULT,)))
    here.round()
    here.rollout = replace(here.rollout, strategy=a_canary(weight(50)), faults=(), generation=2)
    here.settle()

    assert here.status.phase is Phase.HEALTHY
    assert here.status.condition("InvalidSpec") is None


def test_another_mistake_replaces_the_first() -> None:
    """The message follows the spec, although status and reason of the condition stay."""
    here = Miniature(a_rollout(a_canary(), faults=(FAULT,)))
    here.round()
    other = Fault("spec.selector", "Required value")
    here.rollout = replace(here.rollout, faults=(other,))
    plan = here.round()

    assert str(other) in plan.status.message
    assert len(plan.events) == 1


def test_a_mistake_that_only_other_objects_show_is_one_too() -> None:
    """A Service that is not there stops the rollout before it makes pods."""
    here = Miniature(a_rollout(a_canary()))
    missing = Fault("spec.strategy.canary.canaryService", 'Invalid value: "canary": service "canary" not found')

    plan = decide(replace(here.snapshot, reference_faults=(missing,)), here.now)

    assert plan.effects == ()
    assert str(missing) in plan.status.message


def test_a_name_that_is_taken_counts_as_a_collision() -> None:
    """The count changes the hash, and with it the next name."""
    plan = refused(Miniature(a_rollout(a_canary())), "AlreadyExists")

    assert plan.status.collisions == 1
    assert plan.effects == ()


def test_our_own_version_out_of_view_is_no_collision() -> None:
    """It was created before a crash and will come into view."""
    plan = refused(Miniature(a_rollout(a_canary())), "AlreadyExists", is_ours=True)

    assert plan.status.collisions is None


def test_a_refused_creation_is_told_and_tried_again() -> None:
    """A quota or a webhook that says no stands in the condition, in the server's words."""
    plan = refused(Miniature(a_rollout(a_canary())), "Forbidden")

    progressing = plan.status.condition("Progressing")
    assert progressing is not None
    assert (progressing.status, progressing.reason) == ("False", "ReplicaSetCreateError")
    assert "the server's own words" in progressing.message
    assert [type(effect) for effect in plan.effects] == [CreateVersion]
    assert plan.events[0].is_warning


def test_a_deleted_rollout_is_left_to_its_owner_references() -> None:
    """Nothing is decided about an object on its way out."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.rollout = replace(here.rollout, is_deleted=True)

    plan = here.decide()
    assert (plan.effects, plan.status) == ((), here.status)


def test_a_version_that_comes_back_gets_the_newest_number() -> None:
    """Its old one joins its history, and the rollout follows."""
    here = deployed(a_canary())
    here.release("v2")
    here.settle()
    here.release("v1")
    effects = here.decide().effects

    assert NumberVersion("shop-v1", 3, (1,)) in effects
    assert SetRevision(3) in effects


def test_a_refused_refreshment_is_told_and_holds_nothing_up() -> None:
    """The version keeps its old copies for a while, and the round goes on to what matters."""
    here = deployed(a_canary())
    dated = replace(here.snapshot, versions=tuple(replace(v, is_dated=True) for v in here.snapshot.versions))
    (effect,) = decide(dated, here.now).effects
    refused_once = replace(dated, failures=(Failure(effect, "Forbidden", "no"),))
    plan = decide(refused_once, here.now)

    assert effect == RefreshVersion("shop-v1")
    assert (plan.effects, [event.reason for event in plan.events]) == ((), ["ReplicaSetUpdateError"])
    assert plan.wake_at == here.now + timedelta(seconds=30)


def test_old_versions_beyond_the_limit_are_deleted_oldest_first() -> None:
    """revisionHistoryLimit counts versions without pods."""
    here = deployed(a_canary(), history_limit=1)
    for target in ("v2", "v3", "v4"):
        here.release(target)
        here.run(timedelta(minutes=1))

    assert sorted(here.versions) == ["shop-v3", "shop-v4"]
    deleted = [effect.name for plan in here.plans for effect in plan.effects if isinstance(effect, DeleteVersion)]
    assert deleted == ["shop-v1", "shop-v2"]
