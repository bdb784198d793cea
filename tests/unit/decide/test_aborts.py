"""Aborts in bad company: while the rollout is held, or while stable has lost its pods."""

from dataclasses import replace

import pytest

from rollouts.model.weights import Weights
from tests.builders.rollouts import Miniature, a_canary, deployed, pause, serving, weight


def half_way(*, is_routed: bool) -> Miniature:
    """A canary at 50 %, waiting for a human."""
    here = deployed(a_canary(weight(50), pause(), is_routed=is_routed))
    here.release("v2")
    here.settle()
    return here


@pytest.mark.parametrize("is_routed", [True, False])
def test_an_abort_reaches_a_rollout_that_is_held(is_routed: bool) -> None:
    """spec.paused holds an update, not the way back: all users are on stable, also where pods carry the weight."""
    here = half_way(is_routed=is_routed)
    here.rollout = replace(here.rollout, is_paused=True, generation=here.rollout.generation + 1)
    here.settle()
    here.patch(is_aborted=True)
    here.settle()

    assert serving(here, ["v1"]) == 4
    assert here.route == Weights(0, 100) if is_routed else serving(here, ["v2"]) == 0


def test_an_abort_waits_for_the_first_stable_pod() -> None:
    """With every stable pod lost, the canary is all that serves: it keeps its weight until one is back."""
    here = half_way(is_routed=True)
    here.broken.add("v1")
    here.ready()
    here.patch(is_aborted=True)
    here.settle()
    assert here.route == Weights(50, 50)
    assert serving(here, ["v2"]) > 0

    here.broken.clear()
    here.settle()
    assert here.route == Weights(0, 100)


def test_an_abort_of_a_version_that_serves_nothing_waits_for_nobody() -> None:
    """Where neither can serve, stable has the traffic the moment it comes back."""
    here = half_way(is_routed=True)
    here.broken |= {"v1", "v2"}
    here.ready()
    here.patch(is_aborted=True)
    here.settle()

    assert here.route == Weights(0, 100)
