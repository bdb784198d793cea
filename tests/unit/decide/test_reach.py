"""Weight follows EndpointSlices, and pods go only when routes and Services have led elsewhere for a while."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.model.effects import ScaleVersion, ShiftTraffic
from rollouts.model.questions import Verified
from rollouts.model.strategy import BlueGreen, PingPong
from tests.builders.rollouts import Miniature, a_canary, deployed, pause, weight

DRAIN = timedelta(seconds=5)


def released(*steps: Any, **fields: Any) -> Miniature:
    """Version v2 in the middle of its steps, with EndpointSlices that show what the Services select."""
    here = deployed(a_canary(*(steps or (weight(20), pause())), **fields))
    here.endpoints = {"stable": {"v1": 4}, "canary": {"v1": 4}}
    here.drain = DRAIN
    here.release("v2")
    here.settle()
    return here


def weight_of(here: Miniature) -> int:
    """What the route gives the canary."""
    return 0 if here.route is None else here.route.canary


def taken(here: Miniature) -> list[str]:
    """The versions that were made empty, in order."""
    effects = [effect for plan in here.plans for effect in plan.effects]
    return [effect.name for effect in effects if isinstance(effect, ScaleVersion) and effect.replicas == 0]


def test_weight_waits_for_the_canarys_endpoints() -> None:
    """A pod may be available before any EndpointSlice shows it to a gateway."""
    here = released()
    assert (weight_of(here), here.versions["shop-v2"].available) == (0, 1)

    here.endpoints["canary"] = {"v2": 1}
    here.settle()
    assert weight_of(here) == 20


def test_weight_goes_back_when_the_canarys_endpoints_are_lost() -> None:
    """Its pods left the Service: their part goes to stable at once."""
    here = released()
    here.endpoints["canary"] = {"v2": 1}
    here.settle()

    here.endpoints["canary"] = {}
    here.settle()
    assert weight_of(here) == 0


def test_an_abort_waits_for_stables_endpoints() -> None:
    """No traffic goes to a Service without an endpoint while the canary serves; then at once."""
    here = released()
    here.endpoints = {"stable": {}, "canary": {"v2": 1}}
    here.settle()
    assert weight_of(here) == 20

    here.patch(is_aborted=True)
    here.round()
    assert weight_of(here) == 20

    here.endpoints["stable"] = {"v1": 4}
    here.round()
    assert weight_of(here) == 0


def test_a_promotion_moves_the_weight_after_the_service() -> None:
    """Stable's Service first has to show pods of the new version; until then the canary's Service carries on."""
    here = released(weight(100))
    here.endpoints = {"stable": {"v1": 4}, "canary": {"v2": 4}}
    here.settle()
    assert (here.status.stable, here.services["stable"].hash, weight_of(here)) == ("v2", "v2", 100)

    here.endpoints["stable"] = {"v2": 4}
    here.settle()
    assert weight_of(here) == 0


def test_without_slices_available_pods_have_to_do() -> None:
    """A controller without the right to read EndpointSlices works as Argo's does."""
    here = deployed(a_canary(weight(20), pause()))
    here.release("v2")
    here.settle()

    assert weight_of(here) == 20


def blue_green(delay: timedelta) -> Miniature:
    """A promoted v2, and v1 that nothing leads to any more."""
    here = deployed(BlueGreen("active", "preview", scale_down_delay=delay))
    here.drain = DRAIN
    here.release("v2")
    here.settle()
    return here


@pytest.mark.parametrize("delay", [timedelta(), timedelta(seconds=1)])
def test_old_pods_outlive_the_switch(delay: timedelta) -> None:
    """However short the delay: gateways and kube-proxies need a moment to hear of it."""
    here = blue_green(delay)
    assert (here.services["active"].hash, here.versions["shop-v1"].replicas) == ("v2", 4)

    here.run(DRAIN - timedelta(seconds=1))
    assert here.versions["shop-v1"].replicas == 4

    here.run(timedelta(seconds=2))
    assert here.versions["shop-v1"].replicas == 0


def test_a_long_delay_is_not_made_longer() -> None:
    """The drain runs beside it."""
    here = blue_green(timedelta(seconds=30))
    here.run(timedelta(seconds=31))

    assert here.versions["shop-v1"].replicas == 0


