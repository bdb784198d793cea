"""Objects of one resource, kept by watching. Read by observe; own writes are put in at once (Cache.put)."""

from collections import defaultdict
from collections.abc import Iterator

from rollouts.cluster.port import Json


def version_of(obj: Json) -> int:
    """The resourceVersion as a number; 0 where there is none. Etcd's are numbers, and so are the simulator's."""
    text = obj.get("metadata", {}).get("resourceVersion", "")
    return int(text) if text.isdigit() else 0


class Cache:
    """The newest state seen of each object, with an index by owner uid.

    `put` keeps the higher resourceVersion: an event that is older than the answer to our own write changes nothing.
    """

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], Json] = {}
        self._owned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Json]:
        return iter(tuple(self._objects.values()))

    def get(self, namespace: str, name: str) -> Json | None:
        """The object, or None. Cluster-scoped kinds have namespace ""."""
        return self._objects.get((namespace, name))

    def put(self, obj: Json) -> bool:
        """Take in a state of an object; False when what is held is as new or newer."""
        key = _key(obj)
        held = self._objects.get(key)
        is_same = held is not None and held["metadata"].get("uid") == obj["metadata"].get("uid")
        if held is not None and is_same and version_of(held) >= version_of(obj):
            return False
        self._unindex(held)
        self._objects[key] = obj
        for uid in _owners(obj):
            self._owned[uid].add(key)
        return True

    def remove(self, obj: Json) -> bool:
        """Forget an object; False when it is not held, or held under another uid."""
        key = _key(obj)
        held = self._objects.get(key)
        if held is None or held["metadata"].get("uid") != obj["metadata"].get("uid"):
            return False
        self._unindex(held)
        del self._objects[key]
        return True

    def owned_by(self, uid: str) -> tuple[Json, ...]:
        """Every object with an ownerReference to this uid, by name."""
        return tuple(self._objects[key] for key in sorted(self._owned.get(uid, ())))

    def _unindex(self, held: Json | None) -> None:
        if held is None:
            return
        for uid in _owners(held):
            self._owned[uid].discard(_key(held))
            if not self._owned[uid]:
                del self._owned[uid]


def _key(obj: Json) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _owners(obj: Json) -> tuple[str, ...]:
    return tuple(ref["uid"] for ref in obj["metadata"].get("ownerReferences", ()))
