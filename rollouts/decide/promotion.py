"""When the new version becomes the stable one, and what a new template resets. Called by the closing stages."""

from dataclasses import replace

from rollouts.decide.analyses import POST, is_passed
from rollouts.decide.pauses import without_abort, without_pauses
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.verifying import is_open
from rollouts.model.plan import Event
from rollouts.model.rollout import PING, PONG
from rollouts.model.status import BlueGreenStatus, CanaryStatus, Status
from rollouts.model.strategy import BlueGreen, Canary


def steps_of(here: Situation) -> int:
    """How many steps the strategy has."""
    strategy = here.rollout.strategy
    return len(strategy.steps) if isinstance(strategy, Canary) else 0


def last_index(here: Situation) -> int | None:
    """The step index that says "all done"; None without steps."""
    return steps_of(here) or None


def begin_update(here: Situation) -> Step | None:
    """Another template, or other steps: forget pauses, aborts and analyses, and begin at the first step.

    An abort that comes to light together with the template was meant for it, if nothing else was under way.
    """
    if not here.template_changed or (isinstance(here.rollout.strategy, BlueGreen) and not here.observed.current):
        return None
    calm = without_pauses(here.status)
    status = replace(
        calm if _is_aborted_already(here) else without_abort(calm),
        promote_fully=False,
        step=0 if steps_of(here) else None,
        restarted_at=here.rollout.restart_at or here.status.restarted_at,
        canary=CanaryStatus(
            here.status.canary.shares, here.status.canary.verified, stable_side=here.status.canary.stable_side
        ),
        blue_green=BlueGreenStatus(here.status.blue_green.active, here.status.blue_green.preview),
    )
    skipped = _skips_steps(here)
    if not skipped:
        return Step(status=status, reason="a new template begins its update", ends=Ends.ACTING)
    is_told = steps_of(here) and (here.is_in_window or here.observed.step != steps_of(here))
    events = (Event("SkipSteps", skipped),) if is_told else ()
    return Step(events=events, status=replace(status, step=last_index(here)), reason=skipped, ends=Ends.ACTING)


def _skips_steps(here: Situation) -> str:
    """What the event says of an update that has no steps to walk: back to stable, or to a version that still runs."""
    if here.new is None or here.stable is None:
        return ""
    if here.new.name == here.stable.name:
        return "Rollback to stable ReplicaSets"
    is_running = here.new.replicas > 0 or here.new.current > 0
    return "Rollback to active ReplicaSets within RollbackWindow" if here.is_in_window and is_running else ""


def _is_aborted_already(here: Situation) -> bool:
    was_seen = here.observed.aborted_at is not None
    is_back = here.current_hash == here.observed.stable
    return here.observed.is_aborted and not was_seen and here.is_promoted and not is_back


def skip_to_end(here: Situation) -> Step | None:
    """A full promotion was asked for, or users go back within the window: no pause or step stands in the way.

    An abort does not stop a full promotion either; a way back can be aborted.
    """
    is_back = here.is_in_window and not here.status.is_aborted and isinstance(here.rollout.strategy, Canary)
    if here.template_changed or not (here.observed.promote_fully or is_back):
        return None
    status = without_abort(without_pauses(here.status))
    return Step(status=replace(status, step=last_index(here)))


def drop_moot_abort(here: Situation) -> Step | None:
    """There is nothing to abort once the version is stable: the request is taken back silently."""
    if not (here.is_promoted and here.observed.is_aborted and not here.template_changed):
        return None
    return Step(status=without_abort(here.status))


def promote(here: Situation) -> Step | None:
    """Make the new version the stable one, if everything that had to happen has."""
    reason = _promotion_reason(here)
    if not reason:
        return None
    status = without_abort(without_pauses(here.status))
    status = replace(status, promote_fully=False, step=last_index(here), stable=status.current)
    if here.observed.stable == status.current:
        return Step(status=status)
    status = _with_sides_swapped(here, status)
    revision = here.new.revision if here.new else here.rollout.revision
    message = f"Rollout completed update to revision {revision} ({status.current}): {reason}"
    return Step(events=(Event("RolloutCompleted", message),), status=status, reason=message)


def _with_sides_swapped(here: Situation, status: Status) -> Status:
    """Ping-pong: the Service that led to the canary leads to stable from now on; no route has to move."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary) or strategy.ping_pong is None:
        return status
    side = PONG if status.canary.stable_side == PING else PING
    return replace(status, canary=replace(status.canary, stable_side=side))


def _promotion_reason(here: Situation) -> str:
    if here.new is None or (isinstance(here.rollout.strategy, Canary) and here.template_changed):
        return ""
    if here.is_initial:
        return "Initial deploy"
    match here.rollout.strategy:
        case Canary() as canary:
            return _canary_reason(here, canary)
        case BlueGreen() as blue_green:
            return _blue_green_reason(here, blue_green)
        case _:
            return ""


def _canary_reason(here: Situation, canary: Canary) -> str:
    if here.status.is_aborted or here.new is None or here.new.available < _enough(here, canary):
        return ""
    if here.observed.promote_fully:
        return "Full promotion requested"
    if here.is_in_window:
        return "Rollback within window"
    count = len(canary.steps)
    is_done = not count or here.observed.step == count
    if not is_done or is_open(here):
        return ""
    return f"Completed all {count} canary steps"


def _enough(here: Situation, canary: Canary) -> int:
    """Available pods that a promotion needs."""
    size = here.rollout.size
    return size if canary.progress_threshold is None else canary.progress_threshold.of(size, round_up=True)


def _blue_green_reason(here: Situation, blue_green: BlueGreen) -> str:
    if here.new is None or here.service_hash(blue_green.active_service) != here.new.hash:
        return ""
    if here.status.is_aborted:
        return ""
    if here.observed.promote_fully:
        return "Full promotion requested"
    if here.is_in_window:
        return "Rollback within window"
    if here.is_way_back:
        return "Fast rollback"
    if blue_green.post_promotion is not None and not is_passed(here, POST):
        return ""
    return "Completed blue-green update"


def with_promoted_flag(status: Status) -> Status:
    """promoteFull is a request for the present update only: it goes once the version is stable."""
    return replace(status, promote_fully=status.promote_fully and status.stable != status.current)
