"""Strategic merge patches: lists of built-in kinds merge item by item. Called by patches.py.

Known directives: `$patch: replace | delete | merge` in a map or as an item of a list, `$retainKeys`,
`$deleteFromPrimitiveList/<list>` and `$setElementOrder/<list>` (the order of the items of the patch, others after).
"""

from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.meta import copied
from rollouts.simulator.store.shapes import Shape

_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"
_DIRECTIVE = "$patch"


def strategically_merged(obj: Json, patch: Json, shape: Shape) -> Json:
    """The map after the patch."""
    match patch.get(_DIRECTIVE):
        case None | "merge":
            return _merged_map(obj, patch, shape)
        case "replace":
            return {name: _content(value) for name, value in patch.items() if name != _DIRECTIVE and value is not None}
        case "delete":
            return {}
        case other:
            raise refusals.bad_request(f"invalid $patch directive {other!r}: write replace, delete or merge")


def _merged_map(obj: Json, patch: Json, shape: Shape) -> Json:
    retained = patch.get(_RETAIN)
    result = {name: value for name, value in obj.items() if retained is None or name in retained}
    for name, change in patch.items():
        if name.startswith(_DELETE_FROM):
            _delete_from(result, name.removeprefix(_DELETE_FROM), change)
        elif name.startswith("$"):
            continue
        elif change is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), change, shape.of(name))
    for name, order in patch.items():
        if name.startswith(_ORDER):
            listed = name.removeprefix(_ORDER)
            if isinstance(items := result.get(listed), list):
                result[listed] = _in_order(items, obj.get(listed) or [], order, shape.of(listed).key_of_merge)
    return result


def _merged(value: Any, change: Any, shape: Shape) -> Any:
    if isinstance(change, dict):
        return strategically_merged(value if isinstance(value, dict) else {}, change, shape)
    if isinstance(change, list):
        return _merged_list(value if isinstance(value, list) else [], change, shape)
    return change


def _merged_list(items: list[Any], changes: list[Any], shape: Shape) -> list[Any]:
    if any(isinstance(one, dict) and one.get(_DIRECTIVE) == "replace" for one in changes):
        return [_content(one) for one in changes if not (isinstance(one, dict) and _DIRECTIVE in one)]
    if shape.is_set:
        return _in_order([*items, *(one for one in changes if one not in items)], items, changes, "")
    key = shape.key_of_merge
    if not key:
        return [_content(one) for one in changes]
    result = list(items)
    for change in changes:
        _merge_item(result, change, key, shape)
    return _in_order(result, items, changes, key)


def _merge_item(result: list[Any], change: Any, key: str, shape: Shape) -> None:
    if not isinstance(change, dict) or key not in change:
        raise refusals.bad_request(f"map: {change!r} does not contain declared merge key: {key}")
    index = next((at for at, item in enumerate(result) if item.get(key) == change[key]), None)
    if change.get(_DIRECTIVE) == "delete":
        result[:] = [item for item in result if item.get(key) != change[key]]
    elif index is None:
        result.append(strategically_merged({}, change, shape.item))
    else:
        result[index] = strategically_merged(result[index], change, shape.item)


def _delete_from(result: Json, name: str, values: list[Any]) -> None:
    if isinstance(items := result.get(name), list):
        result[name] = [item for item in items if item not in values]


def _in_order(items: list[Any], before: list[Any], wanted: list[Any], key: str) -> list[Any]:
    """The items that are wanted in their order; each other one stays before what it stood before."""
    places = [_name(one, key) for one in before]
    ranks = {_name(one, key): rank for rank, one in enumerate(wanted)}
    named = sorted((one for one in items if _name(one, key) in ranks), key=lambda one: ranks[_name(one, key)])
    others = [one for one in items if _name(one, key) not in ranks]
    result = []
    for one in named:
        if (name := _name(one, key)) in places:
            while others and places.index(_name(others[0], key)) < places.index(name):
                result.append(others.pop(0))
        result.append(one)
    return [*result, *others]


def _name(item: Any, key: str) -> Any:
    return item.get(key) if key and isinstance(item, dict) else item


def _content(value: Any) -> Any:
    """A value without directives and nulls."""
    if isinstance(value, dict):
        return {
            name: _content(inner) for name, inner in value.items() if not name.startswith("$") and inner is not None
        }
    return [_content(one) for one in value] if isinstance(value, list) else copied(value)
