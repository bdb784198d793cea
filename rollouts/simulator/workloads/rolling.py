"""How large should each ReplicaSet of a Deployment be now? Kubernetes' arithmetic of a rolling update. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollouts.cluster.port import Json


@dataclass(frozen=True, slots=True)
class Held:
    """A ReplicaSet as the arithmetic sees it: pods asked for, pods available."""

    name: str
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """A Deployment's size and how far it may leave it: `surge` pods above, `unavailable` below."""

    replicas: int
    surge: int
    unavailable: int


def bounds_of(deployment: Json) -> Bounds:
    """The Deployment's bounds; percentages round up for the surge and down for the others, and not both become 0."""
    spec = deployment["spec"]
    replicas: int = spec.get("replicas", 1)
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = _pods(rolling.get("maxSurge", "25%"), replicas, round_up=True)
    unavailable = _pods(rolling.get("maxUnavailable", "25%"), replicas, round_up=False)
    return Bounds(replicas, surge, 1 if surge == unavailable == 0 else min(unavailable, replicas))


def is_recreate(deployment: Json) -> bool:
    """Old pods go before new ones come."""
    return (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"


def _pods(quota: int | str, replicas: int, *, round_up: bool) -> int:
    if isinstance(quota, int):
        return quota
    parts = int(quota.removesuffix("%")) * replicas
    return -(-parts // 100) if round_up else parts // 100


def new_size(bounds: Bounds, new: Held, old: Sequence[Held]) -> int:
    """Grow the new version as far as the surge allows; shrink it at once to the wanted size."""
    if new.wanted >= bounds.replicas:
        return bounds.replicas
    room = bounds.replicas + bounds.surge - new.wanted - sum(held.wanted for held in old)
    return min(bounds.replicas, new.wanted + max(0, room))


def old_sizes(bounds: Bounds, new: Held, old: Sequence[Held]) -> dict[str, int]:
    """The old versions' sizes, oldest first: broken pods go before good ones, which go as new ones become available."""
    sizes = {held.name: held.wanted for held in old}
    floor = bounds.replicas - bounds.unavailable
    budget = new.wanted + sum(sizes.values()) - floor - (new.wanted - new.available)
    for held in old:
        broken = max(0, min(held.wanted - held.available, budget))
        sizes[held.name] -= broken
        budget -= broken
    spare = min(new.available + sum(held.available for held in old) - floor, budget)
    for held in old:
        surplus = max(0, min(sizes[held.name], spare))
        sizes[held.name] -= surplus
        spare -= surplus
    return sizes


def sizes_of(deployment: Json, new: Held, old: Sequence[Held], *, is_clear: bool) -> dict[str, int]:
    """Every version's next size. `is_clear`: no pod of an old version is left (what Recreate waits for)."""
    bounds = bounds_of(deployment)
    if is_recreate(deployment):
        return {**{held.name: 0 for held in old}, new.name: bounds.replicas if is_clear else new.wanted}
    grown = new_size(bounds, new, old)
    if grown != new.wanted:
        return {**{held.name: held.wanted for held in old}, new.name: grown}
    return {**old_sizes(bounds, new, old), new.name: grown}
