"""Ways of a ticking rollout beside plain weights: copied and chosen requests, cookies, other targets, the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollouts.decide import decide
from rollouts.dialects.flagger.canary import STRICT
from rollouts.model.effects import HoldBack, HoldScaler, MatchScaler, ScaleTarget, Tend
from rollouts.model.snapshot import Obstacles
from rollouts.model.weights import Weights
from tests.builders.ticking import World, a_canary, a_deployment, a_run, a_webhook, started

MATCH = [{"headers": {"x-canary": {"exact": "insider"}}}]
SCALER = {"autoscalerRef": {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web"}}


def story(here: World, ticks: int) -> list[tuple[int, bool]]:
    """Weight and mirroring after each tick."""
    seen = []
    for _ in range(ticks):
        here.tick()
        assert here.route is not None
        seen.append((here.route.canary, here.route.is_mirrored))
    return seen


def test_requests_are_copied_for_one_tick_before_the_first_weight() -> None:
    """Mirroring is judged like a weight, and ends with the first one; nobody has to agree to its end."""
    hook = a_webhook("confirm-traffic-increase", "more")
    here = a_run(a_canary(provider="istio", mirror=True, webhooks=[hook]))

    assert story(here, 3) == [(0, True), (20, False), (40, False)]
    assert len(here.calls) == 2


def test_requests_are_copied_in_every_round() -> None:
    """Blue-green with mirroring: copies until the switch, and the switch says that they stop."""
    here = a_run(a_canary(provider="istio", iterations=2, mirror=True))

    assert story(here, 3) == [(0, True), (0, True), (100, False)]
    assert here.texts() == ["Stop traffic mirroring and route all traffic to canary"]


def test_chosen_requests_go_to_the_new_version_in_every_round() -> None:
    """A/B: the matched route leads to the target, rounds count, and no switch follows."""
    here = a_run(a_canary(provider="istio", iterations=2, match=MATCH))
    assert story(here, 2) == [(100, False), (100, False)]
    assert here.status["canaryWeight"] == 0

    here.tick()
    assert (here.phase, here.status["iterations"]) == ("Promoting", 2)


def test_a_cookie_lasts_for_a_run_and_is_taken_back_at_its_end() -> None:
    """Users stay on the new version by one cookie; the next run has another, and the copy's is kept."""
    affinity = {"cookieName": "new", "primaryCookieName": "old"}
    here = a_run(a_canary(provider="istio", sessionAffinity=affinity))
    here.tick()
    first, kept = here.status["sessionAffinityCookie"], here.status["primarySessionAffinityCookie"]
    here.tick()
    assert here.status["sessionAffinityCookie"] == first
    assert (first.split("=")[0], len(first.split("=")[1]), kept.split("=")[0]) == ("new", 10, "old")

    here.settle("Succeeded")
    assert "sessionAffinityCookie" not in here.status
    assert here.status["previousSessionAffinityCookie"] == first

    here.release("web:3")
    here.tick(2)
    assert here.status["sessionAffinityCookie"] != first
    assert here.status["primarySessionAffinityCookie"] == kept


def test_the_autoscaler_is_held_while_the_target_rests() -> None:
    """Let go for a run, held again after it; the copy's own follows at the promotion."""
    canary = a_canary(spec=SCALER)
    here = World(canary, scalers={"web": {"spec": {"minReplicaCount": 3}}})
    here.settle("Initialized")
    assert here.held == {"web": True}

    here.deployments["web"]["spec"]["replicas"] = 0
    here.release("web:2")
    plan = here.tick()
    assert plan.effects == (HoldScaler("web", is_held=False), ScaleTarget("web", 3))

    here.settle("Finalising")
    assert MatchScaler("web") in here.plans[-1].effects
    here.tick()
    assert here.held == {"web": True}


def test_what_stands_in_the_way_is_told_and_nothing_follows() -> None:
    """An obstacle ends the tick where it lies: before the copy, or before the route."""
    here = World(a_canary(), obstacles=Obstacles(copy="no such Secret"))
    plan = here.tick()
    assert (plan.effects, here.texts()[-1]) == ((), "no such Secret")

    here.obstacles = Obstacles(route="no such Gateway")
    here.tick(2)
    assert (here.phase, here.texts()[-1], here.sizes) == ("Initializing", "no such Gateway", (0, 2))

    here.obstacles = Obstacles()
    here.tick()
    assert here.phase == "Initialized"


def test_what_has_drifted_is_tended_in_every_phase() -> None:
    """A part that somebody changed is brought in order before anything else."""
    here = started(a_canary())
    here.drifted = frozenset({"services", "route"})

    assert here.decide().effects == (Tend("services"), Tend("route"))


def a_daemon_set(**_: Any) -> dict[str, Any]:
    """A DaemonSet web."""
    daemon_set = {**a_deployment(), "kind": "DaemonSet"}
    del daemon_set["spec"]["replicas"]
    return daemon_set


def test_a_daemon_set_is_kept_off_every_node_while_it_rests() -> None:
    """It has no size: a node selector that matches no node is its zero."""
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}
    here = World(a_canary(spec={"targetRef": reference}), {"web": a_daemon_set()})
    here.settle("Initialized")
    off = {"flagger.app/scale-to-zero": "true"}
    assert here.deployments["web"]["spec"]["template"]["spec"]["nodeSelector"] == off

    here.release("web:2")
    here.settle("Succeeded")
    assert here.deployments["web"]["spec"]["template"]["spec"]["nodeSelector"] == off
    assert off.items() - here.deployments["web-primary"]["spec"]["template"]["spec"].get("nodeSelector", {}).items()


