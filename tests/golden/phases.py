"""rollout_phase: what the controller writes, and what clients show."""

from rollouts.cli.phase import phase_of as shown_phase
from rollouts.decide.status import phase_of as written_phase
from rollouts.dialects.argo.rollout import parse
from tests.golden.category import Category, Json


def _phase(given: Json) -> Json:
    rollout = parse(given["rollout"])
    phase, message = written_phase(rollout, rollout.status)
    shown = shown_phase(given["rollout"])
    return {
        "controllerPhase": phase.value,
        "controllerMessage": message,
        "clientPhase": shown.name,
        "clientMessage": shown.message,
    }


PHASE = Category("rollout_phase", _phase)
