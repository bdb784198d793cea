"""How many pods each version gets. Called by the scaling stages; pure arithmetic over counts, no clock.

The rules and their odd corners are Argo's (spec/argo-rollouts.md §2.4); tests/golden holds the true values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from rollouts.model.rollout import Rollout
from rollouts.model.status import Status
from rollouts.model.strategy import Canary, Quota, SetCanaryScale, SetWeight
from rollouts.model.workload import Version


def approximate(replicas: int, weight: int, max_weight: int, max_surge: int) -> tuple[int, int]:
    """(canary, stable) whose proportion comes closest to `weight` parts of `max_weight`, out of `replicas` pods.

    With surge allowed one pod more may be used. Neither side falls to zero unless the weight says so, or a single
    replica without surge leaves no choice. The first of equally good choices wins.
    """
    if replicas == 0:
        return 0, 0
    wanted = Fraction(weight, max_weight)
    may_be_empty = weight in (0, max_weight) or (replicas == 1 and max_surge == 0)
    up, down = _choices(replicas, wanted, may_be_empty=may_be_empty)
    is_tie = replicas * wanted - int(replicas * wanted) == Fraction(1, 2)
    # Argo leaves out the lower count on a tie; where the upper one is no choice either, it ends at zero. We do not.
    choices = up or down if is_tie else up + down
    if max_surge > 0:
        above, below = _choices(replicas + 1, wanted, may_be_empty=may_be_empty)
        choices = choices + above + below
    canary, total = min(choices, key=lambda choice: abs(Fraction(choice[0], choice[1]) - wanted))
    return canary, total - canary


_Choices = list[tuple[int, int]]


def _choices(total: int, wanted: Fraction, *, may_be_empty: bool) -> tuple[_Choices, _Choices]:
    """The (canary, total) just above and just below the wanted part of `total`, where either is a choice at all."""
    exact = total * wanted
    up, down = ceil(exact), floor(exact)
    above = [(up, total)] if up < total or may_be_empty else []
    below = [(down, total)] if down != 0 or may_be_empty else []
    return above, below


def surge_of(rollout: Rollout, canary: Canary) -> int:
    """Pods allowed above the rollout's size."""
    return canary.max_surge.of(rollout.size, round_up=True)


def unavailable_of(rollout: Rollout, canary: Canary) -> int:
    """Pods allowed to be missing; one where neither surge nor this would allow any progress."""
    if rollout.size == 0:
        return 0
    allowed = min(canary.max_unavailable.of(rollout.size, round_up=False), rollout.size)
    return 1 if allowed == 0 and surge_of(rollout, canary) == 0 else allowed


def step_index(canary: Canary, status: Status) -> int:
    """The current step's index, between 0 and the number of steps."""
    return min(status.step or 0, len(canary.steps))


def canary_weight(canary: Canary, status: Status) -> int:
    """The weight that sizes follow: everything where there is nothing to compare with, nothing after an abort."""
    if status.promote_fully or not status.stable or status.current == status.stable:
        return canary.max_weight
    return step_weight(canary, status)


def step_weight(canary: Canary, status: Status) -> int:
    """The newest setWeight at or before the current step; the maximum once all is done, 0 after an abort."""
    if status.is_aborted:
        return 0
    index = step_index(canary, status)
    return canary.max_weight if index == len(canary.steps) else weight_before(canary, index + 1)


def weight_before(canary: Canary, index: int) -> int:
    """The weight of the newest setWeight step strictly before this index; 0 where there is none."""
    weights = [step.weight for step in canary.steps[: max(index, 0)] if isinstance(step, SetWeight)]
    return weights[-1] if weights else 0


@dataclass(frozen=True, slots=True)
class Held:
    """The versions that counting looks at."""

    new: Version | None
    stable: Version | None
    others: tuple[Version, ...] = ()

    @property
    def has_twins(self) -> bool:
        """New and stable are two versions, so that there is something to weigh."""
        return self.stable is not None and (self.new is None or self.new.name != self.stable.name)


