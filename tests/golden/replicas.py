"""The replicas_* categories: how many pods each version gets, by counts and by weights on routes."""

from rollouts.decide.replicas import (
    Held,
    approximate,
    are_reached,
    basic_counts,
    canary_goal,
    canary_weight,
    routed_counts,
    step_weight,
    surge_of,
    unavailable_of,
)
from rollouts.dialects.argo.rollout import parse
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary
from rollouts.model.workload import Version
from rollouts.workloads.replicasets import versions
from tests.golden.category import Category, Json, Rule


def _approximation(given: Json) -> Json:
    canary, stable = approximate(given["specReplicas"], given["desiredWeight"], given["maxWeight"], given["maxSurge"])
    return {"canary": canary, "stable": stable}


def _is_tie_without_choice(given: Json, output: Json) -> bool:
    """The canary's share ends in exactly one half, and rounding it up would leave no stable pod."""
    doubled, rest = divmod(2 * given["specReplicas"] * given["desiredWeight"], given["maxWeight"])
    is_tie = rest == 0 and doubled % 2 == 1
    leaves_none = doubled + 1 == 2 * given["specReplicas"] and output["canary"] == 0
    return bool(is_tie and leaves_none and not given["maxSurge"])


def _rounded_down(given: Json, _: Json) -> Json:
    canary = given["specReplicas"] * given["desiredWeight"] // given["maxWeight"]
    return {"canary": canary, "stable": given["specReplicas"] - canary}


TIE_WITHOUT_CHOICE = Rule(
    "tie-without-choice",
    "Argo drops both counts on such a tie and gives the canary no pod at all, at a weight of 95 of 100",
    _is_tie_without_choice,
    _rounded_down,
)

APPROXIMATION = Category("replicas_approximation", _approximation, (TIE_WITHOUT_CHOICE,))


def _parsed(given: Json) -> tuple[Rollout, Canary, Held]:
    rollout = parse(given["rollout"])
    assert isinstance(rollout.strategy, Canary)
    others = tuple(version for rs in given["otherRSs"] or () if (version := _version(rs)) is not None)
    return rollout, rollout.strategy, Held(_version(given["newRS"]), _version(given["stableRS"]), others)


def _basic_canary(given: Json) -> Json:
    rollout, strategy, held = _parsed(given)
    canary, stable = basic_counts(rollout, strategy, rollout.status, held)
    return {
        "canary": canary,
        "stable": stable,
        "desiredWeight": canary_weight(strategy, rollout.status),
        "maxSurge": surge_of(rollout, strategy),
        "maxUnavailable": unavailable_of(rollout, strategy),
        "atDesiredReplicaCounts": are_reached(rollout, strategy, rollout.status, held),
    }


def _version(replica_set: Json | None) -> Version | None:
    return versions({}, (replica_set,))[0] if replica_set else None


BASIC_CANARY = Category("replicas_basic_canary", _basic_canary)


def _traffic_canary(given: Json) -> Json:
    rollout, strategy, held = _parsed(given)
    canary, stable = routed_counts(rollout, strategy, rollout.status, held)
    replicas, weight = canary_goal(rollout, strategy, rollout.status, held)
    return {
        "canary": canary,
        "stable": stable,
        "desiredCanaryReplicas": replicas,
        "desiredCanaryWeight": weight,
        "currentSetWeight": step_weight(strategy, rollout.status),
        "maxTrafficWeight": strategy.max_weight,
        "atDesiredReplicaCounts": are_reached(rollout, strategy, rollout.status, held),
    }


TRAFFIC_CANARY = Category("replicas_traffic_canary", _traffic_canary)
