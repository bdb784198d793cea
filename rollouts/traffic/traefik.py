"""Weights on a TraefikService, in its weighted round robin (spec/argo-rollouts.md §4).

The two Services get their parts wherever they stand in the list; all others are foreign and stay as they are.
"""

from copy import deepcopy
from dataclasses import dataclass

from rollouts.model import patches
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json, Modify, Ref
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.bodies import number
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

TOTAL = 100
_PATH = "spec.strategy.trafficRouting.traefik.weightedTraefikServiceName"


@dataclass(frozen=True, slots=True)
class Traefik(Silent):
    """The provider, for one version of the API."""

    api_version: str
    name: str = "traefik"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """TraefikServices of that version."""
        return ((self.api_version, "TraefikService"),)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The one TraefikService that the settings name."""
        name = text(router.settings.get("weightedTraefikServiceName"))
        return (Ref(self.api_version, "TraefikService", rollout.namespace, name),) if name else ()

    def faults(self, rollout: Rollout, router: Router, _objects: Objects) -> Faults:
        """A name that is not given; what is wrong with the object stops a round, as upstream's reconcile error."""
        if self.touches(rollout, router):
            return ()
        return (Fault(_PATH, "names no TraefikService", "name one with weighted services"),)

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights of the two Services. Traefik: an absent weight is 1."""
        wrong = _complaint(rollout, self.touches(rollout, router), objects)
        if wrong:
            return Unknown(wrong)
        (ref,) = self.touches(rollout, router)
        found = {text(one.get("name")): number(one.get("weight", 1)) for one in reversed(_weighted(objects[ref]))}
        canary, stable = found[rollout.services.canary], found[rollout.services.stable]
        return Unknown("a weight is no number") if canary is None or stable is None else Weights(canary, stable)

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """A merge patch of the list of services, with the version that it was read at."""
        if Part.WEIGHTS not in desired.parts:
            return Rendered()
        wrong = _complaint(rollout, self.touches(rollout, router), objects)
        if wrong:
            return Rendered(error=wrong)
        shares = desired.shares
        weights = {rollout.services.canary: shares.canary.weight, rollout.services.stable: shares.stable.weight}
        (ref,) = self.touches(rollout, router)
        before = _weighted(objects[ref])
        after = _with(before, weights)
        body = {"spec": {"weighted": {"services": after}}}
        return Rendered(
            (Modify(ref, body, version=patches.version_of(mapping(objects[ref]))),) if after != before else ()
        )

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """All traffic to stable, where the object is as it should be."""
        shares = Shares(Share(0), Share(TOTAL), total=TOTAL)
        return Rendered(self.render(rollout, router, objects, Desired(shares)).changes)

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, _router: Router) -> Json:
        """Git's object with the live weights of the two Services."""
        ours = (rollout.services.canary, rollout.services.stable)
        weights = {one["name"]: one["weight"] for one in _weighted(live) if one.get("name") in ours and "weight" in one}
        listed = _weighted(desired_object)
        if not listed:
            return desired_object
        spec = mapping(desired_object["spec"])
        return desired_object | {"spec": spec | {"weighted": spec["weighted"] | {"services": _with(listed, weights)}}}


def provider(options: Options) -> Traefik:
    """The provider, for the group and the version that the flags name; Argo: of the version the last part counts."""
    return Traefik(f"{options.traefik_group}/{options.traefik_api_version.rpartition('/')[2]}")


def _weighted(obj: Json | None) -> list[Json]:
    return [mapping(one) for one in items(mapping(mapping(mapping(obj).get("spec")).get("weighted")).get("services"))]


def _with(services: list[Json], weights: dict[str, int]) -> list[Json]:
    """A copy of the list with these weights, by name; the first of a name counts."""
    left, copied = dict(weights), deepcopy(services)
    for one in copied:
        if (name := text(one.get("name"))) in left:
            one["weight"] = left.pop(name)
    return copied


def _complaint(rollout: Rollout, refs: tuple[Ref, ...], objects: Objects) -> str:
    """Why the weights cannot be written, in upstream's words."""
    name = refs[0].name if refs else ""
    obj = objects.get(refs[0]) if refs else None
    if obj is None:
        group = refs[0].api_version.partition("/")[0] if refs else "traefik.io"
        return f'traefikservices.{group} "{name}" not found'
    if not isinstance(mapping(mapping(obj.get("spec")).get("weighted")).get("services"), list):
        return "spec.weighted.services was not found in traefik service manifest"
    there = {text(one.get("name")) for one in _weighted(obj)}
    if rollout.services.canary not in there:
        return "traefik canary service was not found"
    return "" if rollout.services.stable in there else "traefik stable service was not found"
