"""The traffic_* categories: what upstream's routers make of objects, operation by operation.

Each operation is one part of what our providers are told to bring about (see `Desired`): the other parts stay as they
are. Compared are the objects afterwards, the error and the events; upstream's `writes` (verbs of full updates) are not,
since ours are patches. A category is run from when its provider is in the registry.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from rollouts.dialects.argo.rollout import parse
from rollouts.dialects.argo.steps import parse_step
from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, SetHeaderRoute, SetMirrorRoute
from rollouts.model.weights import Share, Shares
from rollouts.traffic.bodies import owner_of
from rollouts.traffic.protocol import Desired, Options, Part, Provider, Rendered
from rollouts.traffic.registry import PROVIDERS, providers
from rollouts.workloads.replicasets import versions
from tests.golden import istio
from tests.golden.category import Category, Rule

ROUTERS = ("istio", "nginx", "alb", "smi", "traefik", "apisix", "ambassador")
PANIC = "PANIC"
_PARTS = {
    "updateHash": Part.HASHES,
    "setWeight": Part.WEIGHTS,
    "setHeaderRoute": Part.MANAGED,
    "setMirrorRoute": Part.MANAGED,
    "removeManagedRoutes": Part.MANAGED,
}


@dataclass(slots=True)
class Scene:
    """The objects between operations, and what has been said of the split so far."""

    rollout: Rollout
    provider: Provider
    replica_sets: tuple[Json, ...]
    objects: dict[Ref, Json]
    shares: Shares

    def render(self, operation: Mapping[str, Any]) -> Rendered:
        """What the provider answers to one operation."""
        strategy, (router, *_) = _canary(self.rollout), _canary(self.rollout).routers
        self.shares = _shares(self.shares, operation, strategy.max_weight)
        managed = _asked(operation)
        asked = {route.name for route in managed}
        keeps = () if operation["op"] == "removeManagedRoutes" else strategy.managed_routes
        desired = Desired(
            self.shares,
            managed,
            versions({}, self.replica_sets),
            frozenset({_PARTS[operation["op"]]}),
            tuple(name for name in keeps if name not in asked),
        )
        named = self.provider.touches(self.rollout, router)
        seen = {**dict.fromkeys(named), **self.objects}
        return self.provider.render(self.rollout, router, seen, desired)


def _canary(rollout: Rollout) -> Canary:
    assert isinstance(rollout.strategy, Canary)
    return rollout.strategy


def _asked(operation: Mapping[str, Any]) -> tuple[SetHeaderRoute | SetMirrorRoute, ...]:
    spec = operation.get(operation["op"])
    step = parse_step({operation["op"]: spec}) if isinstance(spec, dict) else None
    return (step,) if isinstance(step, SetHeaderRoute | SetMirrorRoute) else ()


def _shares(before: Shares, operation: Mapping[str, Any], total: int) -> Shares:
    """The split after an operation that says something of it: a weight, hashes, experiments."""
    canary = replace(
        before.canary,
        weight=operation.get("weight", before.canary.weight),
        hash=operation.get("canaryHash", before.canary.hash),
    )
    extra = before.extra
    if operation["op"] in ("setWeight", "updateHash"):
        extra = tuple(
            Share(each.get("weight", 0), each["serviceName"], each.get("podTemplateHash", ""))
            for each in operation.get("additionalDestinations") or ()
        )
    rest = total - canary.weight - sum(share.weight for share in extra)
    stable = replace(before.stable, weight=rest, hash=operation.get("stableHash", before.stable.hash))
    return Shares(canary, stable, extra, total)


def _replay(given: Json) -> Json:
    scene = _scene(given)
    return {"steps": [_played(scene, operation) for operation in given["operations"]]}


def _scene(given: Json) -> Scene:
    rollout = parse(given["rollout"])
    options = Options(traffic_split_version=given.get("trafficSplitAPIVersion", "v1alpha1"))
    strategy = _canary(rollout)
    total = strategy.max_weight
    return Scene(
        rollout,
        providers(options)[strategy.routers[0].provider],
        tuple(given.get("replicaSets") or ()),
        {ref_of(obj): deepcopy(obj) for obj in given["objects"]},
        Shares(Share(0, rollout.services.canary), Share(total, rollout.services.stable), total=total),
    )


def _played(scene: Scene, operation: Mapping[str, Any]) -> Json:
    before = dict(scene.objects)
    rendered = scene.render(operation)
    for change in rendered.changes:
        scene.objects = _after(scene.objects, change)
    return {
        "op": operation["op"],
        "error": rendered.error or None,
        "changed": {_title(ref): obj for ref, obj in _shown(scene.objects) if obj != _bare(before.get(ref))},
        "deleted": sorted(_title(ref) for ref in before if ref not in scene.objects),
        "events": [
            {"type": "Warning" if event.is_warning else "Normal", "reason": event.reason, "message": event.message}
            for event in rendered.events
        ],
    }


def _after(objects: Mapping[Ref, Json], change: Change) -> dict[Ref, Json]:
    match change:
        case Create(ref, body):
            assert ref not in objects, f"{ref} is made twice"
            return {**objects, ref: body}
        case Modify(ref, body):
            return {**objects, ref: merged(objects[ref], body)}
        case Remove(ref):
            return {each: obj for each, obj in objects.items() if each != ref}


def merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch, carried out."""
    if not isinstance(patch, dict):
        return patch
    base = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            base.pop(key, None)
        else:
            base[key] = merged(base.get(key), item)
    return base


