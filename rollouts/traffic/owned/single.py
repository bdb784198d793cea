"""A provider whose route is one object. Most are: they differ in how its spec is written and read.

Called by the modules of such providers, which give their parts as functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rollouts.model.objects import Json, Ref, Remove
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.objects import RESET, metadata, not_found, respec, tended, whole
from rollouts.traffic.owned.protocol import Lasting
from rollouts.traffic.protocol import Kind, Objects, Rendered


@dataclass(frozen=True, slots=True)
class Single(Lasting):
    """The provider. `resource` is what an API server calls the collection, with its group.

    `spec` writes the whole spec for a split; `parts` reads the split of one, None where it is not ours. `reset` is what
    a repair makes of a live spec's weights where it is to cost them. `asked` and `written` are what users are told
    before `resource "name" not found` when a route is to be read, and to be written. `finish` puts on the object what
    else belongs there; `weighed` is the one field of the spec that carries weights ("": any); `unled` is what users
    are told of one that leads to neither version ("": nothing). An object that `is_clustered` is in no namespace, so no
    rollout can own it.
    """

    name: str
    kind: Kind
    resource: str
    asked: str
    written: str
    spec: Callable[[OwnedRoute, Split], Json]
    parts: Callable[[OwnedRoute, Json], Split | None]
    reset: Callable[[OwnedRoute, Json], Split] = lambda _route, _spec: RESET
    is_marked: bool = True
    weighed: str = ""
    unled: str = ""
    is_clustered: bool = False
    finish: Callable[[OwnedRoute, Json], Json] = lambda _route, made: made

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of the object."""
        return (self.kind,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The object, named after everybody's Service."""
        return (self._ref(route),)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The object as its user wants it."""
        ref = self._ref(route)
        live = objects[ref]
        spec = _spec_of(live)

        def wanted(split: Split) -> Json:
            return self.finish(route, whole(ref, self._metadata(route, ref), self.spec(route, split)))

        return Rendered(tended(route, live, wanted, self.parts(route, spec), self.reset(route, spec)))

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """The spec with new weights; fields of it that are nobody's business here stay."""
        ref = self._ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=self._missing(self.written, ref))
        spec = self.spec(route, split)
        told = {self.weighed: spec[self.weighed]} if self.weighed else spec
        return Rendered(respec(ref, live, {**_spec_of(live), **told}))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """The split of the object; one that is not ours yet leads nobody to stable."""
        ref = self._ref(route)
        live = objects[ref]
        if live is None:
            return Unknown(self._missing(self.asked, ref))
        parts = self.parts(route, _spec_of(live))
        if parts is None and self.unled:
            said = self.unled.format(name=ref.name, namespace=ref.namespace)
            return Unknown(f"{said} {route.stable_service} and {route.canary_service}")
        parts = parts or Split(0, 100)
        return Weights(parts.canary, parts.stable)

    def give_back(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """What nobody owns is taken away, if it leads where we led it: names are anybody's. To the letter it stays."""
        ref = self._ref(route)
        live = _spec_of(objects[ref])
        is_ours = bool(live) and live == {**live, **self.spec(route, self.parts(route, live) or RESET)}
        is_left = route.loses_weights or not self.is_clustered or not is_ours
        return Rendered() if is_left else Rendered((Remove(ref),))

    def _ref(self, route: OwnedRoute) -> Ref:
        return Ref(*self.kind, "" if self.is_clustered else route.namespace, route.service)

    def _metadata(self, route: OwnedRoute, ref: Ref) -> Json:
        meta = metadata(route, ref.name, is_marked=self.is_marked)
        if self.is_clustered:
            meta = {key: meta[key] for key in meta if key not in ("namespace", "ownerReferences")}
        return meta

    def _missing(self, words: str, ref: Ref) -> str:
        said = words.format(name=ref.name, namespace=ref.namespace)
        return f"{said} {not_found(self.resource, ref.name)}"


def _spec_of(live: Json | None) -> Json:
    spec = (live or {}).get("spec")
    return dict(spec) if isinstance(spec, Mapping) else {}
