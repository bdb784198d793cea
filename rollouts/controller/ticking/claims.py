"""Which rollouts want to deliver which target, by which Service: two that want the same would undo each other.

Used by observe. The older one has it; the others are told, do nothing, and are woken when it goes.
"""

from collections import defaultdict
from collections.abc import Callable

from rollouts.cluster.port import Json
from rollouts.model.copying import Copying
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Ref

CopyingOf = Callable[[Json], Copying]


class Claims:
    """By object. `follow` is to hear of every manifest; `freed` is told of those that may have theirs now."""

    def __init__(self, copying_of: CopyingOf) -> None:
        self._copying_of = copying_of
        self._claims: defaultdict[Ref, dict[str, Json]] = defaultdict(dict)
        self.freed: Callable[[Json], None] = lambda _manifest: None

    def against(self, manifest: Json) -> Faults:
        """Why this one may not have what it wants, if it may not."""
        copying = self._copying_of(manifest)
        for ref in claimed(copying):
            older = min(self._claims.get(ref, {}).values(), key=_age, default=manifest)
            if older["metadata"]["name"] != manifest["metadata"]["name"]:
                return (_taken(ref, older, is_target=ref == copying.target),)
        return ()

    def follow(self, before: Json | None, after: Json | None) -> None:
        """A manifest has changed."""
        had, has = self._wanted(before), self._wanted(after)
        if before is not None:
            for ref in had:
                self._claims[ref].pop(before["metadata"]["name"], None)
        if after is not None:
            for ref in has:
                self._claims[ref][after["metadata"]["name"]] = after
        for ref in had - has:
            self._free(ref)

    def _wanted(self, manifest: Json | None) -> frozenset[Ref]:
        return frozenset() if manifest is None else frozenset(claimed(self._copying_of(manifest)))

    def _free(self, ref: Ref) -> None:
        for manifest in tuple(self._claims[ref].values()):
            self.freed(manifest)
        if not self._claims[ref]:
            del self._claims[ref]


def claimed(copying: Copying) -> tuple[Ref, ...]:
    """What only one rollout can have: its target, and where pods are its own business the Service that all call."""
    wanted = [copying.target, *([copying.service(copying.pair.service)] if copying.pair.is_sized else [])]
    return tuple(ref for ref in wanted if ref.name)


def _taken(ref: Ref, older: Json, *, is_target: bool) -> Fault:
    who = f"{older['kind']} {older['metadata']['name']}"
    if is_target:
        return Fault("spec.targetRef", f"{ref.kind} {ref.name} is delivered by {who} already", "delete one of the two")
    return Fault("spec.service.name", f"{ref.kind} {ref.name} is made by {who} already", "name the Service otherwise")


def _age(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"].get("creationTimestamp", ""), manifest["metadata"]["name"]
