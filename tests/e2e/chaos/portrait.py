"""What a rollout and all that is its own look like at the end: without names, hashes, times and versions.

Two rollouts of one story must look the same, whatever happened to one of them on the way. One thing may differ: a run
that ended after a controller was killed, and before any status named it, may be made once more (name.1); both have to
come to the same verdict.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.e2e.chaos.sizes import hash_of, image_of
from tests.e2e.chaos.stage import Stage

_TIMES = ("startTime", "startedAt", "finishedAt", "abortedAt", "lastUpdateTime", "lastTransitionTime", "duration")
_AGAIN = re.compile(r"\.\d+$")
_DESIRED = "rollout.argoproj.io/desired-replicas"
_VERSIONS = ("observedGeneration", "currentStepHash")


def portrait(stage: Stage, name: str) -> Json:
    """The rollout of this name."""
    rollout = stage.rollout(name)
    assert rollout is not None, f"{name} is gone"
    sets, runs = (
        stage.caches[kind].owned_by(rollout["metadata"]["uid"]) for kind in (kinds.REPLICA_SETS, kinds.ANALYSIS_RUNS)
    )
    route = stage.caches[kinds.HTTP_ROUTES].get(stage.name, name)
    services = [stage.caches[kinds.SERVICES].get(stage.name, f"{name}-{role}") for role in ("stable", "canary")]
    once = {run["metadata"]["name"]: _AGAIN.sub("", run["metadata"]["name"]) for run in runs}
    found = {
        "spec": {key: rollout["spec"].get(key) for key in ("replicas", "paused", "template")},
        "status": _status(rollout),
        "revision": rollout["metadata"].get("annotations", {}).get("rollout.argoproj.io/revision"),
        "sets": [_replica_set(rs) for rs in sorted(sets, key=image_of)],
        "services": [service["spec"]["selector"] for service in services if service],
        "route": route and route["spec"]["rules"],
        "runs": sorted({(once[run["metadata"]["name"]], _phase(run)) for run in runs}),
    }
    return _anonymous(found, once | {hash_of(rs): image_of(rs) for rs in sets} | {name: "NAME"})


def strays(stage: Stage) -> Iterator[str]:
    """ReplicaSets and AnalysisRuns that belong to no rollout, or twice to the same version of one."""
    uids = {rollout["metadata"]["uid"] for rollout in stage.caches[kinds.ROLLOUTS]}
    seen = set()
    for rs in stage.caches[kinds.REPLICA_SETS]:
        owners = {owner["uid"] for owner in rs["metadata"].get("ownerReferences") or ()}
        if not owners & uids:
            yield f"{rs['metadata']['name']} is an orphan"
        if (key := (*owners, hash_of(rs))) in seen:
            yield f"{rs['metadata']['name']} is the second of its hash"
        seen.add(key)
    for run in stage.caches[kinds.ANALYSIS_RUNS]:
        if not {owner["uid"] for owner in run["metadata"].get("ownerReferences") or ()} & uids:
            yield f"{run['metadata']['name']} is an orphan"


def _status(rollout: Json) -> Json:
    status: Json = _timeless(rollout.get("status") or {})
    return {**status, "conditions": sorted(status.get("conditions", ()), key=lambda condition: str(condition["type"]))}


def _replica_set(rs: Json) -> Json:
    spec = {key: value for key, value in rs["spec"].items() if key != "selector"}
    annotations = dict(rs["metadata"].get("annotations") or {})
    if not rs["spec"].get("replicas"):
        annotations.pop(_DESIRED, None)  # of when it last had pods
    return {"spec": spec, "available": (rs.get("status") or {}).get("availableReplicas", 0), "annotations": annotations}


def _phase(run: Json) -> str:
    return str((run.get("status") or {}).get("phase"))


def _timeless(part: Any) -> Any:
    """Without the moments at which things happened."""
    if isinstance(part, dict):
        return {key: _timeless(value) for key, value in part.items() if key not in (*_TIMES, *_VERSIONS)}
    return [_timeless(value) for value in part] if isinstance(part, list) else part


def _anonymous(found: Json, names: dict[str, str]) -> Json:
    """With every hash and name replaced, wherever they stand in a text."""
    text = json.dumps(found, sort_keys=True)
    for name, role in sorted(names.items(), key=lambda item: -len(item[0])):
        if name:
            text = text.replace(name, role)
    replaced: Json = json.loads(text)
    return replaced
