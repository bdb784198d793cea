"""status_transitions: one reconcile of Argo's against one round of ours, compared by meaning.

The world is seen through the controller's own eyes (observe.snapshot_of). Argo's router records calls; here the route
says what Argo recorded last, and a plan's ShiftTraffic is told in Argo's calls, those that repeat what stands left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rollouts.controller.observe import World, snapshot_of
from rollouts.decide import decide
from rollouts.dialects.argo.rollout import parse
from rollouts.dialects.argo.status import project
from rollouts.model import effects as e
from rollouts.model.objects import ref_of
from rollouts.model.plan import Plan
from rollouts.model.questions import Answer, AskPods, PodsSeen, Question, Verified, VerifyWeight
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Snapshot
from rollouts.model.strategy import Canary, SetHeaderRoute, SetMirrorRoute
from rollouts.model.weights import Shares, Unknown, Weights
from rollouts.traffic.protocol import Options
from rollouts.traffic.registry import providers
from tests.golden.category import Category, Json

LIST = Path(__file__).parents[2] / "docs" / "transitions.md"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_KNOWN = providers(Options(), ["golden/x"])
"""With Argo's recording router, which stands for a provider of ours."""
_MOST_QUESTIONS = 4
_CREATING = (e.CreateVersion, e.StartAnalysis, e.StartExperiment)
_DELETING = (e.DeleteVersion, e.DeleteAnalysis, e.DeleteExperiment)


@dataclass(slots=True)
class Route:
    """What Argo's recording router was told last."""

    hashes: tuple[str, str] | None = None
    weight: int | None = None
    extra: tuple[tuple[int, str], ...] = ()
    managed: tuple[str, ...] = ()

    def turned(self, call: Json) -> bool:
        """Take a call in; whether it changed anything."""
        before = (self.hashes, self.weight, self.extra, self.managed)
        match call["call"]:
            case "updateHash":
                self.hashes = (call["canaryHash"], call["stableHash"])
            case "setWeight":
                others = call.get("additionalDestinations") or ()
                self.weight, self.extra = call["weight"], tuple((o["weight"], o["podTemplateHash"]) for o in others)
            case "removeManagedRoutes":
                self.managed = ()
            case "setHeaderRoute" | "setMirrorRoute":
                name = call["step"]["name"]
                rest = tuple(known for known in self.managed if known != name)
                self.managed = (*rest, name) if call["step"].get("match") else rest
            case _:
                pass  # verifyWeight changes nothing
        return before != (self.hashes, self.weight, self.extra, self.managed)


def transition(given: Json) -> Json:
    """What one round of ours does to the world of a case."""
    world = _world(given["objects"])
    plan = _decided(world, given)
    return {
        "created": sorted(_created(plan)),
        "deleted": sorted(x.name for x in plan.effects if isinstance(x, _DELETING)),
        "sizes": _sizes(plan),
        "traffic": list(_calls(plan, world.rollout, given)),
        "events": [["Warning" if v.is_warning else "Normal", v.reason, v.message] for v in plan.events],
        "status": _timeless(project(plan.status, world.rollout)),
    }


def told(given: Json, output: Json) -> Json:
    """Argo's output in the form of ours."""
    there = {ref_of(obj) for obj in given["objects"]}
    names = {(ref.kind.lower() + "s", ref.name) for ref in there}
    writes = [w for w in output["writes"] if w["verb"] != "create" or (w["resource"], w["name"]) not in names]
    route = _route(given)
    calls = [call for call in output["trafficCalls"] if route.turned(call)]
    return {
        "created": sorted(w["name"] for w in writes if w["verb"] == "create"),
        "deleted": sorted(w["name"] for w in writes if w["verb"] == "delete"),
        "sizes": dict(sorted(size for w in writes if (size := _size(w)) is not None)),
        "traffic": [_call(call) for call in calls],
        "events": [[event["type"], event["reason"], event["message"]] for event in output["events"]],
        "status": _timeless(output["rolloutStatusAfter"]),
    }


def _world(objects: list[Json]) -> World:
    manifest = next(obj for obj in objects if obj["kind"] == "Rollout")
    return World(
        manifest=manifest,
        rollout=parse(manifest),
        replica_sets=tuple(obj for obj in objects if obj["kind"] == "ReplicaSet"),
        runs=tuple(obj for obj in objects if obj["kind"] == "AnalysisRun"),
        experiments=tuple(obj for obj in objects if obj["kind"] == "Experiment"),
        providers=_KNOWN,
        objects={ref_of(obj): obj for obj in objects if obj["kind"] in ("Service", "AnalysisTemplate")},
    )


def _decided(world: World, given: Json) -> Plan:
    """The plan of the round. Where a router can tell, Argo asks it in the round of the write, we in the next one."""
    now, seen = datetime.fromisoformat(given["now"]), _seen(world, given)
    plan = _answered(seen, given, now)
    shares = next((effect.shares for effect in plan.effects if isinstance(effect, e.ShiftTraffic)), None)
    if shares is None or not seen.asks_verification:
        return plan
    route = Weights(shares.canary.weight, shares.stable.weight, shares.total, _stood(world.rollout))
    ahead = replace(seen, rollout=replace(seen.rollout, status=plan.status), route=route)
    then = _answered(_carried_out(ahead, plan), given, now)
    return replace(then, effects=plan.effects + then.effects, events=plan.events + then.events)


