"""Typed JSON: a manifest's part as Go would write it after decoding it. Called for hashes; on the hot path.

Encoders are compiled once per type into closures, so that a template costs dictionary look-ups and little else.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from rollouts.hashing import gojson
from rollouts.hashing.fields import Field, fields_of
from rollouts.hashing.scalars import ENCODERS, Malformed

Encoder = Callable[[Any], str]
_EMPTY = {"string": '""', "bool": "false", "int32": "0", "int64": "0", "Raw": "null"}


@cache
def encoder(word: str) -> Encoder:
    """The encoder of a type; what it is given may be None (Go's zero) and raises Malformed if its type is wrong."""
    if word in ENCODERS:
        return ENCODERS[word]
    if word.startswith("*"):
        return _pointer(word[1:])
    if word.startswith("[]"):
        return _slice(word[2:])
    if word.startswith("{}"):
        return _map(word[2:])
    return _struct(word)


def _pointer(word: str) -> Encoder:
    encode = encoder(word)
    return lambda value: "null" if value is None else encode(value)


def _slice(word: str) -> Encoder:
    encode = encoder(word)

    def write(value: Any) -> str:
        if value is None:
            return "null"
        if not isinstance(value, list):
            raise Malformed(f"{value!r} is no list")
        return "[" + ",".join([encode(item) for item in value]) + "]"

    return write


def _map(word: str) -> Encoder:
    encode, text = encoder(word), gojson.text

    def write(value: Any) -> str:
        if value is None:
            return "null"
        if not isinstance(value, dict):
            raise Malformed(f"{value!r} is no object")
        return "{" + ",".join([f"{text(key)}:{encode(value[key])}" for key in sorted(value)]) + "}"

    return write


def _struct(name: str) -> Encoder:
    steps: list[tuple[str, str, bool, Encoder, frozenset[str]]] = []

    def write(value: Any) -> str:
        if value is None:
            value = {}
        elif not isinstance(value, dict):
            raise Malformed(f"{value!r} is no object")
        parts = []
        for field, key, is_skipped, encode, empties in steps or compiled():
            given = value.get(field)
            if given is None and is_skipped:
                continue
            encoded = encode(given)
            if encoded not in empties:
                parts.append(key + encoded)
        return "{" + ",".join(parts) + "}"

    def compiled() -> list[tuple[str, str, bool, Encoder, frozenset[str]]]:
        # Not before first use: structs may hold themselves, and most are never met.
        for field in fields_of(name):
            empties = _empties(field)
            step = (field.name, f'"{field.name}":', bool(empties), encoder(field.type), empties)
            steps.append(step)
        return steps

    return write


def _empties(field: Field) -> frozenset[str]:
    """The texts that omitempty leaves out; a struct is never empty, a zero time may be left out."""
    if field.is_zero_omitted:
        return frozenset({"null"})
    if not field.is_optional:
        return frozenset()
    if field.type.startswith("*"):
        return frozenset({"null"})
    if field.type.startswith(("[]", "{}")):
        return frozenset({"null", "[]", "{}"})
    return frozenset({_EMPTY[field.type]}) if field.type in _EMPTY else frozenset()
