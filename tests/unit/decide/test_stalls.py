"""What a rollout waits for, told by name; and a stall, told once."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from rollouts.decide import decide
from rollouts.decide.situation import Situation
from rollouts.decide.waiting import waiting_for
from rollouts.model.plan import Plan
from rollouts.model.questions import Answer, PodsSeen, Question, Verified, VerifyWeight
from rollouts.model.snapshot import ExperimentRun, Snapshot
from rollouts.model.status import Phase, PluginStatus
from rollouts.model.workload import Pod
from tests.builders.rollouts import (
    START,
    Miniature,
    a_blue_green,
    a_canary,
    a_rollout,
    analysis,
    deployed,
    pause,
    weight,
)

MINUTE = timedelta(minutes=1)
WHAT = "waits for pods of ReplicaSet shop-v2: 0 of 2 available"
STUCK = f" (stuck since 2026-11-01T12:00:00Z: {WHAT}; its pods do not say why)"
BAD_IMAGE = 'ImagePullBackOff: Back-off pulling image "shop:v2"'


@dataclass
class Seen(Miniature):
    """A miniature in which somebody answers when pods are asked for."""

    answer: PodsSeen = field(default_factory=PodsSeen)
    asked: int = 0

    @property
    def snapshot(self) -> Snapshot:
        """With the answer to what the round before asked."""
        answers = {question: self.answer for plan in self.plans[-1:] for question in plan.questions}
        return replace(super().snapshot, answers=answers)

    def is_settled(self) -> bool:
        """A question is something to do."""
        return super().is_settled() and not self.decide().questions

    def round(self) -> Plan:
        """Count the questions."""
        plan = super().round()
        self.asked += len(plan.questions)
        return plan


def a_stuck_canary(*pods: Pod, error: str = "") -> Seen:
    """A new version whose pods never get ready."""
    before = deployed(a_canary(weight(50), pause()))
    here = Seen(before.rollout, before.now, before.versions, before.services, before.route)
    here.answer = PodsSeen(pods, error)
    here.broken.add("v2")
    here.release("v2")
    return here


def stuck_events(here: Miniature) -> list[str]:
    """What was told of stalls."""
    return [event.message for event in here.events if event.reason == "RolloutStuck"]


def reason(snapshot: Snapshot) -> str:
    """The reason of the next plan."""
    return decide(snapshot, START + MINUTE).reason


def test_a_wait_names_the_pods_and_the_last_progress() -> None:
    """The log line says it from the first round on."""
    here = a_stuck_canary()
    here.settle()

    assert here.decide().reason == (
        "waits for pods of ReplicaSet shop-v2: 0 of 2 available, since 2026-11-01T12:00:00Z"
    )


def test_before_half_of_the_deadline_the_message_is_argos() -> None:
    """A slow start is no stall, and the decision wakes itself when it becomes one."""
    here = a_stuck_canary()
    here.run(4 * MINUTE)

    assert here.status.message == "more replicas need to be updated"
    assert here.decide().wake_at == START + 5 * MINUTE
    assert stuck_events(here) == []


def test_a_stall_is_named_behind_argos_message_and_told_in_one_event() -> None:
    """From half of the deadline on: what is missing, and since when."""
    here = a_stuck_canary()
    here.run(6 * MINUTE)

    assert here.status.message == f"more replicas need to be updated{STUCK}"
    assert stuck_events(here) == [f"No progress since 2026-11-01T12:00:00Z: {WHAT}; its pods do not say why"]


def test_the_deadline_is_the_same_stall() -> None:
    """Phase and words change with it; its beginning stays, and nothing is told twice."""
    here = a_stuck_canary()
    here.run(30 * MINUTE)

    words = 'ProgressDeadlineExceeded: ReplicaSet "shop-v2" has timed out progressing.'
    assert here.status.message == f"{words}{STUCK}"
    assert len(stuck_events(here)) == 1
    progressing = here.status.condition("Progressing")
    assert progressing is not None
    assert progressing.message == 'ReplicaSet "shop-v2" has timed out progressing.'


def test_a_stall_tells_why_pods_do_not_run() -> None:
    """They are asked for once in a stall, when nothing else is left to do."""
    fine = Pod("shop-v2-a", "shop-v2", START, is_ready=True, trouble="old news")
    here = a_stuck_canary(Pod("shop-v2-b", "shop-v2", START, trouble=BAD_IMAGE), fine)
    here.run(30 * MINUTE)

    assert here.status.message.endswith(f"{WHAT}; pod shop-v2-b: {BAD_IMAGE})")
    assert stuck_events(here) == [f"No progress since 2026-11-01T12:00:00Z: {WHAT}; pod shop-v2-b: {BAD_IMAGE}"]
    assert here.asked == 1


def test_pods_that_cannot_be_read_keep_nothing_back() -> None:
    """A role may lack the verb; the deadline passes all the same."""
    here = a_stuck_canary(error="pods is forbidden")
    here.run(30 * MINUTE)

    assert here.status.message.startswith("ProgressDeadlineExceeded: ")
    assert here.status.message.endswith(f"{WHAT}; its pods cannot be read: pods is forbidden)")


def test_a_question_without_an_answer_holds_nothing_up() -> None:
    """The message stands before anybody is asked, and the deadline is not forgotten."""
    here = deployed(a_canary(weight(50), pause()))
    here.broken.add("v2")
    here.release("v2")
    here.run(6 * MINUTE)

    assert here.status.message.endswith(f"{WHAT})")
    assert here.decide().wake_at == START + timedelta(minutes=10, seconds=1)


def test_progress_ends_a_stall_and_the_next_one_is_told_again() -> None:
    """What is told belongs to one stall."""
    here = a_stuck_canary()
    here.run(6 * MINUTE)
    here.broken.clear()
    here.settle()

    assert here.status.message == "CanaryPauseStep"
    here.broken.add("v3")
    here.release("v3")
    here.run(6 * MINUTE)

    assert len(stuck_events(here)) == 2


def test_a_stalled_rollout_is_settled() -> None:
    """Its status is written once, not in every round."""
    here = a_stuck_canary()
    here.run(20 * MINUTE)

    assert here.is_settled()


def test_pauses_analyses_and_delays_are_no_stalls() -> None:
    """They end when somebody wants them to; the reason names them all the same."""
    paused = deployed(a_canary(weight(50), pause(3600)))
    paused.release("v2")
    paused.run(30 * MINUTE)
    judged = deployed(a_canary(weight(50), analysis()))
    judged.release("v2")
    judged.run(30 * MINUTE)

    assert stuck_events(paused) == stuck_events(judged) == []
    assert "AnalysisRun shop-v2-2-1, which is running, since" in judged.decide().reason
    assert "until 13:00:00" in paused.decide().reason


def test_a_pause_says_who_ends_it() -> None:
    """The clock, or a person."""
    for seconds, told in ((3600, "2026-11-01T13:00:00Z"), (None, "a person to promote it")):
        here = deployed(a_canary(weight(50), pause(seconds)))
        here.release("v2")
        here.settle()
        situation = Situation(here.snapshot, here.now, here.status, ())

        assert waiting_for(situation) == f"waits for {told} (CanaryPauseStep), since 2026-11-01T12:00:00Z"


def test_a_blue_green_pause_ends_as_its_promotion_says() -> None:
    """By itself after autoPromotionSeconds, else by hand."""
    for after, told in ((timedelta(hours=1), "2026-11-01T13:00:00Z"), (None, "a person to promote it")):
        here = deployed(a_blue_green(auto_promotion=after is not None, auto_promotion_after=after))
        here.release("v2")
        here.settle()
        situation = Situation(here.snapshot, here.now, here.status, ())

        assert waiting_for(situation) == f"waits for {told} (BlueGreenPause), since 2026-11-01T12:00:00Z"


def test_a_pause_in_the_spec_waits_for_a_person() -> None:
    """Nothing else would end it."""
    here = a_stuck_canary()
    here.rollout = replace(here.rollout, is_paused=True)
    here.run(30 * MINUTE)

    assert "a person to promote it: spec.paused is set" in here.decide().reason
    assert stuck_events(here) == []


def test_what_a_quota_refuses_is_named_in_its_own_words() -> None:
    """Only the ReplicaSet knows why it gets no pods."""
    here = a_stuck_canary()
    here.settle()
    refused = replace(here.versions["shop-v2"], current=0, failure=("FailedCreate", "exceeded quota: pods=4"))
    here.versions["shop-v2"] = refused

    snapshot = here.snapshot
    assert "pods of ReplicaSet shop-v2: 0 of 2 created, the server refuses more: exceeded quota" in reason(snapshot)


def test_an_aborted_rollout_waits_for_its_stable_pods() -> None:
    """The version that is to take over again is what matters then."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    here.patch(is_aborted=True)
    here.settle()
    here.versions["shop-v1"] = replace(here.versions["shop-v1"], available=1)

    assert "pods of ReplicaSet shop-v1: 1 of 4 available" in reason(here.snapshot)


