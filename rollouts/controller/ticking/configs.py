"""ConfigMaps and Secrets of targets: hashes of what they say, whole only as long as they are copied. Used by observe.

The caches keep them without their contents (caches.TRIMS), so a change is seen by its version; then they are read
once, hashed by the dialect, and forgotten.
"""

from collections.abc import Mapping

from rollouts.cluster.port import Json
from rollouts.controller.resources import Resources
from rollouts.controller.ticking.beats import Who
from rollouts.dialects.registry import TickingDialect
from rollouts.model.objects import Ref
from rollouts.traffic.protocol import Objects

KINDS = frozenset({("v1", "ConfigMap"), ("v1", "Secret")})
Versions = tuple[str | tuple[Ref, str], ...]
"""Which states of configs were hashed, and how."""


def is_config(ref: Ref) -> bool:
    """Whether this is the address of one."""
    return (ref.api_version, ref.kind) in KINDS


class Configs:
    """Remembers hashes, by the rollout whose target is started with them."""

    def __init__(self, resources: Resources, dialect: TickingDialect) -> None:
        self._resources = resources
        self._dialect = dialect
        self._known: dict[Who, tuple[Versions, Mapping[str, str] | None]] = {}

    async def hashes(self, who: Who, target: Json, held: Objects, *, is_literal: bool) -> Mapping[str, str] | None:
        """Hashes of what a target is started with; `held` are the configs that it names, as cached."""
        versions, known = _versions(held, is_literal=is_literal), self._known.get(who)
        if known is None or known[0] != versions or len(versions) == 1:
            found = await self.whole(held)
            by_name = {(ref.kind, ref.name): obj for ref, obj in found.items() if obj is not None}
            known = self._known[who] = versions, self._dialect.configs_of(target, by_name, is_literal)
        return known[1]

    async def whole(self, objects: Objects) -> dict[Ref, Json | None]:
        """The same objects, configs with their contents."""
        wanted = [ref for ref, obj in objects.items() if obj is not None and is_config(ref)]
        return {**objects, **{ref: await self._resources.read(ref) for ref in wanted}}

    def forget(self, who: Who) -> None:
        """The rollout is gone."""
        self._known.pop(who, None)


def _versions(held: Objects, *, is_literal: bool) -> Versions:
    found = ((ref, obj["metadata"].get("resourceVersion", "")) for ref, obj in held.items() if obj is not None)
    return (str(is_literal), *found)
