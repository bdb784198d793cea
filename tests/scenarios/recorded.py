"""Worlds of a running Flagger, one moment of each, put into a namespace. Called by test_canaries_recorded.

They are those of golden/flagger/ticks.jsonl, put together from what each tick changed; the primary, which the recording
leaves out, is made of the target as it was when it was copied. What depends on the cluster is rewritten alike in all
objects: uids, times, hashes. What measured and asked is left out: it spoke to a stub that is no more.
"""

import gzip
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.hashing.configs import mentions
from rollouts.simulator.store.patches import merged
from tests.builders.foreign import SCALED_OBJECTS
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.takeover import INSTANCE, OTHERS

DATA = Path(__file__).parents[1] / "golden" / "data" / "flagger" / "ticks.jsonl.gz"
UNDEFINED = (
    Resource("projectcontour.io", "v1", "httpproxies", "HTTPProxy"),
    Resource("apisix.apache.org", "v2", "apisixroutes", "ApisixRoute"),
    Resource("split.smi-spec.io", "v1alpha1", "trafficsplits", "TrafficSplit"),
    Resource("gateway.solo.io", "v1", "routetables", "RouteTable"),
    Resource("gloo.solo.io", "v1", "upstreams", "Upstream"),
    SCALED_OBJECTS,
)
"""Kinds of these worlds that neither cluster has of itself."""

LEFT_OUT = ("kuma", "linkerd2")
"""The one has its route in no namespace, so all worlds would write the same one; the other no definition lets in."""

AT_REST = ("Initialized", "Succeeded", "Failed")
UNDER_WAY = ("Progressing", "WaitingPromotion", "Promoting", "Finalising")
WAYS = {"iterations", "match", "mirror", "sessionAffinity", "stepWeightPromotion"}
NAME, PRIMARY = "web", "web-primary"
_OWNER = "uid-canary-web"
_HOME = re.compile(r"\bshop\b")
_SPEC = re.compile(r"SPEC(\d+)")


Objects = dict[tuple[str, str], Json]
"""By kind and name."""


@dataclass(frozen=True)
class Moment:
    """What there was after a tick."""

    id: str
    canary: Json
    objects: Objects
    status: Json

    @property
    def facets(self) -> set[tuple[str, ...]]:
        """What may be new in it: how a phase looks with a provider, and with each way to lead an analysis."""
        spec, phase = self.canary["spec"], self.status["phase"]
        is_begun = bool(self.status["canaryWeight"] or self.status["iterations"])
        has_configs = any(kind in ("ConfigMap", "Secret") for kind, _ in self.objects)
        ways = [*(WAYS & set(spec["analysis"])), *(["configs"] if has_configs else []), spec["targetRef"]["kind"]]
        ways += ["autoscaler"] if "autoscalerRef" in spec else []
        by = [(phase, spec.get("provider", ""))] if phase == "Succeeded" or is_begun else []
        return {(phase, str(is_begun)), *by, *((phase, way) for way in ways)}

    @property
    def has_nodes(self) -> bool:
        """Whether its workloads run one pod a node."""
        return ("DaemonSet", NAME) in self.objects

    @property
    def sizes(self) -> dict[str, int]:
        """Deployments by the pods that they ask for."""
        return {name: body["spec"]["replicas"] for (kind, name), body in self.objects.items() if kind == "Deployment"}


@cache
def moments() -> tuple[Moment, ...]:
    """Those in which pods and routes are what the status says, as long as they have something new."""
    found, known = list[Moment](), set[tuple[str, ...]]()
    with gzip.open(DATA, "rt") as lines:
        for line in lines:
            for moment in _of(json.loads(line)):
                if not moment.facets <= known:
                    found.append(moment)
                    known |= moment.facets
    return tuple(found)


def _of(case: Json) -> Iterator[Moment]:
    given = case["input"]
    spec = given["canary"]["spec"]
    if spec.get("provider", "") in LEFT_OUT or case["output"].get("verifyError"):
        return
    world = {(obj["kind"], obj["metadata"]["name"]): obj for obj in given["objects"]}
    canary, kind = given["canary"], spec["targetRef"]["kind"]
    for number, (tick, done) in enumerate(zip(given["ticks"], case["output"].get("ticks", ()), strict=False)):
        canary = _acted(world, canary, tick["actions"])
        world |= {(obj["kind"], obj["metadata"]["name"]): obj for obj in done["changed"]}
        _follow(world, done)
        is_whole = not tick["workloads"] and "canary" in done.get("routes", ()) and (kind, PRIMARY) in world
        if not is_whole:
            continue
        status = json.loads(_SPEC.sub(r"\1\1\1\1\1\1", json.dumps(done["status"])))
        yield Moment(f"{case['id']}-{number}", _quiet(canary), dict(world), status)


