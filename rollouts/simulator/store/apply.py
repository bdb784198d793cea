"""Server-side apply: a manager says what it wants, the server finds out what that changes. Called by the core.

live object ──┐
config ───────┴─ merge ─→ conflicts? (fields that change and that others own) ─→ force, or 409 naming them
                     └──→ fields of the manager's last config that are not in this one, and are nobody else's, go
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from rollouts.cluster.errors import ConflictError
from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.fields import (
    Leaves,
    Path,
    leaves_of,
    places_of,
    removed,
    shown,
    step_of,
    undeclared,
    with_declared_parents,
)
from rollouts.simulator.store.managers import Owner, Writer, owners_of, with_entry, without_paths
from rollouts.simulator.store.meta import copied, timestamp
from rollouts.simulator.store.shapes import Shape


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply asks for: the object, and who owns what from then on."""

    obj: Json
    owners: tuple[Owner, ...]


def applied(live: Json, config: Json, writer: Writer, shape: Shape, *, is_forced: bool) -> Applied:
    """The live object ({} where there is none) after an apply. Raises ConflictError."""
    if unknown := sorted(set(undeclared(config, shape))):
        told = f"{unknown[0]}: field not declared in schema"
        raise refusals.undeclared_field(f"failed to create typed patch object ({writer.api_version}): {told}")
    merged = _merged(live, config, shape)
    before, after = places_of(live, shape), places_of(merged, shape)
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    owners = owners_of(live) or _first_owners(live, writer, shape)
    _check_conflicts(owners, changed, writer, is_forced=is_forced)
    owners = without_paths(owners, changed | (before.keys() - after.keys()), writer)
    paths = frozenset(leaves_of(config, shape))
    pruned = _pruned(merged, owners, paths, writer, shape)
    left = places_of(pruned, shape)
    owners = without_paths(owners, _vanished(after, left), writer)
    return Applied(pruned, with_entry(owners, paths, writer))


def _first_owners(live: Json, writer: Writer, shape: Shape) -> tuple[Owner, ...]:
    """Who owns an object that nobody has applied and whose owners were forgotten: one manager of that name."""
    paths = frozenset(path for path in places_of(live, shape) if path[0] != "f:status")
    if not live or not paths:
        return ()
    since = timestamp(writer.now)
    return (Owner("before-first-apply", "Update", writer.api_version, "", since, paths),)


def _vanished(before: Leaves, after: Leaves) -> frozenset[Path]:
    return frozenset(before.keys() - after.keys())


def _check_conflicts(owners: tuple[Owner, ...], changed: frozenset[Path], writer: Writer, *, is_forced: bool) -> None:
    if is_forced:
        return
    conflicts: defaultdict[str, list[str]] = defaultdict(list)
    for owner in owners:
        if not owner.is_of(writer):
            for path in sorted(owner.paths & changed):
                conflicts[owner.title].append(shown(path))
    if conflicts:
        raise _conflict(conflicts)


def _conflict(conflicts: dict[str, list[str]]) -> ConflictError:
    causes = [
        refusals.Cause("FieldManagerConflict", f"conflict with {title}", field)
        for title, fields in conflicts.items()
        for field in fields
    ]
    if len(causes) == 1:
        return refusals.apply_conflict(f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", causes)
    lines = [
        line for title, fields in conflicts.items() for line in (f"conflicts with {title}:", *map("- ".__add__, fields))
    ]
    return refusals.apply_conflict(f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes)


def _merged(live: Any, config: Any, shape: Shape) -> Any:
    if isinstance(config, dict) and isinstance(live, dict) and not shape.is_atomic:
        result = dict(live)
        for name, value in config.items():
            result[name] = _merged(live.get(name), value, shape.of(name))
        return result
    if isinstance(config, list) and isinstance(live, list) and (shape.keys or shape.is_set):
        return _merged_list(live, config, shape)
    return copied(config)


def _merged_list(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """The items of both: the config's in its order; what only the live list has stays before what it stood before."""
    held = {step_of(item, shape): item for item in live}
    wanted = {step_of(item, shape): item for item in config}
    result: list[Any] = []
    queue, fresh = list(held), []
    for step, item in wanted.items():
        if step not in held:
            fresh.append(copied(item))
            continue
        end = queue.index(step) if step in queue else len(queue)
        result += [held[one] for one in queue[:end] if one not in wanted]
        result += [*fresh, _merged(held[step], item, shape.item)]
        queue, fresh = queue[end + 1 :], []
    return [*result, *(held[one] for one in queue if one not in wanted), *fresh]


def _pruned(merged: Json, owners: tuple[Owner, ...], paths: frozenset[Path], writer: Writer, shape: Shape) -> Json:
    """Without what the manager applied last time, does not apply now, and nobody else owns.

    A declared field goes as a whole with the last owned leaf below it, defaults that nobody owns included; an item of
    a list goes with its last owner, whatever others have written into it.
    """
    last = next((owner.paths for owner in owners if owner.is_of(writer)), frozenset())
    owned = paths.union(*(owner.paths for owner in owners if not owner.is_of(writer)))
    kept = with_declared_parents(owned, shape) | {("f:metadata",)}
    lost = with_declared_parents(last, shape) - kept
    for path in sorted(lost, key=lambda path: (len(path), path)):  # what holds others goes before them
        if not (_is_key(path) and path[:-1] in kept):
            merged = removed(merged, path, shape)
    return merged


def _is_key(path: Path) -> bool:
    """Whether the path is one of the fields by which a list tells its item apart; they stay while the item does."""
    if len(path) < 2 or not path[-2].startswith("k:"):
        return False
    return path[-1].removeprefix("f:") in json.loads(path[-2].removeprefix("k:"))
