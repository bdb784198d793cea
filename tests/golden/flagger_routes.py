"""flagger/routes_*: what Flagger's routers make of objects, operation by operation, in strict mode.

Compared are the error, the objects that differ afterwards, those that are gone, and what the route then says. Not
compared are `writes` (verbs of full updates; ours are patches, and none where nothing changes) and the Canary's status:
cookies are made by the ticking stages (flagger/ticks); here they are drawn as the oracle's controller kept them.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from rollouts.dialects.flagger.canary import DEFAULT_PROVIDER, pair_of
from rollouts.dialects.flagger.routes import ORIGINAL, route_of
from rollouts.model.objects import Change, Create, Modify, Ref, Remove, ref_of
from rollouts.model.owned import NO_COOKIES, OwnedRoute, Split
from rollouts.model.status import Cookies
from rollouts.model.weights import Weights
from rollouts.simulator.store.patches import merged
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.registry import find, owned
from rollouts.traffic.protocol import Rendered
from tests.golden.category import Category, Json, Rule

MOST_BY_RULE = {"apisix": 0.1, "gloo": 0.7, "nginx": 0.15, "skipper": 0.1}
"""The part of the cases whose Canary names no object; for Gloo, that copies a configuration with a threshold."""

PROVIDERS = (
    "apisix",
    "appmesh_v1beta2",
    "contour",
    "gatewayapi_v1",
    "gatewayapi_v1beta1",
    "gloo",
    "istio",
    "knative",
    "kuma",
    "linkerd",
    "nginx",
    "skipper",
    "smi_v1alpha1_istio",
    "smi_v1alpha2",
    "traefik",
)
_ABSENT: tuple[Any, ...] = (None, {}, [], "")
PANIC = "panic"
OLDER = "gatewayapi:v1beta1"
"""Here upstream knows no cookie of those on the primary."""


@dataclass(slots=True)
class Scene:
    """The Canary and the objects between two operations."""

    canary: Json
    provider: Owned
    objects: dict[Ref, Json]
    cookies: Cookies = NO_COOKIES
    drawn: int = 0

    @property
    def route(self) -> OwnedRoute:
        """What the Canary wants now."""
        spec = self.canary["spec"]
        name = spec.get("provider") or DEFAULT_PROVIDER
        return route_of(self.canary["metadata"], spec, name, pair_of(spec), letter=True)

    def seen(self) -> dict[Ref, Json | None]:
        """What the provider may look at."""
        return {ref: self.objects.get(ref) for ref in self.provider.touches(self.route)}

    def can(self, action: Json) -> bool:
        """Whether what a user means is there."""
        there = {(ref.kind, ref.name) for ref in self.objects}
        return action["kind"] == "Canary" or (action["kind"], action["name"]) in there

    def act(self, action: Json) -> None:
        """What a user does in between."""
        if action["kind"] == "Canary":
            self.canary = merged(self.canary, action["patch"])
            return
        for ref, obj in self.objects.items():
            if (ref.kind, ref.name) == (action["kind"], action["name"]):
                self.objects[ref] = merged(obj, action["patch"])

    def render(self, operation: Mapping[str, Any]) -> Rendered:
        """What the provider answers."""
        if operation["op"] == "reconcile":
            return self.provider.tend(self.route, self.seen())
        if operation["op"] == "finalize":
            return self.provider.give_back(self.route, self.seen())
        cookies = self._after(operation["canary"])
        split = Split(operation["primary"], operation["canary"], operation["mirrored"], cookies)
        rendered = self.provider.shift(self.route, self.seen(), split)
        if not rendered.error:
            self.cookies = cookies
        return rendered

    def _after(self, weight: int) -> Cookies:
        """The cookies that go with a weight: the oracle's letters are numbered as they come."""
        affinity, known = self.route.affinity, self.cookies
        if affinity is None:
            return known
        if weight == 0:
            return replace(known, new="", former=known.new) if known.new else known
        has_copy = self.provider.name != OLDER
        copy = known.copy or (f"{affinity.stable_cookie}={self._letters()}" if has_copy else "")
        return replace(known, copy=copy, new=known.new or f"{affinity.cookie}={self._letters()}")

    def _letters(self) -> str:
        self.drawn += 1
        return f"RANDOM{self.drawn}"


def _replay(given: Json) -> Json:
    flags = given.get("flags") or {}
    options = OwnedOptions(
        flags.get("ingressClass", ""), flags.get("ingressAnnotationsPrefix", OwnedOptions().annotations_prefix)
    )
    provider = find(owned(options), given["provider"])
    assert provider is not None, f"nobody knows {given['provider']}"
    scene = Scene(deepcopy(given["canary"]), provider, {ref_of(obj): deepcopy(obj) for obj in given["objects"]})
    return {"steps": list(_steps(scene, given["ops"]))}


