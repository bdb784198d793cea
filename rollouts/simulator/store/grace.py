"""How long may a deleted pod stay to end its work? Asked by the collector.

On a node and running: its own grace period, or the one that the request names; the kubelet ends it with zero. Without
a node, or finished: it goes at once.
"""

from datetime import timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.store.meta import at_path

PODS = ("", "pods")
_DEFAULT = 30


def grace_of(shelf: tuple[str, str], obj: Json, asked: int | None) -> timedelta:
    """The grace period of a deletion; nothing but pods has one."""
    if shelf != PODS or not at_path(obj, ("spec", "nodeName")):
        return timedelta()
    if at_path(obj, ("status", "phase")) in ("Succeeded", "Failed"):
        return timedelta()
    own = at_path(obj, ("spec", "terminationGracePeriodSeconds"))
    return timedelta(seconds=asked if asked is not None else _DEFAULT if own is None else own)


def is_graceful(obj: Json) -> bool:
    """Whether an object that is being deleted still has time."""
    return bool(obj["metadata"].get("deletionGracePeriodSeconds"))
