"""Who has to agree before a ticking rollout goes on: one stage a moment. Webhooks are asked in the order of the list.

A question ends the round without effects; its answer wakes the next one. The same tick asks under the same name, so an
answer counts once and the next tick asks afresh. A refusal holds the run back; what else it does differs by moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rollouts.decide.commands import is_opened, is_retried
from rollouts.decide.routing import is_mirrored
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import AT_REST, in_phase, named, phase_of, strategy_of, told, warned
from rollouts.model import gates as moments
from rollouts.model.alerts import Alert, Severity
from rollouts.model.plan import Event
from rollouts.model.questions import AskGate, GateAnswer
from rollouts.model.status import Phase, TickStatus
from rollouts.model.strategy import Gate


@dataclass(frozen=True, slots=True)
class Polled:
    """What the gates of a moment have said: events of those that agreed, then who is open or who refused, and why."""

    events: tuple[Event, ...] = ()
    question: AskGate | None = None
    refused: Gate | None = None
    message: str = ""


def attempt(here: Situation) -> str:
    """The name of this tick: the one before it, which stays the same until this one counts."""
    ticked = here.observed.ticks.ticked
    return ticked.isoformat() if ticked else "first"


def gates_at(here: Situation, moment: str) -> tuple[Gate, ...]:
    """The gates of a moment, in order."""
    return tuple(gate for gate in strategy_of(here).gates if gate.moment == moment)


def asking(here: Situation, gate: Gate, phase: Phase) -> AskGate:
    """The question to a gate in this tick."""
    return AskGate(gate.name, gate.url, gate.moment, phase.value, attempt(here), _place(here, gate))


def _place(here: Situation, gate: Gate) -> int:
    like = (each for each in strategy_of(here).gates if each.asked_as == gate.asked_as)
    return next((place for place, each in enumerate(like) if each is gate), 0)


def poll(here: Situation, moment: str, phase: Phase) -> Polled:
    """Ask until one is open or refuses; where a person agrees in their place, nobody is asked."""
    events: list[Event] = []
    if is_opened(here, moment):
        named_gates = (gate.name for gate in gates_at(here, moment))
        return Polled(tuple(told(f"{moment.capitalize()} check {name} approved by user") for name in named_gates))
    for gate in gates_at(here, moment):
        question = asking(here, gate, phase)
        answer = here.snapshot.answers.get(question)
        if not isinstance(answer, GateAnswer):
            return Polled(tuple(events), question)
        if not answer.is_open:
            return Polled(tuple(events), refused=gate, message=answer.message)
        if moment != moments.ROLLOUT:
            events.append(told(f"{moment.capitalize()} check {gate.name} passed"))
    return Polled(tuple(events))


def held(polled: Polled, refusal: Callable[[Gate, str], Step]) -> Step | None:
    """A poll as a step: the open question, the refusal after the events of those that agreed, or those events."""
    if polled.question is not None:
        return asked(polled.question)
    if polled.refused is not None:
        step = refusal(polled.refused, polled.message)
        return replace(step, events=polled.events + step.events, ends=Ends.ACTING)
    return Step(events=polled.events) if polled.events else None


def asked(question: AskGate) -> Step:
    """A round that ends with a question."""
    return Step(questions=(question,), reason=f"asks {question.moment} {question.gate}", ends=Ends.ROUND)


def confirm_rollout(here: Situation) -> Step | None:
    """A new version waits for approval before anything of it runs."""
    phase = phase_of(here)
    if phase not in AT_REST | {Phase.WAITING}:
        return None

    def refusal(gate: Gate, _: str) -> Step:
        reason = f"waiting for approval {gate.name}"
        halt = Step() if phase is Phase.WAITING else _halt(here, gate, reason, "is waiting for approval.")
        ticks = _untried(here) if is_retried(here) else None
        return replace(halt, status=in_phase(here, Phase.WAITING, ticks), reason=reason)

    return held(poll(here, moments.CONFIRM_ROLLOUT, phase), refusal)


def _untried(here: Situation) -> TickStatus:
    """As if what is tried again had never been: so it waits like any new version, and can be taken back like one."""
    ticks = here.status.ticks
    return replace(ticks, applied="" if here.rollout.target == ticks.promoted else ticks.promoted)


def confirm_traffic_increase(here: Situation) -> Step | None:
    """Every weight, and the promotion after the last one, waits for approval. The checks go on meanwhile."""
    if strategy_of(here).climb.is_empty or phase_of(here) is not Phase.PROGRESSING or is_mirrored(here):
        return None

    def refusal(gate: Gate, _: str) -> Step:
        reason = f"waiting for traffic increase approval {gate.name}"
        return _halt(here, gate, reason, "traffic increase is waiting for approval.")

    return held(poll(here, moments.CONFIRM_TRAFFIC_INCREASE, Phase.PROGRESSING), refusal)


def confirm_promotion(here: Situation) -> Step | None:
    """A version that has passed waits for approval; it is still judged and can still fail."""
    waits = phase_of(here) is Phase.WAITING_PROMOTION

    def refusal(gate: Gate, _: str) -> Step:
        reason = f"waiting for promotion approval {gate.name}"
        halt = Step() if waits else _halt(here, gate, reason, "promotion is waiting for approval.")
        return replace(halt, status=in_phase(here, Phase.WAITING_PROMOTION), reason=reason)

    return held(poll(here, moments.CONFIRM_PROMOTION, Phase.PROGRESSING), refusal)


def tell_late_answers(here: Situation) -> Step | None:
    """What the webhooks said that were told of a failure: nothing waited for them, nothing changes."""
    answers = {q: a for q, a in here.snapshot.answers.items() if isinstance(q, AskGate) and isinstance(a, GateAnswer)}
    late = [
        _outcome(gate.name, answer)
        for gate in gates_at(here, moments.POST_ROLLOUT)
        for question, answer in answers.items()
        if (question.asked_as, question.phase) == (gate.asked_as, Phase.FAILED.value)
        if question.place == _place(here, gate)
    ]
    return Step(events=tuple(late)) if late else None


def tell_of_success(here: Situation) -> Step | None:
    """Webhooks after a promotion are told before the last pods go: all users are on the promoted version already."""
    if phase_of(here) is not Phase.FINALISING and not strategy_of(here).skip_analysis:
        return None
    events: list[Event] = []
    for gate in gates_at(here, moments.POST_ROLLOUT):
        question = asking(here, gate, Phase.SUCCEEDED)
        answer = here.snapshot.answers.get(question)
        if not isinstance(answer, GateAnswer):
            return asked(question)
        events.append(_outcome(gate.name, answer))
        if not answer.is_open:
            break
    return Step(events=tuple(events)) if events else None


def _outcome(name: str, answer: GateAnswer) -> Event:
    if answer.is_open:
        return told(f"Post-rollout check {name} passed")
    return warned(f"Post-rollout hook {name} failed {answer.message}")


def _halt(here: Situation, gate: Gate, reason: str, alert: str) -> Step:
    """A halt as it is told the first time; users may silence a gate that often says no."""
    message = f"{strategy_of(here).words.new.capitalize()} {alert}"
    alerts = () if gate.is_muted else (Alert(message, Severity.WARN),)
    return Step(events=(warned(f"Halt {named(here)} advancement {reason}"),), alerts=alerts, reason=reason)
