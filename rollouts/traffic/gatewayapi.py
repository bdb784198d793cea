"""Routes of the Gateway API, natively and under the key of Argo's plugin (spec/argo-rollouts.md §4.1).

In every rule that has both, the backendRefs named as the canary and the stable Service get their parts; experiments'
Services come beside them, and managed routes are rules of their own. While the canary has weight the route carries a
label, so that other sync tools can be told to leave it alone (ours needs no telling: `keep`).
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Change, Json, Modify, Ref, Selection, ref_of
from rollouts.model.patches import version_of
from rollouts.model.questions import Verified
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router, SetMirrorRoute
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.gatewaynotes import Note, active_on, is_labelled, kept_metadata, metadata_patch, notes_of
from rollouts.traffic.gatewayreport import refusal, reports
from rollouts.traffic.gatewayrules import is_managed, managed_rules, unmirrorable
from rollouts.traffic.gatewaysettings import (
    ACTIVE_ANNOTATION,
    API_VERSION,
    BY_KIND,
    GRPC,
    IN_PROGRESS_LABEL,
    ROUTE_KINDS,
    Chosen,
    Marks,
    chosen,
    marks_of,
    named,
    selections,
    shape_faults,
)
from rollouts.traffic.gatewaysplit import Pair, has_both, hold, ours, pair_of, rules_of, weigh, weights
from rollouts.traffic.protocol import Desired, Flow, Kind, Objects, Options, Rendered

__all__ = ["API_VERSION", "GatewayApi", "provider"]
TOTAL = 100
_PATH = 'spec.strategy.canary.trafficRouting.plugins["argoproj-labs/gatewayAPI"]'


@dataclass(frozen=True, slots=True)
class GatewayApi:
    """The provider. Stateless: settings and objects come with every call."""

    name: str = "gatewayAPI"
    kinds: tuple[Kind, ...] = tuple((each.api_version, each.kind) for each in ROUTE_KINDS)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The routes that the settings name."""
        return tuple(one.ref for one in named(router.settings, rollout.namespace))

    def selects(self, rollout: Rollout, router: Router) -> tuple[Selection, ...]:
        """The routes that the settings find by labels."""
        return selections(router.settings, rollout.namespace)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Settings that cannot be, routes that are missing or lack one of the two backends, and impossible steps."""
        path = router.path or _PATH
        wrong = tuple(shape_faults(router.settings, path))
        if wrong:
            return wrong
        found = chosen(router.settings, rollout.namespace, objects)
        here = tuple(fault for one in found for fault in _route_faults(rollout, one, objects.get(one.ref), path))
        return (*_step_faults(rollout, found), *here, *_empty_selections(rollout, router, objects, path))

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all rules of all routes agree on, and the managed routes that stand.

        A canary with weight on a route that has lost its label is not as it was written.
        """
        pair, seen, managed = pair_of(rollout), set[tuple[int | None, int | None]](), dict[str, None]()
        label, found = marks_of(router.settings).label, chosen(router.settings, rollout.namespace, objects)
        for one in found:
            route = objects.get(one.ref)
            if route is None:
                return Unknown(f"{one.ref.kind} {one.ref.namespace}/{one.ref.name} does not exist")
            names = _managed_names(rollout, route)
            managed |= dict.fromkeys(name for rule in rules_of(route) if (name := is_managed(rule, names)))
            seen |= {weights(rule, pair) for rule in _split_rules(route, pair, one, names)}
        if len(seen) != 1:
            lacking = "no rule has both the canary and the stable backend"
            return Unknown("the rules do not agree on the weights" if seen else lacking)
        canary, stable = seen.pop()
        if canary is None or stable is None:
            return Unknown("a weight is no number")
        if label and canary > 0 and not all(is_labelled(mapping(objects[one.ref]), label) for one in found):
            return Unknown(f"a route of a canary in progress has no label {label}")
        return Weights(canary, stable, _total(rollout), tuple(managed))

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Merge patches of `spec.rules` (a list, hence with the version it was read at) and of the marks."""
        changes: list[Change] = []
        for one in chosen(router.settings, rollout.namespace, objects):
            route = objects.get(one.ref)
            if route is not None:
                wanted = desired if one.has_managed else replace(desired, managed=())
                changes += _changes(route, one, _Work(rollout, wanted, marks_of(router.settings)))
        return Rendered(tuple(changes))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, no mark, no managed route, no experiment."""
        return self.render(rollout, router, objects, Desired(_all_stable(pair_of(rollout), _total(rollout))))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's route with the live weights of our two backends, experiments, managed routes and marks."""
        kept = deepcopy(desired_object)
        found = chosen(router.settings, rollout.namespace, {_ref(live): live})
        one = next((one for one in found if one.ref == _ref(live)), None)
        if one is None:
            return kept
        pair, note = pair_of(rollout), notes_of(live).get(_who(rollout))
        names = _managed_names(rollout, live)
        managed = [deepcopy(rule) for rule in rules_of(live) if is_managed(rule, names)]
        rules = [rule for rule in rules_of(kept) if not is_managed(rule, names)]
        held = next(ours(_unmanaged(live, names), pair, one.rule), None)
        for rule in ours(rules, pair, one.rule) if held is not None else ():
            hold(rule, held or {}, pair, note.experiments if note else ())
        if managed or rules != rules_of(desired_object):
            kept["spec"] = {**mapping(kept.get("spec")), "rules": managed + rules}
        kept["metadata"] = kept_metadata(kept, live, marks_of(router.settings))
        return kept

    def sweep(self, obj: Json, is_there: Callable[[str, str], bool]) -> Rendered:
        """What one rollout has left on a route that is not there any more, by its note; without one, its mark alone.

        Of several that are gone the first: each patch is computed on the whole list of rules.
        """
        notes = notes_of(obj)
        for who in dict.fromkeys((*notes, *active_on(obj))):
            namespace, _, name = who.partition("/")
            if not is_there(namespace, name):
                return Rendered(tuple(_swept(obj, who, notes.get(who))))
        return Rendered()

    def verify(self, rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> Flow:
        """Whether the routes say it, and whether their gateways have taken what they say (`asks`)."""
        yield from ()
        read = self.read(rollout, router, objects)
        wanted = (shares.canary.weight, shares.stable.weight)
        if not isinstance(read, Weights) or (read.canary, read.stable) != wanted:
            return Verified(False, f"the routes say {read}")
        refs = [one.ref for one in chosen(router.settings, rollout.namespace, objects)]
        late = next((told for ref in refs if (told := refusal(ref, objects.get(ref)))), "")
        return Verified(not late, late)

    def asks(self, rollout: Rollout, router: Router, objects: Objects) -> bool:
        """A gateway reports in the routes' status what it makes of them."""
        found = chosen(router.settings, rollout.namespace, objects)
        return any(reports(objects.get(one.ref)) for one in found)


def provider(_options: Options) -> GatewayApi:
    """No flag is about it."""
    return GatewayApi()


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be brought about on each route of a rollout."""

    rollout: Rollout
    desired: Desired
    marks: Marks


def _changes(route: Json, one: Chosen, work: _Work) -> list[Change]:
    """The merge patch that brings a route there; none where it stands."""
    who, shares = _who(work.rollout), work.desired.shares
    note = _note(work, one, pair_of(work.rollout))
    rules = _wanted_rules(route, one, work)
    body: Json = {} if rules == rules_of(route) else {"spec": {"rules": rules}}
    metadata = metadata_patch(route, who, note, work.marks, is_active=shares.canary.weight > 0)
    if metadata:
        body["metadata"] = metadata
    return [Modify(one.ref, body, version=version_of(route))] if body else []


def _note(work: _Work, one: Chosen, pair: Pair) -> Note | None:
    """What is to be taken back one day; without marks only what could not be told from others' otherwise."""
    managed = tuple(route.name for route in work.desired.managed) if one.has_managed else ()
    experiments = tuple(share.service for share in work.desired.shares.extra if share.service)
    is_plain = not managed and not experiments
    if is_plain and (not work.marks.label or work.desired.shares.canary.weight == 0):
        return None
    marks, shares = work.marks, work.desired.shares
    return Note(pair.canary, pair.stable, shares.total, managed, experiments, marks.label, marks.active)


def _wanted_rules(route: Json, one: Chosen, work: _Work) -> list[Json]:
    """The route's rules, those of ours weighted, behind those of the managed routes."""
    pair, note = pair_of(work.rollout), notes_of(route).get(_who(work.rollout))
    rules = deepcopy(_unmanaged(route, _managed_names(work.rollout, route)))
    weighted = list(ours(rules, pair, one.rule))
    for rule in weighted:
        weigh(rule, pair, work.desired.shares, note.experiments if note else ())
    if not work.desired.managed:
        return rules
    return [*managed_rules(work.desired.managed, weighted, pair.canary, is_grpc=one.ref.kind == GRPC.kind), *rules]


def _swept(route: Json, who: str, known: Note | None) -> list[Change]:
    """All of what a rollout has put there taken out again, by its note alone."""
    note = known or Note("", "", label=IN_PROGRESS_LABEL, active=ACTIVE_ANNOTATION)
    pair = Pair(note.canary, note.stable)
    rules = deepcopy(_unmanaged(route, note.managed))
    for rule in ours(rules, pair, ""):
        weigh(rule, pair, _all_stable(pair, note.total), note.experiments)
    marks = Marks(note.label, active=note.active)
    metadata = metadata_patch(route, who, None, marks, is_active=False)
    body: Json = {"metadata": metadata} | ({} if rules == rules_of(route) else {"spec": {"rules": rules}})
    return [Modify(_ref(route), body, version=version_of(route))]


def _ref(route: Json) -> Ref:
    """A route's address in the version in which it is named here, whichever the server has."""
    ref = ref_of(route)
    kind = BY_KIND.get(ref.kind)
    return ref if kind is None else replace(ref, api_version=kind.api_version)


def _who(rollout: Rollout) -> str:
    return f"{rollout.namespace}/{rollout.name}"


def _total(rollout: Rollout) -> int:
    return rollout.strategy.max_weight if isinstance(rollout.strategy, Canary) else TOTAL


def _all_stable(pair: Pair, total: int) -> Shares:
    return Shares(Share(0, pair.canary), Share(total, pair.stable), total=total)


def _managed_names(rollout: Rollout, route: Json) -> tuple[str, ...]:
    """Those that the manifest names, and those that it named when they were written."""
    own = rollout.strategy.managed_routes if isinstance(rollout.strategy, Canary) else ()
    note = notes_of(route).get(_who(rollout))
    return (*own, *(note.managed if note else ()))


def _unmanaged(route: Json, names: tuple[str, ...]) -> list[Json]:
    return [rule for rule in rules_of(route) if not is_managed(rule, names)]


def _split_rules(route: Json, pair: Pair, one: Chosen, names: tuple[str, ...]) -> list[Json]:
    """The rules whose weights are the rollout's, mirror routes included."""
    copies = [rule for rule in rules_of(route) if is_managed(rule, names) and has_both(rule, pair)]
    return [*ours(_unmanaged(route, names), pair, one.rule), *copies]


def _step_faults(rollout: Rollout, found: tuple[Chosen, ...]) -> Faults:
    """Managed routes that no route of these kinds can carry."""
    steps = rollout.strategy.steps if isinstance(rollout.strategy, Canary) else ()
    is_grpc = any(one.ref.kind == GRPC.kind and one.has_managed for one in found)
    return tuple(
        Fault(f"spec.strategy.steps[{index}].setMirrorRoute.match[]{wrong[0]}", wrong[1], wrong[2])
        for index, step in enumerate(steps)
        if isinstance(step, SetMirrorRoute) and (wrong := unmirrorable(step, is_grpc=is_grpc))
    )


def _route_faults(rollout: Rollout, one: Chosen, route: Json | None, path: str) -> Faults:
    kind, name, key = one.ref.kind, one.ref.name, f"{path}.{BY_KIND[one.ref.kind].key}Route"
    if route is None:
        missing = f"{kind} {one.ref.namespace}/{name} does not exist"
        return (Fault(key, missing, "create the route, or correct its name"),)
    pair = pair_of(rollout)
    if any(ours(rules_of(route), pair, one.rule)):
        return ()
    where = f"no rule named {one.rule}" if one.rule else "no rule"
    lacking = f"{kind} {name} has {where} with both backends {pair.canary} and {pair.stable}"
    return (Fault(key, lacking, "name both Services in the backendRefs of one rule"),)


def _empty_selections(rollout: Rollout, router: Router, objects: Objects, path: str) -> Faults:
    """Labels that find no route."""
    found = {one.ref.kind for one in chosen(_only_selectors(router.settings), rollout.namespace, objects)}
    return tuple(
        Fault(
            f"{path}.{BY_KIND[each.kind].key}RouteSelector",
            f"finds no {each.kind} in namespace {each.namespace}",
            "give the routes these labels, or correct the selector",
        )
        for each in selections(router.settings, rollout.namespace)
        if each.kind not in found
    )


def _only_selectors(settings: Mapping[str, Any]) -> dict[str, Any]:
    place = {"namespace": text(settings.get("namespace"))}
    return place | {key: value for key, value in settings.items() if key.endswith("RouteSelector")}