def _acted(world: Objects, canary: Json, actions: list[Json]) -> Json:
    """The Canary after its user's deeds, which change the world."""
    for action in actions:
        match action:
            case {"op": "patch", "kind": "Canary", "patch": patch}:
                canary = merged(canary, patch)
            case {"op": "patch", "kind": kind, "name": name, "patch": patch}:
                world[kind, name] = merged(world[kind, name], patch)
            case {"op": "create", "object": obj}:
                world[obj["kind"], obj["metadata"]["name"]] = obj
            case _:
                del world[action["kind"], action["name"]]
    return canary


def _follow(world: Objects, done: Json) -> None:
    """Sizes as recorded; a primary that is new, or was copied to, is what the target is."""
    kind = next((kind for kind in ("Deployment", "DaemonSet") if (kind, NAME) in world), "")
    recorded = done["workloads"]
    is_copied = any(event["message"].startswith("Copying ") for event in done["events"])
    if kind and PRIMARY in recorded and (is_copied or (kind, PRIMARY) not in world):
        world[kind, PRIMARY] = _copy_of(world, kind)
    for name in recorded.keys() & {NAME, PRIMARY} if kind else ():
        world[kind, name] = {**world[kind, name], "spec": _sized(world[kind, name]["spec"], recorded[name])}


def _sized(spec: Json, recorded: Json) -> Json:
    """The spec of a workload with its size; of a DaemonSet, with the nodes that it may run on."""
    if "replicas" in recorded:
        return {**spec, "replicas": recorded["replicas"]}
    pod = {**spec["template"]["spec"], "nodeSelector": recorded["nodeSelector"] or {}}
    return {**spec, "template": {**spec["template"], "spec": pod}}


def _copy_of(world: Objects, kind: str) -> Json:
    """The primary, as golden/flagger/primary.jsonl shows them."""
    target = world[kind, NAME]
    spec, (label, value) = deepcopy(target["spec"]), next(iter(target["spec"]["selector"]["matchLabels"].items()))
    meta = spec["template"]["metadata"]
    own = {label: f"{value}-primary"}
    meta |= {"labels": {**meta["labels"], **own}, "annotations": {**meta.get("annotations", {}), "flagger-id": "UUID"}}
    for mention in mentions(spec["template"]["spec"]):
        if (mention.kind, f"{mention.name}-primary") in world:
            mention.holder[mention.field] = f"{mention.name}-primary"
    owner: Json = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": NAME, "uid": _OWNER}
    owner |= {"controller": True, "blockOwnerDeletion": True}
    made = {"name": PRIMARY, "labels": own, "ownerReferences": [owner]}
    body = {**spec, "selector": {"matchLabels": own}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": made, "spec": body}


def _quiet(canary: Json) -> Json:
    """The Canary that asks nobody, every second."""
    spec = canary["spec"]
    loud = ("metrics", "webhooks", "alerts")
    analysis = {key: value for key, value in spec["analysis"].items() if key not in loud}
    labelled = {"name": NAME, "labels": {INSTANCE: OTHERS}}
    return {**canary, "metadata": labelled, "spec": {**spec, "analysis": {**analysis, "interval": "1s"}}}


async def set_up(stage: Stage, moment: Moment) -> None:
    """Put the world up beside a controller that has nothing to do with it: the Canary is somebody else's."""
    await stage.apply(moment.canary)
    uid = stage.world.canary()["metadata"]["uid"]
    await stage.apply(*(_owned(obj, uid, stage.namespace) for obj in moment.objects.values()))
    await stage.until(lambda world: _run(world) == moment.sizes, what=f"pods are there: {moment.sizes}")
    services = [name for kind, name in moment.objects if kind == "Service"]
    await stage.until(lambda world: all(world.is_shown(name) for name in services), what="EndpointSlices show the pods")
    status = {**moment.status, "lastTransitionTime": f"{stage.house.clock():%Y-%m-%dT%H:%M:%SZ}"}
    status["conditions"] = [{**one, **_times(status)} for one in status["conditions"]]
    await stage.patch({"status": status}, resource=kinds.CANARIES, subresource="status")


async def take_over(stage: Stage) -> None:
    """Take the label of the other installation off; from now on the Canary is ours."""
    await stage.patch({"metadata": {"labels": {INSTANCE: None}}}, resource=kinds.CANARIES)


def _times(status: Json) -> Json:
    return {"lastUpdateTime": status["lastTransitionTime"], "lastTransitionTime": status["lastTransitionTime"]}


def _run(world: Sight) -> dict[str, int]:
    """The Deployments by the pods that are available."""
    return {
        one["metadata"]["name"]: (one.get("status") or {}).get("availableReplicas", 0)
        for one in world.all(kinds.DEPLOYMENTS)
    }


def _owned(obj: Json, uid: str, namespace: str) -> Json:
    """The object as it can be applied in this namespace, and the Canary's if it was that of the recording."""
    body: Json = json.loads(_HOME.sub(namespace, json.dumps(obj).replace(_OWNER, uid)))
    for key in ("uid", "namespace", "resourceVersion", "generation"):
        body["metadata"].pop(key, None)
    return body
