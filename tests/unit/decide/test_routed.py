"""Routed canaries beyond plain weights: dynamic stable sizes, ping-pong, managed routes, verification, grace."""

from dataclasses import replace
from datetime import timedelta

from rollouts.model.effects import ShiftTraffic
from rollouts.model.plan import Plan
from rollouts.model.questions import Verified
from rollouts.model.status import Phase
from rollouts.model.strategy import (
    Canary,
    HeaderMatch,
    PingPong,
    RequestMatch,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
)
from rollouts.model.weights import Weights
from tests.builders.rollouts import Miniature, a_canary, deployed, pause, weight

MINUTE = timedelta(minutes=1)
BETA = SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(exact="yes")),))
COPIES = SetMirrorRoute("copies", (RequestMatch(method=StringMatch(exact="GET")),), 10)


def sizes(here: Miniature) -> tuple[int, ...]:
    """How many pods v1, v2, … are asked for."""
    return tuple(here.versions[name].replicas for name in sorted(here.versions))


def weight_of(here: Miniature) -> int:
    """What the route gives the canary."""
    assert here.route is not None
    return here.route.canary


def shifts(plans: list[Plan]) -> list[ShiftTraffic]:
    """Every write to the routes, in order."""
    return [effect for plan in plans for effect in plan.effects if isinstance(effect, ShiftTraffic)]


# dynamicStableScale:  v1 4 ──20%──> v1 4, v2 1 ──50%──> v1 2, v2 2 ──100%──> v1 0, v2 4


def test_a_dynamic_stable_version_shrinks_behind_the_traffic() -> None:
    """It gives up pods only after the weight that they served has moved."""
    here = deployed(a_canary(weight(50), pause(), dynamic_stable=True))
    here.release("v2")
    for _ in range(40):
        here.ready()
        if here.is_settled():
            break
        here.round()
        stable = here.versions["shop-v1"].replicas
        assert stable >= 4 * (100 - (weight_of(here) if here.route else 0)) // 100

    assert (sizes(here), here.route) == ((2, 2), Weights(50, 50))

    here.patch(pauses=())
    here.settle()
    assert here.status.stable == "v2"
    assert sizes(here) == (0, 4)


def test_a_dynamic_stable_version_stays_while_no_weight_is_recorded() -> None:
    """A user who skips a step before any pod is ready must not cost the old version the pods that serve everybody."""
    here = deployed(a_canary(weight(20), weight(50), pause(), dynamic_stable=True))
    here.broken |= {"v1", "v2"}
    here.patch(canary=replace(here.status.canary, shares=None))
    here.release("v2")
    here.settle()
    here.patch(step=1)
    here.settle()

    assert here.versions["shop-v1"].replicas == 4


def test_a_dynamic_canary_goes_back_step_by_step() -> None:
    """After an abort stable grows first, then weight comes back, then the canary shrinks, one step at a time."""
    here = deployed(a_canary(weight(25), weight(75), pause(), dynamic_stable=True))
    here.release("v2")
    here.settle()
    assert (sizes(here), weight_of(here)) == ((1, 3), 75)

    here.patch(is_aborted=True)
    here.plans.clear()
    here.settle()

    assert [shift.shares.canary.weight for shift in shifts(here.plans)] == [25, 0]
    assert (sizes(here), here.services["canary"].hash) == ((4, 0), "v1")


def test_an_aborted_dynamic_canary_waits_for_stable() -> None:
    """No weight comes back to pods that are not there."""
    here = deployed(a_canary(weight(75), pause(), dynamic_stable=True))
    here.release("v2")
    here.settle()
    here.broken.add("v1")
    here.patch(is_aborted=True)
    here.round()
    here.round()

    assert weight_of(here) == 75
    assert here.versions["shop-v2"].replicas == 3


def test_an_aborted_dynamic_canary_that_is_kept_keeps_no_weight() -> None:
    """abortScaleDownDelaySeconds 0 keeps the pods that setCanaryScale asked for, more than the weight needs."""
    steps = (SetCanaryScale(replicas=3), weight(10), pause())
    here = deployed(a_canary(*steps, dynamic_stable=True, abort_scale_down_delay=timedelta()))
    here.release("v2")
    here.settle()
    assert weight_of(here) == 10

    here.patch(is_aborted=True)
    here.settle()
    assert weight_of(here) == 0
    assert here.versions["shop-v2"].replicas == 3


def test_going_back_to_a_dynamic_stable_version_waits_for_its_pods() -> None:
    """The version that was overtaken keeps its weight until stable can carry it."""
    here = deployed(a_canary(weight(75), pause(), dynamic_stable=True))
    here.release("v2")
    here.settle()
    here.release("v1")
    here.round()
    here.round()
    here.round()
    assert (weight_of(here), here.services["canary"].hash) == (75, "v2")
    assert sizes(here) == (4, 3)

    here.settle()
    assert (weight_of(here), here.status.phase) == (0, Phase.HEALTHY)
    here.run(MINUTE)
    assert sizes(here) == (4, 0)


