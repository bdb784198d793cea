"""Commands on Canaries, against a fake API server; what is written is obeyed by the pure core of the ticks."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from rollouts.cluster.kinds import CANARIES, DEPLOYMENTS, SERVICES
from rollouts.cluster.port import Json, WatchEvent
from tests.builders.cli import FakeApi, Outcome, command
from tests.builders.ticking import SUCCESS, World, a_canary, a_run, a_webhook, started
from tests.unit.cli.worlds import a_rollout

CLOSED = {"/hook/hook": {"status": 403, "body": "no"}}
SERVED = (CANARIES, DEPLOYMENTS, SERVICES)
MADE = "2026-11-01T11:00:00Z"


def shop(world: World, *others: Json) -> FakeApi:
    """The world behind an API server: Canary, Deployments, their ReplicaSets and pods."""
    world.run_pods()
    world.canary["metadata"]["creationTimestamp"] = MADE
    api = FakeApi([world.canary, *others], namespace="shop", watched=CANARIES, served=SERVED)
    for name, deployment in world.deployments.items():
        deployment["metadata"] |= {"uid": f"uid-{name}", "creationTimestamp": MADE}
        sets = a_replica_set(name, deployment)
        pods = [a_pod(f"{name}-{number}", sets) for number in range(deployment["spec"]["replicas"])]
        api.objects += [deployment, sets, *pods]
    return api


def a_replica_set(name: str, deployment: Json) -> Json:
    """The only one of a Deployment."""
    template = deployment["spec"]["template"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": "abc"}
    meta = {"annotations": {"deployment.kubernetes.io/revision": "1"}, "creationTimestamp": MADE}
    return {
        "kind": "ReplicaSet",
        "metadata": {**owned(f"{name}-abc", deployment), **meta},
        "spec": {"template": {**template, "metadata": {**template["metadata"], "labels": labels}}},
    }


def a_pod(name: str, owner: Json) -> Json:
    """A running pod."""
    container = {"name": "main", "ready": True, "state": {"running": {}}}
    status = {"phase": "Running", "containerStatuses": [container]}
    meta = {**owned(name, owner), "creationTimestamp": MADE}
    return {"kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "main"}]}, "status": status}


def owned(name: str, owner: Json) -> Json:
    """Metadata of something that belongs to another."""
    return {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "ownerReferences": [{"uid": owner["metadata"]["uid"]}],
    }


def waiting(moment: str, **analysis: Any) -> World:
    """A Canary whose new version stands before a closed gate of this moment."""
    here = started(a_canary(webhooks=[a_webhook(moment)], **analysis))
    here.hooks = dict(CLOSED)
    here.release("web:2")
    here.tick(4)
    return here


def told(world: World, *words: str) -> Outcome:
    """A command line on that world at its own time; what it writes is then in the world."""
    return command(words, shop(world), now=lambda: world.now)


def test_get_draws_both_workloads_with_their_weights() -> None:
    """Phase and progress, what is asked and measured, images by role, and the pods of either side."""
    here = a_run(a_canary(webhooks=[a_webhook("rollout", "smoke")]))
    here.tick()

    assert told(here, "get", "canary", "web").stdout.splitlines() == [
        "Name:            web",
        "Namespace:       shop",
        "Status:          ◌ Progressing",
        "Message:         weight 20, 0 of 2 failed checks",
        "Strategy:        Weight step: 20 max: 40",
        "  Target:        Deployment web",
        "  Provider:      gatewayapi:v1",
        "  Weight:        20",
        "  FailedChecks:  0 of 2",
        "  Interval:      30s, next tick at 12:03:00",
        "Webhooks:        smoke (rollout)",
        "Metrics:         request-success-rate ≥ 99%",
        "                 request-duration ≤ 500ms",
        "Images:          web:1 (primary)",
        "                 web:2 (canary)",
        "",
        "NAME                   KIND        STATUS         AGE  INFO",
        "⟳ web                  Canary      ◌ Progressing  62m  ",
        "├──⧉ web-primary       Deployment  ✔ Healthy      62m  primary,weight:80",
        "│  ├──□ web-primary-0  Pod         ✔ Running      62m  ready:1/1",
        "│  └──□ web-primary-1  Pod         ✔ Running      62m  ready:1/1",
        "└──⧉ web               Deployment  ✔ Healthy      62m  canary,weight:20",
        "   ├──□ web-0          Pod         ✔ Running      62m  ready:1/1",
        "   └──□ web-1          Pod         ✔ Running      62m  ready:1/1",
    ]


def test_get_watch_draws_again_on_change() -> None:
    """Two phases, two trees; the targets of both are looked up."""
    here = a_run()
    here.tick()
    api, before = shop(here), dict(here.canary)
    here.settle("Succeeded")
    api.objects[0] = before
    api.events.put(WatchEvent("MODIFIED", here.canary))
    moments = (here.now + timedelta(seconds=number / 200) for number in count())
    words = ["get", "canary", "web", "-w", "--timeout-seconds", "1"]
    shown = command(words, api, now=lambda: next(moments)).stdout.splitlines()

    assert [line for line in shown if line.startswith("Status:")] == [
        "Status:          ◌ Progressing",
        "Status:          ✔ Succeeded",
    ]


def test_a_version_that_waits_for_its_promotion_is_shown_with_its_weight() -> None:
    """The status says 0 by then, as Flagger's does; the route has the last weight."""
    shown = told(waiting("confirm-promotion"), "get", "canary", "web").stdout

    assert "Status:          ॥ WaitingPromotion" in shown
    assert "  Weight:        40" in shown
    assert "canary,weight:40" in shown