def _title(ref: Ref) -> str:
    return f"{ref.kind}/{ref.namespace}/{ref.name}"


def _shown(objects: Mapping[Ref, Json]) -> Iterator[tuple[Ref, Json]]:
    for ref, obj in objects.items():
        yield ref, _bare(obj)


def _bare(obj: Any) -> Any:
    """Without what upstream's typed clients add (an empty status, null times) or leave out (the kind)."""
    if isinstance(obj, list):
        return [_bare(item) for item in obj]
    if not isinstance(obj, dict):
        return obj
    untold = ("apiVersion", "kind", "status") if "metadata" in obj else ()
    known = {key: _bare(item) for key, item in obj.items() if key not in untold}
    return {key: item for key, item in known.items() if item not in (None, {}, [])}


def _expected(_: Json, output: Json) -> Json:
    """Upstream's steps without `writes`, in the form of ours."""
    return {
        "steps": [
            {key: value for key, value in step.items() if key != "writes"}
            | {"changed": {title: _bare(obj) for title, obj in step["changed"].items()}}
            | {"deleted": sorted(step["deleted"]), "events": list(map(_told, step["events"]))}
            for step in output["steps"]
        ]
    }


def _told(event: Json) -> Json:
    """An event of upstream; where it prints a header route by `%d` (`&{%!d(string=beta) [...]}`), with its name."""
    named = re.sub(r"'&\{%!d\(string=([^)]*)\).*\}'", r"'\1'", event["message"])
    return event | {"message": named}


def _panics(step: Json) -> bool:
    return str(step["error"]).startswith(PANIC)


def _refused(given: Json, output: Json) -> Json:
    """Upstream's steps but for the crashes: there ours, if it is an error that changes nothing."""
    ours = _replay(given)["steps"]
    steps = zip(output["steps"], ours, strict=True)
    return {
        "steps": [mine if _panics(step) and mine["error"] and not mine["changed"] else step for step, mine in steps]
    }


CRASHES = Rule(
    "upstream-crashes",
    "where upstream's router crashes, ours refuses in words and changes nothing",
    lambda _, output: any(map(_panics, output["steps"])),
    _refused,
)


def _is_endless(operation: Json) -> bool:
    """A header route with a list of headers, and none in it."""
    return bool(operation["op"] == "setHeaderRoute" and operation["setHeaderRoute"].get("match") == [])


def _until(given: Json, output: Json, does_differ: Callable[[Json, Json], bool]) -> Json:
    """Upstream's steps before the first that differs (by operation and step), ours from there."""
    pairs = list(zip(given["operations"], output["steps"], strict=True))
    first = next(place for place, pair in enumerate(pairs) if does_differ(*pair))
    return {"steps": output["steps"][:first] + _replay(given)["steps"][first:]}


NO_HEADERS = Rule(
    "no-headers-no-route",
    "an empty list of headers matches every request, and upstream sends all traffic to the canary; ours takes the "
    "route away, as where there is no list",
    lambda given, _: any(map(_is_endless, given["operations"])),
    lambda given, output: _until(given, output, lambda operation, _: _is_endless(operation)),
)
NO_ANNOTATIONS = Rule(
    "no-annotations-yet",
    "upstream crashes where an Ingress without any annotation gets a header route; ours gives it one",
    lambda _, output: any(map(_panics, output["steps"])),
    lambda given, output: _until(given, output, lambda _, step: _panics(step)),
)


def _owned(given: Json, output: Json) -> Json:
    """Upstream's steps, with the rollout as the owner of every Mapping that was not there from the start."""
    owner = {"metadata": {"ownerReferences": [owner_of(parse(given["rollout"]))]}}
    users = {_title(ref_of(obj)) for obj in given["objects"]}
    return {
        "steps": [
            step
            | {"changed": {name: obj if name in users else merged(obj, owner) for name, obj in step["changed"].items()}}
            for step in output["steps"]
        ]
    }


OWNED = Rule(
    "canary-mapping-is-owned",
    "upstream's canary Mapping has no owner, and keeps its weight for ever where its rollout is deleted in mid-canary; "
    "ours goes with it",
    lambda given, output: _owned(given, output) != {"steps": output["steps"]},
    _owned,
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "alb": (NO_HEADERS, NO_ANNOTATIONS),
    "ambassador": (OWNED,),
    "apisix": (NO_HEADERS,),
    "istio": istio.rules(_replay, _refused),
}
"""More rules by router, tried before `CRASHES`; with the part of the cases that may come out by rules."""

MOST_BY_RULE: Mapping[str, float] = {"alb": 0.4, "ambassador": 0.6, "apisix": 0.5, "istio": 0.09}


def _categories(names: Iterable[str]) -> Iterator[Category]:
    for name in names:
        yield Category(
            f"traffic_{name}",
            _replay,
            (*RULES.get(name, ()), CRASHES),
            shown=_expected,
            most_by_rule=MOST_BY_RULE.get(name, 0.05),
        )


TRAFFIC = tuple(_categories(name for name in ROUTERS if name in PROVIDERS))
