"""A run from its first tick to its last check: begin, begin again, one more weight or round. For the ticking course.

Weights and rounds are two ways through the same stages: with weights every tick gives the new version more, with rounds
it is only watched, and in the end gets everything at once.
"""

from dataclasses import replace

from rollouts.decide.rollback import scale_target
from rollouts.decide.routing import TOTAL, shift, weight_now
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import (
    AT_REST,
    JUDGED,
    afresh,
    in_phase,
    is_changed,
    phase_of,
    strategy_of,
    subject,
    told,
    warned,
)
from rollouts.model.status import Phase


def nothing_new(here: Situation) -> Step | None:
    """At rest until the target changes. After a failure the promoted template is remembered as seen.

    So a user may go back to it and then try the failed one again.
    """
    if phase_of(here) not in AT_REST or is_changed(here):
        return None
    ticks = here.status.ticks
    if phase_of(here) is Phase.FAILED and here.rollout.target != ticks.applied:
        ticks = replace(ticks, applied=here.rollout.target)
    return Step(status=replace(here.status, ticks=ticks), ends=Ends.ACTING)


def begin_run(here: Situation) -> Step | None:
    """A new version, and everybody agrees: start its pods. It gets no traffic before the next tick."""
    if phase_of(here) not in AT_REST | {Phase.WAITING}:
        return None
    twins = here.snapshot.twins
    own, stable = twins.target.replicas if twins.target else 0, twins.copy.replicas if twins.copy else 0
    text = f"New revision detected! Scaling up {subject(here)}"
    status = in_phase(here, Phase.PROGRESSING, afresh(here))
    return Step(scale_target(here, own or stable or 1), (told(text),), status=status, reason=text, ends=Ends.ACTING)


def begin_again(here: Situation) -> Step | None:
    """The version that is judged has been replaced by yet another: nothing counts that was measured before."""
    if phase_of(here) not in JUDGED or not is_changed(here):
        return None
    text = f"New revision detected! Restarting analysis for {subject(here)}"
    status = in_phase(here, Phase.PROGRESSING, afresh(here))
    return Step(shift(here, 0), (told(text),), status=status, reason=text, ends=Ends.ACTING)


def give_notice(here: Situation) -> Step | None:
    """What the manifest asks for and cannot have is said whenever it would have mattered."""
    notices = strategy_of(here).notices
    return Step(events=tuple(warned(notice) for notice in notices)) if notices else None


def advance_weight(here: Situation) -> Step | None:
    """The weight that follows the present one."""
    weight = strategy_of(here).climb.after(weight_now(here))
    if weight is None:
        return None
    text = f"Advance {subject(here)} {strategy_of(here).words.new} weight {weight}"
    status = replace(here.status, ticks=replace(here.status.ticks, weight=weight))
    return Step(shift(here, weight), (told(text),), status=status, reason=text, ends=Ends.ACTING)


def advance_round(here: Situation) -> Step | None:
    """One more round without a fault."""
    strategy, ticks = strategy_of(here), here.status.ticks
    if not strategy.climb.is_empty or ticks.rounds >= strategy.rounds:
        return None
    words, reached = strategy.words, ticks.rounds + 1
    text = f"Advance {subject(here)} {words.new} {words.round} {reached}/{strategy.rounds}"
    status = replace(here.status, ticks=replace(ticks, rounds=reached))
    return Step(events=(told(text),), status=status, reason=text, ends=Ends.ACTING)


def switch_traffic(here: Situation) -> Step | None:
    """After the last round everybody gets the new version, for one more tick of checks."""
    strategy, ticks = strategy_of(here), here.status.ticks
    if not strategy.climb.is_empty or ticks.rounds > strategy.rounds:
        return None
    text = f"Routing all traffic to {strategy.words.new}"
    events = (told(text),) if strategy.moves_traffic else ()
    status = replace(here.status, ticks=replace(ticks, rounds=strategy.rounds + 1))
    return Step(shift(here, TOTAL), events, status=status, reason=text, ends=Ends.ACTING)
