"""What must hold at every step about traffic, pods and ReplicaSets. Asked by the witness; words are in words.py."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rollouts.cluster.port import Json
from rollouts.traffic.gatewaynotes import NOTES
from rollouts.traffic.gatewaysettings import ACTIVE_ANNOTATION
from tests.simulation.witness import LONG_AGO, Actor, Mirror, Request, Seen, Verdicts

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
WORKLOAD = "rollout.argoproj.io/workload-generation"


class Watching:
    """An invariant that has nothing to say, for others to start from."""

    name = ""

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Nothing."""
        return ()

    def heard(self, request: Request, world: Mirror) -> Verdicts:
        """Nothing."""
        return ()

    def ended(self, world: Mirror) -> Verdicts:
        """Nothing."""
        return ()


class WeightsAreWhole(Watching):
    """What the controller writes on a route is a hundred in every rule."""

    name = "weights sum to 100"

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each route that the controller changes."""
        if seen.plural == "httproutes" and seen.is_own_update:
            for weights in weights_of(seen.after):
                yield "" if sum(weights.values()) == 100 else f"the route says {weights}"


class StableKeepsServing(Watching):
    """The controller never takes pods that the strategy still needs while the stable version serves."""

    name = "stable keeps serving"

    def __init__(self) -> None:
        self._sizes: list[tuple[datetime, int]] = []
        self._lost = LONG_AGO

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each ReplicaSet that the controller makes smaller."""
        if seen.plural == "rollouts" and seen.after is not None:
            self._remember(seen.at, seen.after["spec"].get("replicas", 1))
        if seen.plural == "replicasets" and seen.before is not None and seen.after is not None:
            if seen.actor is not Actor.CONTROLLER and _served(seen.after) < _served(seen.before):
                self._lost = seen.at
            if seen.is_own_update and size_of(seen.after) < size_of(seen.before):
                rollout = world.owner_of(seen.after)
                if rollout is not None:
                    yield from self._verdict(rollout, seen, world)

    def _remember(self, at: datetime, size: int) -> None:
        if not self._sizes or self._sizes[-1][1] != size:
            self._sizes.append((at, size))

    def _least(self, world: Mirror) -> int:
        """The smallest size that the controller may still take for the wanted one."""
        until = [*(at for at, _ in self._sizes[1:]), world.now]
        return min(size for (_, size), end in zip(self._sizes, until, strict=True) if world.now - end <= world.patience)

    def _verdict(self, rollout: Json, seen: Seen, world: Mirror) -> Verdicts:
        assert seen.before is not None  # the caller has looked
        assert seen.after is not None
        least, canary = self._least(world), rollout["spec"]["strategy"].get("canary")
        stable = (rollout.get("status") or {}).get("stableRS")
        if canary is None or "trafficRouting" in canary:
            if stable and seen.after["metadata"]["labels"].get(HASH) == stable:
                size, least = size_of(seen.after), -(-least * _share_of(stable, rollout, world) // 100)
                yield "" if size >= least else f"stable goes down to {size} of {least}"
        elif seen.at - self._lost > world.patience:
            least -= _may_miss(canary, least)
            others = [
                rs for rs in world.replica_sets(rollout) if rs["metadata"]["uid"] != seen.after["metadata"]["uid"]
            ]
            left = sum(map(_served, others))
            was, now = left + _served(seen.before), left + _served(seen.after)
            yield "" if now == was or now >= least else f"only {now} pods are left to serve, {least} are needed"


class OneReplicaSetPerHash(Watching):
    """A template has one ReplicaSet, and every ReplicaSet that the controller makes has a rollout."""

    name = "one ReplicaSet per hash"

    def __init__(self) -> None:
        self._gone: dict[str, datetime] = {}

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each ReplicaSet that the controller creates."""
        if seen.plural in ("rollouts", "experiments") and seen.before is not None and seen.after is None:
            self._gone[seen.before["metadata"]["uid"]] = seen.at
        if seen.plural == "replicasets" and seen.before is None and seen.actor is Actor.CONTROLLER:
            assert seen.after is not None  # it was created
            rollout = world.owner_of(seen.after)
            if (trial := world.trial_of(seen.after)) is not None:
                others = (rs for rs in world.all("replicasets") if world.trial_of(rs) in (trial, None))
                twins = [rs for rs in others if _hash(rs) == _hash(seen.after)]
                yield "" if len(twins) == 1 else f"a Service of hash {_hash(seen.after)} leads to {len(twins)} versions"
                return
            if rollout is None:
                yield "" if self._was_there(seen, world) else f"{seen.after['metadata']['name']} belongs to nobody"
                return
            twins = [rs for rs in world.replica_sets(rollout) if _hash(rs) == _hash(seen.after)]
            yield "" if len(twins) == 1 else f"hash {_hash(seen.after)} has {len(twins)} ReplicaSets"

    def _was_there(self, seen: Seen, world: Mirror) -> bool:
        """Its rollout was deleted just now; the garbage collector sees to the rest."""
        owners = (seen.after or {})["metadata"]["ownerReferences"]
        return any(seen.at - self._gone.get(owner["uid"], LONG_AGO) <= world.patience for owner in owners)

    def ended(self, world: Mirror) -> Verdicts:
        """No ReplicaSet outlives its rollout or experiment."""
        for rs in filter(_hash, world.all("replicasets")):
            is_owned = world.owner_of(rs) is not None or world.trial_of(rs) is not None
            yield "" if is_owned else f"{rs['metadata']['name']} is an orphan"


class RevisionsRise(Watching):
    """A revision is given once, and each is higher than all before it."""

    name = "revisions rise"

    def __init__(self) -> None:
        self._given: defaultdict[str, int] = defaultdict(int)

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each revision that the controller writes."""
        if seen.actor is not Actor.CONTROLLER or seen.after is None:
            return
        revision = _revision(seen.after)
        if revision == _revision(seen.before) or seen.plural not in ("replicasets", "rollouts"):
            return
        if seen.plural == "rollouts":
            yield "" if revision >= _revision(seen.before) else f"the rollout goes back to revision {revision}"
            return
        owner = world.owner_of(seen.after)
        if owner is None:
            return  # its rollout is gone, and so will it be
        uid = owner["metadata"]["uid"]
        last, self._given[uid] = self._given[uid], max(revision, self._given[uid])
        yield "" if revision > last else f"{seen.after['metadata']['name']} gets revision {revision} after {last}"


class NoForeignMarks(Watching):
    """Users' objects get no finalizer and no annotation but the few that are Argo's own, and a route's note."""

    name = "no foreign marks"
    allowed: Mapping[str, frozenset[str]] = {
        "rollouts": frozenset({REVISION, WORKLOAD}),
        "services": frozenset({"argo-rollouts.argoproj.io/managed-by-rollouts"}),
        "httproutes": frozenset({ACTIVE_ANNOTATION, NOTES}),
        "analysistemplates": frozenset(),
        "clusteranalysistemplates": frozenset(),
    }

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each object of a user that the controller changes."""
        if seen.is_own_update and seen.plural in self.allowed:
            before, after = (seen.before or {})["metadata"], (seen.after or {})["metadata"]
            added = set(after.get("annotations") or ()) - set(before.get("annotations") or ())
            strange = sorted(added - self.allowed[seen.plural])
            if after.get("finalizers") != before.get("finalizers"):
                strange.append(f"finalizers {after.get('finalizers')}")
            yield "" if not strange else f"{seen.plural} {after['name']} gets {strange}"


def traffic_and_pods() -> Iterator[Any]:
    """A fresh set of the invariants above."""
    yield from (WeightsAreWhole(), StableKeepsServing())
    yield from (OneReplicaSetPerHash(), RevisionsRise(), NoForeignMarks())


def weights_of(route: Json | None) -> list[dict[str, int]]:
    """What a route says, rule by rule, by Service."""
    rules = ((route or {}).get("spec") or {}).get("rules") or []
    return [{ref["name"]: ref.get("weight", 1) for ref in rule.get("backendRefs") or ()} for rule in rules]


def _share_of(template_hash: str, rollout: Json, world: Mirror) -> int:
    """Percent of the pods that a stable version has to keep: all, or as many as it has weight if it may shrink."""
    if not (rollout["spec"]["strategy"].get("canary") or {}).get("dynamicStableScale"):
        return 100
    owned = {
        s["metadata"]["name"] for s in world.all("services") if s["spec"].get("selector", {}).get(HASH) == template_hash
    }
    shares = [weight for route in world.all("httproutes") for weight in weights_of(route)[0].items()]
    return sum(weight for service, weight in shares if service in owned)


def is_without_pods(world: Mirror) -> bool:
    """Nobody wants pods, and still weight has to lie somewhere."""
    return all(rollout["spec"].get("replicas") == 0 for rollout in world.all("rollouts"))


def part_of(weights: dict[str, int], service: str) -> float:
    """What a Service gets of a rule, from 0 to 1."""
    return weights.get(service, 0) / max(1, sum(weights.values()))


def _available(rs: Json) -> int:
    return int((rs.get("status") or {}).get("availableReplicas", 0))


def size_of(rs: Json) -> int:
    """Pods that are wanted of a ReplicaSet."""
    return int(rs["spec"].get("replicas", 1))


def _served(rs: Json) -> int:
    return min(_available(rs), size_of(rs))


def _may_miss(canary: Json, size: int) -> int:
    """Pods that may be missing: maxUnavailable rounded down, one where maxSurge allows no other way."""
    missing = quota(canary.get("maxUnavailable", "25%"), size, round_up=False)
    surge = quota(canary.get("maxSurge", "25%"), size, round_up=True)
    return min(size, 1 if missing == surge == 0 else missing)


def quota(value: Any, size: int, *, round_up: bool) -> int:
    """Pods of so many, by a number or by percent."""
    if isinstance(value, int):
        return value
    percent = size * int(str(value).removesuffix("%"))
    return -(-percent // 100) if round_up else percent // 100


def _hash(rs: Json) -> str:
    return str(rs["metadata"].get("labels", {}).get(HASH, ""))


def _revision(obj: Json | None) -> int:
    annotations = ((obj or {}).get("metadata") or {}).get("annotations") or {}
    return int(annotations.get(REVISION, 0))