def _carried_out(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """The snapshot with Services and sizes as the plan leaves them."""
    services, sizes = dict(snapshot.services), {x.name: x for x in plan.effects if isinstance(x, e.ScaleVersion)}
    for effect in plan.effects:
        if isinstance(effect, e.PointService):
            services[effect.service] = replace(services[effect.service], hash=effect.hash)
    versions = (
        replace(v, replicas=sizes[v.name].replicas, desired_then=sizes[v.name].desired) if v.name in sizes else v
        for v in snapshot.versions
    )
    return replace(snapshot, services=services, versions=tuple(versions))


def _answered(snapshot: Snapshot, given: Json, now: datetime) -> Plan:
    """The plan of one round; a question of it is answered and the round goes on."""
    answers: dict[Question, Answer] = {}
    for _ in range(_MOST_QUESTIONS):
        plan = decide(replace(snapshot, answers=answers), now)
        if not plan.questions:
            return plan
        answers |= {question: _answer(question, given) for question in plan.questions}
    raise AssertionError(f"still asks {plan.questions}")


def _seen(world: World, given: Json) -> Snapshot:
    """The snapshot, with a route that says what Argo recorded."""
    snapshot = snapshot_of(world)
    shares, stood = world.rollout.status.canary.shares, _stood(world.rollout)
    weights = Weights(shares.canary.weight, shares.stable.weight, shares.total, stood) if shares else None
    asks = given["verifyWeight"] is not None
    return replace(snapshot, route=weights or Unknown("no weight yet"), asks_verification=asks)


def _stood(rollout: Rollout) -> tuple[str, ...]:
    """The managed routes that the steps before the present one have left."""
    strategy, index = rollout.strategy, rollout.status.step or 0
    steps = strategy.steps[:index] if isinstance(strategy, Canary) and index < len(strategy.steps) else ()
    return tuple(step.name for step in steps if isinstance(step, SetHeaderRoute | SetMirrorRoute) and step.match)


def _answer(question: Question, given: Json) -> Answer:
    match question:
        case VerifyWeight():
            return Verified(given["verifyWeight"])
        case AskPods():
            return PodsSeen()  # no world of the data has pods
        case _:
            raise AssertionError(f"nobody here answers {question}")


def _created(plan: Plan) -> Iterator[str]:
    return (effect.name for effect in plan.effects if isinstance(effect, _CREATING))


def _sizes(plan: Plan) -> Json:
    """The last size that each ReplicaSet is given."""
    sizes = {x.name: x.replicas for x in plan.effects if isinstance(x, e.CreateVersion | e.ScaleVersion)}
    return dict(sorted(sizes.items()))


def _size(write: Json) -> tuple[str, int] | None:
    body = write.get("object") or write.get("changes") or {}
    size = (body.get("spec") or {}).get("replicas") if write["resource"] == "replicasets" else None
    return None if size is None else (write["name"], size)


def _route(given: Json) -> Route:
    manifest = next(obj for obj in given["objects"] if obj["kind"] == "Rollout")
    rollout = parse(manifest)
    shares = rollout.status.canary.shares
    route = Route(managed=_stood(rollout))
    if shares is not None:
        for call in _told_shares(shares):
            route.turned(call)
    return route


def _calls(plan: Plan, rollout: Rollout, given: Json) -> Iterator[Json]:
    """The plan's shifts as calls to a router."""
    route = _route(given)
    for effect in plan.effects:
        if isinstance(effect, e.ShiftTraffic):
            calls = (*_told_routes(effect, route.managed), *_told_shares(effect.shares))
            yield from (_call(call) for call in calls if route.turned(call))


def _told_routes(effect: e.ShiftTraffic, stood: tuple[str, ...]) -> Iterator[Json]:
    """Managed routes all taken away, or those set that did not stand."""
    if stood and not effect.managed:
        yield {"call": "removeManagedRoutes"}
    for managed in effect.managed:
        kind = "Header" if isinstance(managed, SetHeaderRoute) else "Mirror"
        yield {"call": f"set{kind}Route", "step": {"name": managed.name, "match": True}}


def _told_shares(shares: Shares) -> Iterator[Json]:
    others = [{"weight": share.weight, "podTemplateHash": share.hash} for share in shares.extra]
    yield {"call": "updateHash", "canaryHash": shares.canary.hash, "stableHash": shares.stable.hash}
    yield {"call": "setWeight", "weight": shares.canary.weight, "additionalDestinations": others}


def _call(call: Json) -> Json:
    """A call without what is in others too, or in no plan."""
    kept = ("call", "canaryHash", "stableHash", "weight")
    named = {"route": call["step"]["name"]} if "step" in call else {}
    others = [[other["weight"], other["podTemplateHash"]] for other in call.get("additionalDestinations") or ()]
    return {name: call[name] for name in kept if name in call} | named | ({"others": others} if others else {})


def _timeless(value: Any) -> Any:
    """Absent fields left out, and of every moment only that there is one."""
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return "some time" if isinstance(value, str) and _MOMENT.match(value) else value


def _listed() -> dict[str, str]:
    """The cases that are known to differ, each with its reason, from the page that people read."""
    rows = (line.split("|") for line in LIST.read_text(encoding="utf-8").splitlines() if line.startswith("| st-"))
    return {row[1].strip(): row[2].strip() for row in rows}


TRANSITIONS = Category("status_transitions", transition, shown=told, listed=_listed(), least=0.9)
