"""Which fields an object has, and managedFields' way to write them down. Called by apply.py.

A Path is a tuple of steps in the words of fieldsV1: `f:name` a field, `k:{...}` the item of a list-map with that key,
`v:...` the value of a set. Owned are leaves (scalars, values that merge as a whole, empty containers) and the items of
list-maps and sets themselves.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store.shapes import Shape

Path = tuple[str, ...]
Leaves = dict[Path, Any]
# What the server writes, or what names the object: nobody owns it.
_UNOWNED_META = frozenset(
    f"f:{name}"
    for name in (
        *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"),
        *("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"),
    )
)


def leaves_of(obj: Json, shape: Shape) -> Leaves:
    """What a manager owns that applies this: every leaf with its value (None for items and empty containers)."""
    return {path: value for path, value in _leaves(obj, shape, ()) if not _is_unowned(path)}


def places_of(obj: Json, shape: Shape) -> Leaves:
    """The leaves, and the containers that somebody must have opened to put them there (None, too)."""
    opened = {path: None for path in _containers(obj, shape, ()) if not _is_unowned(path)}
    return opened | leaves_of(obj, shape)


def _is_unowned(path: Path) -> bool:
    if path[0] == "f:metadata":
        return len(path) == 1 or path[1] in _UNOWNED_META
    return len(path) == 1 and path[0] in ("f:apiVersion", "f:kind")


def _leaves(value: Any, shape: Shape, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and not shape.is_atomic:
        for name, inner in value.items():
            if isinstance(inner, dict | list) and not shape.declares(name):
                yield (*path, f"f:{name}"), None  # a key of the writer's own choice is owned besides what it holds
            yield from _leaves(inner, shape.of(name), (*path, f"f:{name}"))
    elif isinstance(value, list) and value and (shape.keys or shape.is_set):
        for item in value:
            step = step_of(item, shape)
            yield (*path, step), None
            if shape.keys and isinstance(item, dict):
                yield from _leaves(item, shape.item, (*path, step))
    elif path and not (value == [] and (shape.keys or shape.is_set)):  # nobody owns an empty list of items
        yield path, None if value in ({}, []) else value


def _containers(value: Any, shape: Shape, path: Path) -> Iterator[Path]:
    is_list = isinstance(value, list) and bool(shape.keys or shape.is_set)
    if shape.is_atomic or not (is_list or (value and isinstance(value, dict))):
        return
    if path and not shape.is_given and not path[-1].startswith("k:"):
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _containers(inner, shape.of(name), (*path, f"f:{name}"))
    elif shape.keys:
        for item in value:
            yield from _containers(item, shape.item, (*path, step_of(item, shape)))


def step_of(item: Any, shape: Shape) -> str:
    """The step that leads to an item of a list-map or set."""
    if not shape.keys:
        return "v:" + _compact(item)
    known = item if isinstance(item, dict) else {}
    key = {name: known.get(name, shape.defaults.get(name)) for name in sorted(shape.keys)}
    return "k:" + _compact({name: value for name, value in key.items() if value is not None})


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def written(paths: Iterable[Path]) -> Json:
    """Paths as fieldsV1."""
    tree: Json = {}
    ends = set(paths)
    for path in sorted(ends):
        node = tree
        for depth, step in enumerate(path, start=1):
            is_new = step not in node
            node = node.setdefault(step, {})
            if is_new and path[:depth] in ends:
                node["."] = {}
    return _bare_leaves(tree)


def _bare_leaves(tree: Json) -> Json:
    """`{".": {}}` without company is written `{}`."""
    return {
        step: {} if set(inner) == {"."} else _bare_leaves(inner) if step != "." else {} for step, inner in tree.items()
    }


def read(tree: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """The paths that fieldsV1 holds."""
    for step, inner in tree.items():
        if step == ".":
            yield above
        elif inner:
            yield from read(inner, (*above, step))
        else:
            yield (*above, step)


def shown(path: Path) -> str:
    """A path as conflict messages write it: `.spec.containers[name="web"].image`."""
    return "".join(_shown_step(step) for step in path)


def _shown_step(step: str) -> str:
    kind, text = step[:2], step[2:]
    if kind == "f:":
        return f".{text}"
    if kind == "v:":
        return f"[={text}]"
    pairs = json.loads(text)
    return "[" + ",".join(f"{name}={_compact(value)}" for name, value in pairs.items()) + "]"


def undeclared(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Fields that a schema with a closed list of fields does not know."""
    if isinstance(value, dict):
        for name, inner in value.items():
            is_of_resource = not path and name in ("apiVersion", "kind", "metadata")
            if shape.is_declared and name not in shape.fields and not is_of_resource:
                yield f"{path}.{name}"
            else:
                yield from undeclared(inner, shape.of(name), f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from undeclared(item, shape.item, path)


def with_declared_parents(paths: Iterable[Path], shape: Shape) -> set[Path]:
    """The paths, and every declared field that leads to one of them."""
    found: set[Path] = set(paths)
    for path in paths:
        here = shape
        for depth, step in enumerate(path, start=1):
            name = step[2:]
            if step.startswith("f:") and here.declares(name):
                found.add(path[:depth])
            here = here.of(name) if step.startswith("f:") else here.item
    return found


def removed(value: Any, path: Path, shape: Shape) -> Any:
    """The value without what a path leads to; nothing is changed in place."""
    step, rest = path[0], path[1:]
    if step.startswith("f:"):
        name = step[2:]
        if not isinstance(value, dict) or name not in value:
            return value
        if not rest:
            return {key: inner for key, inner in value.items() if key != name}
        return {**value, name: removed(value[name], rest, shape.of(name))}
    if not isinstance(value, list):
        return value
    if not rest:
        return [item for item in value if step_of(item, shape) != step]
    return [removed(item, rest, shape.item) if step_of(item, shape) == step else item for item in value]
