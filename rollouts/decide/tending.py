"""The generated objects around a target and its copy: brought back to what the manifest wants, in every tick.

Called by the ticking course. What stands in the way is told, and nothing after it is done: a run never goes on over
Services, autoscalers or routes that are not as they should be.
"""

from rollouts.decide.rollback import scale_target
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import is_beginning, strategy_of, warned
from rollouts.model.effects import ROUTE, SCALER, SERVICES, Effect, HoldScaler, Tend


def services(here: Situation) -> Step | None:
    """The Services of either version."""
    return _blocked(here, here.snapshot.twins.obstacles.services) or _tended(here, SERVICES)


def copy_blocked(here: Situation) -> Step | None:
    """The copy cannot be made: configuration that it needs is not there."""
    twins = here.snapshot.twins
    return _blocked(here, twins.obstacles.copy) if twins.copy is None else None


def scaler(here: Situation) -> Step | None:
    """The copy's autoscaler; the target's own is held until there is something to scale."""
    name = strategy_of(here).pair.scaler
    if not name:
        return None
    blocked = _blocked(here, here.snapshot.twins.obstacles.scaler)
    if blocked is not None:
        return blocked
    held: tuple[Effect, ...] = (HoldScaler(name, is_held=True),) if is_beginning(here) else ()
    tended = _tended(here, SCALER) or Step()
    effects = (*tended.effects, *held)
    return Step(effects) if effects else None


def route(here: Situation) -> Step | None:
    """What carries the weights; a target that begins rests even where the route cannot be written."""
    blocked = _blocked(here, here.snapshot.twins.obstacles.route)
    if blocked is None:
        return _tended(here, ROUTE)
    effects = scale_target(here, 0) if is_beginning(here) else ()
    return Step(effects, blocked.events, wake_at=blocked.wake_at, reason=blocked.reason, ends=blocked.ends)


def _tended(here: Situation, part: str) -> Step | None:
    return Step((Tend(part),), reason=f"brings the {part} in order") if part in here.snapshot.twins.drifted else None


def _blocked(here: Situation, obstacle: str) -> Step | None:
    if not obstacle:
        return None
    wake_at = here.now + strategy_of(here).interval
    return Step(events=(warned(obstacle),), wake_at=wake_at, reason=obstacle, ends=Ends.ACTING)
