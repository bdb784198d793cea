"""Weights and header routes on AWS Application Load Balancers, in the annotations of users' Ingresses.

Called through the seam of `protocol`; what is written is albactions' business, what AWS makes of it albverify's. With
--aws-verify-target-group a weight counts once the load balancer's rules carry it; else nobody tells.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rollouts.model import patches
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json, Modify, Ref, ref_of
from rollouts.model.plan import Event
from rollouts.model.questions import Verified
from rollouts.model.reading import mapping
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router, SetHeaderRoute
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic import albactions, albverify, bodies
from rollouts.traffic.albactions import RefusedError, Setup, setup_of
from rollouts.traffic.bodies import annotations, names
from rollouts.traffic.protocol import ALL_PARTS, Desired, Flow, Kind, Objects, Options, Part, Rendered, Silent

API_VERSION = "networking.k8s.io/v1"
TOTAL = 100
_PATH = "spec.strategy.canary.trafficRouting.alb.ingress"

Edit = Callable[[Json], Json]
"""One operation on an Ingress; RefusedError says what stands in its way."""


@dataclass(frozen=True, slots=True)
class Alb(Silent):
    """The provider, as the flags have it."""

    options: Options
    name: str = "alb"
    kinds: tuple[Kind, ...] = ((API_VERSION, "Ingress"),)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The user's Ingresses."""
        listed = names(router.settings.get("ingresses")) or names(router.settings.get("ingress"))
        return tuple(Ref(API_VERSION, "Ingress", rollout.namespace, name) for name in listed)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """Ingresses that are missing, or that do not lead to the root Service."""
        refs = self.touches(rollout, router)
        if not refs:
            return (Fault(_PATH, "names no Ingress", "set ingress or ingresses"),)
        setup = setup_of(rollout, router)
        told = ((ref.name, _complaint(setup, ref, objects.get(ref))) for ref in refs)
        cure = "create the Ingress, or name one that has a rule for the root Service"
        return tuple(Fault(_PATH, f'Invalid value: "{name}": {why}', cure) for name, why in told if why)

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that all Ingresses agree on, and the header routes that stand in all of them."""
        setup = setup_of(rollout, router)
        seen = [_read(objects.get(ref), setup, _managed(rollout)) for ref in self.touches(rollout, router)]
        return bodies.agreed(seen, "no Ingress is named")

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """One patch an Ingress, with an event for each operation that changes it."""
        done, edits = Rendered(), _edits(setup_of(rollout, router), _managed(rollout), desired)
        for ref in self.touches(rollout, router):
            one = _rendered(ref, objects.get(ref), edits)
            done = Rendered((*done.changes, *one.changes), (*done.events, *one.events), one.error)
            if done.error:
                break
        return done

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, no header route. The action stays: the Ingress leads to it by its annotation.

        An Ingress that cannot be cleaned keeps no other from it.
        """
        shares = Shares(Share(0), Share(TOTAL), total=TOTAL)
        edits = _edits(setup_of(rollout, router), _managed(rollout), Desired(shares))
        cleaned = (_rendered(ref, objects.get(ref), edits) for ref in self.touches(rollout, router))
        return Rendered(tuple(change for one in cleaned for change in one.changes))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """Git's Ingress with the live annotations of the rollout, and the paths of its header routes."""
        setup = setup_of(rollout, router)
        held = albactions.leased(live, setup)
        meta = mapping(desired_object.get("metadata"))
        kept = desired_object | {"metadata": meta | {"annotations": annotations(desired_object) | held}}
        return albactions.led(kept, albactions.standing(live, setup, _managed(rollout)))

    def sweep(self, obj: Json, is_there: Callable[[str, str], bool]) -> Rendered:
        """What a rollout has written into an Ingress that is not there any more, by the list of its annotations."""
        ref = ref_of(obj)
        gone = next((name for name in albactions.holders(obj) if not is_there(ref.namespace, name)), "")
        return Rendered(patches.changed(ref, obj, albactions.abandoned(obj, gone)) if gone else ())

    def asks(self, _rollout: Rollout, _router: Router, _objects: Objects) -> bool:
        """AWS is asked where the operator wants it."""
        return self.options.verifies_target_groups

    def verify(self, rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> Flow:
        """Whether the load balancers carry the weights, and the canary's pods are targets before they have any."""
        if not self.options.verifies_target_groups:
            return Verified(None)
        try:
            for ref in self.touches(rollout, router):
                holds = yield from albverify.are_weighed(self._asked(setup_of(rollout, router), ref, objects, shares))
                if not holds:
                    return Verified(False)
            canary, api = rollout.services.canary, self.options.target_group_binding_api_version
            is_there = yield from albverify.are_registered(rollout.namespace, canary, api, self.options.elb_endpoint)
        except albverify.AwsError as error:
            return Verified(False, str(error))
        return Verified(bool(is_there))

    def _asked(self, setup: Setup, ref: Ref, objects: Objects, shares: Shares) -> albverify.Asked:
        services = [(setup.canary, shares.canary.weight), (setup.stable, shares.stable.weight)]
        services += [(share.service, share.weight) for share in shares.extra]
        tags = albverify.tags_of((ref.namespace, ref.name), setup.port, services)
        hostnames = albverify.hostnames_of(mapping(objects.get(ref)))
        return albverify.Asked(hostnames, tags, self.options.alb_tag, self.options.elb_endpoint)


def provider(options: Options) -> Alb:
    """The provider, for what the flags say of AWS."""
    return Alb(options)


def _managed(rollout: Rollout) -> tuple[str, ...]:
    return rollout.strategy.managed_routes if isinstance(rollout.strategy, Canary) else ()


def _complaint(setup: Setup, ref: Ref, ingress: Json | None) -> str:
    if ingress is None:
        return f'ingress.networking.k8s.io "{ref.name}" not found'
    is_led = albactions.is_routed(ingress, setup.root)
    return "" if is_led else f"ingress `{ref.name}` has no rules using service {setup.root} backend"


def _read(ingress: Json | None, setup: Setup, managed: tuple[str, ...]) -> Weights | Unknown:
    if ingress is None:
        return Unknown("an Ingress does not exist")
    weights = albactions.weights_of(ingress, setup)
    if setup.canary not in weights or setup.stable not in weights:
        return Unknown(f"Ingress {ingress['metadata']['name']} has no action with both Services")
    stand = albactions.standing(ingress, setup, managed)
    return Weights(weights[setup.canary], weights[setup.stable], managed=stand)


def _edits(setup: Setup, managed: tuple[str, ...], desired: Desired) -> list[tuple[str, Edit]]:
    """The operations of a round in their order, each with what its event says of it."""
    edits: list[tuple[str, Edit]] = []
    if Part.MANAGED in desired.parts:
        edits += _route_edits(setup, managed, desired)
    if Part.WEIGHTS in desired.parts:
        shares = desired.shares
        edits.append((f"to desiredWeight '{shares.canary.weight}'", lambda obj: albactions.weighed(obj, setup, shares)))
    return edits


def _route_edits(setup: Setup, managed: tuple[str, ...], desired: Desired) -> list[tuple[str, Edit]]:
    """Header routes that are asked for (without a match: to go), then the others of ours, which go."""
    asked = [route for route in desired.managed if isinstance(route, SetHeaderRoute)]
    edits = [(f"to headerRoute '{route.name}'", _header_edit(setup, managed, route)) for route in reversed(asked)]
    others = [name for name in managed if name not in desired.keeps and name not in {route.name for route in asked}]
    if others:
        edits.append(("removing managed routes", _removal(setup, others, is_round=desired.parts == ALL_PARTS)))
    return edits


def _header_edit(setup: Setup, managed: tuple[str, ...], route: SetHeaderRoute) -> Edit:
    if route.match:
        return lambda obj: albactions.ordered(albactions.with_header_route(obj, setup, route), managed)
    return lambda obj: albactions.without_routes(obj, setup, [route.name])


def _removal(setup: Setup, others: list[str], *, is_round: bool) -> Edit:
    """Others go. Upstream notes an empty list of ours where nothing is to go; in a whole round that is no news."""

    def edit(ingress: Json) -> Json:
        is_idle = is_round and not albactions.has_traces(ingress, setup, others)
        return ingress if is_idle else albactions.without_routes(ingress, setup, others)

    return edit


def _rendered(ref: Ref, ingress: Json | None, edits: list[tuple[str, Edit]]) -> Rendered:
    """The edits one after another; those before one that is refused still count."""
    if not edits:
        return Rendered()
    if ingress is None:
        return Rendered(error=f'ingresses.networking.k8s.io "{ref.name}" not found')
    now, error, events = ingress, "", []
    for words, edit in edits:
        try:
            then = edit(now)
        except RefusedError as refusal:
            error = str(refusal)
            break
        if then != now:
            events.append(Event("PatchingALBIngress", f"Updating Ingress `{ref.name}` {words}"))
        now = then
    body = patches.difference({"spec": {}, **ingress}, {"spec": {}, **now})
    change = (Modify(ref, body, version=patches.version_of(ingress)),) if body else ()
    return Rendered(change, tuple(events), error)