def test_get_has_the_object_itself() -> None:
    """`-o` gives the manifest; a wide form is kubectl's."""
    here = started(a_canary())

    assert told(here, "get", "canary", "web", "-o", "name").stdout == "canary.flagger.app/web\n"
    assert told(here, "get", "canary", "web", "-o", "jsonpath={.status.phase}").stdout == "Initialized"
    assert "kubectl get canary -o wide" in told(here, "get", "canary", "web", "-o", "wide").stderr


def test_a_list_has_a_line_for_each_canary() -> None:
    """Those with weights, those with iterations."""
    here = a_run(a_canary(iterations=3))
    here.tick()
    other = {**a_canary(), "metadata": {"name": "api", "namespace": "shop"}}

    assert command(["list", "canaries"], shop(here, other)).stdout.splitlines() == [
        "NAME        TARGET          STATUS            WEIGHT  ITERATION  FAILED  MESSAGE",
        "api         Deployment/web  Initializing      0       -          0/2            ",
        "web         Deployment/web  Progressing       -       1/3        0/2     "
        "iteration 1 of 3, 0 of 2 failed checks",
    ]


def test_status_waits_until_the_canary_has_succeeded() -> None:
    """A line a change, and exit code 0."""
    here = a_run()
    here.tick()
    api = shop(here)
    before = dict(here.canary)
    here.settle("Succeeded")
    api.objects[0] = before
    api.events.put(WatchEvent("MODIFIED", here.canary))
    outcome = command(["status", "web"], api)

    assert outcome.code == 0
    assert outcome.stdout.splitlines() == [
        "Progressing - weight 20, 0 of 2 failed checks",
        "Succeeded - Canary analysis completed successfully, promotion finished.",
    ]


def test_status_of_a_failed_canary_is_an_error() -> None:
    """For scripts the exit code is 1."""
    here = a_run()
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    outcome = told(here, "status", "web", "--watch=false")

    assert (outcome.code, outcome.stdout) == (1, "Failed\n")
    assert outcome.stderr == (
        "Error: The canary has failed with message: Canary analysis failed, Deployment scaled to zero.\n"
    )