def basic_counts(rollout: Rollout, canary: Canary, status: Status, held: Held) -> tuple[int, int]:
    """(canary, stable) sizes to ask for now where pods stand for weight: within surge and availability."""
    weight = canary_weight(canary, status)
    want = approximate(rollout.size, weight, canary.max_weight, surge_of(rollout, canary))
    if not held.has_twins:
        want = (rollout.size, 0)
    new, stable = _scaled_up(rollout, canary, held, want)
    if any(v.replicas for v in held.others):
        return new, stable
    return _scaled_down(rollout, canary, held, want, (new, stable))


def _scaled_up(rollout: Rollout, canary: Canary, held: Held, want: tuple[int, int]) -> tuple[int, int]:
    """Sizes after spending the budget for new pods, the stable version first."""
    new, stable = _asked(held.new), _asked(held.stable) if held.has_twins else 0
    budget = rollout.size + surge_of(rollout, canary) - new - stable - sum(v.replicas for v in held.others)
    for_stable = max(0, min(budget, want[1] - stable)) if held.has_twins else 0
    for_new = max(0, min(budget - for_stable, want[0] - new)) if held.new else 0
    return new + for_new, stable + for_stable


def _scaled_down(
    rollout: Rollout, canary: Canary, held: Held, want: tuple[int, int], sizes: tuple[int, int]
) -> tuple[int, int]:
    """Sizes after giving up pods that availability can spare.

    A growing canary counts by what is available and the stable version gives; a shrinking one the other way round.
    """
    is_growing = held.new is None or want[0] >= held.new.replicas
    least = rollout.size - unavailable_of(rollout, canary)
    counted = _counted(held.new, by_spec=not is_growing) + _counted(held.stable, by_spec=is_growing)
    spare = counted - least
    if spare <= 0:
        return sizes
    new, stable = sizes
    most = rollout.size + surge_of(rollout, canary)
    if not is_growing:
        new = _drained(held.new, want[0], spare, new)
        return _limited((new, _available(held.new)), (stable, _available(held.stable)), least, most)
    if held.has_twins:
        stable = _drained(held.stable, want[1], spare, stable)
        stable, new = _limited((stable, _available(held.stable)), (new, _available(held.new)), least, most)
    return new, stable


def _drained(version: Version | None, wanted: int, spare: int, size: int) -> int:
    if version is None or version.replicas <= wanted:
        return size
    return max(wanted, version.replicas - spare)


def _limited(drained: tuple[int, int], kept: tuple[int, int], least: int, most: int) -> tuple[int, int]:
    """Sizes of both sides, each given as (size, available), within surge and availability.

    What is too much is taken from the kept side; what is missing is made up by its pods that still serve, then by
    draining less.
    """
    size, kept_size = drained[0], max(0, kept[0] - max(0, drained[0] + kept[0] - most))
    unserved = max(0, least - (min(drained) + kept_size))
    kept_size = max(kept_size, min(kept_size + unserved, kept[1]))
    missing = max(0, least - (min(kept_size, kept[1]) + size))
    return size + missing, kept_size


def _counted(version: Version | None, *, by_spec: bool) -> int:
    """Pods to count on: never more than asked for, since the rest is on its way out."""
    if version is None:
        return 0
    return version.replicas if by_spec else min(version.replicas, version.available)


def routed_counts(rollout: Rollout, canary: Canary, status: Status, held: Held) -> tuple[int, int]:
    """(canary, stable) sizes where routes carry the weight: stable keeps its full size unless it is dynamic.

    A dynamic stable version shrinks by the recorded weight, so one round after the traffic has moved.
    """
    replicas, weight = canary_goal(rollout, canary, status, held)
    new = _share(rollout, canary, weight) if replicas is None else replicas
    if not canary.dynamic_stable:
        return new, rollout.size
    stable = _share(rollout, canary, canary.max_weight - weight)
    if status.canary.shares is not None:
        stable = max(stable, _share(rollout, canary, status.canary.shares.stable.weight))
        if status.is_aborted:
            new = max(new, _share(rollout, canary, status.canary.shares.canary.weight))
    return new, stable


