"""Which rollouts want to deliver which target: two that want the same one would undo each other. Used by observe.

The older one has it; the others are told, do nothing, and are woken when it goes.
"""

from collections import defaultdict
from collections.abc import Callable

from rollouts.cluster.port import Json
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Ref

TargetOf = Callable[[Json], Ref]


class Claims:
    """By target. `follow` is to hear of every manifest; `freed` is told of those that may have theirs now."""

    def __init__(self, target_of: TargetOf) -> None:
        self._target_of = target_of
        self._claims: defaultdict[Ref, dict[str, Json]] = defaultdict(dict)
        self.freed: Callable[[Json], None] = lambda _manifest: None

    def against(self, manifest: Json) -> Faults:
        """Why this one may not have its target, if it may not."""
        ref = self._target_of(manifest)
        older = min(self._claims.get(ref, {}).values(), key=_age, default=manifest)
        if older["metadata"]["name"] == manifest["metadata"]["name"]:
            return ()
        message = f"{ref.kind} {ref.name} is delivered by {older['kind']} {older['metadata']['name']} already"
        return (Fault("spec.targetRef", message, "delete one of the two"),)

    def follow(self, before: Json | None, after: Json | None) -> None:
        """A manifest has changed."""
        for obj in (before, after):
            if obj is not None:
                self._claims[self._target_of(obj)].pop(obj["metadata"]["name"], None)
        if after is not None:
            self._claims[self._target_of(after)][after["metadata"]["name"]] = after
        if before is not None and (after is None or self._target_of(before) != self._target_of(after)):
            self._free(self._target_of(before))

    def _free(self, ref: Ref) -> None:
        for manifest in tuple(self._claims[ref].values()):
            self.freed(manifest)
        if not self._claims[ref]:
            del self._claims[ref]


def _age(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"].get("creationTimestamp", ""), manifest["metadata"]["name"]
