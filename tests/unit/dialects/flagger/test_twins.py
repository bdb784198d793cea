"""Target and primary as a decision sees them: readiness in Flagger's words."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.dialects.flagger.readiness import unready
from rollouts.dialects.flagger.twins import twins_of
from rollouts.model.objects import Json
from rollouts.model.snapshot import Readiness
from tests.builders.ticking import START, World, a_canary, a_deployment, started

WAITS = "waiting for rollout to finish: "


def in_state(state: str, replicas: int = 2) -> Json:
    """A Deployment whose pods are in this state."""
    here = World(a_canary(), {"web": a_deployment(replicas=replicas)}, states={"web": state})
    here.run_pods()
    return here.deployments["web"]


def judged(state: str, threshold: int = 100, replicas: int = 2) -> tuple[str, bool]:
    """What readiness says of it."""
    return unready(in_state(state, replicas), threshold, World(a_canary()).rollout, START)


@pytest.mark.parametrize(
    ("state", "message", "is_final"),
    [
        ("ready", "", False),
        ("updating", f"{WAITS}1 out of 2 new replicas have been updated", False),
        ("terminating", f"{WAITS}1 old replicas are pending termination", False),
        ("partial", f"{WAITS}1 of 2 (readyThreshold 100%) updated replicas are available", False),
        ("pending", f"{WAITS}0 of 2 (readyThreshold 100%) updated replicas are available", False),
        ("pending:601", f"{WAITS}0 of 2 (readyThreshold 100%) updated replicas are available", True),
        ("deadline", 'deployment "web" exceeded its progress deadline', True),
    ],
)
def test_readiness_is_told_in_flaggers_words(state: str, message: str, is_final: bool) -> None:
    """Two deadlines act: the Deployment's own, and the Canary's ten minutes without enough pods."""
    assert judged(state) == (message, is_final)


def test_a_threshold_lets_a_part_of_the_pods_do() -> None:
    """Half of two is one, and zero pods are always enough of none."""
    assert judged("partial", threshold=50) == ("", False)
    assert judged("pending", replicas=0) == ("", False)


def test_a_change_that_its_controller_has_not_seen_is_not_ready() -> None:
    """Counts of an older generation prove nothing."""
    deployment = in_state("ready")
    deployment["metadata"]["generation"] = 2
    deployment["status"]["observedGeneration"] = 1

    message, is_final = unready(deployment, 100, World(a_canary()).rollout, START)
    assert (message, is_final) == (f"{WAITS}observed deployment generation less than desired generation", False)


def test_both_are_named_as_users_know_them() -> None:
    """The target is the canary deployment, the primary goes by its name."""
    here = started(a_canary())
    here.deployments["web"]["spec"]["replicas"] = 2
    here.states = {"web": "partial", "web-primary": "deadline"}
    here.run_pods()
    twins = here.snapshot().twins

    available = "1 of 2 (readyThreshold 100%) updated replicas are available"
    assert twins.target_readiness == Readiness(f"canary deployment web.shop not ready: {WAITS}{available}")
    assert twins.copy_readiness == Readiness(
        'web-primary.shop not ready: deployment "web-primary" exceeded its progress deadline', is_final=True
    )


@pytest.mark.parametrize(
    ("selector", "is_served"),
    [({"app": "web-primary"}, True), ({"app": "web"}, False), ({}, False)],
)
def test_the_service_serves_when_it_selects_the_primary(selector: dict[str, Any], is_served: bool) -> None:
    """What everybody calls leads to the primary by its selector, not by its name."""
    here = started(a_canary())
    objects = {**here.deployments, "service/web": {"spec": {"selector": selector}}}

    assert twins_of(here.canary, here.rollout, objects, here.now + timedelta()).is_served is is_served


def test_a_missing_primary_has_no_pod_of_those_it_will_have() -> None:
    """Before it is there, it is not ready by as many pods as the target has."""
    here = World(a_canary())
    here.run_pods()
    twins = here.snapshot().twins

    assert twins.copy is None
    assert twins.copy_readiness.message.endswith("0 out of 2 new replicas have been updated")
