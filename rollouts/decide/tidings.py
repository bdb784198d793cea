"""What a ticking rollout tells, and small facts that its stages share. Called by all modules of the ticking course.

All its events have one reason; texts, names and order are API. How users call the two versions
is a value of the strategy, not known here.
"""

from dataclasses import replace

from rollouts.decide.situation import Situation
from rollouts.model.plan import Event
from rollouts.model.status import Phase, Status, TickStatus
from rollouts.model.strategy import Progressive

SYNCED = "Synced"
PAUSED = "Paused"
AT_REST = frozenset({Phase.INITIALIZED, Phase.SUCCEEDED, Phase.FAILED})
JUDGED = frozenset({Phase.PROGRESSING, Phase.WAITING_PROMOTION})
_KEEPS_COUNT = frozenset({Phase.PROGRESSING, Phase.WAITING, Phase.PROMOTING})
_PROMOTED = frozenset({Phase.INITIALIZED, Phase.SUCCEEDED})


def told(text: str, phase: str = "") -> Event:
    """An event that informs; `phase` is told to webhooks of events where it is not the observed one."""
    return Event(SYNCED, text, phase=phase)


def warned(text: str, phase: str = "") -> Event:
    """An event that warns."""
    return Event(SYNCED, text, is_warning=True, phase=phase)


def strategy_of(here: Situation) -> Progressive:
    """The ticking strategy; the tuple of stages is chosen by it."""
    assert isinstance(here.rollout.strategy, Progressive)
    return here.rollout.strategy


def subject(here: Situation) -> str:
    """The target as events name it."""
    return f"{strategy_of(here).pair.target}.{here.rollout.namespace}"


def named(here: Situation) -> str:
    """The rollout as events name it: of where a run stands, not of what is done to the target."""
    return f"{here.rollout.name}.{here.rollout.namespace}"


def phase_of(here: Situation) -> Phase:
    """Where the run stood at the round's start; a rollout without a phase begins."""
    return here.observed.phase or Phase.INITIALIZING


def is_beginning(here: Situation) -> bool:
    """The copy has never served yet."""
    return phase_of(here) is Phase.INITIALIZING


def is_changed(here: Situation) -> bool:
    """The template is neither the one last tried nor the one last promoted, or the configuration is another."""
    ticks, target = here.observed.ticks, here.rollout.target
    is_new = not ticks.applied or target not in (ticks.applied, ticks.promoted)
    return is_new or (ticks.configs or {}) != (here.rollout.configs or {})


def is_reverted(here: Situation) -> bool:
    """The user took the new version back while it was tried."""
    ticks, target = here.observed.ticks, here.rollout.target
    return target == ticks.promoted != ticks.applied and not is_changed(here)


def in_phase(here: Situation, phase: Phase, ticks: TickStatus | None = None) -> Status:
    """The status in another phase, with `ticks` if given. Most phases forget weight and rounds (§1.4).

    A run that has come to its end is not held any more.
    """
    counts = ticks or here.status.ticks
    if phase not in _KEEPS_COUNT:
        waits = phase is Phase.WAITING_PROMOTION
        counts = replace(counts, weight=0, rounds=strategy_of(here).rounds - 1 if waits else 0)
    if phase in _PROMOTED:
        counts = replace(counts, promoted=counts.applied)
    conditions = here.status.conditions
    kept = tuple(c for c in conditions if c.type != PAUSED) if phase in AT_REST else conditions
    return replace(here.status, phase=phase, ticks=counts, conditions=kept)


def afresh(here: Situation) -> TickStatus:
    """The counters of a run that begins: zero, with the target's template as the one that is tried."""
    kept = here.status.ticks
    return TickStatus(
        applied=here.rollout.target,
        promoted=kept.promoted,
        ticked=kept.ticked,
        configs=here.rollout.configs,
        cookies=kept.cookies,
    )
