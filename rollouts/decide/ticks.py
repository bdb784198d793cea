"""The course of a ticking rollout, as data, and its clock. Called by decide through stages.course_of.

A tick is the first round at or after `ticked + interval`; rounds in between change nothing, unless a user aborts. The
order is its ancestor's and tests/golden pins it; most stages speak in a few phases only.
"""

from dataclasses import replace

from rollouts.decide import (
    advance,
    checks,
    freshness,
    gates,
    holds,
    leaving,
    measures,
    promotion_by_copy,
    rollback,
    routing,
    tending,
    twins,
)
from rollouts.decide.commands import asks
from rollouts.decide.conditions import INVALID_SPEC, set_condition, without_condition
from rollouts.decide.situation import Course, Ends, Situation, Step
from rollouts.decide.tidings import AT_REST, in_phase, phase_of, strategy_of, told, warned
from rollouts.model.command import Verb
from rollouts.model.status import Condition


def spec_faulty(here: Situation) -> Step | None:
    """The first mistake is shown and nothing else happens; a run in progress keeps its phase and goes on when cured."""
    faults = here.rollout.faults or here.snapshot.reference_faults
    known = here.status.condition(INVALID_SPEC)
    if not faults:
        return Step(status=without_condition(here.status, INVALID_SPEC)) if known else None
    message = f"{faults[0]} ({faults[0].cure})" if faults[0].cure else str(faults[0])
    if known is not None and known.message == message:
        return Step(reason=message, ends=Ends.ROUND)
    condition = Condition(INVALID_SPEC, "True", INVALID_SPEC, message, here.now, here.now)
    status = set_condition(without_condition(here.status, INVALID_SPEC), condition)
    return Step(events=(warned(message),), status=status, reason=message, ends=Ends.ROUND)


def tick_not_due(here: Situation) -> Step | None:
    """Between two ticks only a user's abort counts."""
    ticked = here.observed.ticks.ticked
    if ticked is None or (asks(here, Verb.ABORT) and phase_of(here) in rollback.ABORTABLE):
        return None
    due = ticked + strategy_of(here).interval
    if here.now >= due:
        return None
    return Step(wake_at=due, reason=f"next tick at {due:%H:%M:%S}", ends=Ends.ROUND)


def run_suspended(here: Situation) -> Step | None:
    """Routes and workloads stay as they are until the user lets go."""
    if not here.rollout.is_suspended:
        return None
    text = f"skipping {strategy_of(here).words.new} run as object is suspended"
    status = None if here.status.phase else in_phase(here, phase_of(here))
    return Step(events=(told(text),), status=status, reason=text, ends=Ends.ROUND)


def record_tick(here: Situation) -> Step | None:
    """The tick has counted, and the next one follows; a rollout at rest that nothing happens to is left alone.

    One that had something to mend has ticked too: two who want the same object otherwise would mend it without end.
    """
    status = here.status if here.status.phase else in_phase(here, phase_of(here))
    is_idle = status.phase in AT_REST and not here.effects
    if is_idle and status == here.observed:
        return None
    ticked = here.now.replace(microsecond=0)
    wake_at = None if is_idle else ticked + strategy_of(here).interval
    return Step(status=replace(status, ticks=replace(status.ticks, ticked=ticked)), wake_at=wake_at)


TICKS = Course(
    acting=(
        leaving.give_back,
        checks.rollout_deleted,
        leaving.finalizer,
        spec_faulty,
        gates.tell_late_answers,
        tick_not_due,
        run_suspended,
        holds.let_go,
        freshness.forget,
        rollback.abort_asked,
        twins.target_missing,
        tending.services,
        twins.probe_metrics,
        tending.copy_blocked,
        twins.copy_missing,
        twins.copy_unready_at_start,
        tending.scaler,
        twins.copy_unserved,
        tending.route,
        twins.begin,
        advance.nothing_new,
        advance.taken_back,
        twins.copy_unready,
        routing.route_unread,
        rollback.rollback_asked_early,
        gates.confirm_rollout,
        advance.begin_run,
        advance.begin_again,
        rollback.target_reverted,
        twins.target_unready,
        promotion_by_copy.copy_at_once,
        gates.tell_of_success,
        promotion_by_copy.finish,
        promotion_by_copy.promote_now,
        rollback.rollback_asked,
        promotion_by_copy.return_traffic,
        rollback.budget_spent,
        holds.hold_start,
        measures.begin_checks,
        measures.ask_webhooks,
        measures.measure,
        holds.hold_progress,
        advance.give_notice,
        gates.confirm_traffic_increase,
        advance.advance_weight,
        advance.advance_round,
        freshness.last_weight_unmeasured,
        gates.confirm_promotion,
        advance.switch_traffic,
        promotion_by_copy.promote,
    ),
    closing=(record_tick,),
)
