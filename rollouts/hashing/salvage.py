"""What Go still reads of a Rollout that it cannot decode strictly. Called when the encoder finds a malformed value.

Argo then falls back to a tolerant decoder: keys in alphabetical order, matched in any case; a value of the wrong type
leaves zero behind; but the first bad quantity, int-or-string or time ends everything, at every level. ReplicaSets of
such Rollouts exist, so their hash is what is left of the template.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rollouts.hashing.fields import Field, fields_by_name
from rollouts.hashing.scalars import ENCODERS, Malformed

_ZERO: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "Quantity": 0, "IntOrString": 0}
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int32": lambda value: _is_whole(value, 31),
    "int64": lambda value: _is_whole(value, 63),
}


def salvaged(manifest: Any, word: str = "Rollout") -> Any:
    """The readable part of a Rollout, or of another type's value, in exact names and types; None: nothing at all."""
    holder: dict[str, Any] = {"rollout": {} if word == "Rollout" else None}
    with suppress(Malformed):  # a custom decoder gave up: what was read so far stays
        _read(holder, "rollout", word, manifest)
    return holder["rollout"]


def _read(holder: Any, key: Any, word: str, value: Any) -> None:
    """Read one value into `holder[key]`, which may hold one already (the same field in another case)."""
    inner = word.removeprefix("*")
    if value is None:
        _read_null(holder, key, word)
    elif inner in _PLAIN:
        _read_plain(holder, key, word, value)
    elif inner in ENCODERS:
        if word.startswith("*") and _at(holder, key) is None:
            holder[key] = _ZERO.get(inner)
        ENCODERS[inner](value)  # raises Malformed, which ends it all
        holder[key] = value
    elif inner.startswith("[]"):
        _read_list(holder, key, inner[2:], value)
    elif inner.startswith("{}"):
        _read_map(holder, key, inner[2:], value)
    else:
        _read_struct(holder, key, word, value)


def _read_null(holder: Any, key: Any, word: str) -> None:
    if word.startswith(("*", "[]", "{}")):
        holder[key] = None


def _read_plain(holder: Any, key: Any, word: str, value: Any) -> None:
    inner = word.removeprefix("*")
    if _PLAIN[inner](value):
        holder[key] = int(value) if inner.startswith("int") else value
    elif word.startswith("*") and _at(holder, key) is None:
        holder[key] = _ZERO[inner]


def _read_list(holder: Any, key: Any, word: str, value: Any) -> None:
    if not isinstance(value, list):
        return
    items: list[Any] = []
    holder[key] = items
    for index, item in enumerate(value):
        items.append(None)
        _read(items, index, word, item)


def _read_map(holder: Any, key: Any, word: str, value: Any) -> None:
    if not isinstance(value, dict):
        return
    entries = _at(holder, key)
    if entries is None:
        entries = holder[key] = {}
    for name in sorted(value):
        entry: dict[str, Any] = {}
        _read(entry, "value", word, value[name])
        entries[name] = entry.get("value")


def _read_struct(holder: Any, key: Any, word: str, value: Any) -> None:
    if isinstance(value, dict) or word.startswith("*"):
        target = _at(holder, key)
        if target is None:
            target = holder[key] = {}
        if isinstance(value, dict):
            _read_fields(target, fields_by_name(word.removeprefix("*")), value)


def _read_fields(target: dict[str, Any], fields: dict[str, Field], value: dict[str, Any]) -> None:
    for name in sorted(value):
        field = fields.get(name) or fields.get(name.lower())
        if field is not None:
            _read(target, field.name, field.type, value[name])


def _at(holder: Any, key: Any) -> Any:
    return holder.get(key) if isinstance(holder, dict) else holder[key]


def _is_whole(value: Any, bits: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    is_written_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e21)
    return is_written_whole and -(2**bits) <= value < 2**bits
