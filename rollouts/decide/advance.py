"""A run from its first tick to its last check: begin, begin again, one more weight or round. For the ticking course.

Weights and rounds are two ways through the same stages: with weights every tick gives the new version more, with rounds
it is only watched (or given chosen requests), and in the end gets everything at once.
"""

from dataclasses import replace

from rollouts.decide.commands import is_retried
from rollouts.decide.rollback import hold_scaler, scale_target
from rollouts.decide.routing import TOTAL, is_mirrored, shift, weight_now, with_cookies
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import (
    AT_REST,
    JUDGED,
    afresh,
    in_phase,
    is_changed,
    named,
    phase_of,
    strategy_of,
    subject,
    told,
    warned,
)
from rollouts.model.alerts import Alert, Severity
from rollouts.model.effects import Effect
from rollouts.model.status import Phase, Status


def nothing_new(here: Situation) -> Step | None:
    """At rest until the target changes. After a failure the template that stands is remembered as seen.

    So a user may go back to the promoted one and then try the failed one again.
    """
    if phase_of(here) not in AT_REST:
        return None
    noted = _noted(here) if phase_of(here) is Phase.FAILED else here.status
    if not is_changed(here) and not is_retried(here):
        return Step(status=noted, ends=Ends.ACTING)
    return Step(status=noted) if strategy_of(here).edges.forgets_after_failure else None


def taken_back(here: Situation) -> Step | None:
    """What waited for approval was taken back by its user: nothing is left to approve."""
    strategy = strategy_of(here)
    if phase_of(here) is not Phase.WAITING or is_changed(here) or strategy.edges.judges_reverted:
        return None
    ticks = here.observed.ticks
    phase = Phase.SUCCEEDED if ticks.applied == ticks.promoted else Phase.FAILED
    text = f"New revision of {subject(here)} was taken back before its approval"
    return Step(events=(told(text),), status=in_phase(here, phase), reason=text, ends=Ends.ACTING)


def begin_run(here: Situation) -> Step | None:
    """A new version, and everybody agrees: start its pods. It gets no traffic before the next tick."""
    if phase_of(here) not in AT_REST | {Phase.WAITING}:
        return None
    text = f"New revision detected! Scaling up {subject(here)}"
    again = (told(f"Retrying {subject(here)}, asked by user"),) if is_retried(here) else ()
    words, facts = strategy_of(here).words, strategy_of(here).facts
    return Step(
        (*_regathered(here), *hold_scaler(here, is_held=False), *scale_target(here, _size(here))),
        (*again, told(text, Phase.PROGRESSING)),
        (Alert(f"New revision detected, progressing {words.new} analysis.", Severity.INFO, facts),),
        status=in_phase(here, Phase.PROGRESSING, afresh(here)),
        reason=text,
        ends=Ends.ACTING,
    )


def _regathered(here: Situation) -> tuple[Effect, ...]:
    """Nobody stays on pods that are replaced: what failed to be promoted has left its users with the target."""
    is_unready = bool(here.snapshot.twins.copy_readiness.message)
    return () if is_unready or strategy_of(here).edges.starts_where_it_stood else shift(here, 0)


def begin_again(here: Situation) -> Step | None:
    """The version that is judged has been replaced by yet another: nothing counts that was measured before."""
    if phase_of(here) not in JUDGED or not is_changed(here):
        return None
    text = f"New revision detected! Restarting analysis for {subject(here)}"
    status = with_cookies(here, in_phase(here, Phase.PROGRESSING, afresh(here)), 0)
    return Step(shift(here, 0), (told(text),), status=status, reason=text, ends=Ends.ACTING)


def give_notice(here: Situation) -> Step | None:
    """What the manifest asks for and cannot have is said whenever it would have mattered."""
    notices = strategy_of(here).notices
    return Step(events=tuple(warned(notice) for notice in notices)) if notices else None


def advance_weight(here: Situation) -> Step | None:
    """The weight that follows the present one; before the first one, a tick of copied requests where that is wanted."""
    strategy, was = strategy_of(here), weight_now(here)
    weight = strategy.climb.after(was)
    if weight is None:
        return None
    mirrors = strategy.mirrors and was == 0 and not is_mirrored(here)
    weight = 0 if mirrors else was if _is_given(here) else weight
    text = f"Advance {named(here)} {strategy.words.new} weight {weight}"
    status = with_cookies(here, replace(here.status, ticks=replace(here.status.ticks, weight=weight)), weight)
    effects = shift(here, weight, is_mirrored=mirrors)
    return Step(effects, (told(text),), status=status, reason=text, ends=Ends.ACTING)


def _is_given(here: Situation) -> bool:
    """This tick has written its weight already, and its status was lost: another one would come without a check."""
    strategy, was, recorded = strategy_of(here), weight_now(here), here.observed.ticks.weight
    return was > 0 and strategy.climb.after(recorded) == was and not strategy.edges.repeats_lost_ticks


def advance_round(here: Situation) -> Step | None:
    """One more round without a fault."""
    strategy, ticks = strategy_of(here), here.status.ticks
    if not strategy.climb.is_empty or ticks.rounds >= strategy.rounds:
        return None
    words, reached = strategy.words, ticks.rounds + 1
    text = f"Advance {named(here)} {words.new} {words.round} {reached}/{strategy.rounds}"
    status = replace(here.status, ticks=replace(ticks, rounds=reached))
    return Step(_shown(here), (told(text),), status=status, reason=text, ends=Ends.ACTING)


def switch_traffic(here: Situation) -> Step | None:
    """After the last round everybody gets the new version, for one more tick of checks."""
    strategy, ticks = strategy_of(here), here.status.ticks
    if not strategy.climb.is_empty or strategy.is_matched or ticks.rounds > strategy.rounds:
        return None
    stops = "Stop traffic mirroring and route" if strategy.mirrors else "Routing"
    text = f"{stops} all traffic to {strategy.words.new}"
    events = (told(text),) if strategy.moves_traffic else ()
    status = replace(here.status, ticks=replace(ticks, rounds=strategy.rounds + 1))
    return Step(shift(here, TOTAL), events, status=status, reason=text, ends=Ends.ACTING)


def _noted(here: Situation) -> Status:
    ticks, configs = here.status.ticks, here.rollout.configs
    seen = configs if (configs or {}) != (ticks.configs or {}) else ticks.configs  # none at all is no change of none
    return replace(here.status, ticks=replace(ticks, applied=here.rollout.target, configs=seen))


def _size(here: Situation) -> int:
    """How many pods the new version starts with: its own size, what its autoscaler wants at least, or the copy's."""
    twins = here.snapshot.twins
    if twins.target and twins.target.replicas:
        return twins.target.replicas
    if strategy_of(here).pair.scaler:
        return max(twins.least, 1)
    return (twins.copy.replicas if twins.copy else 0) or 1


def _shown(here: Situation) -> tuple[Effect, ...]:
    """Who sees the new version in a round: those that match, or nobody, though it may get copies of requests."""
    strategy = strategy_of(here)
    if strategy.is_matched:
        return shift(here, TOTAL)
    return shift(here, 0, is_mirrored=True) if strategy.mirrors and not is_mirrored(here) else ()
