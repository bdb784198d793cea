"""Pod template and step hashes. The package's public functions."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rollouts.hashing.encode import encoder
from rollouts.hashing.salvage import salvaged
from rollouts.hashing.scalars import Malformed

Json = dict[str, Any]

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_DIGITS = str.maketrans({digit: _ALPHABET[ord(digit) % len(_ALPHABET)] for digit in "0123456789"})


@dataclass(frozen=True, slots=True)
class Hashed:
    """A Rollout's template hash, the collision count that went into it, and the JSON that was hashed.

    `is_salvaged`: the manifest could not be decoded strictly and this is the hash of what was left of it.
    """

    hash: str
    collision_count: int | None
    json: str
    is_salvaged: bool = False


def template_hash(template: Any, collision_count: int | None) -> str:
    """The hash of a pod template that stands alone (a workload's, for instance)."""
    return rollout_template_hash({"spec": {"template": template}, "status": {"collisionCount": collision_count}}).hash


def rollout_template_hash(manifest: Json) -> Hashed:
    """The hash of a Rollout's template with its status.collisionCount."""
    is_salvaged = False
    try:
        encoded = _strict(manifest)
    except Malformed:
        manifest, is_salvaged = salvaged(manifest), True
        encoded = _template(manifest)
    count = (manifest.get("status") or {}).get("collisionCount")
    return Hashed(_hash(encoded, count), count, encoded, is_salvaged)


def steps_hash(strategy: Any) -> str:
    """The hash of a canary's steps; "" for blue-green and for no strategy at all."""
    try:
        encoder("RolloutStrategy")(strategy)
    except Malformed:
        strategy = (salvaged({"spec": {"strategy": strategy}}).get("spec") or {}).get("strategy")
    strategy = strategy or {}
    canary = strategy.get("canary")
    if canary is None or strategy.get("blueGreen") is not None:
        return ""
    return _hash(encoder("[]CanaryStep")(canary.get("steps") or None), None)


def _strict(manifest: Json) -> str:
    """The template's JSON, provided that the whole Rollout can be decoded."""
    spec = manifest.get("spec")
    if isinstance(spec, dict):
        rest = {**manifest, "spec": {**spec, "template": None}}
        encoder("Rollout")(rest)
        return _template(manifest)
    encoder("Rollout")(manifest)
    return _template({})


def _template(manifest: Json) -> str:
    return encoder("PodTemplateSpec")((manifest.get("spec") or {}).get("template"))


@lru_cache(maxsize=1024)  # every status write parses the object again, with the template that it had before
def _hash(encoded: str, collision_count: int | None) -> str:
    data = encoded.encode()
    if collision_count is not None:
        data += (collision_count & 0xFFFFFFFF).to_bytes(4, "little") + bytes(4)
    return str(_fnv1a(data)).translate(_DIGITS)


def _fnv1a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
