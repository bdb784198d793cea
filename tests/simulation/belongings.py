"""What must hold about a version's own: how many pods all have together, what they carry, whose template it is."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rollouts.cluster.port import Json
from tests.simulation.invariants import HASH, Watching, quota
from tests.simulation.witness import Actor, Mirror, Seen, Verdicts


class SurgeIsKept(Watching):
    """All versions of a basic canary together get no more pods than its size and its surge allow."""

    name = "surge is kept"

    def __init__(self) -> None:
        self._sizes: list[tuple[datetime, int]] = []

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each ReplicaSet that the controller makes bigger."""
        if seen.plural == "rollouts" and seen.after is not None:
            self._sizes.append((seen.at, seen.after["spec"].get("replicas", 1)))
        if seen.plural != "replicasets" or seen.actor is not Actor.CONTROLLER or seen.after is None:
            return
        rollout = world.owner_of(seen.after)
        canary = {} if rollout is None else rollout["spec"]["strategy"].get("canary") or {}
        if "maxSurge" in canary and rollout is not None and _size(seen.after) > _size(seen.before):
            size = self._most(world)
            most = size + max(quota(canary["maxSurge"], size, round_up=True), 0)
            total = sum(_size(rs) for rs in world.replica_sets(rollout))
            yield "" if total <= most else f"{total} pods are asked for, {most} are allowed"

    def _most(self, world: Mirror) -> int:
        """The biggest size that the controller may still take for the wanted one."""
        until = [*(at for at, _ in self._sizes[1:]), world.now]
        return max(size for (_, size), end in zip(self._sizes, until, strict=True) if world.now - end <= world.patience)


class RolesAreMarked(Watching):
    """In the end the pods of the stable version carry the metadata of that role, and of no other."""

    name = "roles are marked"

    def ended(self, world: Mirror) -> Verdicts:
        """Each pod of a stable version whose role has metadata."""
        for rollout in world.all("rollouts"):
            wanted = _labels_of_stable(rollout)
            stable = (rollout.get("status") or {}).get("stableRS")
            pods = [pod for pod in world.all("pods") if stable and _labels(pod).get(HASH) == stable]
            for pod in pods if wanted else ():
                is_marked = wanted.items() <= _labels(pod).items()
                yield "" if is_marked else f"{pod['metadata']['name']} carries {_labels(pod)}, not {wanted}"


class TemplatesAreTheirOwners(Watching):
    """Of a workload that lends its template the controller writes the size alone, and never makes it bigger."""

    name = "templates are their owners'"

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each Deployment that the controller changes."""
        if seen.plural == "deployments" and seen.is_own_update:
            before, after = (dict((obj or {})["spec"]) for obj in (seen.before, seen.after))
            was, now = before.pop("replicas"), after.pop("replicas")
            yield (
                "" if before == after and now <= was else f"the workload is changed from {seen.before} to {seen.after}"
            )


def belongings() -> Iterator[Any]:
    """A fresh set of the invariants above."""
    yield from (SurgeIsKept(), RolesAreMarked(), TemplatesAreTheirOwners())


def _labels_of_stable(rollout: Json) -> Json:
    strategy = rollout["spec"]["strategy"]
    metadata = (strategy.get("canary") or {}).get("stableMetadata") or (strategy.get("blueGreen") or {}).get(
        "activeMetadata"
    )
    labels: Json = (metadata or {}).get("labels") or {}
    return labels


def _labels(obj: Json) -> Json:
    labels: Json = obj["metadata"].get("labels") or {}
    return labels


def _size(rs: Json | None) -> int:
    return 0 if rs is None else int(rs["spec"].get("replicas", 1))
