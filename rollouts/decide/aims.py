"""What the routes are to say at this moment: a weight, the version that gets it, and the managed routes.

Called by shares. The first rule that fits answers (spec/argo-rollouts.md §2.4, "Desired weight"). None means that the
routes stay as they are: never weight on a version without a pod that can serve, never away from stable before stable
could carry what is left for it. Whether a version can serve, its Service's EndpointSlices say (decide/reach).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from rollouts.decide.reach import is_served
from rollouts.decide.replicas import (
    are_reached,
    carried_by_stable,
    step_index,
    step_weight,
    weight_before,
    weight_on_the_way_down,
)
from rollouts.decide.scaling import held
from rollouts.decide.situation import Situation
from rollouts.model.strategy import Canary, ManagedRoute, SetHeaderRoute, SetMirrorRoute


@dataclass(frozen=True, slots=True)
class Aim:
    """The canary's weight, the hash of the version behind it, and the managed routes that stand beside it."""

    weight: int
    hash: str
    managed: tuple[ManagedRoute, ...] = ()


def aim_of(here: Situation, strategy: Canary) -> Aim | None:
    """The aim of this moment; None while the routes have to stay."""
    before = _overtaken(here, strategy)
    if before:
        return _if_carried(here, strategy, Aim(_on_the_way_down(here, strategy, by_pods=False), before))
    if here.is_promoted:
        return None if _is_without_pods(here) else Aim(0, _new_hash(here))
    if here.status.is_aborted:
        return _aborted(here, strategy)
    if here.new is None or not is_served(here, here.rollout.services.canary, here.new):
        return _unserved(here, strategy)
    if here.status.promote_fully:
        return _if_carried(here, strategy, Aim(_pushed(here, strategy), here.new.hash))
    weight = _stepped(here, strategy) if strategy.steps else 0
    return _if_carried(here, strategy, Aim(weight, here.new.hash, managed_routes(here, strategy)))


def managed_routes(here: Situation, strategy: Canary) -> tuple[ManagedRoute, ...]:
    """The header and mirror routes that the steps up to the current one ask for, the first of managedRoutes first.

    A later step of the same name replaces an earlier one, and takes it away where it matches nothing.
    """
    if here.rollout.revision <= 1:
        return ()  # Argo: nothing is compared on the first deploy
    found: dict[str, ManagedRoute] = {}
    for step in strategy.steps[: step_index(strategy, here.observed) + 1]:
        if isinstance(step, SetHeaderRoute | SetMirrorRoute):
            found.pop(step.name, None)
            if step.match:
                found[step.name] = step
    order = {name: place for place, name in enumerate(strategy.managed_routes)}
    return tuple(sorted(found.values(), key=lambda route: order.get(route.name, len(order))))


def recorded_weight(here: Situation) -> int:
    """The canary's weight as the status had it at the round's start."""
    shares = here.observed.canary.shares
    return shares.canary.weight if shares else 0


def _overtaken(here: Situation, strategy: Canary) -> str:
    """The hash that still has weight while a dynamic stable version grows back to be the wanted one; "" else."""
    shares = here.observed.canary.shares
    if not (strategy.dynamic_stable and here.is_promoted and shares and shares.canary.weight > 0 and here.new):
        return ""
    is_growing = shares.canary.hash != here.new.hash and here.new.available < here.rollout.size
    return shares.canary.hash if is_growing else ""


def _aborted(here: Situation, strategy: Canary) -> Aim | None:
    """All at once to a stable version of full size; step by step to a dynamic one."""
    if _is_all_that_serves(here):
        return None
    if not strategy.dynamic_stable:
        return Aim(0, _new_hash(here))
    is_kept = strategy.abort_scale_down_delay == timedelta()  # its pods stay for good, and must not keep the weight
    return _if_carried(here, strategy, Aim(_on_the_way_down(here, strategy, by_pods=not is_kept), _new_hash(here)))


def _on_the_way_down(here: Situation, strategy: Canary, *, by_pods: bool) -> int:
    versions = held(here) if by_pods else replace(held(here), new=None)
    return min(recorded_weight(here), weight_on_the_way_down(here.rollout, strategy, versions))


def _unserved(here: Situation, strategy: Canary) -> Aim | None:
    """Nothing for a version without a pod. What it had goes to stable at once, if anybody is there to take it."""
    aim = Aim(0, _new_hash(here))
    is_lost = recorded_weight(here) > 0 and _is_stable_served(here)
    return aim if is_lost else _if_carried(here, strategy, aim)


def _pushed(here: Situation, strategy: Canary) -> int:
    """A full promotion: the weight stays until the version is stable; a dynamic one gets what its pods can serve."""
    if not strategy.dynamic_stable or here.new is None or here.rollout.size == 0:
        return recorded_weight(here)
    return min(strategy.max_weight, strategy.max_weight * here.new.available // here.rollout.size)


def _is_without_pods(here: Situation) -> bool:
    """The promoted version cannot serve yet: the Service that leads to it may still lead to what is gone."""
    if here.stable is None or here.rollout.size == 0:
        return False
    return here.stable.available == 0 or (recorded_weight(here) > 0 and not _is_stable_served(here))


def _is_all_that_serves(here: Situation) -> bool:
    """No stable pod is there to take the traffic back: an abort waits for the first one, or nobody would be served."""
    is_new_served = is_served(here, here.rollout.services.canary, here.new)
    return here.stable is not None and not _is_stable_served(here) and is_new_served


def _is_stable_served(here: Situation) -> bool:
    return is_served(here, here.rollout.services.stable, here.stable)


def _if_carried(here: Situation, strategy: Canary, aim: Aim) -> Aim | None:
    """The aim, if stable can carry what is left for it."""
    carried = here.stable.available if here.stable else 0
    return None if carried < carried_by_stable(here.rollout, strategy, aim.weight) else aim


def _stepped(here: Situation, strategy: Canary) -> int:
    if not are_reached(here.rollout, strategy, here.observed, held(here)):
        return weight_before(strategy, step_index(strategy, here.observed))
    return step_weight(strategy, here.observed)


def _new_hash(here: Situation) -> str:
    return here.new.hash if here.new else ""
