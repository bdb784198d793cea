"""flagger/ticks: whole stories of a Canary, tick after tick, as Flagger's own code told them.

Covered are Canaries that this version accepts (gatewayapi:v1 by weights or blue-green, kubernetes blue-green, of
Deployments without autoscaler) whose user patches them, their Deployment and its configuration. Of each tick we answer
for status, routes, events, webhook calls, and size and image of the workloads.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from rollouts.dialects.flagger.canary import parse
from rollouts.simulator.store.patches import merged
from tests.builders.ticking import World
from tests.golden.category import Category, Json

STATUS = ("phase", "failedChecks", "canaryWeight", "iterations", "lastAppliedSpec", "lastPromotedSpec")
CONDITION = ("type", "status", "reason", "message")
ANSWERED = ("status", "routes", "events", "calls", "workloads")
CONFIGS = ("ConfigMap", "Secret")
FORCED = "Setting canaryAnalysis.iterations: 10"


def _covers(given: Json) -> bool:
    canary, provider = given["canary"], given["flags"].get("mesh-provider", "istio")
    acted = {action.get("kind", "") for tick in given["ticks"] for action in tick["actions"]}
    return not parse(canary, "", provider).faults and acted <= {"Deployment", "Canary", *CONFIGS}


def _ticks(given: Json) -> Json:
    deployments = {o["metadata"]["name"]: deepcopy(o) for o in given["objects"] if o["kind"] == "Deployment"}
    configs = {(o["kind"], o["metadata"]["name"]): o for o in given["objects"] if o["kind"] in CONFIGS}
    world = World(deepcopy(given["canary"]), deployments, configs=configs)
    specs: dict[str, str] = {}
    return {"ticks": [_tick(world, tick, specs) for tick in given["ticks"]]}


def _tick(world: World, tick: Json, specs: dict[str, str]) -> Json:
    for action in tick["actions"]:
        _act(world, action)
    world.states, world.metrics, world.hooks = tick["workloads"], tick["metrics"], tick["hooks"]
    world.calls.clear()
    world.tick()
    if FORCED in world.texts():
        # The API server behind the oracle stored the spec along with a status: its Canary then had ten for good.
        world.canary["spec"]["analysis"]["iterations"] = 10
    return {
        "status": _status(world.status, lambda spec: specs.setdefault(spec, f"SPEC{len(specs) + 1}")),
        "routes": _routes(world),
        "events": [_event(event.message, is_warning=event.is_warning) for event in world.events],
        "calls": world.calls[:],
        "workloads": {name: _workload(deployment) for name, deployment in world.deployments.items()},
    }


def _act(world: World, action: Json) -> None:
    if action["op"] != "patch":
        raise ValueError(f"no world for {action['op']}")
    kind, name, patch = action["kind"], action["name"], action["patch"]
    if kind == "Canary":
        world.canary = merged(world.canary, patch)
    elif kind == "Deployment":
        world.deployments[name] = merged(world.deployments[name], patch)
    else:
        world.configs[kind, name] = merged(world.configs[kind, name], patch)


def _shown(_: Json, output: Json) -> Json:
    """The part of Flagger's answer that ours is compared with, in the same form."""
    return {"ticks": [{name: _SHOWN[name](tick.get(name, [])) for name in ANSWERED} for tick in output["ticks"]]}


def _status(status: Json, spec: Callable[[str], str]) -> Json:
    shown: Json = {name: status.get(name) for name in STATUS}
    for name in ("lastAppliedSpec", "lastPromotedSpec"):
        shown[name] = spec(shown[name]) if shown[name] else None
    conditions = [{name: condition[name] for name in CONDITION} for condition in status["conditions"]]
    return {**shown, "conditions": conditions}


def _routes(world: World) -> Json:
    """Where nothing is routed Flagger reports everything for the new version once rounds count."""
    if world.canary["spec"].get("provider") == "kubernetes":
        weight = 100 if world.status["iterations"] > 0 else 0
        return {"canary": weight, "primary": 100 - weight}
    return {"canary": world.route.canary, "primary": world.route.stable} if world.route else {"error": True}


def _event(message: str, *, is_warning: bool) -> Json:
    return {"type": "Warning" if is_warning else "Normal", "reason": "Synced", "message": message}


def _workload(deployment: Json) -> Json:
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return {"replicas": deployment["spec"].get("replicas"), "image": image}


def _shown_routes(routes: Json) -> Json:
    return {"error": True} if "error" in routes else {"canary": routes["canary"], "primary": routes["primary"]}


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "status": lambda status: _status(status, str),
    "routes": _shown_routes,
    "events": lambda events: events,
    "calls": lambda calls: [(call["path"], call["body"]["phase"]) for call in calls],
    "workloads": lambda workloads: workloads,
}

TICKS = Category("flagger/ticks", _ticks, covers=_covers, shown=_shown)
