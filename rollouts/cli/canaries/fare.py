"""How a Canary fares, in a word and a sentence. Called by status, list and the tree; pure.

The stored phase is not taken at face value: a target that has changed since is told of, so that nobody who waits for
the end of a release takes the end of the former one for it.
"""

from rollouts.cli.canaries.found import Found
from rollouts.cli.phase import Phase
from rollouts.model import status as model
from rollouts.model.command import Verb

AT_REST = ("Initialized", "Succeeded", "Failed")


def phase_of(canary: Found) -> Phase:
    """The phase to show."""
    status = canary.rollout.status
    stored = str(status.phase or "Initializing")
    faulty = status.condition("InvalidSpec")
    if faulty is not None:
        return Phase("Failed", f"InvalidSpec: {faulty.message}")
    if canary.rollout.is_suspended:
        return Phase(stored, "suspended: spec.suspend is set")
    if stored in AT_REST and _is_unseen(canary):
        return Phase("Progressing", f"waiting for the change of {_target(canary)} to be observed")
    if stored == "Failed" and _is_asked(canary, Verb.RETRY):
        return Phase("Progressing", "waiting for the retry to be observed")
    if status.phase is model.Phase.PROGRESSING:
        return Phase(stored, _progress(canary))
    if stored == "Failed" and is_taken_back(canary):
        return Phase(stored, f"{_target(canary)} is back at what the primary runs; the revision before it failed")
    promoted = status.condition("Promoted")
    return Phase(stored, promoted.message if promoted else "")


def is_taken_back(canary: Found) -> bool:
    """The target is what was promoted last. After a failure: its user took the revision back that was tried."""
    return bool(canary.rollout.target) and canary.rollout.target == canary.rollout.status.ticks.promoted


def weight_of(canary: Found) -> int:
    """What the new version gets. While its promotion waits the status says 0, but the last weight stands."""
    status, climb = canary.rollout.status, canary.strategy.climb
    weight: int = status.ticks.weight
    if status.phase is not model.Phase.WAITING_PROMOTION or climb.is_empty:
        return weight
    while (higher := climb.after(weight)) is not None:
        weight = higher
    return weight


def _is_unseen(canary: Found) -> bool:
    ticks, wanted = canary.rollout.status.ticks, canary.rollout.target
    return bool(wanted and ticks.applied) and wanted not in (ticks.applied, ticks.promoted)


def _target(canary: Found) -> str:
    pair = canary.strategy.pair
    return f"{pair.kind} {pair.target}"


def _progress(canary: Found) -> str:
    """How far it is: weight or rounds, failed checks, and whether a person holds it."""
    ticks, strategy = canary.rollout.status.ticks, canary.strategy
    way = f"weight {ticks.weight}" if not strategy.climb.is_empty else f"iteration {ticks.rounds} of {strategy.rounds}"
    told = f"{way}, {ticks.failed_checks} of {strategy.failure_budget} failed checks"
    return f"{told}, paused by user" if _is_asked(canary, Verb.PAUSE) else told


def _is_asked(canary: Found, verb: Verb) -> bool:
    command = canary.rollout.command
    return command is not None and command.verb is verb
