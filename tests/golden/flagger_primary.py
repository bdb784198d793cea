"""flagger/primary: what Flagger generates around a target, operation after operation, as its own code did it.

Ours render changes to the letter, and a world of plain objects takes them. Of each operation we answer for the objects
that differ afterwards, whole, for the selector and the ports, and for what stands in the way. After that a tick has
ended, and so does the comparison. Not for `writes`: we patch what differs, where Flagger updates.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from rollouts.dialects.flagger.canary import STRICT
from rollouts.dialects.flagger.generated import SELECTOR_LABELS, Flags, copying_of
from rollouts.model import effects as e
from rollouts.model.copying import Copying
from rollouts.model.objects import Change, ref_of
from rollouts.simulator.store.patches import merged
from rollouts.workloads import twins
from rollouts.workloads.selection import ports_of, side_of
from tests.builders.copying import World, carry_out
from tests.golden.category import Category, Json

_EDITION = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_NO_METADATA = {"error": None, "label": "", "ports": None, "value": ""}


def _primary(given: Json) -> Json:
    world = {ref_of(body): deepcopy(body) for body in (*given["objects"], given["canary"])}
    canary = ref_of(given["canary"])
    world[canary] = merged(world[canary], {"metadata": {"annotations": {STRICT: "true"}}})
    steps: list[Json] = []
    for op in given["ops"]:
        for action in op.get("actions", ()):
            _act(world, action)
        steps.append(_step(world, copying_of(world[canary], _flags(given["flags"])), op["op"]))
        if _has_ended(steps[-1]):
            break
    return {"steps": steps}


def _flags(flags: Json) -> Flags:
    return Flags(
        tuple(flags.get("selectorLabels", SELECTOR_LABELS)),
        tuple(flags.get("includeLabelPrefix", ())),
        flags.get("enableConfigTracking", True),
    )


def _act(world: World, action: Json) -> None:
    ref = next(ref for ref in world if (ref.kind, ref.name) == (action["kind"], action["name"]))
    world[ref] = merged(world[ref], action["patch"])


def _step(world: World, copying: Copying, op: str) -> Json:
    obstacles = twins.obstacles(copying, world)
    error = {"primary": obstacles.copy, "scaler": obstacles.scaler}.get(op) or None
    before = deepcopy(world)
    if not obstacles.services and not error:
        for change in _changes(world, copying, op):
            carry_out(world, change)
    changed = [body for ref, body in world.items() if body != before.get(ref)]
    return {
        "op": op,
        "error": error,
        "metadata": _metadata(world, copying, obstacles.services),
        "changed": _shown_objects(changed),
        "deleted": sorted(ref.name for ref in before if ref not in world),
    }


def _metadata(world: World, copying: Copying, error: str) -> Json:
    if not copying.pair.is_sized or error:
        return {**_NO_METADATA, "error": error or None}
    target = world[copying.target]
    side, ports = side_of(copying, target), ports_of(copying, target)
    return {
        "error": None,
        "label": side.label,
        "ports": ports if copying.front.discovers_ports else None,
        "value": side.target,
    }


def _changes(world: World, copying: Copying, op: str) -> tuple[Change, ...]:
    effect = _EFFECTS[op](world, copying)
    return twins.render(effect, copying, world)


def _created(world: World, copying: Copying) -> e.Effect:
    return e.CreateCopy(copying.pair.copy, world[copying.target]["spec"].get("replicas", 1) or 1)


def _scaled_up(world: World, copying: Copying) -> e.Effect:
    """The size that a decision gives: the target's own, its autoscaler's least, or the copy's."""
    own = world[copying.target]["spec"].get("replicas", 1)
    scaler = world[copying.scaler.ref]["spec"] if copying.scaler else {}
    least = max(scaler.get("minReplicas", 1), scaler.get("minReplicaCount", 1), 1)
    return e.ScaleTarget(copying.pair.target, own or (least if copying.scaler else _copy_size(world, copying)))


def _copy_size(world: World, copying: Copying) -> int:
    return int(world[copying.copy]["spec"].get("replicas", 1))


_EFFECTS: dict[str, Callable[[World, Copying], e.Effect]] = {
    "services": lambda *_: e.Tend(e.SERVICES),
    "primary": _created,
    "scaler": lambda *_: e.Tend(e.SCALER),
    "pause": lambda _, copying: e.HoldScaler(copying.pair.scaler, is_held=True),
    "resume": lambda _, copying: e.HoldScaler(copying.pair.scaler, is_held=False),
    "apex": lambda _, copying: e.ServeCopy(copying.pair.service),
    "scaleToZero": lambda _, copying: e.ScaleTarget(copying.pair.target, 0),
    "scaleFromZero": _scaled_up,
    "promote": lambda _, copying: e.OverwriteCopy(copying.pair.copy, ""),
    "scalerUpdate": lambda _, copying: e.MatchScaler(copying.pair.scaler),
    "finalize": lambda world, copying: e.ScaleTarget(copying.pair.target, _copy_size(world, copying)),
    "finalizeApex": lambda *_: e.GiveBack(),
}


def _has_ended(step: Json) -> bool:
    return bool(step["error"] or step["metadata"]["error"])


def _shown(_: Json, output: Json) -> Json:
    """Flagger's answer up to where a tick would have ended, without what Go and its API server fill in."""
    steps: list[Json] = []
    for step in output["steps"]:
        told: Json = {name: step.get(name) for name in ("op", "error", "metadata", "deleted")}
        steps.append({**told, "changed": _shown_objects(step["changed"])})
        if _has_ended(told):
            break
    return {"steps": steps}


def _shown_objects(objects: list[Json]) -> list[Json]:
    bare = [_bare({key: value for key, value in body.items() if key != "status"}) for body in objects]
    return sorted(bare, key=lambda body: (body["kind"], body["metadata"]["name"]))


def _bare(value: Any) -> Any:
    """Without empty maps, empty lists and nulls, and with every edition named alike."""
    if isinstance(value, dict):
        inner = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return "UUID" if isinstance(value, str) and _EDITION.match(value) else value


PRIMARY = Category("flagger/primary", _primary, shown=_shown)
