"""Short questions about Experiments. Called by the scenarios that have some."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.scenarios.sight import Sight


def status_of(world: Sight, name: str = "trial") -> Json:
    """The status of an Experiment."""
    found: Json = (world.one(kinds.EXPERIMENTS, name) or {}).get("status") or {}
    return found


def phase_of(world: Sight, name: str = "trial") -> str:
    """Its phase."""
    return str(status_of(world, name).get("phase", ""))


def versions(world: Sight, name: str = "trial") -> dict[str, str]:
    """Where its versions stand, by template."""
    return {seen["name"]: seen.get("status", "") for seen in status_of(world, name).get("templateStatuses") or ()}


def analyses(world: Sight, name: str = "trial") -> dict[str, str]:
    """Where its analyses stand."""
    return {seen["name"]: seen.get("phase", "") for seen in status_of(world, name).get("analysisRuns") or ()}


def conditions(world: Sight, name: str = "trial") -> dict[str, tuple[str, str]]:
    """Its conditions: type to (status, reason)."""
    return {c["type"]: (c["status"], c["reason"]) for c in status_of(world, name).get("conditions") or ()}


def sizes(world: Sight, name: str = "trial") -> dict[str, int]:
    """What is asked for of each of its ReplicaSets (spec.replicas), by name."""
    uid = (world.one(kinds.EXPERIMENTS, name) or {"metadata": {}})["metadata"].get("uid")
    return {
        replica_set["metadata"]["name"]: replica_set["spec"].get("replicas", 1)
        for replica_set in world.all(kinds.REPLICA_SETS)
        if any(owner["uid"] == uid for owner in replica_set["metadata"].get("ownerReferences") or ())
    }


def is_gone(world: Sight, name: str = "trial") -> bool:
    """Whether none of its versions has a pod any more, or is to have one."""
    counts = [seen.get("replicas", 0) for seen in status_of(world, name).get("templateStatuses") or ()]
    return not any((*counts, *sizes(world, name).values()))


def begun_by(rollout: str, world: Sight) -> list[str]:
    """The names of the Experiments that a rollout has started."""
    return [
        trial["metadata"]["name"]
        for trial in world.all(kinds.EXPERIMENTS)
        if any(owner["name"] == rollout for owner in trial["metadata"].get("ownerReferences") or ())
    ]
