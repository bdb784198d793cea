"""Step and weights of a canary as `get` and `list` show them. Called by info and listing; pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Object = Mapping[str, Any]


class Progress(NamedTuple):
    """`step` is `2/5`, empty without steps; weights in parts of maxTrafficWeight."""

    step: str
    set_weight: int
    actual_weight: int


def is_blue_green(rollout: Object) -> bool:
    """Has it that strategy? All others are shown as canaries."""
    return bool((rollout["spec"].get("strategy") or {}).get("blueGreen"))


def canary_of(rollout: Object) -> Object:
    """The canary strategy, empty for a blue-green rollout."""
    found: Object = (rollout["spec"].get("strategy") or {}).get("canary") or {}
    return found


def steps_of(rollout: Object) -> Sequence[Object]:
    """Its steps."""
    found: Sequence[Object] = canary_of(rollout).get("steps") or []
    return found


def step_index(rollout: Object) -> int:
    """The step it is at; none recorded is the first."""
    return int((rollout.get("status") or {}).get("currentStepIndex") or 0)


def progress(rollout: Object, replica_sets: Sequence[Object]) -> Progress:
    """Where the canary stands."""
    return Progress(step_text(rollout), set_weight(rollout), _actual_weight(rollout, replica_sets))


def step_text(rollout: Object) -> str:
    """`2/5`; empty where there are no steps or none is recorded."""
    index = (rollout.get("status") or {}).get("currentStepIndex")
    return "" if index is None or not steps_of(rollout) else f"{index}/{len(steps_of(rollout))}"


def set_weight(rollout: Object) -> int:
    """The weight that the steps ask for by now."""
    if (rollout.get("status") or {}).get("abort"):
        return 0
    if _is_at_end(rollout):
        return _most(rollout)
    weights = [step["setWeight"] for step in steps_of(rollout)[: step_index(rollout) + 1] if "setWeight" in step]
    return int(weights[-1]) if weights else 0


def ping_pong(rollout: Object, is_stable: bool, is_current: bool) -> list[str]:
    """Which of the two Services a version is behind."""
    stable_is = ((rollout.get("status") or {}).get("canary") or {}).get("stablePingPong")
    if not stable_is or not canary_of(rollout).get("pingPong") or not (is_stable or is_current):
        return []
    other = "pong" if stable_is == "ping" else "ping"
    return [stable_is if is_stable else other]


def _is_at_end(rollout: Object) -> bool:
    return step_index(rollout) >= len(steps_of(rollout))


def _most(rollout: Object) -> int:
    return int((canary_of(rollout).get("trafficRouting") or {}).get("maxTrafficWeight") or 100)


def _actual_weight(rollout: Object, replica_sets: Sequence[Object]) -> int:
    if _is_at_end(rollout):
        return _most(rollout)
    if canary_of(rollout).get("trafficRouting"):
        weights = ((rollout.get("status") or {}).get("canary") or {}).get("weights")
        return int((weights.get("canary") or {}).get("weight") or 0) if weights else set_weight(rollout)
    return _replica_share(rollout, replica_sets)


def _replica_share(rollout: Object, replica_sets: Sequence[Object]) -> int:
    status = rollout.get("status") or {}
    current, total = status.get("currentPodHash"), status.get("availableReplicas") or 0
    if not total or current == status.get("stableRS"):
        return 0
    return sum(_available(rs) * 100 // total for rs in replica_sets if _hash(rs) == current)


def _available(rs: Object) -> int:
    return int((rs.get("status") or {}).get("availableReplicas") or 0)


def _hash(rs: Object) -> str | None:
    name: str | None = (rs["metadata"].get("labels") or {}).get("rollouts-pod-template-hash")
    return name
