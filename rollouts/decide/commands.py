"""What a person asks of the present run of a ticking rollout (model/command.py). Called by the stages that heed it.

Holding a run is in holds, aborts are in rollback, the short way to the end in promotion_by_copy.
"""

from rollouts.decide.situation import Situation
from rollouts.decide.tidings import phase_of
from rollouts.model import gates as moments
from rollouts.model.command import Verb
from rollouts.model.status import Phase


def asks(here: Situation, verb: Verb) -> bool:
    """Whether a person asks for this."""
    command = here.rollout.command
    return command is not None and command.verb is verb


def is_retried(here: Situation) -> bool:
    """What failed is to begin again."""
    return phase_of(here) is Phase.FAILED and asks(here, Verb.RETRY)


def is_opened(here: Situation, moment: str) -> bool:
    """Whether a person has agreed in the place of the gates of this moment; to more traffic, at this weight only."""
    command = here.rollout.command
    if command is None or moment not in moments.CONFIRMING:
        return False
    if command.verb is Verb.FINISH:
        return True
    is_here = moment != moments.CONFIRM_TRAFFIC_INCREASE or command.weight == here.observed.ticks.weight
    return command.verb is Verb.PROMOTE and command.moment == moment and is_here
