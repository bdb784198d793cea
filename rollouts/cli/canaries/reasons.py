"""What a Canary waits for, since when, what comes next, what stands in the way and what one can do. Called by explain.

Pure, over one look: gives the same values that explain tells of Rollouts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rollouts.cli.canaries.fare import phase_of
from rollouts.cli.canaries.found import Found
from rollouts.cli.canaries.look import Look
from rollouts.cli.timeline import Happening
from rollouts.decide.commands import asks
from rollouts.decide.routing import weight_now
from rollouts.decide.situation import Situation
from rollouts.decide.tidings import AT_REST, JUDGED, PAUSED, is_changed
from rollouts.model import gates as moments
from rollouts.model.command import Verb
from rollouts.model.faults import Faults
from rollouts.model.questions import AskGate, AskMetric
from rollouts.model.reading import rfc3339
from rollouts.model.status import Phase
from rollouts.model.weights import Unknown

LATELY = 3
"""Warnings of so many intervals are still about what stands in the way."""
_BEGUN, _FAILED = "New revision detected", " failed! Scaling down "
_VERDICTS = (_FAILED, " failed checks threshold reached ")
"""Words of warnings that tell of a failure and not why."""
_HOLDS = {Phase.WAITING: moments.CONFIRM_ROLLOUT, Phase.WAITING_PROMOTION: moments.CONFIRM_PROMOTION}
_BACK = frozenset({Phase.PROMOTING, Phase.FINALISING})


class Wait(NamedTuple):
    """What is waited for, since when (None: nobody knows), and whether it is meant to be."""

    what: str
    since: datetime | None = None
    is_by_design: bool = True


def explanation(look: Look) -> dict[str, Any]:
    """All of it as plain values; times are RFC 3339."""
    rollout, wait = look.world.rollout, _wait(look)
    return {
        "name": rollout.name,
        "namespace": rollout.namespace,
        "phase": str(rollout.status.phase or Phase.INITIALIZING),
        "message": _message(look),
        "why": _why(look),
        "step": _step(look),
        "reason": look.plan.reason,
        "waitsFor": wait.what if wait else None,
        "since": rfc3339(wait.since) if wait and wait.since else None,
        "byDesign": bool(wait and wait.is_by_design),
        "inTheWay": [{"what": what, "cure": cure} for what, cure in _in_the_way(look)],
        "next": list(_next(look)),
        "youCan": [{"command": command, "why": why} for command, why in _deeds(look)],
    }


def _message(look: Look) -> str:
    """What the status says; of a failure what `get` and `status` say, who look at the target, too."""
    world = look.world
    if world.rollout.status.phase is Phase.FAILED:
        return phase_of(Found(world.manifest, world.target, world.dialect, world.rollout)).message
    promoted = world.rollout.status.condition("Promoted")
    return promoted.message if promoted else ""


def _why(look: Look) -> str | None:
    """Why it failed: the run's last warning that says more than that it did; None where its events are gone."""
    if look.world.rollout.status.phase is not Phase.FAILED:
        return None
    warnings = [each.message for each in _of_last_run(look.told) if each.type == "Warning"]
    telling = [message for message in warnings if not any(words in message for words in _VERDICTS)]
    return next(reversed(telling or warnings), None)


def _of_last_run(told: Sequence[Happening]) -> Sequence[Happening]:
    """From its beginning to its end, as far as events are kept."""
    ends = [index for index, each in enumerate(told) if _FAILED in each.message]
    run = told[: ends[-1] + 1] if ends else told
    begun = [index for index, each in enumerate(run) if each.message.startswith(_BEGUN)]
    return run[begun[-1] :] if begun else run


def _faults(look: Look) -> Faults:
    return (*look.world.rollout.faults, *look.snapshot.reference_faults)


def _here(look: Look) -> Situation:
    return Situation(look.snapshot, look.now, look.world.rollout.status, ())


def _step(look: Look) -> str | None:
    strategy, ticks = look.strategy, look.world.rollout.status.ticks
    if look.world.rollout.status.phase not in JUDGED:
        return None
    failed = f"{ticks.failed_checks} of {strategy.failure_budget} failed checks"
    if strategy.climb.is_empty:
        return f"iteration {ticks.rounds} of {strategy.rounds}, {failed}"
    return f"weight {weight_now(_here(look))}, {failed}"


