"""Weights on a TrafficSplit of the Service Mesh Interface (spec/argo-rollouts.md §4).

The split is the rollout's own: made, owned and wholly written by it. Experiments have backends of their own in it.
Weights are numbers, and quantities (strings) in v1alpha1.
"""

from dataclasses import dataclass

from rollouts.model import patches
from rollouts.model.faults import Faults
from rollouts.model.objects import Create, Json, Modify, Ref, Remove
from rollouts.model.plan import Event
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router
from rollouts.model.weights import Shares, Unknown, Weights
from rollouts.traffic import bodies
from rollouts.traffic.protocol import Desired, Kind, Objects, Options, Part, Rendered, Silent

GROUP = "split.smi-spec.io"
_WITH_QUANTITIES = f"{GROUP}/v1alpha1"
TOTAL = 100


@dataclass(frozen=True, slots=True)
class Smi(Silent):
    """The provider, for one version of the API."""

    api_version: str
    name: str = "smi"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """TrafficSplits of that version."""
        return ((self.api_version, "TrafficSplit"),)

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The one TrafficSplit, named like the rollout unless it is given a name."""
        name = text(router.settings.get("trafficSplitName")) or rollout.name
        return (Ref(self.api_version, "TrafficSplit", rollout.namespace, name),)

    def faults(self, _rollout: Rollout, _router: Router, _objects: Objects) -> Faults:
        """None: what the split needs it brings along."""
        return ()

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The backends' weights; without a split all traffic is stable's."""
        (ref,) = self.touches(rollout, router)
        split = objects.get(ref)
        if split is None:
            return Weights(0, TOTAL)
        backends = {text(one.get("service")): bodies.number(one.get("weight")) for one in _backends(split)}
        canary, stable = backends.get(rollout.services.canary), backends.get(rollout.services.stable)
        if canary is None or stable is None:
            return Unknown(f"TrafficSplit {ref.name} lacks the canary or the stable backend")
        return Weights(canary, stable)

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """The split made, or its spec patched."""
        if Part.WEIGHTS not in desired.parts:
            return Rendered()
        (ref,) = self.touches(rollout, router)
        split, spec = objects.get(ref), self._spec(rollout, router, desired.shares)
        if split is None:
            meta = bodies.own_metadata(rollout, ref.name)
            body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": spec}
            return Rendered((Create(ref, body),), (Event("TrafficSplitCreated", f"TrafficSplit `{ref.name}` created"),))
        if not bodies.is_owned(split, rollout):
            return Rendered(error=f"Rollout does not own TrafficSplit `{ref.name}`")
        patch = patches.difference(mapping(split.get("spec")), spec)
        return Rendered((Modify(ref, {"spec": patch}, version=patches.version_of(split)),) if patch else ())

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """The rollout's split goes."""
        (ref,) = self.touches(rollout, router)
        split = objects.get(ref)
        return Rendered((Remove(ref),) if split is not None and bodies.is_owned(split, rollout) else ())

    def keep(self, desired_object: Json, live: Json, _rollout: Rollout, _router: Router) -> Json:
        """A split that Git holds as well keeps its live backends."""
        live_spec = mapping(live.get("spec"))
        if "backends" not in live_spec:
            return desired_object
        return desired_object | {"spec": mapping(desired_object.get("spec")) | {"backends": live_spec["backends"]}}

    def _spec(self, rollout: Rollout, router: Router, shares: Shares) -> Json:
        services = rollout.services
        weights = [(services.canary, shares.canary.weight)]
        weights += [(share.service, share.weight) for share in shares.extra]
        weights += [(services.stable, shares.stable.weight)]
        is_text = self.api_version == _WITH_QUANTITIES
        backends = [{"service": name, "weight": str(weight) if is_text else weight} for name, weight in weights]
        return {"service": text(router.settings.get("rootService")) or services.stable, "backends": backends}


def provider(options: Options) -> Smi:
    """The provider, for the version that the flag names."""
    return Smi(f"{GROUP}/{options.traffic_split_version}")


def _backends(split: Json) -> list[Json]:
    return [mapping(one) for one in items(mapping(split.get("spec")).get("backends"))]
