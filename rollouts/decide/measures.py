"""What a tick asks before it goes on: webhooks of the run, then checks. The first that fails costs one of the budget.

The checks of a tick are asked together, judged in order. Nothing measured is a failure like any other: a version that
nobody calls proves nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isinf, trunc

from rollouts.decide.gates import attempt, held, poll
from rollouts.decide.routing import is_mirrored, weight_now
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import named, strategy_of, subject, told, warned
from rollouts.model import gates as moments
from rollouts.model.edges import Silence
from rollouts.model.plan import Event
from rollouts.model.questions import AskMetric, MetricAnswer
from rollouts.model.status import Phase
from rollouts.model.strategy import Check, Gate, Unit

_HOUR_MS, _MINUTE_MS, _SECOND_MS = 3_600_000, 60_000, 1000


def is_first(here: Situation) -> bool:
    """The run has shown nothing to anybody yet."""
    return weight_now(here) == 0 and here.observed.ticks.rounds == 0 and not is_mirrored(here)


def begin_checks(here: Situation) -> Step | None:
    """The first tick of a run has nothing to measure yet: only its own webhooks are asked."""
    if not is_first(here):
        return None
    begins = told(f"Starting {strategy_of(here).words.new} analysis for {subject(here)}")

    def refusal(gate: Gate, message: str) -> Step:
        return _failed(here, warned(f"Halt {named(here)} advancement pre-rollout check {gate.name} failed {message}"))

    step = held(poll(here, moments.PRE_ROLLOUT, Phase.PROGRESSING), refusal) or Step()
    return replace(step, events=(begins, *step.events))


def ask_webhooks(here: Situation) -> Step | None:
    """Webhooks of every later tick: load tests and checks of the user's own."""
    if is_first(here):
        return None

    def refusal(gate: Gate, message: str) -> Step:
        return _failed(here, warned(f"Halt {named(here)} advancement external check {gate.name} failed {message}"))

    return held(poll(here, moments.ROLLOUT, Phase.PROGRESSING), refusal)


def measure(here: Situation) -> Step | None:
    """Ask every check of this tick, and judge the answers in order."""
    if is_first(here):
        return None
    checks = strategy_of(here).checks
    asked = {
        check: AskMetric(check.name, check.query, attempt(here), check.source) for check in checks if not check.fault
    }
    answers = {check: here.snapshot.answers.get(question) for check, question in asked.items()}
    known = {check: answer for check, answer in answers.items() if isinstance(answer, MetricAnswer)}
    if len(known) < len(asked):
        return Step(questions=tuple(asked.values()), reason="measures", ends=Ends.ROUND)
    return _judged(here, known)


def _judged(here: Situation, known: Mapping[Check, MetricAnswer]) -> Step | None:
    passed: list[Event] = []
    for check in strategy_of(here).checks:
        event = warned(check.fault) if check.fault else _complaint(here, check, known[check])
        if event is None:
            continue
        passed.append(event)
        silence = _silence(here, known.get(check))
        if silence is Silence.HOLDS:
            return Step(events=tuple(passed), reason=event.message, ends=Ends.ACTING)
        if silence is Silence.FAILS:
            return replace(_failed(here, event), events=tuple(passed))
    return Step(events=tuple(passed)) if passed else None


def _silence(here: Situation, answer: MetricAnswer | None) -> Silence:
    """What an answer does that says nothing. A service that does not answer may hold a run back, but passes nothing."""
    wish = strategy_of(here).edges.silence
    if answer is None or (answer.value is not None and not answer.error):
        return Silence.FAILS
    return Silence.FAILS if answer.error and wish is Silence.PASSES else wish


def shown(value: float, unit: Unit) -> str:
    """A measured value as events show it."""
    if unit is Unit.MILLISECONDS:
        return _duration(trunc(value))
    return f"{value:.2f}{'%' if unit is Unit.PERCENT else ''}"


def _complaint(here: Situation, check: Check, answer: MetricAnswer) -> Event | None:
    """What is wrong with an answer, None if nothing is."""
    if answer.error:
        return warned(f"{check.broken}{answer.error}")
    if answer.value is None:
        return warned(check.no_values)
    for sign, bound in (("<", check.low), (">", check.high)):
        if bound is None:
            continue
        value, limit = _compared(here, check.unit, answer.value * check.scale, bound)
        if value < limit if sign == "<" else value > limit:
            seen = f"{_amount(value, check.unit)} {sign} {_bound(limit, check.unit)}"
            return warned(f"Halt {named(here)} advancement {check.label} {seen}")
    return None


def _compared(here: Situation, unit: Unit, value: float, bound: float) -> tuple[float, float]:
    """A value and its bound. Durations count in whole milliseconds, but where the bound is finer than that."""
    edges = strategy_of(here).edges
    if unit is not Unit.MILLISECONDS:
        return value, bound
    if isinf(value):
        return (0 if edges.infinity_is_nothing else value), bound
    if edges.rounds_bounds or bound == trunc(bound):
        return trunc(value), trunc(bound)
    return value, bound


def _failed(here: Situation, event: Event) -> Step:
    ticks = here.status.ticks
    status = replace(here.status, ticks=replace(ticks, failed_checks=ticks.failed_checks + 1))
    return Step(events=(event,), status=status, reason=event.message, ends=Ends.ACTING)


def _amount(value: float, unit: Unit) -> str:
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return _exactly(value) if unit is Unit.MILLISECONDS else shown(value, unit)


def _bound(bound: float, unit: Unit) -> str:
    """A bound without needless digits."""
    if unit is Unit.MILLISECONDS:
        return _exactly(bound)
    return f"{bound:.15g}{'%' if unit is Unit.PERCENT else ''}"


def _exactly(milliseconds: float) -> str:
    return _duration(trunc(milliseconds)) if milliseconds == trunc(milliseconds) else f"{milliseconds:.6g}ms"


def _duration(milliseconds: int) -> str:
    """Milliseconds as Go writes durations: `501ms`, `1.5s`, `8m20.9s`, `1h0m0s`."""
    sign, rest = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    if 0 < rest < _SECOND_MS:
        return f"{sign}{rest}ms"
    hours, rest = divmod(rest, _HOUR_MS)
    minutes, rest = divmod(rest, _MINUTE_MS)
    whole, part = divmod(rest, _SECOND_MS)
    seconds = f"{whole}.{part:03}".rstrip("0") if part else str(whole)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{seconds}s"
