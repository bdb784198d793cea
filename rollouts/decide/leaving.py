"""A ticking rollout that is deleted gives everything back, where its user wants that. Called by the ticking course.

deleted   the target gets the copy's size, and its autoscaler
ready     Service and route lead to the target as before, and only then the rollout may go: nobody loses a request

A target that never gets ready holds nobody up for longer than its deadline.
"""

from dataclasses import replace

from rollouts.decide.rollback import hold_scaler, scale_target
from rollouts.decide.situation import RETRY, Ends, Situation, Step
from rollouts.decide.tidings import in_phase, named, phase_of, strategy_of, told, warned
from rollouts.model.effects import Effect, GiveBack, HoldBack
from rollouts.model.status import Phase


def finalizer(here: Situation) -> Step | None:
    """A rollout that is to give everything back must not go before it has; it takes nothing before there is a copy."""
    rollout = here.rollout
    is_held = rollout.reverts and (rollout.is_held_back or here.snapshot.twins.copy is not None)
    if rollout.is_deleted or is_held == rollout.is_held_back:
        return None
    return Step((HoldBack(is_held),))


def give_back(here: Situation) -> Step | None:
    """The target first, then all that leads to it."""
    if not here.rollout.is_deleted or not here.rollout.is_held_back:
        return None
    twins = here.snapshot.twins
    if here.snapshot.is_rivalled:  # the target is somebody else's
        return Step((HoldBack(is_held=False),), reason="nothing was taken", ends=Ends.ROUND)
    if phase_of(here) is not Phase.TERMINATING:
        return _begins(here)
    if twins.target is not None and twins.target_readiness.message and not twins.target_readiness.is_final:
        event = warned(twins.target_readiness.message)
        return Step(events=(event,), wake_at=here.now + RETRY, reason=event.message, ends=Ends.ROUND)
    effects: tuple[Effect, ...] = (GiveBack(), HoldBack(is_held=False))
    text = f"Terminated {strategy_of(here).words.new} {named(here)}"
    return Step(effects, (told(text),), reason=text, ends=Ends.ROUND)


def _begins(here: Situation) -> Step:
    copy = here.snapshot.twins.copy
    size = scale_target(here, copy.replicas) if copy else ()
    text = f"Terminating {strategy_of(here).words.new} {named(here)}"
    ticks = replace(here.status.ticks, ticked=here.now.replace(microsecond=0))  # from when deadlines count
    return Step(
        (*hold_scaler(here, is_held=False), *size),
        (told(text),),
        status=in_phase(here, Phase.TERMINATING, ticks),
        wake_at=here.now + RETRY,
        reason=text,
        ends=Ends.ROUND,
    )
