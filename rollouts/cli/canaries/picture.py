"""A Canary, its primary and its target as one picture. Called by get; pure.

Takes objects as the API server shows them, whoever read them, and the moment for which ages are told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollouts.cli.ages import since
from rollouts.cli.canaries.fare import phase_of, weight_of
from rollouts.cli.canaries.found import DAEMON_SETS, Found, target_resource
from rollouts.cli.info import Node, Object, Overview, owned_by, pod_node, sign_of
from rollouts.cluster.kinds import DEPLOYMENTS, PODS, REPLICA_SETS
from rollouts.cluster.port import Resource
from rollouts.health import State, health_of
from rollouts.model.strategy import Check, Unit

SELECTOR_LABELS = ("app", "name", "app.kubernetes.io/name")
SIGNS = {
    "Succeeded": "✔",
    "Initialized": "✔",
    "Initializing": "◌",
    "Promoting": "◌",
    "Finalising": "◌",
    "Waiting": "॥",
    "WaitingPromotion": "॥",
    "Terminating": "◌",
}
"""Icons of phases that Rollouts do not have."""
_UNITS = {Unit.PERCENT: "%", Unit.MILLISECONDS: "ms", Unit.PLAIN: ""}


@dataclass(frozen=True, slots=True)
class Around:
    """What may belong to a Canary's two workloads; what does not is left out by owner."""

    workloads: Sequence[Object] = ()
    replica_sets: Sequence[Object] = ()
    pods: Sequence[Object] = ()


def owned_kinds(canary: Found) -> list[tuple[Resource, str]]:
    """What has to be listed, and by which labels: ReplicaSets and pods bear the name of one of the two workloads."""
    kind = target_resource(canary.manifest)
    if kind not in (DEPLOYMENTS, DAEMON_SETS):
        return []
    labels = ((canary.target or {}).get("spec") or {}).get("selector", {}).get("matchLabels") or {}
    keys = [key for key in SELECTOR_LABELS if key in labels]
    chosen = f"{keys[0]} in ({labels[keys[0]]},{labels[keys[0]]}-primary)" if keys else ""
    sets = [(REPLICA_SETS, chosen)] if kind == DEPLOYMENTS else []
    return [(kind, ""), *sets, (PODS, chosen)]


def world(found: Mapping[Resource, Sequence[Object]]) -> Around:
    """The lists by what they are."""
    workloads = (*found.get(DEPLOYMENTS, ()), *found.get(DAEMON_SETS, ()))
    return Around(workloads, found.get(REPLICA_SETS, ()), found.get(PODS, ()))


def overview(canary: Found, around: Around, now: datetime) -> Overview:
    """What `get canary` shows."""
    phase, meta = phase_of(canary), canary.manifest["metadata"]
    sides = list(_sides(canary, around))
    root = Node(
        sign="⟳",
        name=meta["name"],
        kind="Canary",
        status=phase.name,
        status_sign=SIGNS.get(phase.name) or sign_of(phase.name),
        age=since(meta.get("creationTimestamp"), now),
        children=tuple(_workload(role, weight, workload, around, now) for role, weight, workload in sides),
    )
    return Overview(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        message=phase.message,
        root=root,
        facts=tuple(_facts(canary, now)),
        images=tuple(_images([(role, workload) for role, _, workload in sides])),
    )


def _sides(canary: Found, around: Around) -> Iterator[tuple[str, str, Object]]:
    """Primary and canary, as far as they are there, with the weight of each where traffic is split."""
    pair, weight = canary.strategy.pair, weight_of(canary)
    by_name = {(o["kind"], o["metadata"]["name"]): o for o in around.workloads}
    weights = ("", "") if not canary.strategy.moves_traffic else (f"weight:{100 - weight}", f"weight:{weight}")
    for role, name, told in zip(("primary", "canary"), (pair.copy, pair.target), weights, strict=True):
        workload = by_name.get((pair.kind, name))
        if workload is not None:
            yield role, told, workload


def _workload(role: str, weight: str, workload: Object, around: Around, now: datetime) -> Node:
    status = _status(workload)
    owners = [workload, *owned_by(around.replica_sets, workload)]
    return Node(
        sign="⧉",
        name=workload["metadata"]["name"],
        kind=workload["kind"],
        status=status,
        status_sign=sign_of(status),
        age=since(workload["metadata"].get("creationTimestamp"), now),
        info=",".join(filter(None, (role, weight))),
        children=tuple(pod_node(pod, now) for owner in owners for pod in owned_by(around.pods, owner)),
    )


def _status(workload: Object) -> str:
    if workload["kind"] == "Deployment" and (workload.get("spec") or {}).get("replicas") == 0:
        return "ScaledDown"
    state = health_of(workload).state
    return {State.HEALTHY: "Healthy", State.DEGRADED: "Degraded"}.get(state, "Progressing")


def _facts(canary: Found, now: datetime) -> Iterator[tuple[str, str]]:
    strategy, ticks = canary.strategy, canary.rollout.status.ticks
    spec: dict[str, Any] = canary.manifest["spec"]
    yield "Strategy", dict(strategy.facts).get("Traffic routing", "")
    yield "  Target", f"{strategy.pair.kind} {strategy.pair.target}"
    if spec.get("provider"):
        yield "  Provider", str(spec["provider"])
    if not strategy.climb.is_empty:
        yield "  Weight", str(weight_of(canary))
    else:
        yield "  Iteration", f"{ticks.rounds} of {strategy.rounds}"
    yield "  FailedChecks", f"{ticks.failed_checks} of {strategy.failure_budget}"
    yield "  Interval", _interval(canary, now)
    for index, gate in enumerate(strategy.gates):
        yield "" if index else "Webhooks", f"{gate.name} ({gate.moment})"
    for index, check in enumerate(strategy.checks):
        yield "" if index else "Metrics", f"{check.name} {bounds(check)}".rstrip()


def bounds(check: Check) -> str:
    """The values that pass: `≥ 99%`, `≤ 500ms`, or both."""
    unit = _UNITS[check.unit]
    ends = (("≥", check.low), ("≤", check.high))
    return ", ".join(f"{sign} {bound:g}{unit}" for sign, bound in ends if bound is not None)


def _interval(canary: Found, now: datetime) -> str:
    interval, ticked = canary.strategy.interval, canary.rollout.status.ticks.ticked
    told = f"{int(interval.total_seconds())}s"
    is_ticking = ticked is not None and ticked + interval > now
    return f"{told}, next tick at {ticked + interval:%H:%M:%S}" if is_ticking and ticked else told


def _images(sides: Sequence[tuple[str, Object]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for role, workload in sides:
        pod = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
        for container in pod.get("containers") or ():
            found.setdefault(str(container.get("image", "")), []).append(role)
    yield from ((image, tuple(roles)) for image, roles in found.items())
