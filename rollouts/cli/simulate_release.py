"""From manifests to a world in which a release can be played: which rollout, from which image to which. Pure.

Called by `sluice simulate`. What the embedded cluster has no kind for is left out and named; a rollout without a route
gets its requests through the Service that its users call.
"""

import copy
from collections.abc import Collection as Among
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rollouts.cli.canary import steps_of
from rollouts.cli.simulate_story import Story
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Json, Target
from rollouts.model.errors import RolloutsError
from rollouts.simulator.traffic.gateway import TRAFFIC

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Release:
    """What is played. `notes` say what was assumed or left out; `plugins` are the step plugins, which just succeed."""

    objects: tuple[Json, ...]
    target: Target
    before: str
    image: str
    notes: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


def release_of(story: Story, found: Sequence[Json], known: Among[tuple[str, str]]) -> Release:
    """The release of a story. `known` are the kinds of the embedded cluster. RolloutsError: what has to be said."""
    wanted = story.release
    objects = [_placed(obj) for obj in found if (obj["apiVersion"], obj["kind"]) in known]
    rollout = _rollout(objects, wanted.rollout)
    holder = _holder(rollout, objects)
    images = [str(c.get("image", "")) for c in _containers(holder)]
    image = wanted.image or _unused(story, images)
    old = _replaced(images, image)
    before = wanted.before or old
    if before == image:
        raise RolloutsError(f"{image} runs already: name another image to release (--image, or release.image)")
    for container in _containers(holder):
        container["image"] = before if container.get("image") == old else container.get("image")
    left_out = sorted({obj["kind"] for obj in found if (obj["apiVersion"], obj["kind"]) not in known})
    notes = [f"left out, the embedded cluster has no such kind: {', '.join(left_out)}"] if left_out else []
    notes += _give_traffic(story, rollout, holder, objects)
    notes += [
        f"{name} is not in the scenario: it behaves by default"
        for name in (before, image)
        if name not in story.scenario.images
    ]
    plugins = tuple(sorted(_plugins(rollout)))
    notes += [f"step plugin {name} is not run: it succeeds at once" for name in plugins]
    target = Target(ROLLOUTS, rollout["metadata"]["name"], rollout["metadata"]["namespace"])
    return Release(tuple(objects), target, before, image, tuple(notes), plugins)


def _plugins(rollout: Json) -> set[str]:
    return {str(step["plugin"].get("name")) for step in steps_of(rollout) if isinstance(step.get("plugin"), dict)}


def _placed(obj: Json) -> Json:
    """A copy, in a namespace."""
    placed = copy.deepcopy(obj)
    placed["metadata"].setdefault("namespace", DEFAULT_NAMESPACE)
    if obj["kind"].startswith("Cluster") or obj["kind"] in ("Namespace", "CustomResourceDefinition"):
        del placed["metadata"]["namespace"]
    return placed


def _rollout(objects: Sequence[Json], name: str) -> Json:
    rollouts = [obj for obj in objects if obj["kind"] == "Rollout" and name in ("", obj["metadata"]["name"])]
    if len(rollouts) == 1:
        return rollouts[0]
    there = sorted(obj["metadata"]["name"] for obj in objects if obj["kind"] == "Rollout")
    if not there:
        raise RolloutsError("no Rollout among these manifests: name the folder that holds it with -f")
    cause = f"rollout {name!r} is not among them;" if name else "which one is released?"
    raise RolloutsError(f"{cause} there are {', '.join(there)}: say it with --rollout, or release.rollout")


def _holder(rollout: Json, objects: Sequence[Json]) -> Json:
    reference = rollout["spec"].get("workloadRef")
    if not reference:
        return rollout
    for obj in objects:
        is_meant = obj["kind"] == reference.get("kind") and obj["metadata"]["name"] == reference.get("name")
        if is_meant and obj["metadata"].get("namespace") == rollout["metadata"]["namespace"]:
            return obj
    raise RolloutsError(f"spec.workloadRef: {reference.get('kind')} {reference.get('name')} is not among the manifests")


def _containers(holder: Json) -> list[dict[str, Any]]:
    spec = ((holder.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers: list[dict[str, Any]] = spec.get("containers") or []
    if not containers:
        raise RolloutsError(f"{holder['kind']} {holder['metadata']['name']}: its pod template has no containers")
    return containers


def _unused(story: Story, images: Sequence[str]) -> str:
    """The one image of the scenario that does not run yet."""
    others = [image for image in story.scenario.images if image not in images and image != story.release.before]
    if len(others) != 1:
        there = f": the scenario has {', '.join(others)}" if others else ""
        raise RolloutsError(f"which image is released? Say it with --image, or release.image{there}")
    return others[0]


def _replaced(images: Sequence[str], image: str) -> str:
    """The running image that a new one takes the place of: that of the same repository, or the only one."""
    same = [old for old in images if _repository(old) == _repository(image)]
    chosen = same or (images if len(images) == 1 else [])
    if not chosen:
        raise RolloutsError(f"{image} is of no container's repository; there are {', '.join(images)}")
    return chosen[0]


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def _give_traffic(story: Story, rollout: Json, holder: Json, objects: Sequence[Json]) -> Iterator[str]:
    """Requests come by routes; where there is none, by a Service."""
    namespace = rollout["metadata"]["namespace"]
    around = [obj for obj in objects if obj["metadata"].get("namespace") == namespace]
    if any(obj["kind"] == "HTTPRoute" or TRAFFIC in (obj["metadata"].get("annotations") or {}) for obj in around):
        return
    services = [obj for obj in around if obj["kind"] == "Service"]
    chosen = _entry(rollout, holder, services)
    if chosen is None:
        yield f"no requests: there is no HTTPRoute, and no Service that users call (annotate one: {TRAFFIC})"
        return
    notes = chosen["metadata"].get("annotations") or {}
    chosen["metadata"]["annotations"] = {**notes, TRAFFIC: f"{story.scenario.requests_per_second:g}"}
    yield f"no HTTPRoute: users call the Service {chosen['metadata']['name']}"


def _entry(rollout: Json, holder: Json, services: Sequence[Json]) -> Json | None:
    strategy = rollout["spec"].get("strategy") or {}
    blue_green, canary = strategy.get("blueGreen") or {}, strategy.get("canary") or {}
    named = blue_green.get("activeService") or canary.get("stableService")
    labels = (holder["spec"]["template"].get("metadata") or {}).get("labels") or {}
    roles = {blue_green.get("previewService"), canary.get("canaryService"), canary.get("stableService")}
    common = [s for s in services if _selects(s, labels) and s["metadata"]["name"] not in roles]
    if blue_green or not common:
        return next((s for s in services if s["metadata"]["name"] == named), None)
    return common[0]


def _selects(service: Json, labels: Json) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())
