"""The Go structs behind a Rollout: fields in order, JSON names, types. Read by the encoder and the salvager.

`podtemplate_fields.json` is written by tools/podtemplate from Kubernetes' own types; `rollout_fields.json` is ours and
holds what is hashed of a Rollout, or decoded before it. A type is a scalar, a struct's name, or `*T`, `[]T`, `{}T`.
"""

import json
import pkgutil
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct. `is_optional`: left out when empty; `is_zero_omitted`: also as a struct."""

    name: str
    type: str
    is_optional: bool
    is_zero_omitted: bool


@cache
def _table() -> dict[str, list[tuple[str, str, str]]]:
    merged: dict[str, list[tuple[str, str, str]]] = {}
    for name in ("podtemplate_fields.json", "rollout_fields.json"):
        merged |= json.loads(pkgutil.get_data(__package__, name) or b"{}")
    return merged


@cache
def fields_of(struct: str) -> tuple[Field, ...]:
    """The fields of a struct, in Go's order."""
    return tuple(Field(name, word, "e" in flags, "z" in flags) for name, word, flags in _table()[struct])


@cache
def fields_by_name(struct: str) -> dict[str, Field]:
    """The fields of a struct by JSON name, and by its lower case where no other field has that name."""
    exact = {field.name: field for field in fields_of(struct)}
    return {name.lower(): field for name, field in exact.items()} | exact