def test_a_third_version_gets_the_service_after_the_weight_has_moved() -> None:
    """One new pod never meets the weight that many pods of the overtaken version served."""
    here = deployed(a_canary(weight(25), pause(), weight(100), pause(), dynamic_stable=True))
    here.release("v2")
    here.settle()
    here.patch(pauses=())
    here.settle()
    assert (sizes(here), weight_of(here)) == ((0, 4), 100)

    here.release("v3")
    for _ in range(40):
        here.ready()
        here.round()
        assert here.services["canary"].hash == "v2" or weight_of(here) == 25

    assert (here.services["canary"].hash, weight_of(here)) == ("v3", 25)
    assert here.versions["shop-v1"].replicas == 3


def test_a_full_promotion_of_a_dynamic_canary_follows_its_pods() -> None:
    """The weight is what the new version's available pods can serve, and in the end everything."""
    here = deployed(a_canary(weight(25), pause(), dynamic_stable=True))
    here.release("v2")
    here.settle()
    here.patch(promote_fully=True)
    here.settle()

    assert (here.status.stable, here.status.phase) == ("v2", Phase.HEALTHY)
    assert sizes(here) == (0, 4)


def test_a_floor_of_pods() -> None:
    """A version that has any pod has as many as minPodsPerReplicaSet says, never more than the rollout's size."""
    here = deployed(a_canary(weight(1), pause(), min_pods=2))
    here.release("v2")
    here.settle()

    assert sizes(here) == (4, 2)


