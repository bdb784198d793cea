"""Weights in Istio's VirtualServices, and versions in the subsets of its DestinationRules (spec/argo-rollouts.md §4).

Host-level: the routes divide between two hosts, the Services of the two versions. Subset-level: they divide between two
subsets of one host, whose labels get the versions' hashes. Nobody reports what a mesh makes of it (`Silent`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rollouts.model.faults import Faults
from rollouts.model.keys import MANAGED_BY
from rollouts.model.objects import Json, Ref, ref_of
from rollouts.model.patches import changed
from rollouts.model.reading import text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.bodies import annotations
from rollouts.traffic.istiofaults import faults_of
from rollouts.traffic.istiomanaged import standing
from rollouts.traffic.istiorender import Round, changes, not_found
from rollouts.traffic.istioroutes import Refusal, experiments, ordered, pair, routes_of, split, weighted, with_http
from rollouts.traffic.istiosettings import DESTINATION_RULE, GROUP, VIRTUAL_SERVICE, Selected, Setup, setup_of
from rollouts.traffic.istiosubsets import abandoned, hash_of, kept, pointed, released
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Rendered, Silent

TOTAL = 100


@dataclass(frozen=True, slots=True)
class Istio(Silent):
    """The provider, for one version of Istio's API."""

    version: str
    name: str = "istio"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """VirtualServices and DestinationRules."""
        return tuple((f"{GROUP}/{self.version}", kind) for kind in (VIRTUAL_SERVICE, DESTINATION_RULE))

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The VirtualServices, and the DestinationRule if one is named."""
        setup = setup_of(rollout, router, self.version)
        rule = (setup.subsets.ref,) if setup.subsets is not None else ()
        return (*(selected.ref for selected in setup.services), *rule)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Settings that contradict themselves, objects that are not there, routes that lack a version."""
        return tuple(faults_of(setup_of(rollout, router, self.version), router, objects))

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all routes of all VirtualServices agree on, if the subsets lead where they are known to."""
        setup = setup_of(rollout, router, self.version)
        seen: set[tuple[int, int]] = set()
        managed: list[set[str]] = []
        for selected in setup.services:
            service = objects.get(selected.ref)
            if service is None:
                return Unknown(not_found(selected.ref))
            places = weighted(service, selected, setup)
            if isinstance(places, Refusal):
                return Unknown(places.message)
            seen |= {pair(service, place, setup) for place in places}
            managed.append(set(standing(service, setup)))
        if len(seen) != 1:
            return Unknown("the routes do not agree on the weights" if seen else "no route is weighted")
        is_astray = _is_astray(rollout, setup, objects, leads=bool(managed[0]))
        if is_astray or any(names != managed[0] for names in managed):
            return Unknown("subsets or managed routes are not as they were written")
        canary, stable = seen.pop()
        return Weights(canary, stable, TOTAL, tuple(name for name in setup.managed if name in managed[0]))

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Merge patches of the routes and of the subsets: lists, hence with the versions they were read at."""
        return Round(setup_of(rollout, router, self.version), desired, rollout.name).render(objects)

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, no managed route, no hash and no mark; what cannot be weighed stays as it is."""
        setup = setup_of(rollout, router, self.version)
        after = dict(objects)
        for selected in setup.services:
            service = objects.get(selected.ref)
            if service is not None:
                after[selected.ref] = _cleaned(service, selected, setup)
        rule = objects.get(setup.subsets.ref) if setup.subsets is not None else None
        if rule is not None and setup.subsets is not None:
            after[setup.subsets.ref] = released(rule, setup.subsets)
        return Rendered(changes(setup, objects, after))

    def sweep(self, obj: Json, is_there: Callable[[str, str], bool]) -> Rendered:
        """A DestinationRule that a rollout has marked which is not there any more."""
        manager, ref = text(annotations(obj).get(MANAGED_BY)), ref_of(obj)
        if ref.kind != DESTINATION_RULE or not manager or is_there(ref.namespace, manager):
            return Rendered()
        return Rendered(changed(ref, obj, abandoned(obj)))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's object with the live weights, managed routes, experiments and subsets' versions."""
        setup = setup_of(rollout, router, self.version)
        ref = ref_of(live)
        for selected in setup.services:
            if (ref.kind, ref.namespace, ref.name) == (VIRTUAL_SERVICE, selected.ref.namespace, selected.ref.name):
                return _kept_service(desired_object, live, selected, setup)
        subsets = setup.subsets if ref.kind == DESTINATION_RULE else None
        return desired_object if subsets is None else kept(desired_object, live, subsets)


def provider(options: Options) -> Istio:
    """The provider for the version of Istio's API that the controller's flags name."""
    return Istio(options.istio_version)


def _is_astray(rollout: Rollout, setup: Setup, objects: Objects, *, leads: bool) -> bool:
    """Somebody else has led a subset to other pods than those that the rollout's status tells of.

    While neither weight nor a managed route `leads` anybody to the canary, its subset may wait for pods.
    """
    recorded = rollout.status.canary.shares
    rule = objects.get(setup.subsets.ref) if setup.subsets is not None else None
    if recorded is None or rule is None or setup.subsets is None:
        return False
    if recorded.canary.weight == 0 and not leads:
        recorded = replace(recorded, canary=replace(recorded.canary, hash=hash_of(rule, setup.subsets.canary)))
    return pointed(rule, setup.subsets, recorded, rollout.name) != rule


def _without_managed(service: Json, setup: Setup) -> Json:
    return with_http(service, [route for route in routes_of(service, "http") if route.get("name") not in setup.managed])


def _cleaned(service: Json, selected: Selected, setup: Setup) -> Json:
    after = split(service, selected, setup, Shares(Share(0), Share(TOTAL), total=TOTAL))
    return _without_managed(service if isinstance(after, Refusal) else after, setup)


def _kept_service(wanted: Json, live: Json, selected: Selected, setup: Setup) -> Json:
    """Git's VirtualService as a render would leave it at the live weights, with the live managed routes."""
    places = weighted(live, selected, setup)
    if isinstance(places, Refusal) or not places:
        return wanted
    canary, stable = pair(live, places[0], setup)
    extra = tuple(Share(weight, host) for host, weight in experiments(live, places[0], setup).items())
    total = canary + stable + sum(share.weight for share in extra)
    after = split(wanted, selected, setup, Shares(Share(canary), Share(stable), extra, total=total))
    after = _without_managed(wanted if isinstance(after, Refusal) else after, setup)
    managed = [route for route in routes_of(live, "http") if route.get("name") in setup.managed]
    return with_http(after, ordered([*managed, *routes_of(after, "http")], setup.managed))
