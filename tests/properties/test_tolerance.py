"""Whatever stands in a Rollout, its spec or its status, the loop goes on (Hypothesis): spec/argo-rollouts.md §2.1."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.controller.observe import World, snapshot_of
from rollouts.decide import decide
from rollouts.dialects.argo.rollout import parse
from rollouts.dialects.argo.status import project
from rollouts.model.errors import UndecodableError
from rollouts.model.snapshot import Snapshot

Json = dict[str, Any]
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATA = Path(__file__).parents[1] / "unit" / "data"
ROLLOUT: Json = yaml.safe_load((DATA / "everything.yaml").read_text(encoding="utf-8"))[0]
"""A Rollout that uses every field, and a status with every field."""
STATUS: Json = yaml.safe_load((DATA / "status.yaml").read_text(encoding="utf-8"))
TEMPLATE: Json = {
    "metadata": {"labels": {"key": "value"}, "annotations": {"a": "b"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "web",
                "ports": [{"containerPort": 80, "name": "http"}],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": 1, "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 5},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                "securityContext": {"runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
        "initContainers": [{"name": "first", "image": "web", "restartPolicy": "Always"}],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "c", "configMap": {"name": "c"}}],
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]
                }
            },
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {}}}}
                ]
            },
        },
    },
}
GONE = "gone"
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**40, 1.5, 1e300, "", "x", "-5s", "1d", "10%", "-10%", "1.2.3", "2026-99-99T00:00:00Z"),
    *([], [None], [1, "a"], {}, {"a": 1}, {"a": None}, {"name": None}, [[]], [{}], {"": ""}),
)


def wholes() -> list[Json]:
    """The canary and the blue-green of the manifest with every field, each with a sound template and a whole status."""
    found = []
    for kind in ("canary", "blueGreen"):
        whole = copy.deepcopy(ROLLOUT)
        strategy = {kind: whole["spec"]["strategy"][kind]}
        strategy[kind]["antiAffinity"].pop("requiredDuringSchedulingIgnoredDuringExecution")
        own = {"selector": {"matchLabels": {"key": "value"}}, "strategy": strategy, "template": copy.deepcopy(TEMPLATE)}
        whole["spec"] = {**whole["spec"], **own, "progressDeadlineSeconds": 600}
        whole["spec"].pop("workloadRef", None)
        whole["metadata"] |= {"uid": "1", "resourceVersion": "5", "generation": 2}
        found.append(whole | {"status": copy.deepcopy(STATUS)})
    return found


WHOLES = wholes()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in an object."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


PLACES = [[path for path in places(whole) if path[0] in ("spec", "status")] for whole in WHOLES]
kinds = st.integers(0, 1)
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from([*JUNK, GONE])), min_size=1, max_size=4)


def mangled(kind: int, wounds: list[tuple[float, Any]]) -> Json:
    """A whole manifest in which some places hold something else, or nothing."""
    manifest = copy.deepcopy(WHOLES[kind])
    for where, junk in wounds:
        *way, last = PLACES[kind][int(where * len(PLACES[kind]))]
        try:
            holder = reduce(getitem, way, manifest)
            if junk == GONE:
                del holder[last]
            else:
                holder[last] = copy.deepcopy(junk)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier wound took the place away
    return manifest


def seen(manifest: Json) -> Snapshot:
    """The manifest as a decision sees it, with one ReplicaSet of it."""
    rollout = parse(manifest)
    owner = {"kind": "Rollout", "name": rollout.name, "uid": rollout.uid, "controller": True, "apiVersion": "a/v1"}
    labels = {"rollouts-pod-template-hash": rollout.target, "key": "value"}
    meta = {"name": f"{rollout.name}-{rollout.target}", "namespace": "default", "labels": labels}
    held = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {**meta, "uid": "2", "creationTimestamp": "2026-11-01T11:00:00Z", "ownerReferences": [owner]},
        "spec": {"replicas": 1, "template": copy.deepcopy(TEMPLATE)},
        "status": {"replicas": 1, "availableReplicas": 1},
    }
    return snapshot_of(World(manifest, rollout, replica_sets=(held,)))


@settings(max_examples=300)
@given(kinds, changes)
def test_no_manifest_stops_the_loop(kind: int, wounds: list[tuple[float, Any]]) -> None:
    """Parsing gives a rollout or says that the whole is no Rollout; deciding and writing the status always come out."""
    manifest = mangled(kind, wounds)
    try:
        snapshot = seen(manifest)
    except UndecodableError:
        assert not isinstance(manifest.get("spec"), dict)
        return
    for ahead in (snapshot, _without_faults(snapshot)):
        plan = decide(ahead, NOW)
        json.dumps(project(plan.status, ahead.rollout), default=str)


def _without_faults(snapshot: Snapshot) -> Snapshot:
    """The same with its mistakes overlooked, so that the stages behind the checks meet it too."""
    return replace(snapshot, rollout=replace(snapshot.rollout, faults=()), reference_faults=())


def test_what_is_mangled_is_sound_before() -> None:
    """The blue-green is without a fault, and a decision about either has something to do."""
    assert [str(fault) for fault in parse(WHOLES[1]).faults] == []
    assert all(decide(_without_faults(seen(whole)), NOW).effects for whole in WHOLES)


def test_wounds_are_felt() -> None:
    """A wound at each tenth of the places changes the manifest, from where the property has something to ask."""
    assert all(mangled(kind, [(tenth / 10, "x")]) != WHOLES[kind] for kind in (0, 1) for tenth in range(10))
