"""A target, its Canary, and what lies around them, as plain objects that take changes. For tests of rendered copies."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rollouts.dialects.flagger.canary import STRICT
from rollouts.dialects.flagger.generated import Flags, copying_of
from rollouts.model import effects as e
from rollouts.model.copying import Copying
from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove, ref_of
from rollouts.simulator.store.patches import merged
from rollouts.workloads import twins
from tests.builders.ticking import a_canary, a_deployment

World = dict[Ref, Json]


def carry_out(world: World, change: Change) -> None:
    """What an API server makes of a change."""
    match change:
        case Create(ref=ref, body=body):
            assert ref not in world, f"{ref} is there already"
            world[ref] = deepcopy(body)
        case Modify(ref=ref, body=patch):
            world[ref] = merged(world[ref], patch)
        case Remove(ref=ref):
            del world[ref]


class Surroundings:
    """The objects of one Canary. `does` carries an effect out and gives the changes that it took."""

    def __init__(self, canary: Json, *objects: Json, flags: Flags | None = None) -> None:
        self.world: World = {ref_of(body): deepcopy(body) for body in (canary, *objects)}
        self.canary = ref_of(canary)
        self.flags = flags or Flags()

    @property
    def copying(self) -> Copying:
        """The wishes of the Canary as it stands."""
        return copying_of(self.world[self.canary], self.flags)

    def changes(self, effect: e.Effect) -> tuple[Change, ...]:
        """What an effect would change now."""
        return twins.render(effect, self.copying, self.world)

    def does(self, *effects: e.Effect) -> tuple[Change, ...]:
        """Carry out effects, one after the other."""
        done: list[Change] = []
        for effect in effects:
            for change in self.changes(effect):
                carry_out(self.world, change)
                done.append(change)
        return tuple(done)

    def begins(self) -> None:
        """The bootstrap: Services, the copy, its autoscaler, and everybody led to it."""
        self.does(*BOOTSTRAP)

    def edits(self, kind: str, name: str, patch: Mapping[str, Any]) -> None:
        """A user's merge patch."""
        ref = next(ref for ref in self.world if (ref.kind, ref.name) == (kind, name))
        self.world[ref] = merged(self.world[ref], dict(patch))

    def the(self, kind: str, name: str) -> Json:
        """An object by kind and name."""
        return next(body for ref, body in self.world.items() if (ref.kind, ref.name) == (kind, name))

    def has(self, kind: str, name: str) -> bool:
        """Whether it is there."""
        return any((ref.kind, ref.name) == (kind, name) for ref in self.world)


BOOTSTRAP: tuple[e.Effect, ...] = (
    e.Tend(e.SERVICES),
    e.CreateCopy("web-primary", 2),
    e.Tend(e.SCALER),
    e.ServeCopy("web"),
)
PROMOTE = e.OverwriteCopy("web-primary", "")


def surroundings(*objects: Json, strict: bool = False, target: Json | None = None, **spec: Any) -> Surroundings:
    """Deployment web and its Canary, of these fields of its spec, beside other objects."""
    canary = a_canary(provider="istio", spec={"service": {"port": 80}, **spec})
    if strict:
        canary["metadata"]["annotations"] = {STRICT: "true"}
    return Surroundings(canary, target or a_deployment(), *objects)


def a_config(name: str, kind: str = "ConfigMap", **fields: Any) -> Json:
    """A ConfigMap, or with a kind a Secret, with one key."""
    meta = {"name": name, "namespace": "shop", **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "data": {"k": "1"}, **fields}


def a_service(name: str = "web", **metadata: Any) -> Json:
    """A Service that a user has made, with a node port."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30123}]
    spec = {"type": "NodePort", "clusterIP": "10.1.2.3", "selector": {"app": "web", "tier": "x"}, "ports": ports}
    meta = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def reading(*containers: Json, **pod: Any) -> Json:
    """Deployment web whose pods have these containers, and other fields of a pod's spec."""
    target = a_deployment()
    target["spec"]["template"]["spec"] = {"containers": list(containers) or [{"name": "main"}], **pod}
    return target
