"""Istio's and App Mesh's objects, and rollouts that use them, by name. Called by the tests of these providers."""

from typing import Any

from rollouts.model.objects import Json, Ref, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, ManagedRoute, PingPong, Router
from rollouts.model.weights import Share, Shares
from rollouts.model.workload import Version
from rollouts.traffic.protocol import Desired, Objects
from tests.builders.rollouts import START, a_rollout

ISTIO = "networking.istio.io/v1alpha3"
APP_MESH = "appmesh.k8s.aws/v1beta2"
SUBSETS = {"name": "shop", "canarySubsetName": "new", "stableSubsetName": "old"}
NODES = {"canaryVirtualNodeRef": {"name": "new"}, "stableVirtualNodeRef": {"name": "old"}}


def routed(
    provider: str = "istio",
    *,
    services: tuple[str, str] = ("stable", "canary"),
    ping_pong: PingPong | None = None,
    **settings: Any,
) -> tuple[Rollout, Router]:
    """A rollout with this router; managed routes are `beta` and `copies`."""
    router = Router(provider, settings)
    strategy = Canary((), *services, (router,), managed_routes=("beta", "copies"), ping_pong=ping_pong)
    return a_rollout(strategy), router


def seen(*objects: Json) -> Objects:
    """The objects by address."""
    return {ref_of(obj): obj for obj in objects}


def an_object(kind: str, spec: Json, *, name: str = "shop", api: str = ISTIO, namespace: str = "default") -> Json:
    """One of the mesh's."""
    meta = {"name": name, "namespace": namespace, "resourceVersion": "5"}
    return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec}


def to(host: str, weight: int | None = None, **destination: Any) -> Json:
    """A weighted destination."""
    return {"destination": {"host": host, **destination}} | ({} if weight is None else {"weight": weight})


def a_service(*routes: Json, name: str = "shop", namespace: str = "default", **sections: list[Json]) -> Json:
    """A VirtualService with these HTTP routes, and other sections."""
    spec = {"hosts": ["shop"], **({"http": list(routes)} if routes else {}), **sections}
    return an_object("VirtualService", spec, name=name, namespace=namespace)


def a_rule(*subsets: Json) -> Json:
    """A DestinationRule; without subsets, with those of the two versions."""
    both = [{"name": name, "labels": {"app": "shop"}} for name in ("old", "new")]
    return an_object("DestinationRule", {"host": "shop", "subsets": list(subsets) or both})


def by_subset(canary: int = 0) -> Json:
    """A VirtualService whose one route divides between the subsets."""
    return a_service({"route": [to("shop", 100 - canary, subset="old"), to("shop", canary, subset="new")]})


def split(weight: int, *managed: ManagedRoute, extra: int = 0, versions: tuple[Version, ...] = ()) -> Desired:
    """The canary at this weight, an experiment `try` at the extra one."""
    shares = (Share(extra, "try", "ttt"),) if extra else ()
    canary, stable = Share(weight, "canary", "ccc"), Share(100 - weight - extra, "stable", "sss")
    return Desired(Shares(canary, stable, shares), managed, versions)


def a_version(hash_: str, *, replicas: int, available: int) -> Version:
    """A ReplicaSet of this hash."""
    return Version(f"shop-{hash_}", hash_, 1, START, replicas=replicas, available=available)


def ref(kind: str, name: str = "shop", api: str = ISTIO) -> Ref:
    """An address."""
    return Ref(api, kind, "default", name)
