"""What one round makes of Istio's objects, part by part. Called by istio; pure.

    HASHES   subsets of the DestinationRule lead to the versions     (subset-level only)
    WEIGHTS  every weighted route of every VirtualService
    MANAGED  header and mirror routes, which mirror the weights just written

Each part takes a draft and gives the next one; what stands in the way, in upstream's words, ends the round.
"""

from dataclasses import dataclass, replace

from rollouts.model.objects import Json, Modify, Ref
from rollouts.model.patches import changed
from rollouts.model.plan import Event
from rollouts.model.reading import mapping, text
from rollouts.model.strategy import SetHeaderRoute
from rollouts.traffic.istiomanaged import Target, place
from rollouts.traffic.istioroutes import Refusal, routes_of, split
from rollouts.traffic.istiosettings import DESTINATION_RULE, GROUP, Selected, Setup, Subsets
from rollouts.traffic.istiosubsets import hash_of, pointed
from rollouts.traffic.protocol import Desired, Objects, Part, Rendered

_PLURALS = {DESTINATION_RULE: "destinationrules"}
_NO_HTTP = "spec.http not found"
_WORDS = {
    True: ("[SetHeaderRoute] failed to get istio virtual service: ",
           "[SetHeaderRoute] failed to reconcile header routes: ", "[reconcileVirtualServiceHeaderRoutes] "),
    False: ("[SetMirrorRoute] failed to get virtual service: ",
            "[SetMirrorRoute] failed reconcile virtual service for mirror routes: ",
            "[reconcileVirtualServiceMirrorRoutes] "),
}  # fmt: skip
"""Upstream's words before errors of header routes (True) and mirror routes: no object, no place for it, the reason."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The objects as they are to become, what is told of them, and what ended the round ("": nothing)."""

    objects: Objects
    events: tuple[Event, ...] = ()
    error: str = ""

    def with_object(self, ref: Ref, obj: Json, *events: Event) -> "Draft":
        """The draft with another form of an object."""
        return replace(self, objects={**self.objects, ref: obj}, events=(*self.events, *events))

    def without(self, ref: Ref, before: str = "", *, ends: bool = True) -> "Draft":
        """The draft that ends since an object is not there."""
        event = Event(f"{ref.kind}NotFound", f"{ref.kind} `{ref.name}` not found", is_warning=True)
        error = f"{before}{not_found(ref)}" if ends else ""
        return replace(self, events=(*self.events, event), error=error)


def not_found(ref: Ref) -> str:
    """The API server's words for an object that is not there."""
    return f'{_PLURALS.get(ref.kind, "virtualservices")}.{GROUP} "{ref.name}" not found'


def changes(setup: Setup, before: Objects, after: Objects) -> tuple[Modify, ...]:
    """The patches between two states of the objects: the subsets lead to a version before routes lead to them."""
    rule = (setup.subsets.ref,) if setup.subsets is not None else ()
    refs = (*rule, *(selected.ref for selected in setup.services))
    return tuple(
        change
        for ref in dict.fromkeys(refs)
        for change in changed(ref, mapping(before.get(ref)), mapping(after.get(ref)))
    )


@dataclass(frozen=True, slots=True)
class Round:
    """What is wanted of these objects, and the rollout's name, which the DestinationRule is marked with."""

    setup: Setup
    desired: Desired
    manager: str

    def render(self, objects: Objects) -> Rendered:
        """All wanted parts, as far as they go."""
        draft = Draft(objects)
        if Part.HASHES in self.desired.parts and self.setup.subsets is not None:
            draft = self._point(draft, self.setup.subsets)
        for part, write in ((Part.WEIGHTS, self._weigh), (Part.MANAGED, self._place)):
            for selected in self.setup.services if part in self.desired.parts else ():
                draft = draft if draft.error else write(draft, selected)
        return Rendered(changes(self.setup, objects, draft.objects), draft.events, draft.error)

    def _point(self, draft: Draft, subsets: Subsets) -> Draft:
        rule, shares = draft.objects.get(subsets.ref), self.desired.shares
        if rule is None:
            return draft.without(subsets.ref)
        if self._is_idle and self._late(rule, pointed(rule, subsets, shares, self.manager), subsets):
            shares = replace(shares, canary=replace(shares.canary, hash=hash_of(rule, subsets.canary)))
        after = pointed(rule, subsets, shares, self.manager)
        if after == rule:
            return draft
        late = self._late(rule, after, subsets)
        if late:
            return replace(draft, error=f"delaying destination rule switch: ReplicaSet {late} not fully available")
        led = f"{subsets.canary}: {shares.canary.hash}, {subsets.stable}: {shares.stable.hash}"
        message = f"DestinationRule {subsets.ref.name} subset updated ({led})"
        return draft.with_object(subsets.ref, after, Event("UpdatedDestinationRule", message))

    @property
    def _is_idle(self) -> bool:
        """Nobody is to be led to the canary yet: its subset may wait for its pods without a word."""
        desired = self.desired
        return Part.WEIGHTS in desired.parts and desired.shares.canary.weight == 0 and not desired.managed

    def _late(self, rule: Json, after: Json, subsets: Subsets) -> str:
        """The version that a subset would lead to before it can serve. One that it leads to already is not late."""
        names = (subsets.canary, subsets.stable)
        turned = {hash_of(after, name) for name in names if hash_of(after, name) != hash_of(rule, name)}
        late = (one.name for one in self.desired.versions if one.hash in turned and one.available < one.replicas)
        return next(late, "") if self.setup.waits else ""

    def _weigh(self, draft: Draft, selected: Selected) -> Draft:
        service = draft.objects.get(selected.ref)
        if service is None:
            return draft.without(selected.ref)
        after = split(service, selected, self.setup, self.desired.shares)
        if isinstance(after, Refusal):
            return replace(draft, error=after.message)
        told = _updated(selected, f"set to desiredWeight '{self.desired.shares.canary.weight}'")
        return draft if after == service else draft.with_object(selected.ref, after, told)

    def _place(self, draft: Draft, selected: Selected) -> Draft:
        wanted = self.desired.managed
        absent, failed, reason = _WORDS[not wanted or isinstance(wanted[0], SetHeaderRoute)]
        service, host = draft.objects.get(selected.ref), self._host(draft.objects)
        if service is None:
            return draft.without(selected.ref, absent, ends=bool(wanted))
        if isinstance(host, Ref):
            return draft.without(host, f"{failed}{reason}failed to get destination rule host: ") if wanted else draft
        if wanted and not routes_of(service, "http"):
            return replace(draft, error=f"{failed}{reason}failed to remove http route from virtual service: {_NO_HTTP}")
        placed = place(Target(service, selected, self.setup, host), wanted, self.desired.keeps)
        if isinstance(placed, Refusal):
            return replace(draft, error=f"{failed}{reason}failed to create mirror route: {placed.message}")
        told = (_updated(selected, what) for what in placed.told)
        return draft.with_object(selected.ref, placed.service, *told)

    def _host(self, objects: Objects) -> str | Ref:
        """The host under which the canary is called; the DestinationRule's address where that is not there."""
        subsets = self.setup.subsets
        if subsets is None:
            return self.setup.canary
        rule = objects.get(subsets.ref)
        return subsets.ref if rule is None else text(mapping(rule.get("spec")).get("host")) or self.setup.canary


def _updated(selected: Selected, what: str) -> Event:
    return Event("Updated VirtualService", f"VirtualService `{selected.ref.name}` {what}")
