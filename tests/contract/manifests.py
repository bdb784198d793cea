"""Manifests that a schema allows, made by chance: the same seed gives the same one. For the tests of our own kinds."""

from collections.abc import Callable
from random import Random
from typing import Any

Json = dict[str, Any]
OFTEN = 0.6
"""How often a field that may be left out is there."""
_TEXTS = ("", "a", "30s", "x/y", "a b", "éß\n\"'<&>")
_FREE: tuple[Any, ...] = ({"anything": {"goes": [1, None, {"a": "b"}]}}, {"name": "x", "deep": [[1.5], {}]})
_NUMBERS = (0, 1, 100, 2**31 - 1)


def valid(schema: Json, chance: Random) -> Any:
    """A value that the schema allows and that leaves much of it out, now and then."""
    if schema.get("x-kubernetes-int-or-string"):
        return chance.choice([*_NUMBERS, *_TEXTS])
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return chance.choice(_FREE)
    return _MAKERS[schema["type"]](schema, chance)


def _object(schema: Json, chance: Random) -> Json:
    if "additionalProperties" in schema:
        return {
            name: valid(schema["additionalProperties"], chance) for name in ("a", "b.c/d") if chance.random() < OFTEN
        }
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    return {name: valid(child, chance) for name, child in fields if name in required or chance.random() < OFTEN}


def _list(schema: Json, chance: Random) -> list[Any]:
    return [valid(schema["items"], chance) for _ in range(chance.randint(0, 2))]


def _text(schema: Json, chance: Random) -> str:
    return "2026-01-02T03:04:05Z" if schema.get("format") == "date-time" else chance.choice(_TEXTS)


def _integer(schema: Json, chance: Random) -> int:
    return chance.choice((*_NUMBERS, 2**53) if schema.get("format") == "int64" else _NUMBERS)


_MAKERS: dict[str, Callable[[Json, Random], Any]] = {
    "object": _object,
    "array": _list,
    "string": _text,
    "integer": _integer,
    "boolean": lambda _, chance: chance.random() < OFTEN,
}
