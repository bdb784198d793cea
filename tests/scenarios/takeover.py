"""Worlds of a running Argo Rollouts, one moment of each, put into a namespace. Called by test_migration.

They are those that golden/status_transitions.jsonl begins with. What depends on the cluster is rewritten alike in all
objects of a world: uids, times (its moment becomes now), the observed generation. Two things are exchanged: Argo's
recording router for an HTTPRoute that says what was recorded last, and the Job of its analyses, which ran nowhere, for
a query that begins in an hour.
"""

import copy
import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import PLUGIN, an_object
from tests.scenarios.stage import Stage

DATA = Path(__file__).parents[1] / "golden" / "data" / "status_transitions.jsonl.gz"
INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"
OTHERS = "argo"
"""The instance id of the installation that is taken over."""

NAME = "demo"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_LATER = {"prometheus": {"query": "1"}}
_WHILE_SECONDS = 30
_GOING_ON = ("abort", "abortedAt", "canary", "blueGreen", "stableRS", "currentPodHash", "currentStepIndex")
"""Fields of a status that change only where something happens, now or in the next round."""


@cache
def cases() -> tuple[Json, ...]:
    """All of them."""
    with gzip.open(DATA, "rt") as lines:
        return tuple(json.loads(line) for line in lines)


def is_whole(case: Json) -> bool:
    """A world that can be set up: every version has the pods that it asks for, and no Experiment takes part.

    Nor does a router's header or mirror route: the recording router tells of the calls, not of the routes.
    """
    objects = case["input"]["objects"]
    sets = [obj for obj in objects if obj["kind"] == "ReplicaSet"]
    strategy = next(obj for obj in objects if obj["kind"] == "Rollout")["spec"]["strategy"]
    return (
        bool(sets)
        and all((rs.get("status") or {}).get("availableReplicas", 0) == rs["spec"]["replicas"] for rs in sets)
        and not any(word in json.dumps(strategy) for word in ("experiment", "setHeaderRoute"))
    )


def is_at_rest(case: Json) -> bool:
    """Argo itself does nothing in this world for the next while, but to write down how the rollout stands."""
    done = case["output"]
    before, after = case_rollout(case).get("status") or {}, done["rolloutStatusAfter"]
    return (
        is_whole(case)
        and done["error"] is None
        and all(write.get("subresource") == "status" for write in done["writes"])
        and after.get("phase") in ("Healthy", "Paused", "Degraded")
        and all(before.get(name) == after.get(name) for name in _GOING_ON)
        and _conditions(before) == _conditions(after)
        and not _ends_by_itself(case)
        and all(seconds > _WHILE_SECONDS for seconds in done["requeueAfterSeconds"])
    )


def _conditions(status: Json) -> set[tuple[str, str, str]]:
    return {(one["type"], one["status"], one["reason"]) for one in status.get("conditions") or ()}


def _ends_by_itself(case: Json) -> bool:
    """Whether the world is in a pause of a certain length: setting it up may take all of that."""
    rollout = case_rollout(case)
    steps = rollout["spec"]["strategy"].get("canary", {}).get("steps", [])
    index = (rollout.get("status") or {}).get("currentStepIndex", len(steps))
    return index < len(steps) and "duration" in steps[index].get("pause", {})


def case_rollout(case: Json) -> Json:
    """The Rollout of a world."""
    found: Json = next(obj for obj in case["input"]["objects"] if obj["kind"] == "Rollout")
    return found


async def set_up(stage: Stage, case: Json) -> None:
    """Put the world up beside a controller that has nothing to do with it: the rollout is somebody else's."""
    given = case["input"]
    shift = stage.house.clock().replace(microsecond=0) - datetime.fromisoformat(given["now"])
    objects = [_portable(obj, shift) for obj in sorted(given["objects"], key=_made)]
    rollout = next(obj for obj in objects if obj["kind"] == "Rollout")
    status = rollout.pop("status", {})
    rollout["metadata"]["labels"] = {**rollout["metadata"].get("labels", {}), INSTANCE: OTHERS}
    await stage.apply(rollout)
    uid = stage.world.rollout(NAME)["metadata"]["uid"]
    rest = [_owned(obj, uid) for obj in objects if obj is not rollout]
    await stage.apply(*rest, *_routes(rollout, status))
    sizes = _sizes(rest)
    await stage.until(lambda world: all(_is_there(world.one(kinds.REPLICA_SETS, name), sizes[name]) for name in sizes))
    services = [obj["metadata"]["name"] for obj in rest if obj["kind"] == "Service"]
    await stage.until(lambda world: all(world.is_shown(name) for name in services), what="EndpointSlices show the pods")
    await stage.patch({"status": _observed(stage, status)}, name=NAME, subresource="status")


