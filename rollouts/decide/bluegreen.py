"""The stages that only blue-green has: preview, pause, switch, and the latch of the preview's size (Argo §2.5)."""

from dataclasses import replace

from rollouts.decide.analyses import PRE, is_passed
from rollouts.decide.pauses import BLUE_GREEN_PAUSE, is_blue_green_pause_over, with_pause, without_pause
from rollouts.decide.scaling import is_new_stable, preview_size
from rollouts.decide.services import point
from rollouts.decide.situation import Situation, Step
from rollouts.model.strategy import BlueGreen


def _strategy(here: Situation) -> BlueGreen:
    assert isinstance(here.rollout.strategy, BlueGreen)  # the tuple of stages is chosen by the strategy
    return here.rollout.strategy


def point_preview(here: Situation) -> Step | None:
    """The preview Service shows the new version from the first moment, ready or not."""
    return point(here, _strategy(here).preview_service, here.new, when_ready=False)


def pause_before_switch(here: Situation) -> Step | None:
    """Once the new version is ready and judged well, wait for a human or for the time of auto-promotion."""
    strategy, status = _strategy(here), here.status
    if status.is_aborted or here.is_held or not is_ready(here):
        return None
    if is_fast_tracked(here):
        return Step(status=without_pause(status, BLUE_GREEN_PAUSE))
    if not _is_judged_well(here):
        return None
    if is_blue_green_pause_over(here, strategy):
        return Step(status=without_pause(status, BLUE_GREEN_PAUSE))
    status = with_pause(status, BLUE_GREEN_PAUSE, here.now)
    pause = status.paused_for(BLUE_GREEN_PAUSE)
    if not strategy.auto_promotion or strategy.auto_promotion_after is None or pause is None:
        return Step(status=status, reason="preview is ready: waits to be promoted")
    ends_at = pause.since + strategy.auto_promotion_after
    return Step(status=status, wake_at=ends_at, reason=f"preview is ready: promotes itself at {ends_at:%H:%M:%S}")


def point_active(here: Situation) -> Step | None:
    """Switch all users to the new version, or after an abort back to the stable one."""
    strategy = _strategy(here)
    if here.status.is_aborted:
        return point(here, strategy.active_service, here.stable, when_ready=False)
    if here.is_held or here.new is None or not is_ready(here) or not here.new.is_saturated:
        return None
    if here.new.replicas != here.rollout.size:
        return None
    is_time = is_blue_green_pause_over(here, strategy) and _is_judged_well(here)
    if not (is_fast_tracked(here) or is_time):
        return None
    return point(here, strategy.active_service, here.new, when_ready=False)


def latch_preview_size(here: Situation) -> Step | None:
    """From the moment that promotion has begun, the new version may grow to full size, and stays so."""
    strategy, status = _strategy(here), here.status
    may_grow = False
    if strategy.preview_replicas is not None and here.new is not None and not here.is_initial:
        is_time = is_ready(here) and _is_judged_well(here) and is_blue_green_pause_over(here, strategy)
        may_grow = status.blue_green.may_grow or is_fast_tracked(here) or is_time
    if status.stable == status.current or status.is_aborted:
        may_grow = False
    blue_green = replace(
        status.blue_green,
        active=here.service_hash(strategy.active_service),
        preview=here.service_hash(strategy.preview_service) if strategy.preview_service else "",
        may_grow=may_grow,
    )
    return Step(status=replace(status, blue_green=blue_green))


def is_ready(here: Situation) -> bool:
    """The new version has the size that it is to have for now, and every pod is available."""
    if here.new is None:
        return False
    wanted = preview_size(here, _strategy(here))
    return here.new.replicas == wanted and here.new.available >= wanted


def is_fast_tracked(here: Situation) -> bool:
    """Nothing to lose by switching at once: a full promotion, a way back, or nothing served yet."""
    if here.is_initial or here.new is None or here.observed.promote_fully:
        return True
    if here.is_way_back or is_new_stable(here):
        return True
    active = here.service_hash(_strategy(here).active_service)
    return active == here.new.hash or here.version_of(active) is None  # it selects nothing that is there


def _is_judged_well(here: Situation) -> bool:
    return _strategy(here).pre_promotion is None or is_passed(here, PRE)