def _wait(look: Look) -> Wait | None:
    rollout, twins = look.world.rollout, look.snapshot.twins
    status = rollout.status
    phase = status.phase or Phase.INITIALIZING
    paused, promoted = status.condition(PAUSED), status.condition("Promoted")
    if _faults(look):
        return Wait("the manifest to be mended", is_by_design=False)
    if rollout.is_suspended:
        return Wait("a person to let it go on: spec.suspend is set")
    if asks(_here(look), Verb.PAUSE) and phase in JUDGED:
        return Wait("a person to let it go on: it is paused", paused.changed if paused else None)
    if phase in _HOLDS:
        names = ", ".join(gate.name for gate in look.strategy.gates if gate.moment == _HOLDS[phase])
        return Wait(f"approval: {_HOLDS[phase]} {names}".rstrip(), promoted.updated if promoted else None)
    if phase in AT_REST and not is_changed(_here(look)):
        return Wait("another version, or a retry") if phase is Phase.FAILED else None
    for readiness in (twins.copy_readiness, twins.target_readiness if phase in JUDGED else None):
        if readiness is not None and readiness.message:
            return Wait(readiness.message, is_by_design=False)
    return Wait(f"{rfc3339(look.ahead.at)} (next tick)") if look.ahead.at > look.now else None


def _in_the_way(look: Look) -> Iterator[tuple[str, str]]:
    """Mistakes, what cannot be brought about, pods that are not ready, and what the last ticks complained of."""
    for fault in _faults(look):
        yield str(fault), fault.cure
    twins, route = look.snapshot.twins, look.snapshot.route
    if twins.target is None:
        yield f"{look.strategy.pair.kind} {look.strategy.pair.target} does not exist", "create it"
    obstacles = twins.obstacles
    for obstacle in (obstacles.services, obstacles.copy, obstacles.scaler, obstacles.route):
        if obstacle:
            yield obstacle, ""
    if isinstance(route, Unknown) and look.strategy.moves_traffic and look.world.rollout.status.phase:
        yield route.reason, ""
    if look.world.rollout.status.phase not in AT_REST:
        yield from ((message, "") for message in _complaints(look))


def _complaints(look: Look) -> list[str]:
    """Warnings of the last ticks, the latest first, each once."""
    oldest = look.now - LATELY * look.strategy.interval
    fresh = [each for each in look.told if each.type == "Warning" and each.at >= oldest]
    return list(dict.fromkeys(each.message for each in reversed(fresh)))


def _next(look: Look) -> Iterator[dict[str, str | None]]:
    if _faults(look):
        yield {"what": "nothing, until the manifest is mended", "at": None, "when": None}
        return
    plan, phase = look.ahead.plan, look.world.rollout.status.phase
    if phase in AT_REST and not plan.effects and plan.status == look.world.rollout.status:
        return
    asked = _asked(look)
    what = f"{asked}; if all agree: {plan.reason}" if asked else plan.reason
    yield {"what": what, "at": rfc3339(look.ahead.at), "when": None}


def _asked(look: Look) -> str:
    """Who is asked in the next tick."""
    gates = [f"{q.moment} {q.gate}" for q in look.ahead.asked if isinstance(q, AskGate)]
    metrics = [q.name or "whether metrics can be had" for q in look.ahead.asked if isinstance(q, AskMetric)]
    told = (f"asks {', '.join(gates)}" if gates else "", f"measures {', '.join(metrics)}" if metrics else "")
    return ", ".join(filter(None, told))


def _deeds(look: Look) -> Iterator[tuple[str, str]]:
    """What a person can do now, the most likely wish first."""
    name, phase = look.world.rollout.name, look.world.rollout.status.phase
    if _faults(look):
        yield f"kubectl edit canary {name}", "mend the field, or apply a mended manifest"
        return
    if look.world.rollout.is_suspended:
        yield f"kubectl edit canary {name}", "take spec.suspend out"
        return
    if phase is Phase.FAILED:
        yield f"retry canary {name}", "try the same version again"
        yield f"events canary/{name} --warnings", "see what went wrong"
    if phase in _HOLDS or (phase in JUDGED and asks(_here(look), Verb.PAUSE)):
        yield f"promote canary/{name}", "go on now"
    if phase in _HOLDS or phase in JUDGED:
        yield f"abort canary/{name}", "give all traffic back to the primary"
        yield f"promote canary/{name} --full", "promote it without another check"
    if phase is Phase.PROGRESSING and not asks(_here(look), Verb.PAUSE):
        yield f"pause canary/{name}", "hold it where it is"
    if phase in _BACK:
        yield f"get canary {name} -w", "watch the primary take over"