async def take_over(stage: Stage) -> None:
    """Take the label of the other installation off; from now on the rollout is ours."""
    await _label(stage, None)


async def is_ours(stage: Stage) -> None:
    """Until a change that means nothing is observed, which only the rollout's own controller does."""
    await stage.patch({"spec": {"progressDeadlineSeconds": 601}}, name=NAME)
    await stage.until(lambda world: _is_observed(world.rollout(NAME)), what="the rollout is observed")


def _is_observed(rollout: Json) -> bool:
    observed: str | None = rollout["status"].get("observedGeneration")
    return observed == str(rollout["metadata"]["generation"])


async def hand_back(stage: Stage) -> None:
    """Put it on again."""
    await _label(stage, OTHERS)


async def _label(stage: Stage, value: str | None) -> None:
    await stage.patch({"metadata": {"labels": {INSTANCE: value}}}, name=NAME)


def _portable(obj: Json, shift: timedelta) -> Json:
    """The object without what a server gives, and with its moments shifted."""
    copied: Json = _shifted(copy.deepcopy(obj), shift)
    for key in ("uid", "creationTimestamp", "generation", "namespace", "resourceVersion"):
        copied["metadata"].pop(key, None)
    match obj["kind"]:
        case "Service":
            copied.pop("status", None)
            copied["spec"]["ports"] = [{"port": 80}]
        case "ReplicaSet":
            copied.pop("status", None)
        case "AnalysisTemplate" | "AnalysisRun":
            for metric in copied["spec"]["metrics"]:
                metric |= {"provider": _LATER, "initialDelay": "1h"}
        case "Rollout" if "trafficRouting" in copied["spec"]["strategy"].get("canary", {}):
            copied["spec"]["strategy"]["canary"]["trafficRouting"]["plugins"] = {PLUGIN: {"httpRoute": NAME}}
    return copied


def _shifted(value: Any, by: timedelta) -> Any:
    match value:
        case dict():
            return {key: _shifted(inner, by) for key, inner in value.items()}
        case list():
            return [_shifted(inner, by) for inner in value]
        case str() if _MOMENT.match(value):
            return f"{datetime.fromisoformat(value) + by:%Y-%m-%dT%H:%M:%SZ}"
        case _:
            return value


def _owned(obj: Json, uid: str) -> Json:
    for reference in obj["metadata"].get("ownerReferences") or ():
        reference["uid"] = uid
    return obj


def _made(obj: Json) -> str:
    return str(obj["metadata"].get("creationTimestamp", ""))


def _sizes(objects: list[Json]) -> dict[str, int]:
    return {obj["metadata"]["name"]: obj["spec"]["replicas"] for obj in objects if obj["kind"] == "ReplicaSet"}


def _is_there(replica_set: Json | None, size: int) -> bool:
    return replica_set is not None and (replica_set.get("status") or {}).get("availableReplicas", 0) == size


def _routes(rollout: Json, status: Json) -> Iterator[Json]:
    """The HTTPRoute with the weights that were recorded last."""
    canary = rollout["spec"]["strategy"].get("canary", {})
    if "trafficRouting" not in canary:
        return
    recorded = (status.get("canary") or {}).get("weights") or {}
    share = (recorded.get("canary") or {}).get("weight", 0)
    total = canary["trafficRouting"].get("maxTrafficWeight", 100)
    weights = ((canary["stableService"], total - share), (canary["canaryService"], share))
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in weights]
    yield an_object(kinds.HTTP_ROUTES, NAME, spec={"rules": [{"backendRefs": backends}]})


def _observed(stage: Stage, status: Json) -> Json:
    """The status, with the generation that the rollout has here."""
    generation = str(stage.world.rollout(NAME)["metadata"]["generation"])
    return {**status, **({"observedGeneration": generation} if "observedGeneration" in status else {})}