def test_a_weight_that_is_not_verified_is_named() -> None:
    """The routes were written, and their owner does not agree yet."""
    here = deployed(a_canary(weight(50), weight(60)))
    here.release("v2")
    here.settle()
    shares = replace(here.status.canary, verified=False)
    waiting = replace(here.status, canary=shares, phase=Phase.PROGRESSING)
    situation = Situation(here.snapshot, here.now, waiting, ())

    assert (
        waiting_for(situation)
        == "waits for the routes to carry weight 0 of 100: not verified, since 2026-11-01T12:00:00Z"
    )


def test_a_stall_names_the_routers_own_reason() -> None:
    """And the routers are asked again as often as ROLLOUT_VERIFY_RETRY_INTERVAL says."""
    here = deployed(a_canary(weight(50), pause()))
    here.gateway = Verified(False, "listener web is gone")
    here.release("v2")
    here.run(20 * MINUTE)

    what = "waits for the routes to carry weight 50 of 100: listener web is gone"
    assert here.status.message.endswith(f" (stuck since 2026-11-01T12:00:00Z: {what})")
    assert stuck_events(here) == [f"No progress since 2026-11-01T12:00:00Z: {what}"]
    assert here.status.canary.shares is not None
    answers: dict[Question, Answer] = {VerifyWeight(here.status.canary.shares): here.gateway}
    seldom = replace(here.snapshot, verify_every=timedelta(seconds=77), answers=answers)
    assert decide(seldom, here.now).wake_at == here.now + timedelta(seconds=77)


