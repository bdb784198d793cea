"""The last weight stands until the checks have seen nothing but it. Called by the ticking course.

A check looks back over a window of its own. What happens at one weight is still in view at the next, so a window that
is longer than a tick hides nothing, until the last: after that nobody looks again. A condition keeps since when it
stands.

weight 20 |--tick--| weight 40 |--tick--| measured, promoted? half of what was seen belongs to 20: one tick more
"""

from datetime import timedelta

from rollouts.decide.conditions import set_condition, without_condition
from rollouts.decide.routing import weight_now
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import JUDGED, named, phase_of, strategy_of, told
from rollouts.model.status import Condition

MEASURING = "Measuring"


def forget(here: Situation) -> Step | None:
    """The weight is another, or the run is over."""
    if here.status.condition(MEASURING) is None or _is_last(here):
        return None
    return Step(status=without_condition(here.status, MEASURING))


def last_weight_unmeasured(here: Situation) -> Step | None:
    """Nothing is promoted on what was measured before it had this weight; the checks of each tick count meanwhile."""
    lacking = _lacking(here)
    if strategy_of(here).edges.promotes_unmeasured or lacking <= timedelta() or not _is_last(here):
        return None
    known, now = here.status.condition(MEASURING), here.now.replace(microsecond=0)
    text = f"{named(here)} keeps its weight until all that its metrics look back on is of this weight"
    if known is not None:
        return Step(reason=text, ends=Ends.ACTING) if here.now - known.changed < lacking else None
    status = set_condition(here.status, Condition(MEASURING, "True", "WindowIsOlder", text, now, now))
    return Step(events=(told(text),), status=status, reason=text, ends=Ends.ACTING)


def _lacking(here: Situation) -> timedelta:
    """What the longest window still lacks at the first tick that measures a weight."""
    strategy = strategy_of(here)
    windows = (check.window for check in strategy.checks)
    return max(windows, default=timedelta()) - strategy.interval


def _is_last(here: Situation) -> bool:
    """All the traffic that the new version is to get before its promotion; chosen requests were its own all along."""
    strategy, weight = strategy_of(here), weight_now(here)
    if phase_of(here) not in JUDGED or not weight or not strategy.moves_traffic or strategy.is_matched:
        return False
    return strategy.climb.is_empty or strategy.climb.after(weight) is None