def _steps(scene: Scene, operations: list[Json]) -> Iterator[Json]:
    """Step after step, up to a user's hand on an object that is not there: with that the oracle's player ended."""
    for operation in operations:
        actions = operation.get("actions") or ()
        if not all(map(scene.can, actions)):
            return
        for action in actions:
            scene.act(action)
        yield _played(scene, operation)


def _played(scene: Scene, operation: Mapping[str, Any]) -> Json:
    before = {ref: _bare(obj) for ref, obj in scene.objects.items()}
    rendered = scene.render(operation)
    for change in rendered.changes:
        scene.objects = _after(scene.objects, change)
    after = {ref: _bare(obj) for ref, obj in scene.objects.items()}
    return {
        "op": operation["op"],
        "error": rendered.error or None,
        "changed": _titled(obj for ref, obj in after.items() if obj != before.get(ref)),
        "deleted": sorted(f"{ref.kind}/{ref.name}" for ref in before if ref not in after),
        "routes": _routes(scene),
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


def _routes(scene: Scene) -> Json:
    read = scene.provider.read(scene.route, scene.seen())
    if isinstance(read, Weights):
        return {"canary": read.canary, "mirrored": read.is_mirrored, "primary": read.stable}
    return {"error": read.reason}


def _titled(objects: Any) -> Json:
    """By kind and name, without the status that the oracle's client sent along with a spec.

    What an object was before is compared as an object: the order of its fields means nothing.
    """
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": {key: obj[key] for key in obj if key != "status"}
        | {"original": _bare(json.loads(obj["metadata"].get("annotations", {}).pop(ORIGINAL, "{}")))}
        for obj in objects
    }


def _bare(value: Any) -> Any:
    """Without what typed clients add or leave out: empty values of any kind."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {key: _bare(item) for key, item in value.items()}
    return {key: item for key, item in known.items() if item not in _ABSENT}


def _shown(_: Json, output: Json) -> Json:
    return {"steps": [_step(step) for step in output["steps"]]}


def _step(step: Json) -> Json:
    return {
        "op": step["op"],
        "error": step.get("error"),
        "changed": _titled(map(_bare, step.get("changed") or ())),
        "deleted": sorted(step.get("deleted") or ()),
        "routes": step.get("routes"),
    }


def _drops_threshold(_: Json, output: Json) -> bool:
    """A threshold that the oracle's client had no field for."""
    return any(_has_lost(obj) for step in output["steps"] for obj in step["changed"])


def _has_lost(obj: Json) -> bool:
    return bool(obj["kind"] == "Upstream" and obj["spec"].get("loadBalancerConfig") == {})


def _with_threshold(given: Json, output: Json) -> Json:
    pattern = next(obj for obj in given["objects"] if obj["kind"] == "Upstream")
    copied = {"loadBalancerConfig": pattern["spec"]["loadBalancerConfig"]}
    steps = deepcopy(output["steps"])
    for obj in (obj for step in steps for obj in step["changed"] if _has_lost(obj)):
        obj["spec"] |= copied
    return {"steps": steps}


def _crashes(step: Json) -> bool:
    """Upstream crashes before anything is done, or when it reads what there is not."""
    return (not step["changed"] and PANIC in step) or PANIC in step["routes"]


def _refused(given: Json, output: Json) -> Json:
    """Upstream's steps but for the crashes: there ours, if it is a word of refusal that changes nothing."""
    pairs = zip(output["steps"], _replay(given)["steps"], strict=True)
    return {"steps": [_told(step, mine) if _crashes(step) else step for step, mine in pairs]}


def _told(step: Json, mine: Json) -> Json:
    said = {"error": mine["error"]} if PANIC in step else {}
    is_refused = mine["error"] or step["op"] == "finalize"
    is_good = is_refused and not mine["changed"] and mine["routes"].get("error")
    return {**step, **said, "routes": mine["routes"]} if is_good else step


CRASHES = Rule(
    "upstream-crashes",
    "where the Canary names no object for its provider, upstream's router crashes; ours says what is missing",
    lambda _, output: any(map(_crashes, output.get("steps", ()))),
    _refused,
)

WHOLE_COPY = Rule(
    "load-balancer-config-whole",
    "upstream's type for loadBalancerConfig has no field that takes healthyPanicThreshold, so its copy loses that",
    _drops_threshold,
    _with_threshold,
)

RULES = (CRASHES, WHOLE_COPY)

ROUTES = tuple(
    Category(f"flagger/routes_{name}", _replay, RULES, shown=_shown, most_by_rule=MOST_BY_RULE.get(name, 0.02))
    for name in PROVIDERS
)
