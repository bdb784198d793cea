"""The ways out of a run that goes wrong. Called by the ticking stages; nobody waits for anything here.

judged, budget spent / webhook or user asks / target never ready   everything to the copy, target to zero, Failed
promoting, copy never ready                                        everything to the target, which stays, Failed
"""

from dataclasses import replace
from typing import Protocol

from rollouts.decide.commands import asks
from rollouts.decide.gates import asked, asking, gates_at
from rollouts.decide.routing import TOTAL, shift, with_cookies
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import (
    JUDGED,
    afresh,
    in_phase,
    is_changed,
    is_reverted,
    named,
    phase_of,
    strategy_of,
    subject,
    told,
    warned,
)
from rollouts.model import gates as moments
from rollouts.model.alerts import Alert, Severity
from rollouts.model.command import Verb
from rollouts.model.effects import CallGate, Effect, HoldScaler, ScaleTarget
from rollouts.model.plan import Event
from rollouts.model.questions import GateAnswer
from rollouts.model.status import Phase

ABORTABLE = JUDGED | {Phase.WAITING}


class WayOut(Protocol):
    """How a run ends that somebody wants to end."""

    def __call__(self, here: Situation, *events: Event, alerts: tuple[Alert, ...] = ()) -> Step:
        """What is told besides comes first."""
        ...


def roll_back(here: Situation, *events: Event, alerts: tuple[Alert, ...] = ()) -> Step:
    """Give all traffic back, stop the target, count from zero; webhooks are told, not waited for.

    A budget that is spent as well is told of, whatever brought this about.
    """
    spent, said = _spent(here)
    rest: tuple[Effect, ...] = (*hold_scaler(here, is_held=True), *scale_target(here, 0))
    effects: tuple[Effect, ...] = (*shift(here, 0), *rest, *_calls(here))
    status = with_cookies(here, in_phase(here, Phase.FAILED, afresh(here)), 0)
    failed = f"{strategy_of(here).words.new.capitalize()} failed! Scaling down {named(here)}"
    loud = (*events, *spent, warned(failed, Phase.FAILED))
    return Step(effects, loud, (*alerts, *said), status=status, reason=failed, ends=Ends.ACTING)


def deadline_spent(here: Situation, message: str) -> Step:
    """A version that never got ready."""
    is_silent = strategy_of(here).edges.silent_deadlines
    return roll_back(here, warned(message), alerts=() if is_silent else (Alert(message, Severity.ERROR),))


def fail_promotion(here: Situation, message: str) -> Step:
    """The copy cannot run what was promoted: the target, which can, gets everything and stays."""
    status = in_phase(here, Phase.FAILED, afresh(here))
    status = replace(status, ticks=replace(status.ticks, weight=TOTAL))
    text = f"Promotion of {subject(here)} failed, {strategy_of(here).words.stable} not ready: {message}"
    effects: tuple[Effect, ...] = (*shift(here, TOTAL), *_calls(here))
    said = f"Promotion failed, {strategy_of(here).words.stable} not ready: {message}"
    alert = Alert(said, Severity.ERROR)
    return Step(effects, (warned(message), warned(text)), (alert,), status=status, reason=text, ends=Ends.ACTING)


def scale_target(here: Situation, replicas: int) -> tuple[ScaleTarget, ...]:
    """The effect that brings the target to this size; none where it has it or does not exist."""
    target = here.snapshot.twins.target
    if target is None or target.replicas == replicas or not strategy_of(here).pair.is_sized:
        return ()
    return (ScaleTarget(target.name, replicas),)


def hold_scaler(here: Situation, *, is_held: bool) -> tuple[HoldScaler, ...]:
    """The effect that takes the user's autoscaler off the target, or gives it back; none without one."""
    name = strategy_of(here).pair.scaler
    return (HoldScaler(name, is_held),) if name else ()


def abort_asked(here: Situation) -> Step | None:
    """A user wants this run to end, now; or a version that waits for approval never to begin.

    A version that has come meanwhile is not what was meant: it begins anew, which ends this run as well.
    """
    if not asks(here, Verb.ABORT) or phase_of(here) not in ABORTABLE:
        return None
    if phase_of(here) is not Phase.WAITING and is_changed(here):
        return None
    if phase_of(here) is not Phase.WAITING:
        return roll_back(here, warned(f"Rolling back {named(here)} aborted by user"))
    return _never_begun(here, warned(f"New revision of {subject(here)} aborted by user before its approval"))


def target_reverted(here: Situation) -> Step | None:
    """A user who takes the new version back wants no verdict on it."""
    strategy = strategy_of(here)
    if strategy.edges.judges_reverted or phase_of(here) not in JUDGED or not is_reverted(here):
        return None
    return roll_back(here, warned(f"Rolling back {named(here)} reverted to what the {strategy.words.stable} runs"))


def rollback_asked(here: Situation) -> Step | None:
    """Any webhook that agrees to a rollback brings one about."""
    return _polled(here, roll_back) if phase_of(here) in JUDGED else None


def rollback_asked_early(here: Situation) -> Step | None:
    """So it does while a version waits for approval: it never begins."""
    if phase_of(here) is not Phase.WAITING or strategy_of(here).edges.waits_deaf:
        return None
    return _polled(here, _never_begun)


def _polled(here: Situation, way_out: WayOut) -> Step | None:
    events: list[Event] = []
    for gate in gates_at(here, moments.ROLLBACK):
        question = asking(here, gate, phase_of(here))
        answer = here.snapshot.answers.get(question)
        if not isinstance(answer, GateAnswer):
            return asked(question)
        if answer.is_open:
            by_hand = warned(f"Rolling back {named(here)} manual webhook invoked")
            agreed = warned(f"Rollback check {gate.name} passed")
            alert = Alert("Rolling back manual webhook invoked", Severity.WARN)
            return way_out(here, *events, agreed, by_hand, alerts=(alert,))
        events.append(told(f"Rollback hook {gate.name} not signaling a rollback"))
    return Step(events=tuple(events)) if events else None


def _never_begun(here: Situation, *events: Event, alerts: tuple[Alert, ...] = ()) -> Step:
    """Nothing runs yet that could be stopped."""
    status = in_phase(here, Phase.FAILED, afresh(here))
    return Step(events=events, alerts=alerts, status=status, reason=events[-1].message, ends=Ends.ACTING)


def budget_spent(here: Situation) -> Step | None:
    """As many failed ticks as the run was given: they add up and never fade."""
    failed = here.observed.ticks.failed_checks
    if phase_of(here) not in JUDGED or failed < strategy_of(here).failure_budget:
        return None
    return roll_back(here)


def _spent(here: Situation) -> tuple[tuple[Event, ...], tuple[Alert, ...]]:
    failed = here.observed.ticks.failed_checks
    if failed < strategy_of(here).failure_budget:
        return (), ()
    event = warned(f"Rolling back {named(here)} failed checks threshold reached {failed}")
    return (event,), (Alert(f"Failed checks threshold reached {failed}", Severity.ERROR),)


def _calls(here: Situation) -> tuple[CallGate, ...]:
    return tuple(CallGate(asking(here, gate, Phase.FAILED)) for gate in gates_at(here, moments.POST_ROLLOUT))