def test_changed_configuration_is_a_run_of_its_own() -> None:
    """The same template with another value of a ConfigMap is tried like any new version."""
    here = started(a_canary())
    pod = here.deployments["web"]["spec"]["template"]["spec"]
    pod["volumes"] = [{"configMap": {"name": "env"}}]
    here.configs["ConfigMap", "env"] = {"kind": "ConfigMap", "data": {"a": "1"}}
    here.settle("Succeeded") if here.phase != "Initialized" else here.tick()
    here.settle("Succeeded")
    here.configs["ConfigMap", "env"] = {"kind": "ConfigMap", "data": {"a": "2"}}
    here.tick()

    assert here.texts() == ["New revision detected! Scaling up web.shop"]
    assert here.status["lastAppliedSpec"] == here.status["lastPromotedSpec"]


def test_knatives_revisions_are_split_and_never_scaled() -> None:
    """Its Service is target and copy in one by revisions: nothing is generated, weights alone move."""
    reference = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "web"}
    status = {"latestCreatedRevisionName": "web-1", "latestReadyRevisionName": "web-1"}
    service = {**reference, "metadata": {"name": "web"}, "spec": {}, "status": status}
    here = World(a_canary(provider="knative", spec={"targetRef": reference}), {"web": service})
    here.settle("Initialized")

    service["status"] = {"latestCreatedRevisionName": "web-2", "latestReadyRevisionName": "web-1"}
    here.tick(2)
    assert here.texts() == ["canary service web.shop not ready: revision web-2 is not ready"]

    service["status"] = {"latestCreatedRevisionName": "web-2", "latestReadyRevisionName": "web-2"}
    here.settle("Succeeded")
    assert not any(isinstance(effect, ScaleTarget) for plan in here.plans for effect in plan.effects)


def test_a_deleted_canary_gives_everything_back_before_it_goes() -> None:
    """The target comes up first; only then Service and route lead to it, and the finalizer falls."""
    here = started(a_canary(spec={"revertOnDeletion": True}))
    assert here.canary["metadata"]["finalizers"] == ["finalizer.flagger.app"]

    here.canary["metadata"]["deletionTimestamp"] = "2026-11-01T12:10:00Z"
    here.states["web"] = "pending"
    here.tick()
    assert (here.phase, here.sizes, here.texts()) == ("Terminating", (2, 2), ["Terminating canary web.shop"])
    here.tick()
    assert here.services["web"]["spec"]["selector"] == {"app": "web-primary"}

    here.states = {}
    here.tick()
    assert here.texts() == ["Terminated canary web.shop"]
    assert here.services["web"]["spec"]["selector"] == {"app": "web"}
    assert here.canary["metadata"]["finalizers"] == []


def test_a_deleted_canary_lets_go_of_what_another_one_has() -> None:
    """It must undo nothing of a target that somebody else delivers."""
    here = started(a_canary(spec={"revertOnDeletion": True}))
    here.canary["metadata"]["deletionTimestamp"] = "2026-11-01T12:10:00Z"
    plan = decide(replace(here.snapshot(), is_rivalled=True), here.now)

    assert plan.effects == (HoldBack(is_held=False),)


def test_a_deadline_begins_anew_with_the_deletion() -> None:
    """That of a DaemonSet counts from what happened last: a rest would have spent it before a pod could run."""
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}
    here = World(a_canary(spec={"targetRef": reference}), {"web": a_daemon_set()})
    here.settle("Initialized")
    here.tick()
    here.now += timedelta(hours=1)
    here.canary["metadata"]["deletionTimestamp"] = "2026-11-01T12:10:00Z"
    here.states["web"] = "pending"
    here.tick(3)

    assert here.phase == "Terminating"
    assert here.services["web"]["spec"]["selector"] == {"app": "web-primary"}


@pytest.mark.parametrize(("annotations", "phase"), [({}, "Initializing"), ({STRICT: "true"}, "Initialized")])
def test_without_analysis_users_still_wait_for_the_first_copy(annotations: dict[str, str], phase: str) -> None:
    """Upstream the target is stopped, and its Service led to pods that are not there yet: a documented outage."""
    canary = a_canary(spec={"skipAnalysis": True})
    canary["metadata"]["annotations"] = annotations
    here = World(canary)
    here.states["web-primary"] = "pending"
    here.tick(2)
    assert (here.phase, "web" in here.services) == (phase, phase == "Initialized")
    here.states = {}
    here.tick(2)

    assert (here.phase, here.sizes[0]) == ("Initialized", 0)


def test_without_that_wish_a_deleted_canary_just_goes() -> None:
    """Nothing is decided for what its owner references clean up."""
    here = started(a_canary(spec={"revertOnDeletion": False}))
    here.canary["metadata"]["deletionTimestamp"] = "2026-11-01T12:10:00Z"

    assert here.decide().effects == ()
    assert here.route == Weights(0, 100)


def test_a_canary_that_says_nothing_of_it_gives_back_unless_it_wants_the_letter() -> None:
    """Upstream its target stays stopped: nobody is served until somebody notices."""
    here, letter = started(a_canary()), a_canary()
    assert here.canary["metadata"]["finalizers"] == ["finalizer.flagger.app"]
    letter["metadata"]["annotations"] = {STRICT: "true"}

    assert "finalizers" not in started(letter).canary["metadata"]


def test_a_target_that_never_gets_ready_holds_up_no_deletion_for_ever() -> None:
    """Its deadline ends the wait."""
    here = started(a_canary())
    here.canary["metadata"]["deletionTimestamp"] = "2026-11-01T12:10:00Z"
    here.states["web"] = "pending"
    here.tick(2)
    assert here.phase == "Terminating"
    here.states["web"] = "deadline"
    here.tick()

    assert here.canary["metadata"]["finalizers"] == []
