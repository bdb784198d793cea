"""A namespace in a few lines, for the failure of a scenario: what a person would ask kubectl for."""

import json
from collections.abc import Iterator, Sequence

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.scenarios.sight import Sight, hash_of, image_of

LAST_LINES = 40


def picture(world: Sight, log: Sequence[str], namespace: str) -> str:
    """Rollouts with their status, ReplicaSets, pods, routes, Services, events, and the controller's last lines."""
    lines = [f"-- {namespace}", *_rollouts(world), *_canaries(world), *_pods(world), *_traffic(world), *_runs(world)]
    told = [line for line in log if namespace in line][-LAST_LINES:]
    return "\n".join([*lines, "-- controller", *told])


def _rollouts(world: Sight) -> Iterator[str]:
    for rollout in world.all(kinds.ROLLOUTS):
        name = rollout["metadata"]["name"]
        generation = rollout["metadata"]["generation"]
        yield f"Rollout {name} generation {generation}: {world.phase(name)} {world.message(name)}"
        yield f"  status {json.dumps(rollout.get('status'))}"
        for rs in world.replica_sets(name):
            yield f"  {_size(rs)}"
        yield from (f"  event {type_} {reason}: {message}" for type_, reason, message in world.events(name))


def _canaries(world: Sight) -> Iterator[str]:
    for canary in world.all(kinds.CANARIES):
        name = canary["metadata"]["name"]
        yield f"Canary {name}: {json.dumps(canary.get('status'))}"
        yield f"  Deployments {world.deployments()}"
        yield from (f"  event {type_} {reason}: {message}" for type_, reason, message in world.events(name))


def _size(rs: Json) -> str:
    status = rs.get("status") or {}
    counts = f"{rs['spec'].get('replicas')} asked, {status.get('replicas', 0)} there"
    available = f"{status.get('readyReplicas', 0)} ready, {status.get('availableReplicas', 0)} available"
    return f"ReplicaSet {hash_of(rs)} of {image_of(rs)}: {counts}, {available}"


def _pods(world: Sight) -> Iterator[str]:
    for pod in world.all(kinds.PODS):
        status = pod.get("status") or {}
        states = [json.dumps(one.get("state")) for one in status.get("containerStatuses") or ()]
        ready = [c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"]
        leaving = " leaving" if "deletionTimestamp" in pod["metadata"] else ""
        yield f"Pod {pod['metadata']['name']} {status.get('phase')} ready {ready}{leaving} {' '.join(states)}"


def _traffic(world: Sight) -> Iterator[str]:
    for service in world.all(kinds.SERVICES):
        yield f"Service {service['metadata']['name']} selects {service['spec'].get('selector')}"
    for route in world.all(kinds.HTTP_ROUTES):
        yield f"HTTPRoute {route['metadata']['name']}: {world.weights(route['metadata']['name'])}"


def _runs(world: Sight) -> Iterator[str]:
    for resource in (kinds.ANALYSIS_RUNS, kinds.EXPERIMENTS):
        for run in world.all(resource):
            yield f"{resource.kind} {run['metadata']['name']}: {json.dumps(run.get('status'))}"
