"""The ways out of a run that goes wrong. Called by the ticking stages; nobody waits for anything here.

judged, budget spent / webhook or user asks / target never ready   everything to the copy, target to zero, Failed
promoting, copy never ready                                        everything to the target, which stays, Failed
"""

from dataclasses import replace

from rollouts.decide.gates import asked, asking, gates_at
from rollouts.decide.routing import TOTAL, shift
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import JUDGED, afresh, in_phase, phase_of, strategy_of, subject, told, warned
from rollouts.model import gates as moments
from rollouts.model.effects import CallGate, Effect, ScaleTarget
from rollouts.model.plan import Event
from rollouts.model.questions import GateAnswer
from rollouts.model.status import Phase


def roll_back(here: Situation, *events: Event) -> Step:
    """Give all traffic back, stop the target, count from zero; webhooks are told, not waited for."""
    effects: tuple[Effect, ...] = (*shift(here, 0), *scale_target(here, 0), *_calls(here))
    status = in_phase(here, Phase.FAILED, afresh(here))
    failed = f"{strategy_of(here).words.new.capitalize()} failed! Scaling down {subject(here)}"
    return Step(effects, (*events, warned(failed)), status=status, reason=failed, ends=Ends.ACTING)


def fail_promotion(here: Situation, message: str) -> Step:
    """The copy cannot run what was promoted: the target, which can, gets everything and stays."""
    status = in_phase(here, Phase.FAILED, afresh(here))
    status = replace(status, ticks=replace(status.ticks, weight=TOTAL))
    text = f"Promotion of {subject(here)} failed, {strategy_of(here).words.stable} not ready: {message}"
    effects: tuple[Effect, ...] = (*shift(here, TOTAL), *_calls(here))
    return Step(effects, (warned(message), warned(text)), status=status, reason=text, ends=Ends.ACTING)


def scale_target(here: Situation, replicas: int) -> tuple[ScaleTarget, ...]:
    """The effect that brings the target to this size; none where it has it or does not exist."""
    target = here.snapshot.twins.target
    if target is None or target.replicas == replicas:
        return ()
    return (ScaleTarget(target.name, replicas),)


def abort_asked(here: Situation) -> Step | None:
    """A user wants this run to end, now."""
    if not here.status.is_aborted or phase_of(here) not in JUDGED:
        return None
    return roll_back(here, warned(f"Rolling back {subject(here)} aborted by user"))


def rollback_asked(here: Situation) -> Step | None:
    """Any webhook that agrees to a rollback brings one about."""
    if phase_of(here) not in JUDGED:
        return None
    events: list[Event] = []
    for gate in gates_at(here, moments.ROLLBACK):
        question = asking(here, gate, phase_of(here))
        answer = here.snapshot.answers.get(question)
        if not isinstance(answer, GateAnswer):
            return asked(question)
        if answer.is_open:
            by_hand = warned(f"Rolling back {subject(here)} manual webhook invoked")
            return roll_back(here, *events, warned(f"Rollback check {gate.name} passed"), by_hand)
        events.append(told(f"Rollback hook {gate.name} not signaling a rollback"))
    return Step(events=tuple(events)) if events else None


def budget_spent(here: Situation) -> Step | None:
    """As many failed ticks as the run was given: they add up and never fade."""
    failed = here.observed.ticks.failed_checks
    if phase_of(here) not in JUDGED or failed < strategy_of(here).failure_budget:
        return None
    return roll_back(here, warned(f"Rolling back {subject(here)} failed checks threshold reached {failed}"))


def _calls(here: Situation) -> tuple[CallGate, ...]:
    return tuple(CallGate(asking(here, gate, Phase.FAILED)) for gate in gates_at(here, moments.POST_ROLLOUT))