@pytest.mark.parametrize("ticks", [0, 3])
def test_a_version_that_is_taken_back_after_it_failed_is_told_of(ticks: int) -> None:
    """The Canary stays Failed, but its target is what the primary runs: at once, and for as long as it stays so."""
    here = started(a_canary())
    here.release("web:2")
    here.tick(2)
    told(here, "abort", "web")
    here.tick(3)
    here.release("web:1")
    for _ in range(ticks):
        here.tick()

    for words in (["get", "canary", "web"], ["list", "canaries"]):
        assert "is back at what the primary runs" in told(here, *words).stdout


def test_status_does_not_take_the_last_run_for_the_next_one() -> None:
    """A target that has just changed is not told to have succeeded."""
    here = started(a_canary())
    here.release("web:2")

    assert told(here, "status", "canary/web", "--watch=false").stdout == (
        "Progressing - waiting for the change of Deployment web to be observed\n"
    )


def test_status_tells_what_a_person_has_done() -> None:
    """A run that is held, a Canary that is suspended."""
    here = a_run()
    here.tick()
    assert told(here, "pause", "web").stdout == "canary 'web' paused\n"
    assert told(here, "status", "web", "--watch=false").stdout == (
        "Progressing - weight 20, 0 of 2 failed checks, paused by user\n"
    )
    here.canary["spec"]["suspend"] = True
    assert told(here, "status", "web", "--watch=false").stdout == ("Progressing - suspended: spec.suspend is set\n")


@pytest.mark.parametrize(
    ("moment", "phase", "then"),
    [("confirm-rollout", "Waiting", "Progressing"), ("confirm-promotion", "WaitingPromotion", "Promoting")],
)
def test_promote_opens_the_gate_that_it_waits_at(moment: str, phase: str, then: str) -> None:
    """Whatever the webhook says, the next tick goes on."""
    here = waiting(moment)
    assert here.phase == phase
    assert told(here, "promote", "web").stdout == f"canary 'web' promoted: {moment} is approved\n"

    here.tick()
    assert here.phase == then


def test_promote_agrees_to_more_traffic() -> None:
    """The weight goes up by one step."""
    here = waiting("confirm-traffic-increase")
    told(here, "promote", "web")
    here.tick(2)

    assert here.status["canaryWeight"] == 20


def test_promote_lets_go_of_a_pause() -> None:
    """The annotation is taken away, and nothing else is approved."""
    here = a_run()
    told(here, "pause", "web")
    here.tick(3)
    assert here.status["canaryWeight"] == 0
    assert told(here, "promote", "web").stdout == "canary 'web' resumed\n"

    here.tick()
    assert here.status["canaryWeight"] == 20


def test_promote_full_asks_no_check_any_more() -> None:
    """The next tick copies the version to the primary."""
    here = a_run()
    here.metrics["request-success-rate"] = 1
    assert told(here, "promote", "web", "--full").stdout == "canary 'web' fully promoted\n"

    here.tick()
    assert here.phase == "Promoting"


def test_abort_and_retry() -> None:
    """All traffic back at once; then the same version once more."""
    here = a_run()
    here.tick()
    assert told(here, "abort", "canary/web").stdout == "canary 'web' aborted\n"
    here.carry_out(here.decide())
    assert (here.phase, here.status["canaryWeight"]) == ("Failed", 0)

    assert told(here, "retry", "canary", "web").stdout == "canary 'web' retried\n"
    assert "waiting for the retry to be observed" in told(here, "status", "web", "--watch=false").stdout
    here.tick()
    assert here.phase == "Progressing"


def test_a_command_is_one_small_patch() -> None:
    """Only our own annotation is written: no field that Flagger's users write."""
    here = a_run()
    api = shop(here)
    command(["abort", "web"], api)
    value = f"abort {here.status['lastAppliedSpec']} {here.status['conditions'][0]['lastTransitionTime']}"

    assert api.writes[-1]["patch"] == {"metadata": {"annotations": {"sluice.dev/command": value}}}
    assert api.writes[-1]["resource"] == "canaries"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["promote", "web"],
            "cannot promote canary 'web', which is Initialized: nothing runs; the next version begins",
        ),
        (["abort", "web"], "cannot abort canary 'web', which is Initialized"),
        (["pause", "web"], "spec.suspend keeps it from that"),
        (["retry", "canary", "web"], "cannot retry canary 'web', which is Initialized"),
        (["promote", "web", "--skip-current-step"], "Cannot skip steps of a Canary"),
    ],
)
def test_what_makes_no_sense_now_is_refused(words: list[str], said: str) -> None:
    """With the phase, and what else can be done; nothing is written."""
    here = started(a_canary())
    outcome = told(here, *words)

    assert outcome.code == 1
    assert said in outcome.stderr
    assert "annotations" not in here.canary["metadata"]