def test_a_step_plugin_is_named_with_what_it_says() -> None:
    """It ends by itself: that is no stall."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    plugin = PluginStatus(1, "acme/check", "Run", "Running", "3 of 7 regions", started=START)
    running = replace(here.status, pauses=(), canary=replace(here.status.canary, plugins=(plugin,)))
    situation = Situation(here.snapshot, here.now, replace(running, phase=Phase.PROGRESSING), ())

    what = "step plugin acme/check, which is running: 3 of 7 regions"
    assert waiting_for(situation) == f"waits for {what}, since 2026-11-01T12:00:00Z"


def test_an_experiment_is_named() -> None:
    """As an AnalysisRun is."""
    here = deployed(a_canary(weight(50), pause()))
    here.release("v2")
    here.settle()
    trial = ExperimentRun("trial", "Running", "", "v2", START)
    at_it = replace(here.status, phase=Phase.PROGRESSING, pauses=())
    at_it = replace(at_it, canary=replace(at_it.canary, experiment="trial"))
    situation = Situation(replace(here.snapshot, experiments=(trial,)), here.now, at_it, ())

    assert (waiting_for(situation) or "").startswith("waits for Experiment trial, which is running, since ")


def test_a_settled_rollout_waits_for_nothing() -> None:
    """Healthy is healthy."""
    here = Miniature(a_rollout(a_canary(is_routed=False)))
    here.settle()

    assert here.decide().reason == "everything is as wanted"
