"""What the metrics say of objects, made from the caches at each scrape. Names and phases are Argo's."""

from collections.abc import Iterator
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.controller.caches import Caches
from rollouts.dialects.argo.reading import integer
from rollouts.model.reading import items, mapping, text
from rollouts.telemetry.metrics import Row

_INFO_PHASES = {
    "NewReplicaSetAvailable": "Completed",
    "RolloutPaused": "Paused",
    "ProgressDeadlineExceeded": "Timeout",
    "ReplicaSetCreateError": "Error",
    "RolloutAborted": "Abort",
}
"""Argo's phase in rollout_info by the reason of the Progressing condition; all others are Progressing."""

_PHASES = ("Completed", "Progressing", "Paused", "Timeout", "Error", "Abort")
_RUN_PHASES = ("Pending", "Running", "Successful", "Failed", "Error", "Inconclusive")
"""rollout_phase and analysis_run_phase have a series for each of these, of which one is 1."""

_ROUTERS = {
    "alb": "ALB",
    "ambassador": "Ambassador",
    "istio": "Istio",
    "nginx": "Nginx",
    "smi": "SMI",
    "appMesh": "AppMesh",
    "traefik": "Traefik",
    "apisix": "Apisix",
}
"""Routers as Argo's rollout_info names them; plugins, which it does not name, have their own name."""


def rows_of(caches: Caches) -> Iterator[Row]:
    """A sample for each number that describes an object."""
    for rollout in caches.of(kinds.ROLLOUTS):
        yield from rollout_rows(rollout)
    for run in caches.of(kinds.ANALYSIS_RUNS):
        yield from run_rows(run, "analysis_run")
    for experiment in caches.of(kinds.EXPERIMENTS):
        yield from run_rows(experiment, "experiment")


def rollout_rows(rollout: Json) -> Iterator[Row]:
    """The samples of one rollout."""
    who, status = _who(rollout), mapping(rollout.get("status"))
    strategy = mapping(mapping(rollout.get("spec")).get("strategy"))
    name = next((name for name in ("canary", "blueGreen") if name in strategy), "none")
    phase, router = info_phase(status), traffic_router(mapping(strategy.get(name)))
    yield Row("rollout_info", {**who, "strategy": name, "traffic_router": router, "phase": phase})
    for each in _PHASES:
        yield Row("rollout_phase", {**who, "strategy": name, "phase": each}, float(each == phase))
    wanted = integer(mapping(rollout.get("spec")).get("replicas"))
    desired = 1 if wanted is None else wanted
    available = integer(status.get("availableReplicas")) or 0
    yield Row("rollout_info_replicas_desired", who, desired)
    yield Row("rollout_info_replicas_available", who, available)
    yield Row("rollout_info_replicas_unavailable", who, max(0, (integer(status.get("replicas")) or 0) - available))
    yield Row("rollout_info_replicas_updated", who, integer(status.get("updatedReplicas")) or 0)


def run_rows(run: Json, metric: str) -> Iterator[Row]:
    """The samples of one analysis run or experiment: both have the same phases."""
    who = _who(run)
    phase = text(mapping(run.get("status")).get("phase")) or "Pending"
    yield Row(f"{metric}_info", {**who, "phase": phase})
    for each in _RUN_PHASES:
        yield Row(f"{metric}_phase", {**who, "phase": each}, float(each == phase))


def info_phase(status: Any) -> str:
    """Argo's coarse phase, from the conditions."""
    reasons = {
        text(condition.get("type")): text(condition.get("reason"))
        for condition in map(mapping, items(mapping(status).get("conditions")))
    }
    if "InvalidSpec" in reasons:
        return "InvalidSpec"
    return _INFO_PHASES.get(reasons.get("Progressing", ""), "Progressing")


def traffic_router(strategy: Any) -> str:
    """The traffic router that the manifest names (of several the last in Argo's order), "" without one."""
    routing = mapping(mapping(strategy).get("trafficRouting"))
    named = [label for key, label in _ROUTERS.items() if routing.get(key) is not None]
    return named[-1] if named else next(iter(mapping(routing.get("plugins"))), "")


def _who(obj: Json) -> dict[str, str]:
    return {"namespace": obj["metadata"].get("namespace", ""), "name": obj["metadata"]["name"]}