def test_promote_of_a_canary_that_waits_for_nobody_is_refused() -> None:
    """It goes on by itself."""
    assert "waits at no gate" in told(a_run(), "promote", "web").stderr


def test_abort_comes_too_late_once_the_primary_has_the_version() -> None:
    """The way back is another change of the target."""
    here = a_run()
    here.settle("Promoting")

    assert "take the change back in the target" in told(here, "abort", "web").stderr


def test_a_name_is_a_rollouts_first() -> None:
    """`canary/NAME` means the Canary all the same."""
    here = a_run()
    rollout = a_rollout(namespace="shop")
    api = shop(here, rollout)

    assert command(["abort", "web"], api).stdout == "rollout 'web' aborted\n"
    assert command(["abort", "canary/web"], api).stdout == "canary 'web' aborted\n"
    assert command(["abort", "rollout/web"], api).stdout == "rollout 'web' aborted\n"
    assert 'unknown kind "pod"' in command(["abort", "pod/web"], api).stderr


def test_a_name_that_nobody_has_is_told_as_ever() -> None:
    """The Rollout is what is missing, unless the user named the kind."""
    api = FakeApi([])

    assert command(["abort", "web"], api).stderr == 'Error: rollouts.argoproj.io "web" not found\n'
    assert command(["status", "canary/web"], api).stderr == (
        'Error: canary.flagger.app "web" not found in namespace default\n'
    )


def test_history_tells_which_version_was_promoted() -> None:
    """Templates of the target's ReplicaSets are found again in the status by their hash."""
    here = a_run()
    api = shop(here)
    former = next(obj for obj in api.objects if obj["metadata"]["name"] == "web-abc")
    new = {**former, "metadata": {**former["metadata"], "annotations": {"deployment.kubernetes.io/revision": "2"}}}
    first = started(a_canary()).deployments["web"]["spec"]["template"]
    former["spec"] = {"template": first}
    api.objects.append(new | {"spec": {"template": here.deployments["web"]["spec"]["template"]}})
    lines = command(["history", "web"], api, now=lambda: here.now).stdout.splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["2", "under", "way", "-", "62m", "web:2"],
        ["1", "promoted", "-", "62m", "web:1"],
    ]


def test_events_are_those_of_both_workloads_and_their_pods() -> None:
    """The target is not owned, but what happens to it is part of the story."""
    here = a_run()
    api = shop(here)
    for uid, reason in (("uid", "Synced"), ("uid-web", "ScalingReplicaSet"), ("uid-web-0", "Started"), ("x", "Other")):
        about = {"kind": "Thing", "name": "web", "uid": uid}
        event = {"reason": reason, "message": "m", "involvedObject": about, "lastTimestamp": MADE, "kind": "Event"}
        api.objects.append({**event, "metadata": {"name": reason, "namespace": "shop"}})
    shown = command(["events", "web"], api).stdout

    assert [word for word in ("Synced", "ScalingReplicaSet", "Started", "Other") if word in shown] == [
        "Synced",
        "ScalingReplicaSet",
        "Started",
    ]


def test_names_of_canaries_are_completed() -> None:
    """Behind the commands that take one."""
    here = a_run(a_canary(metrics=[SUCCESS]))

    assert command(["__complete", "get", "canary", ""], shop(here)).stdout.splitlines() == ["web\tProgressing", ":4"]
    assert command(["__complete", "promote", "canary/w"], shop(here)).stdout.splitlines() == [
        "canary/web\tProgressing",
        ":4",
    ]
