"""The sizes that each ReplicaSet was ever given, as a watch saw them. Kept by the stage."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from rollouts.cluster.port import Json

HASH = "rollouts-pod-template-hash"


def hash_of(obj: Json) -> str:
    """The pod template hash that an object is labelled with."""
    return str((obj["metadata"].get("labels") or {}).get(HASH, ""))


def image_of(replica_set: Json) -> str:
    """The version that a ReplicaSet runs."""
    return str(replica_set["spec"]["template"]["spec"]["containers"][0]["image"])


@dataclass(frozen=True)
class Course:
    """How one rollout's pods came and went: turns upward by version, the most wanted at once, ReplicaSets made."""

    turns: dict[str, int]
    most: int
    made: int

    def exceeds(self, other: "Course") -> bool:
        """Whether something was scaled up again, or beyond, that was not in the other one."""
        has_turned = any(count > other.turns.get(image, 0) for image, count in self.turns.items())
        return has_turned or self.most > other.most or self.made > other.made


@dataclass
class Sizes:
    """By the uid of the rollout that owns them: the sizes of each ReplicaSet, and the sums of all."""

    _histories: defaultdict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    _images: dict[str, str] = field(default_factory=dict)
    _most: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def saw(self, before: Json | None, after: Json | None) -> None:
        """A ReplicaSet has changed."""
        obj = after or before or {}
        for owner in obj["metadata"].get("ownerReferences") or ():
            uid, size = obj["metadata"]["uid"], 0 if after is None else int(after["spec"].get("replicas", 1))
            self._images[uid] = image_of(obj)
            sizes = self._histories[owner["uid"]].setdefault(uid, [])
            if not sizes or sizes[-1] != size:
                sizes.append(size)
            total = sum(each[-1] for each in self._histories[owner["uid"]].values())
            self._most[owner["uid"]] = max(total, self._most[owner["uid"]])

    def course(self, rollout: Json) -> Course:
        """What was seen of a rollout's ReplicaSets."""
        uid = rollout["metadata"]["uid"]
        histories = self._histories[uid]
        turns = {self._images[one]: _turns(sizes) for one, sizes in histories.items()}
        return Course(turns, self._most[uid], len(histories))

    def told(self, rollout: Json) -> dict[str, list[int]]:
        """The sizes themselves, by version."""
        return {self._images[one]: sizes for one, sizes in self._histories[rollout["metadata"]["uid"]].items()}


def _turns(sizes: list[int]) -> int:
    """How often a size rose after it had fallen."""
    turns, has_fallen = 0, False
    for was, now in pairwise(sizes):
        if now < was:
            has_fallen = True
        elif has_fallen:
            turns, has_fallen = turns + 1, False
    return turns
