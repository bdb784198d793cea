"""Blue-green's course: preview, pause, switch, delay, and the ways back."""

from dataclasses import replace
from datetime import timedelta

from rollouts.model.status import Phase
from rollouts.model.workload import Service
from tests.builders.rollouts import CHECK, Miniature, a_blue_green, a_rollout, deployed

MINUTE = timedelta(minutes=1)


def test_the_first_deploy_tells_its_story_in_argos_order() -> None:
    """No RolloutNotCompleted in the first deploy, and the switch comes last."""
    here = deployed(a_blue_green())
    assert here.services["active"].hash == "v1"

    here.release("v2")
    here.settle()
    assert here.reasons() == [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "SwitchService",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "SwitchService",
        "RolloutCompleted",
    ]


def test_users_move_only_once_every_new_pod_serves() -> None:
    """The preview shows the new version at once; the active Service waits for all of it."""
    here = deployed(a_blue_green())
    here.broken.add("v2")
    here.release("v2")
    here.settle()

    assert (here.services["preview"].hash, here.services["active"].hash) == ("v2", "v1")
    assert here.status.message == "active service cutover pending"


def test_a_service_that_selects_nothing_is_switched_at_once() -> None:
    """A rollout that was made anew finds its predecessor's hash there, and no pause or analysis that could end."""
    strategy = a_blue_green(auto_promotion=False, pre_promotion=CHECK)
    here = Miniature(a_rollout(strategy))
    here.services["active"] = Service("active", "gone", "shop")
    here.settle()

    assert here.services["active"].hash == "v1"
    assert here.status.phase is Phase.HEALTHY


def test_a_version_that_is_stable_already_is_no_preview() -> None:
    """A canary that becomes blue-green keeps its pods, and its active Service is led to them without a pause."""
    here = deployed(a_blue_green(auto_promotion=False, preview_replicas=1))
    here.release("v2")
    here.patch(promote_fully=True)
    here.settle()
    here.services["active"] = Service("active", "v1", "shop")
    here.settle()

    assert here.versions["shop-v2"].replicas == 4
    assert here.services["active"].hash == "v2"
    assert not here.status.pauses


def test_the_old_version_stays_for_its_delay() -> None:
    """A fast way back stays open until the delay is over."""
    here = deployed(a_blue_green())
    here.release("v2")
    here.settle()
    assert here.versions["shop-v1"].replicas == 4

    here.run(MINUTE)
    assert here.versions["shop-v1"].replicas == 0


def test_without_a_delay_the_old_version_goes_at_once() -> None:
    """scaleDownDelaySeconds 0 means now (Argo never scales down then, and requeues for ever)."""
    here = deployed(a_blue_green(scale_down_delay=timedelta()))
    here.release("v2")
    here.settle()

    assert here.versions["shop-v1"].replicas == 0
    assert here.status.phase == Phase.HEALTHY


def test_manual_promotion_waits_for_a_human() -> None:
    """With autoPromotionEnabled: false the switch needs the pause to be cleared."""
    here = deployed(a_blue_green(auto_promotion=False))
    here.release("v2")
    here.settle()
    assert (here.status.message, here.services["active"].hash) == ("BlueGreenPause", "v1")

    here.patch(pauses=())
    here.settle()
    assert here.services["active"].hash == "v2"


def test_auto_promotion_comes_after_its_seconds() -> None:
    """autoPromotionSeconds counts from the pause."""
    here = deployed(a_blue_green(auto_promotion_after=timedelta(seconds=30)))
    here.release("v2")
    here.settle()
    assert here.decide().wake_at == here.now + timedelta(seconds=30)

    here.run(MINUTE)
    assert here.status.stable == "v2"


def test_a_preview_is_small_until_it_is_promoted() -> None:
    """previewReplicaCount holds until the promotion begins, then the version grows before users move."""
    here = deployed(a_blue_green(preview_replicas=1, auto_promotion=False))
    here.release("v2")
    here.settle()
    assert here.versions["shop-v2"].replicas == 1

    here.patch(pauses=())
    here.settle()
    assert (here.versions["shop-v2"].replicas, here.services["active"].hash) == (4, "v2")


def test_an_abort_leaves_users_where_they_are() -> None:
    """The preview stays for the abort delay and is scaled down after it."""
    here = deployed(a_blue_green(auto_promotion=False))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    assert here.services["active"].hash == "v1"

    here.run(MINUTE)
    assert here.versions["shop-v2"].replicas == 0


def test_going_back_within_the_delay_is_fast() -> None:
    """The old version still runs: it is switched to without a pause."""
    here = deployed(a_blue_green(auto_promotion=False))
    here.release("v2")
    here.settle()
    here.patch(pauses=())
    here.settle()
    here.release("v1")
    here.settle()

    assert here.services["active"].hash == "v1"
    assert any("Fast rollback" in event.message for event in here.events)


def test_a_failed_pre_promotion_analysis_aborts_before_users_move() -> None:
    """The gate before the switch holds."""
    here = deployed(a_blue_green(pre_promotion=CHECK))
    here.release("v2")
    here.settle()
    here.finish("Failed")
    here.settle()

    assert here.services["active"].hash == "v1"
    assert "pre-promotion analysis phase error/failed" in here.status.message


def test_a_failed_post_promotion_analysis_switches_back() -> None:
    """Users return to the stable version, which was kept for them."""
    here = deployed(a_blue_green(post_promotion=CHECK))
    here.release("v2")
    here.settle()
    assert here.services["active"].hash == "v2"

    here.finish("Failed")
    here.settle()
    assert here.services["active"].hash == "v1"
    assert here.status.stable == "v1"


def test_a_version_that_still_loses_its_pods_is_not_grown_yet() -> None:
    """A retry right after the preview was taken down: pods that are counted and gone must not pass for ready ones."""
    here = deployed(a_blue_green())
    here.release("v2")
    here.round()
    going = replace(here.versions["shop-v2"], replicas=0, current=4, ready=4, available=4)
    here.versions["shop-v2"] = going
    here.round()
    here.round()
    assert here.versions["shop-v2"].replicas == 0
    assert here.services["active"].hash == "v1"
    here.versions["shop-v2"] = replace(going, current=0, ready=0, available=0)
    here.settle()

    assert here.services["active"].hash == "v2"