def canary_goal(rollout: Rollout, canary: Canary, status: Status, held: Held) -> tuple[int | None, int]:
    """The canary's size as (pods, weight): the pods that a setCanaryScale fixes, else None and the weight to follow."""
    if status.promote_fully or not status.stable or status.current == status.stable:
        return None, canary.max_weight
    scale = _canary_scale(canary, status)
    if scale is not None and scale.replicas is not None:
        return scale.replicas, 0
    if scale is not None and scale.weight is not None:
        return None, scale.weight
    if status.is_aborted and canary.dynamic_stable:
        return None, weight_on_the_way_down(rollout, canary, held)
    return None, step_weight(canary, status)


def weight_on_the_way_down(rollout: Rollout, canary: Canary, held: Held) -> int:
    """After an abort of a dynamic canary: back through the weights of its steps, each once both sides have followed.

    A weight is passed when stable could carry the rest of it and the canary has no more pods than it takes.
    """
    if held.stable is None or rollout.size == 0:
        return 0
    weights = [step.weight for step in canary.steps if isinstance(step, SetWeight)]
    for weight in reversed(weights):
        is_carried = held.stable.available >= carried_by_stable(rollout, canary, weight)
        if not is_carried or _asked(held.new) > _share(rollout, canary, weight):
            return weight
    return 0


def carried_by_stable(rollout: Rollout, canary: Canary, weight: int) -> int:
    """Stable pods that must be available before the canary may have this weight."""
    return (canary.max_weight - weight) * rollout.size // canary.max_weight


def _share(rollout: Rollout, canary: Canary, weight: int) -> int:
    """Pods for this weight; a version that has any has as many as minPodsPerReplicaSet asks for."""
    pods = -(-rollout.size * weight // canary.max_weight)
    return pods if pods == 0 else max(pods, min(canary.min_pods or 0, rollout.size))


def _canary_scale(canary: Canary, status: Status) -> SetCanaryScale | None:
    """The setCanaryScale in force: the newest one, unless it says to follow the weight again, or all is over.

    An abort is the end of it, but for a canary that is to be kept after an abort.
    """
    index = step_index(canary, status)
    is_kept = canary.abort_scale_down_delay == timedelta()
    if index == len(canary.steps) or (status.is_aborted and not is_kept):
        return None
    scales = [step for step in canary.steps[: index + 1] if isinstance(step, SetCanaryScale)]
    return scales[-1] if scales and not scales[-1].match_traffic_weight else None


def counts(rollout: Rollout, canary: Canary, status: Status, held: Held) -> tuple[int, int]:
    """(canary, stable) sizes to ask for now."""
    count = routed_counts if canary.is_routed else basic_counts
    return count(rollout, canary, status, held)


def are_reached(rollout: Rollout, canary: Canary, status: Status, held: Held) -> bool:
    """Whether the sizes of the current step stand: canary pods available, stable asked for, no others serving.

    A dynamic stable version follows the traffic, so no step waits for it.
    """
    want_new, want_stable = counts(rollout, canary, status, held)
    new, stable = held.new, held.stable
    threshold = canary.progress_threshold if stable is not None else None
    if new is None or not _is_new_reached(new, want_new, threshold):
        return False
    is_followed = canary.is_routed and canary.dynamic_stable
    if stable is not None and not is_followed and not stable.replicas == want_stable == stable.current:
        return False
    return canary.is_routed or available(held.others) == 0


def _is_new_reached(new: Version, wanted: int, threshold: Quota | None) -> bool:
    """All pods that are wanted, or as many as the progress threshold asks for, are available."""
    if threshold is not None and threshold.value >= 0:
        return new.available >= threshold.of(wanted, round_up=True)
    return new.replicas == wanted == new.available


def available(versions: Iterable[Version]) -> int:
    """Available pods of these versions together."""
    return sum(v.available for v in versions)


def _asked(version: Version | None) -> int:
    return version.replicas if version else 0


def _available(version: Version | None) -> int:
    return version.available if version else 0
