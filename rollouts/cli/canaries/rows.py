"""A Canary in a line of `list canaries`. Called by listing; pure.

The stored phase is shown: to look at every target would be a request a line. The caller looks at those that failed.
"""

from rollouts.cli.canaries.fare import phase_of, weight_of
from rollouts.cli.canaries.found import read
from rollouts.cluster.port import Json

COLUMNS = (
    ("NAME", 10),
    ("TARGET", 10),
    ("STATUS", 16),
    ("WEIGHT", 6),
    ("ITERATION", 9),
    ("FAILED", 6),
    ("MESSAGE", 7),
)
"""Titles and least widths."""


def cells(manifest: Json, target: Json | None = None) -> dict[str, str]:
    """The line by title; what a Canary does not have is a dash."""
    canary = read(manifest, target)
    strategy, ticks, phase = canary.strategy, canary.rollout.status.ticks, phase_of(canary)
    has_weights = not strategy.climb.is_empty
    return {
        "NAMESPACE": manifest["metadata"].get("namespace", ""),
        "NAME": canary.name,
        "TARGET": f"{strategy.pair.kind}/{strategy.pair.target}",
        "STATUS": phase.name,
        "WEIGHT": str(weight_of(canary)) if has_weights else "-",
        "ITERATION": "-" if has_weights else f"{ticks.rounds}/{strategy.rounds}",
        "FAILED": f"{ticks.failed_checks}/{strategy.failure_budget}",
        "MESSAGE": phase.message,
    }
