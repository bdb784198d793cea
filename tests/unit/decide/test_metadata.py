"""Labels of a role, and the rule that keeps new pods off the nodes of stable ones."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from rollouts.model import effects as e
from rollouts.model.snapshot import Failure, Snapshot
from rollouts.model.strategy import AntiAffinity, BlueGreen, Canary, PodMetadata
from tests.builders.rollouts import Miniature, a_blue_green, a_canary, a_rollout, deployed, pause, weight

CANARY = PodMetadata({"role": "canary"}, {"seen": "new"})
STABLE = PodMetadata({"role": "stable"})
NONE = PodMetadata()


def a_marked_canary(**fields: Any) -> Canary:
    """A canary whose pods say which they are; it stops at half of the traffic."""
    return a_canary(weight(50), pause(), canary_metadata=CANARY, stable_metadata=STABLE, **fields)


def a_marked_blue_green() -> BlueGreen:
    """The same for blue-green, which a person promotes."""
    return a_blue_green(auto_promotion=False, preview_metadata=CANARY, active_metadata=STABLE)


def marks(here: Miniature) -> list[e.MarkVersion | e.MarkPods]:
    """What all plans so far did to metadata, in order."""
    return [x for plan in here.plans for x in plan.effects if isinstance(x, e.MarkVersion | e.MarkPods)]


def test_a_first_version_is_made_with_the_stable_role() -> None:
    """Nothing was there before, so there is nothing to be a canary of; it is never touched again."""
    here = deployed(a_marked_canary())

    assert here.versions["shop-v1"].metadata == STABLE
    assert marks(here) == []


def test_a_canary_is_made_with_its_role() -> None:
    """Its pods carry it from their first moment."""
    here = deployed(a_marked_canary())
    here.release("v2")
    here.settle()

    assert here.versions["shop-v2"].metadata == CANARY
    assert here.versions["shop-v1"].metadata == STABLE
    assert marks(here) == []


def test_roles_move_at_a_promotion() -> None:
    """The template first and noted as begun, then the pods, then the note that all is done; old pods lose theirs."""
    here = deployed(a_marked_canary())
    here.release("v2")
    here.settle()
    here.patch(promote_fully=True)
    here.settle()

    assert marks(here) == [
        e.MarkVersion("shop-v2", STABLE, CANARY, is_pending=True),
        e.MarkPods("shop-v2", STABLE, CANARY),
        e.MarkVersion("shop-v2", STABLE, CANARY),
        e.MarkVersion("shop-v1", NONE, STABLE, is_pending=True),
        e.MarkPods("shop-v1", NONE, STABLE),
        e.MarkVersion("shop-v1", NONE, STABLE),
    ]


def test_blue_green_moves_its_roles_too() -> None:
    """Preview becomes active; the old version keeps no role while it waits for its end."""
    here = deployed(a_marked_blue_green())
    here.release("v2")
    here.settle()
    assert here.versions["shop-v2"].metadata == CANARY

    here.patch(pauses=())
    here.settle()
    assert (here.versions["shop-v2"].metadata, here.versions["shop-v1"].metadata) == (STABLE, NONE)


def test_an_aborted_canary_keeps_its_role() -> None:
    """It is still the one that is not stable."""
    here = deployed(a_marked_canary(abort_scale_down_delay=timedelta()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert here.versions["shop-v2"].metadata == CANARY


def test_an_overtaken_version_loses_its_role() -> None:
    """It is no canary any more; without pods its template is all there is to change."""
    here = deployed(a_marked_canary(), is_paused=False)
    here.release("v2")
    here.settle()
    here.release("v3")
    here.settle()

    assert here.versions["shop-v2"].metadata == NONE
    assert here.versions["shop-v3"].metadata == CANARY


def test_other_metadata_reaches_pods_that_are_there() -> None:
    """The user changes a role's labels: no new version, and the old keys go."""
    here = deployed(a_marked_canary())
    other = PodMetadata({"tier": "gold"})
    strategy = replace(a_marked_canary(), stable_metadata=other)
    here.rollout = replace(here.rollout, strategy=strategy, generation=2)
    here.settle()

    assert list(here.versions) == ["shop-v1"]
    assert here.versions["shop-v1"].metadata == other
    assert e.MarkPods("shop-v1", other, STABLE) in marks(here)


def test_what_was_begun_is_finished_from_the_note() -> None:
    """A controller was killed between the template and its pods, and the user then wrote yet another label."""
    here = deployed(a_marked_canary())
    begun = PodMetadata({"tier": "gold"})
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], pending=begun)
    plan = here.decide()

    both = PodMetadata({"role": "stable", "tier": "gold"})
    assert plan.effects == (
        e.MarkVersion("shop-v1", STABLE, both, is_pending=True),
        e.MarkPods("shop-v1", STABLE, both),
        e.MarkVersion("shop-v1", STABLE, both),
    )


def test_metadata_that_the_server_refuses_holds_up_nothing() -> None:
    """The refusal is told, and tried again later; the rollout goes on."""
    here = deployed(a_marked_canary())
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], metadata=CANARY)
    refused = Failure(e.MarkPods("shop-v1", STABLE, CANARY), "Forbidden", "pods is forbidden")
    snapshot: Snapshot = replace(here.snapshot, failures=(refused,))
    plan = here.deciding(snapshot, here.now)

    assert [event.reason for event in plan.events] == ["ReplicaSetUpdateError"]
    assert plan.effects == ()
    assert plan.wake_at == here.now + timedelta(seconds=30)


def test_new_pods_keep_off_the_nodes_of_stable_ones() -> None:
    """There is nobody to keep off in the first deploy; the rule goes with the promotion."""
    here = deployed(a_canary(weight(50), pause(), anti_affinity=AntiAffinity()))
    assert here.versions["shop-v1"].keeps_off == ""

    here.release("v2")
    here.settle()
    assert here.versions["shop-v2"].keeps_off == "v1"

    here.patch(promote_fully=True)
    here.settle()
    assert here.versions["shop-v2"].keeps_off == ""


def test_a_returning_version_keeps_off_the_present_stable_one() -> None:
    """Its rule names the version that was stable when it was made."""
    here = deployed(a_blue_green(anti_affinity=AntiAffinity(weight=50)))
    for target in ("v2", "v3"):
        here.release(target)
        here.settle()
        here.run(timedelta(minutes=2))
    here.versions["shop-v2"] = replace(here.versions["shop-v2"], keeps_off="v1")
    here.rollout = replace(here.rollout, target="v2", generation=9)
    here.round()

    assert here.versions["shop-v2"].keeps_off == "v3"


def test_without_the_wish_no_rule_is_made() -> None:
    """A rollout without antiAffinity makes versions that may run anywhere."""
    here = Miniature(a_rollout(a_canary(weight(50), pause())))
    here.settle()
    here.release("v2")
    here.settle()

    assert [version.keeps_off for version in here.versions.values()] == ["", ""]