def test_an_aborted_canary_may_keep_its_pods() -> None:
    """abortScaleDownDelaySeconds: 0 keeps the canary, without any weight."""
    here = deployed(a_canary(SetCanaryScale(replicas=3), weight(25), pause(), abort_scale_down_delay=timedelta()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.run(MINUTE)

    assert (sizes(here), weight_of(here)) == ((4, 3), 0)


def test_an_aborted_canary_stays_for_longer_than_a_resync() -> None:
    """A delay beyond a quarter of an hour, after which Argo's resync cuts it short, holds to its end."""
    here = deployed(a_canary(weight(25), pause(), abort_scale_down_delay=60 * MINUTE))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.run(59 * MINUTE)
    assert sizes(here) == (4, 1)
    here.run(2 * MINUTE)

    assert sizes(here) == (4, 0)


# ping-pong:  stable: pong(v1)  canary: ping(v2)  ──promoted──>  stable: ping(v2)  canary: pong(idle)


def swapping(*steps: object) -> Canary:
    """A canary whose two Services swap."""
    plain = a_canary(*steps, ping_pong=PingPong("ping", "pong"))  # type: ignore[arg-type]  # steps by name
    return replace(plain, stable_service="", canary_service="")


def test_services_swap_their_roles_at_promotion() -> None:
    """The Service that led to the canary leads to stable from then on, and no weight has to move for it."""
    here = deployed(swapping(weight(50), pause()))
    assert (here.status.canary.stable_side, here.services["ping"].hash) == ("ping", "v1")

    here.release("v2")
    here.settle()
    assert (here.services["ping"].hash, here.services["pong"].hash) == ("v1", "v2")
    assert here.status.canary.shares is not None
    assert here.status.canary.shares.canary.service == "pong"

    here.patch(pauses=())
    here.settle()
    assert here.status.canary.stable_side == "pong"
    assert (here.services["pong"].hash, here.status.phase) == ("v2", Phase.HEALTHY)
    assert here.status.canary.shares.stable.service == "pong"

    here.run(MINUTE)
    assert sizes(here) == (0, 4)


def test_an_abort_leaves_the_sides_as_they_are() -> None:
    """All weight goes back to stable's side; the canary's side still leads to the canary."""
    here = deployed(swapping(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert (here.status.canary.stable_side, weight_of(here)) == ("ping", 0)
    assert here.services["pong"].hash == "v2"


def test_a_side_with_weight_moves_only_to_pods_that_serve() -> None:
    """A third version gets the canary's Service once nobody is sent there, or once it can serve."""
    here = deployed(swapping(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.release("v3")
    for _ in range(5):
        here.round()
        share = here.status.canary.shares
        assert share is not None
        assert share.canary.weight == 0 or here.services["pong"].hash == "v2"

    here.settle()
    assert here.services["pong"].hash == "v3"


# managed routes


def test_header_and_mirror_routes_stand_from_their_step_on() -> None:
    """They come with their steps, in the order of managedRoutes, and go with the promotion."""
    steps = (SetCanaryScale(replicas=1), COPIES, BETA, weight(25), pause())
    here = deployed(a_canary(*steps, managed_routes=("beta", "copies")))
    assert not any(shift.managed for shift in shifts(here.plans))

    here.release("v2")
    here.settle()
    assert here.route == Weights(25, 75, 100, ("beta", "copies"))
    told = [event.message for event in here.events if event.reason == "RolloutStepCompleted"]
    assert told[1:3] == [
        "Rollout step 2/5 completed (setMirrorRoute: copies)",
        "Rollout step 3/5 completed (setHeaderRoute: beta)",
    ]

    here.patch(pauses=())
    here.settle()
    assert here.route == Weights(0, 100)


def test_a_later_step_takes_a_managed_route_away() -> None:
    """A step of the same name without a match is its end."""
    steps = (SetCanaryScale(replicas=1), BETA, pause(), SetHeaderRoute("beta"), pause())
    here = deployed(a_canary(*steps, managed_routes=("beta",)))
    here.release("v2")
    here.settle()
    assert here.route == Weights(0, 100, 100, ("beta",))

    here.patch(pauses=())
    here.settle()
    assert here.route == Weights(0, 100)


def test_an_abort_takes_managed_routes_away() -> None:
    """Nobody is sent to an aborted version by a header either."""
    here = deployed(a_canary(SetCanaryScale(replicas=1), BETA, pause(), managed_routes=("beta",)))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert here.route == Weights(0, 100)


def test_a_managed_route_that_somebody_removed_comes_back() -> None:
    """What the steps ask for is compared with what the route has."""
    here = deployed(a_canary(SetCanaryScale(replicas=1), BETA, pause(), managed_routes=("beta",)))
    here.release("v2")
    here.settle()
    here.route = Weights(0, 100)
    here.settle()

    assert here.route == Weights(0, 100, 100, ("beta",))


# verification


def test_a_step_waits_for_the_routers_yes() -> None:
    """Where routers can tell, setWeight does not pass on a mere write: they are asked until they agree."""
    here = deployed(a_canary(weight(25), pause()))
    here.gateway = Verified(False, "listener is gone")
    here.release("v2")
    here.settle()
    assert (here.status.step, weight_of(here), here.status.canary.verified) == (0, 25, False)
    assert here.decide().wake_at == here.now + timedelta(seconds=10)
    told = [event for event in here.events if event.reason == "WeightVerifyError"]
    assert [(event.message, event.is_warning) for event in told] == [
        ("Failed to verify weight: listener is gone", True)
    ]

    here.gateway = Verified(True)
    here.settle()
    assert (here.status.step, here.status.canary.verified) == (1, True)
    assert here.status.phase is Phase.PAUSED


def test_an_unverified_end_keeps_the_old_version() -> None:
    """At the last step nothing is promoted, and nothing scaled down, while the routes are not known to follow."""
    here = deployed(a_canary(weight(25), pause()))
    here.gateway = Verified(True)
    here.release("v2")
    here.settle()
    here.gateway = Verified(False, "not programmed")
    here.patch(pauses=())
    here.settle()
    assert (weight_of(here), here.status.stable) == (100, "v1")
    assert here.versions["shop-v1"].replicas == 4

    here.gateway = Verified(True)
    here.settle()
    assert here.status.stable == "v2"

    here.gateway = Verified(False, "not programmed")
    here.patch(canary=replace(here.status.canary, verified=None))
    here.run(MINUTE)
    assert here.versions["shop-v1"].replicas == 4


def test_an_abort_waits_for_no_answer() -> None:
    """Weight goes back at once, verified or not."""
    here = deployed(a_canary(weight(25), pause()))
    here.gateway = Verified(False, "slow")
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.round()

    assert weight_of(here) == 0


# intermediate versions


def test_an_overtaken_version_keeps_its_pods_a_moment() -> None:
    """Routes and endpoints may still lead to it when the last Service has left it."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()
    here.release("v3")
    here.settle()
    assert here.services["canary"].hash == "v3"
    assert here.versions["shop-v2"].replicas == 1

    here.run(timedelta(seconds=10))
    assert here.versions["shop-v2"].replicas == 0


def test_an_overtaken_version_without_a_pod_goes_at_once() -> None:
    """Nobody is served by it."""
    here = deployed(a_canary(weight(25), pause()))
    here.broken.add("v2")
    here.release("v2")
    here.settle()
    here.release("v3")
    here.settle()

    assert here.versions["shop-v2"].replicas == 0


def test_only_so_many_old_versions_wait() -> None:
    """scaleDownDelayRevisionLimit: the oldest beyond it go at once."""
    here = deployed(a_canary(scale_down_delay=timedelta(minutes=5), scale_down_delay_revisions=1))
    for target in ("v2", "v3"):
        here.release(target)
        here.settle()

    assert sizes(here) == (0, 4, 4)


def test_weight_leaves_a_canary_that_lost_its_pods() -> None:
    """As long as one stable pod serves, nobody is sent to none."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()
    here.versions["shop-v2"] = replace(here.versions["shop-v2"], ready=0, available=0)
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], ready=1, available=1)
    here.round()

    assert weight_of(here) == 0


def test_an_overtaken_subset_loses_its_weight_first() -> None:
    """Routers that know versions by hash are told weight 0 before the place of the canary changes hands."""
    here = deployed(a_canary(weight(25), pause()))
    here.release("v2")
    here.settle()
    here.plans.clear()
    here.release("v3")
    here.settle()

    first, second = shifts(here.plans)[:2]
    assert (first.shares.canary.hash, first.shares.canary.weight, first.shares.stable.weight) == ("v2", 0, 100)
    assert (second.shares.canary.hash, second.shares.canary.weight) == ("v3", 0)
