"""Adopt what belongs to the rollout by its labels, let go what does not any more. A check of both tuples.

Argo's ClaimReplicaSets: the round ends with it, and the next one counts with what is then the rollout's own.
"""

from rollouts.decide.situation import Ends, Situation, Step
from rollouts.model.effects import AdoptVersion, Effect, ReleaseVersion


def claim_versions(here: Situation) -> Step | None:
    """ReplicaSets without an owner that the selector finds become versions; owned ones that it misses are released."""
    adopted: tuple[Effect, ...] = tuple(AdoptVersion(stray.name, stray.uid) for stray in here.snapshot.orphans)
    released: tuple[Effect, ...] = tuple(ReleaseVersion(stray.name, stray.uid) for stray in here.snapshot.departed)
    if not adopted and not released:
        return None
    names = ", ".join(stray.name for stray in (*here.snapshot.orphans, *here.snapshot.departed))
    return Step((*released, *adopted), reason=f"adopt or release ReplicaSets: {names}", ends=Ends.ROUND)