def test_pods_that_serve_nobody_go_at_once() -> None:
    """A version that never got ready has nothing to drain."""
    here = deployed(BlueGreen("active", "preview", scale_down_delay=timedelta()))
    here.drain = DRAIN
    here.broken.add("v2")
    here.release("v2")
    here.settle()
    here.release("v3")
    here.settle()

    assert "shop-v2" in taken(here)
    assert here.now == deployed(BlueGreen("active", "preview")).now


def test_a_version_stays_while_a_moved_service_still_shows_it() -> None:
    """The selector has moved, the EndpointSlices have not."""
    here = blue_green(timedelta())
    here.endpoints = {"active": {"v1": 4}}
    here.run(timedelta(minutes=1))
    assert here.versions["shop-v1"].replicas == 4

    here.endpoints = {"active": {"v2": 4}}
    here.run(timedelta(minutes=1))
    assert here.versions["shop-v1"].replicas == 0


def test_a_dynamic_stable_version_shrinks_when_the_weight_has_arrived() -> None:
    """It goes down behind the routes, not with them."""
    here = deployed(a_canary(weight(50), pause(), dynamic_stable=True))
    here.drain = DRAIN
    here.release("v2")
    here.settle()
    assert (weight_of(here), here.versions["shop-v1"].replicas) == (50, 4)

    here.run(DRAIN)
    assert here.versions["shop-v1"].replicas == 2


def test_a_dynamic_stable_version_keeps_its_pods_until_the_gateway_has_the_weight() -> None:
    """However long ago the weight was written."""
    here = deployed(a_canary(weight(50), pause(), dynamic_stable=True))
    here.gateway = Verified(False, "not taken yet")
    here.release("v2")
    here.settle()
    assert (weight_of(here), here.versions["shop-v1"].replicas) == (50, 4)

    here.gateway = Verified(True)
    here.settle()
    assert here.versions["shop-v1"].replicas == 2


def test_a_smaller_rollout_waits_for_the_drain_and_not_for_ever() -> None:
    """The rollout's own size changes right after a shift (seed 70: nobody woke, and the pods stayed)."""
    here = deployed(a_canary(weight(50), pause(), dynamic_stable=True))
    here.drain = DRAIN
    here.release("v2")
    here.settle()
    here.scale(2)
    here.settle()
    assert here.versions["shop-v1"].replicas == 4

    here.run(DRAIN)
    assert (here.versions["shop-v1"].replicas, here.versions["shop-v2"].replicas) == (1, 1)


def test_an_aborted_dynamic_canary_shrinks_when_the_weight_has_left() -> None:
    """The way back is the same way."""
    here = deployed(a_canary(weight(50), pause(), dynamic_stable=True))
    here.drain = DRAIN
    here.release("v2")
    here.run(timedelta(minutes=1))
    here.patch(is_aborted=True)
    here.settle()
    assert (weight_of(here), here.versions["shop-v2"].replicas) == (0, 2)

    here.run(DRAIN)
    assert here.versions["shop-v2"].replicas == 0


def test_the_idle_side_of_ping_pong_holds_nobody_back() -> None:
    """Nothing comes through it after a promotion, though its Service still shows the old pods."""
    here = deployed(a_canary(weight(100), ping_pong=PingPong("ping", "pong"), scale_down_delay=DRAIN))
    here.drain = DRAIN
    here.release("v2")
    here.settle()
    idle = "ping" if here.services["pong"].hash == "v2" else "pong"
    here.endpoints = {idle: {"v1": 4}}
    here.run(timedelta(minutes=2))

    assert here.versions["shop-v1"].replicas == 0


def test_a_write_of_this_round_counts() -> None:
    """No plan moves traffic and takes the pods that had it."""
    here = released(weight(100), scale_down_delay=timedelta())
    here.endpoints = {}
    here.run(timedelta(minutes=2))

    assert here.versions["shop-v1"].replicas == 0
    for plan in here.plans:
        moves = any(isinstance(effect, ShiftTraffic) for effect in plan.effects)
        empties = any(isinstance(effect, ScaleVersion) and effect.replicas == 0 for effect in plan.effects)
        assert not (moves and empties)
