"""The order of things, as data. One tuple acts, one closes; a strategy is a pair of them (Course).

Dialects that differ in order are other pairs of the same stages. The order is Argo's reconcile; tests/unit/decide
pins it, since the order of events is API.
"""

from rollouts.decide import (
    analyses,
    bluegreen,
    checks,
    claims,
    conditions,
    duration,
    experiments,
    metadata,
    pauses,
    plugins,
    promotion,
    reference,
    restart,
    scaling,
    services,
    shares,
    stalls,
    steps,
)
from rollouts.decide import status as closing
from rollouts.decide.situation import Course, Stage
from rollouts.decide.ticks import TICKS
from rollouts.model.strategy import BlueGreen, Canary, Progressive, Strategy

CHECKS: tuple[Stage, ...] = (
    checks.rollout_deleted,
    reference.workload_missing,
    checks.spec_invalid,
    claims.claim_versions,
    reference.note_generation,
    checks.name_taken,
    checks.new_version_missing,
    checks.replicas_unset,
    checks.revision_stale,
    checks.copies_dated,
    metadata.place_new,
    checks.progressing_unknown,
)

CANARY = Course(
    acting=(
        *CHECKS,
        checks.pause_not_shown,
        analyses.forget_aborted_runs,
        scaling.rescale_canary,
        promotion.begin_update,
        promotion.drop_moot_abort,
        restart.restart_pods,
        metadata.mark_pods,
        scaling.forget_old_versions,
        services.point_services,
        shares.shift_traffic,
        experiments.run_experiment,
        analyses.run_analyses,
        scaling.scale_canary,
        scaling.await_drain,
        pauses.begin_canary_pause,
        plugins.run_step_plugins,
    ),
    closing=(
        closing.count_pods,
        reference.observe_generation,
        promotion.skip_to_end,
        promotion.promote,
        steps.advance_step,
        conditions.mark_conditions,
        duration.measure_attempt,
        closing.conclude_phase,
        reference.scale_down_workload,
        pauses.tell_of_pause,
        stalls.name_stall,
    ),
)

BLUE_GREEN = Course(
    acting=(
        *CHECKS,
        checks.pause_not_shown,
        analyses.forget_aborted_runs,
        bluegreen.point_preview,
        promotion.begin_update,
        promotion.drop_moot_abort,
        restart.restart_pods,
        scaling.scale_blue_green,
        scaling.forget_old_versions,
        bluegreen.pause_before_switch,
        bluegreen.point_active,
        analyses.run_analyses,
        metadata.mark_pods,
    ),
    closing=(
        closing.count_pods,
        reference.observe_generation,
        promotion.skip_to_end,
        bluegreen.latch_preview_size,
        promotion.promote,
        closing.count_active,
        conditions.mark_conditions,
        duration.measure_attempt,
        closing.conclude_phase,
        reference.scale_down_workload,
        pauses.tell_of_pause,
        stalls.name_stall,
    ),
)


def course_of(strategy: Strategy) -> Course:
    """The stages of a strategy."""
    match strategy:
        case Canary():
            return CANARY
        case BlueGreen():
            return BLUE_GREEN
        case Progressive():
            return TICKS
