"""Weights on Ambassador (Emissary): a canary Mapping beside each one that is named (spec/argo-rollouts.md §4).

The canary Mapping is a copy of the base one that leads to the canary Service and carries the weight; the base Mapping
gets the rest and may have no weight of its own. Argo deletes the canary Mapping at weight zero after a sleep; ours
stays at zero, where it gets nothing, until the rollout is done with its routes. It is owned, as Argo's is not, and so
goes with its rollout also while nobody looks.
"""

import re
from copy import deepcopy
from dataclasses import dataclass

from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove
from rollouts.model.plan import Event
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic import bodies
from rollouts.traffic.bodies import names
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

TOTAL = 100
_SUFFIX = "-canary"
_LONGEST = 253
_PATH = "spec.strategy.trafficRouting.ambassador.mappings"
_GROUP = "getambassador.io"
_SERVICE = re.compile(r"(?P<scheme>\w+://)?(?P<name>[^.:/]+)(?P<rest>.*)")
_PREVIEW_GROUP = "x.getambassador.io"
"""The group of a preview, in which the kind has another name."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a canary Mapping cannot be made: an event, and the error of the round."""

    reason: str
    message: str
    error: str


@dataclass(frozen=True, slots=True)
class Ambassador(Silent):
    """The provider, for one version of the API."""

    api_version: str
    name: str = "ambassador"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Mappings of that version."""
        return ((self.api_version, self._kind),)

    @property
    def _kind(self) -> str:
        return "AmbassadorMapping" if self.api_version.startswith(f"{_PREVIEW_GROUP}/") else "Mapping"

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The base Mappings, and the canary Mapping of each."""
        return tuple(ref for pair in self._pairs(rollout, router) for ref in pair)

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """No Mapping named, or one that has a weight of its own."""
        pairs = self._pairs(rollout, router)
        if not pairs:
            return (Fault(_PATH, "names no Mapping", "list the Mappings that lead to the stable Service"),)
        weighed = (base.name for base, _ in pairs if mapping(mapping(objects.get(base)).get("spec")).get("weight"))
        cure = "leave the weight to the rollout"
        return tuple(
            Fault(_PATH, f'Invalid value: "{name}": Ambassador mapping "{name}" can not define weight', cure)
            for name in weighed
        )

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """What the canary Mappings agree on; one that is not there gives the canary nothing."""
        pairs = self._pairs(rollout, router)
        return bodies.agreed([_weights(objects.get(canary)) for _, canary in pairs], "no Mapping is named")

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Canary Mappings made, or given their weight; all that can be, whatever stands in the way of others."""
        if Part.WEIGHTS not in desired.parts:
            return Rendered()
        weight = desired.shares.canary.weight
        changes: list[Change] = []
        events = [Event("CanaryMappingWeightUpdate", f"Set canary mapping weight to {weight}")]
        errors: list[str] = []
        for base, canary in self._pairs(rollout, router):
            found = _change(rollout, (base, objects.get(base)), (canary, objects.get(canary)), weight)
            if isinstance(found, Trouble):
                events.append(Event(found.reason, found.message, is_warning=True))
                errors.append(found.error)
            elif found is not None:
                changes.append(found)
        return Rendered(tuple(changes), tuple(events), _together(errors))

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """The canary Mappings go."""
        standing = [canary for _, canary in self._pairs(rollout, router) if objects.get(canary) is not None]
        return Rendered(tuple(Remove(canary) for canary in standing))

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """A base Mapping is as Git says; a canary Mapping in Git keeps its live weight."""
        ours = {canary.name for _, canary in self._pairs(rollout, router)}
        weight = mapping(live.get("spec")).get("weight")
        if desired_object["metadata"]["name"] not in ours or weight is None:
            return desired_object
        return desired_object | {"spec": mapping(desired_object.get("spec")) | {"weight": weight}}

    def _pairs(self, rollout: Rollout, router: Router) -> list[tuple[Ref, Ref]]:
        """Each base Mapping with its canary Mapping."""
        return [
            (self._ref(rollout, name), self._ref(rollout, name[: _LONGEST - len(_SUFFIX)] + _SUFFIX))
            for name in names(router.settings.get("mappings"))
        ]

    def _ref(self, rollout: Rollout, name: str) -> Ref:
        return Ref(self.api_version, self._kind, rollout.namespace, name)


def provider(options: Options) -> Ambassador:
    """The provider, for the API that the flag names; Argo: the group may be left out."""
    written = options.ambassador_api_version
    return Ambassador(written if "/" in written else f"{_GROUP}/{written}")


def _weights(canary: Json | None) -> Weights | Unknown:
    if canary is None:
        return Weights(0, TOTAL)
    weight = bodies.number(mapping(canary.get("spec")).get("weight"))
    if weight is None:
        return Unknown(f"Mapping {canary['metadata']['name']} carries no weight")
    return Weights(weight, TOTAL - weight)


def _change(
    rollout: Rollout, base: tuple[Ref, Json | None], canary: tuple[Ref, Json | None], weight: int
) -> Change | Trouble | None:
    """What brings one canary Mapping to its weight, nothing, or what stands in the way."""
    (base_ref, base_obj), (ref, obj) = base, canary
    if obj is not None:
        is_so = mapping(obj.get("spec")).get("weight") == weight
        return None if is_so else Modify(ref, {"spec": {"weight": weight}})
    if weight == 0:
        return None
    told = f'Ambassador mapping "{base_ref.name}"'
    if base_obj is None:
        group = base_ref.api_version.partition("/")[0]
        missing = f'{base_ref.kind.lower()}s.{group} "{base_ref.name}" not found'
        return Trouble("AmbassadorMappingNotFound", f"{told} not found", missing)
    spec = deepcopy(mapping(base_obj.get("spec")))
    if spec.get("weight"):
        wrong = f"{told} can not define weight"
        return Trouble("AmbassadorMappingConfigError", wrong, wrong)
    spec |= {"service": _led(text(spec.get("service")), rollout), "weight": weight}
    meta = bodies.own_metadata(rollout, ref.name)
    return Create(ref, {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": spec})


def _led(service: str, rollout: Rollout) -> str:
    """The address (`[scheme://]name[.namespace][:port]`) with the canary Service in the stable one's place.

    Where the name is another, the stable Service's name within it is replaced, as Argo does.
    """
    stable, canary = rollout.services.stable, rollout.services.canary
    found = _SERVICE.fullmatch(service)
    if found is None or found["name"] != stable:
        return service.replace(stable, canary, 1)
    return f"{found['scheme'] or ''}{canary}{found['rest']}"


def _together(errors: list[str]) -> str:
    if len(errors) < 2:
        return "".join(errors)
    return f"{len(errors)} errors found: " + "".join(f"[{error}]" for error in errors)
