"""A Rollout manifest as the common model. Called by controller/observe, lint and the simulator's tests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rollouts.dialects.argo import status as statuses
from rollouts.dialects.argo.reading import flag, integer, seconds
from rollouts.dialects.argo.reference import RESOLVED
from rollouts.dialects.argo.strategy import parse_strategy
from rollouts.dialects.argo.validation import rollout_faults
from rollouts.dialects.argo.validation_experiment import step_experiment_faults
from rollouts.hashing import rollout_template_hash, steps_hash
from rollouts.model.errors import UndecodableError
from rollouts.model.keys import REVISION, WORKLOAD_GENERATION
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, moment, text
from rollouts.model.rollout import HistoryLimits, Rollout, WorkloadRef
from rollouts.model.strategy import BlueGreen, Canary

DEFAULT_HISTORY_LIMIT = 10
DEFAULT_PROGRESS_DEADLINE = timedelta(seconds=600)


def parse(manifest: Json) -> Rollout:
    """Spec and status of a Rollout object. User mistakes become `faults`.

    Raises UndecodableError where metadata.name, spec or status have the wrong shape altogether.
    """
    meta, spec, status = _sections(manifest)
    strategy = parse_strategy(mapping(spec.get("strategy")))
    max_weight = strategy.max_weight if isinstance(strategy, Canary) else 100
    hashed = rollout_template_hash(manifest)
    return Rollout(
        kind="Rollout",
        namespace=text(meta.get("namespace")),
        name=meta["name"],
        uid=text(meta.get("uid")),
        generation=integer(meta.get("generation")) or 0,
        target=hashed.hash,
        strategy=strategy,
        status=statuses.read(status, max_weight),
        replicas=integer(spec.get("replicas")),
        steps_hash="" if isinstance(strategy, BlueGreen) else steps_hash(mapping(spec.get("strategy"))),
        revision=_decimal(mapping(meta.get("annotations")).get(REVISION)),
        selector=selector_text(mapping(spec.get("selector"))),
        history_limit=_or(integer(spec.get("revisionHistoryLimit")), DEFAULT_HISTORY_LIMIT),
        min_ready=seconds(spec.get("minReadySeconds"), timedelta()),
        progress_deadline=seconds(spec.get("progressDeadlineSeconds"), DEFAULT_PROGRESS_DEADLINE),
        aborts_at_deadline=flag(spec.get("progressDeadlineAbort")),
        is_paused=flag(spec.get("paused")),
        is_deleted=meta.get("deletionTimestamp") is not None,
        restart_at=_whole(moment(spec.get("restartAt"))),
        rollback_window=integer(mapping(spec.get("rollbackWindow")).get("revisions")),
        runs_kept=_history_limits(mapping(spec.get("analysis"))),
        workload=_workload(spec.get("workloadRef")),
        workload_generation=text(mapping(meta.get("annotations")).get(WORKLOAD_GENERATION)),
        is_partly_read=hashed.is_salvaged,
        faults=(
            *rollout_faults(spec, is_resolved=flag(spec.get(RESOLVED)), template=hashed.json),
            *step_experiment_faults(spec),
        ),
    )


def parse_again(manifest: Json, known: Rollout) -> Rollout:
    """What `parse` says of a manifest, given what it said of an earlier one of the same spec.

    The spec is the same where the generation is; the template's hash follows from the count of collisions too.
    """
    meta, _, status = _sections(manifest)
    is_same = known.generation == integer(meta.get("generation")) != 0 and known.uid == text(meta.get("uid"))
    if not is_same or known.is_partly_read or known.status.collisions != integer(status.get("collisionCount")):
        return parse(manifest)
    annotations = mapping(meta.get("annotations"))
    return replace(
        known,
        status=statuses.read(status, known.strategy.max_weight if isinstance(known.strategy, Canary) else 100),
        revision=_decimal(annotations.get(REVISION)),
        workload_generation=text(annotations.get(WORKLOAD_GENERATION)),
        is_deleted=meta.get("deletionTimestamp") is not None,
    )


def readable(manifest: Json) -> Json:
    """The manifest with what Argo reads of its template: pods are made of that where not all can be read.

    A quantity that is none takes along what comes after it (hashing/salvage.py); the hash is that of what is left.
    """
    template = json.loads(rollout_template_hash(manifest).json)
    return {**manifest, "spec": {**mapping(manifest.get("spec")), "template": template}}


def _history_limits(spec: Mapping[str, Any]) -> HistoryLimits:
    default = HistoryLimits()
    return HistoryLimits(
        _or(integer(spec.get("successfulRunHistoryLimit")), default.successful),
        _or(integer(spec.get("unsuccessfulRunHistoryLimit")), default.unsuccessful),
    )


def _whole(at: datetime | None) -> datetime | None:
    """Whole seconds: status.restartedAt holds no others, and has to become equal."""
    return None if at is None else at.replace(microsecond=0)


def _workload(spec: Any) -> WorkloadRef | None:
    if not isinstance(spec, dict):
        return None
    return WorkloadRef(
        text(spec.get("apiVersion")),
        text(spec.get("kind")),
        text(spec.get("name")),
        text(spec.get("scaleDown")) or "never",
    )


def selector_text(selector: Mapping[str, Any]) -> str:
    """A label selector in the form of the scale subresource: `app=web,tier in (a,b),!x`, sorted by key."""
    parts = [(str(key), f"{key}={value}") for key, value in mapping(selector.get("matchLabels")).items()]
    for expression in map(mapping, items(selector.get("matchExpressions"))):
        key = text(expression.get("key"))
        parts.append((key, _requirement(key, text(expression.get("operator")), items(expression.get("values")))))
    return ",".join(part for _, part in sorted(parts))


def _requirement(key: str, operator: str, values: list[Any]) -> str:
    match operator:
        case "Exists":
            return key
        case "DoesNotExist":
            return f"!{key}"
        case _:
            word = "notin" if operator == "NotIn" else "in"
            return f"{key} {word} ({','.join(sorted(map(str, values)))})"


def _sections(manifest: Json) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    meta, spec, status = manifest.get("metadata"), manifest.get("spec"), manifest.get("status", {})
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        raise UndecodableError("metadata.name: a Rollout needs a name")
    if not isinstance(spec, dict):
        raise UndecodableError(f"spec: must be an object, not {type(spec).__name__}")
    return meta, spec, status if isinstance(status, dict) else {}


def _decimal(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else 0


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
