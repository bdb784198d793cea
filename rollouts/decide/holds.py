"""A run that a person holds: it gets no more traffic and is not promoted, but it is watched on, and may fail.

Called by the ticking course. A condition keeps that it is held, and since when: it is told once, and no tick writes it
again.
"""

from rollouts.decide.commands import asks
from rollouts.decide.conditions import set_condition, without_condition
from rollouts.decide.measures import is_first
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import JUDGED, PAUSED, named, phase_of, told
from rollouts.model.command import Verb
from rollouts.model.status import Condition


def let_go(here: Situation) -> Step | None:
    """A pause that nobody asks for any more."""
    if here.status.condition(PAUSED) is None or asks(here, Verb.PAUSE):
        return None
    return Step(events=(told(f"Resuming {named(here)}"),), status=without_condition(here.status, PAUSED))


def hold_start(here: Situation) -> Step | None:
    """A run that is held before it has shown anything asks nobody yet."""
    return hold_progress(here) if is_first(here) else None


def hold_progress(here: Situation) -> Step | None:
    """Whatever would come next waits for a person."""
    if phase_of(here) not in JUDGED or not asks(here, Verb.PAUSE):
        return None
    text = f"{named(here)} is paused by user"
    if here.status.condition(PAUSED) is not None:
        return Step(reason=text, ends=Ends.ACTING)
    now = here.now.replace(microsecond=0)
    status = set_condition(here.status, Condition(PAUSED, "True", "PausedByUser", text, now, now))
    return Step(events=(told(f"Pausing {named(here)}"),), status=status, reason=text, ends=Ends.ACTING)
