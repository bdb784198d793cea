"""`promote`, `abort`, `retry` and `pause` on a Canary: one annotation, which is a command to its present run only.

Called by the commands of the same names. What makes no sense now is refused here with the reason; what is written is
heeded by the controller at the Canary's next tick, an abort at once.
"""

from rollouts.cli.canaries.found import Found, found
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import CANARIES
from rollouts.cluster.port import Json, Patch, PatchType
from rollouts.model import gates as moments
from rollouts.model.command import Command, Verb
from rollouts.model.status import Phase

UNDER_WAY = (Phase.PROGRESSING, Phase.WAITING_PROMOTION)
_GATES = {Phase.WAITING: moments.CONFIRM_ROLLOUT, Phase.WAITING_PROMOTION: moments.CONFIRM_PROMOTION}


def promote(session: Session, manifest: Json, *, full: bool) -> str:
    """Let it go on: let go of what a person holds, or open the gate that it waits at; `full`: to the end, unjudged."""
    canary = found(session, manifest)
    _check(canary, "promote", (Phase.WAITING, *UNDER_WAY))
    if full:
        _give(session, canary, Command(Verb.FINISH))
        return f"canary '{canary.name}' fully promoted"
    if _is_held(canary):
        _write(session, canary, None)
        return f"canary '{canary.name}' resumed"
    command = _opening(canary)
    _give(session, canary, command)
    return f"canary '{canary.name}' promoted: {command.moment} is approved"


def abort(session: Session, manifest: Json) -> str:
    """End the run: everything back to the primary."""
    canary = found(session, manifest)
    _check(canary, "abort", (Phase.WAITING, *UNDER_WAY))
    _give(session, canary, Command(Verb.ABORT))
    return f"canary '{canary.name}' aborted"


def pause(session: Session, manifest: Json) -> str:
    """Hold the run where it is."""
    canary = found(session, manifest)
    _check(canary, "pause", (Phase.WAITING, *UNDER_WAY))
    _give(session, canary, Command(Verb.PAUSE))
    return f"canary '{canary.name}' paused"


def retry(session: Session, manifest: Json) -> str:
    """Begin again with what failed."""
    canary = found(session, manifest)
    _check(canary, "retry", (Phase.FAILED,))
    _give(session, canary, Command(Verb.RETRY))
    return f"canary '{canary.name}' retried"


def _check(canary: Found, verb: str, phases: tuple[Phase, ...]) -> None:
    phase = canary.rollout.status.phase or Phase.INITIALIZING
    if phase not in phases:
        raise CommandError(f"cannot {verb} canary '{canary.name}', which is {phase}: {_WHY[phase]}")


_RESTS = "nothing runs; the next version begins when the target changes (spec.suspend keeps it from that)"
_WHY = {
    Phase.INITIALIZING: "its primary is not there yet",
    Phase.INITIALIZED: _RESTS,
    Phase.SUCCEEDED: _RESTS,
    Phase.FAILED: "nothing runs; `retry` begins again, and a change of the target does",
    Phase.WAITING: "it waits for its approval; `promote` gives it",
    Phase.PROGRESSING: "it is still tried; `abort` ends that",
    Phase.WAITING_PROMOTION: "it waits for its promotion; `promote` gives it",
    Phase.PROMOTING: "the primary has the new version already; take the change back in the target instead",
    Phase.FINALISING: "the primary has the new version already; take the change back in the target instead",
    Phase.TERMINATING: "it is being deleted",
}


def _is_held(canary: Found) -> bool:
    command = canary.rollout.command
    return command is not None and command.verb is Verb.PAUSE


def _opening(canary: Found) -> Command:
    """The gate that it waits at now."""
    status, strategy = canary.rollout.status, canary.strategy
    moment = _GATES.get(status.phase) if status.phase else None
    if moment is not None:
        return Command(Verb.PROMOTE, moment)
    is_asked = any(gate.moment == moments.CONFIRM_TRAFFIC_INCREASE for gate in strategy.gates)
    if is_asked and not strategy.climb.is_empty:
        return Command(Verb.PROMOTE, moments.CONFIRM_TRAFFIC_INCREASE, status.ticks.weight)
    raise CommandError(f"canary '{canary.name}' waits at no gate: it goes on by itself; --full ends its analysis")


def _give(session: Session, canary: Found, command: Command) -> None:
    _write(session, canary, canary.dialect.written(command, canary.manifest, canary.rollout.target))


def _write(session: Session, canary: Found, value: str | None) -> None:
    patch = Patch(PatchType.MERGE, {"metadata": {"annotations": {canary.dialect.command: value}}})
    session.api.patch(session.target(CANARIES, canary.name), patch)
