"""What the embedded cluster's controllers see, and their way to write. One view a kind, shared by all of them.

A view's own writes are in its cache before the caller goes on, so that no controller decides on a state older than its
last write.
"""

import random
from collections.abc import Iterator

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ConflictError, NotFoundError
from rollouts.cluster.informers import Cache, Informer, Listener, Timing
from rollouts.cluster.port import (
    Cluster,
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Patch,
    PatchType,
    Resource,
    Target,
)
from rollouts.simulator.workloads.selectors import Key, Labelled, Selecting, key_of, label_selector, service_selector

BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")

_GATEWAY_API = "gateway.networking.k8s.io"
GATEWAYS = Resource(_GATEWAY_API, "v1", "gateways", "Gateway")
OTHER_ROUTES = (
    Resource(_GATEWAY_API, "v1", "grpcroutes", "GRPCRoute"),
    Resource(_GATEWAY_API, "v1alpha2", "tcproutes", "TCPRoute"),
    Resource(_GATEWAY_API, "v1alpha2", "tlsroutes", "TLSRoute"),
)

_ISTIO = "networking.istio.io"
VIRTUAL_SERVICES = Resource(_ISTIO, "v1", "virtualservices", "VirtualService")
DESTINATION_RULES = Resource(_ISTIO, "v1", "destinationrules", "DestinationRule")

_MANAGER = "kube-controller-manager"
_TIMING = Timing(idle=1e8, watch=1e8)  # the store is in this process: a silent watch is no broken one


class View:
    """The objects of one kind, as last seen, and the verbs on them."""

    def __init__(self, cluster: Cluster, resource: Resource, dice: random.Random) -> None:
        self.resource = resource
        self._cluster = cluster
        self._cache = Cache()
        self._leaving: dict[str, None] = {}
        self.informer = Informer(cluster, Collection(resource), self._cache, timing=_TIMING, dice=dice)
        self._cache.listen(self._forget)

    def __iter__(self) -> Iterator[Json]:
        return iter(self._cache)

    @property
    def cache(self) -> Cache:
        """What indexes build on."""
        return self._cache

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every change from now on."""
        self._cache.listen(listener)

    def get(self, key: Key) -> Json | None:
        """The object, or None."""
        return self._cache.get(*key)

    def owned_by(self, owner: Json) -> tuple[Json, ...]:
        """The objects that this one owns, by name."""
        return self._cache.owned_by(owner["metadata"]["uid"])

    def is_leaving(self, obj: Json) -> bool:
        """Deleted, or about to be: the deletion may be our own and its event still on the way."""
        return "deletionTimestamp" in obj["metadata"] or obj["metadata"]["uid"] in self._leaving

    async def create(self, body: Json) -> Json:
        """Create an object in its namespace."""
        created = await self._cluster.create(
            Collection(self.resource, body["metadata"].get("namespace")), body, CreateOptions(manager=_MANAGER)
        )
        self._cache.put(created)
        return created

    async def patch(self, obj: Json, body: Json, subresource: str = "") -> Json:
        """Merge `body` into an object."""
        patched = await self._cluster.patch(
            self._target(obj, subresource), Patch(PatchType.MERGE, body, manager=_MANAGER)
        )
        self._cache.put(patched)
        return patched

    async def write_status(self, obj: Json, status: Json) -> Json:
        """Give an object this status, by just what differs; fields that `status` lacks go, equal ones cost nothing."""
        held = obj.get("status") or {}
        change: Json = {name: value for name, value in status.items() if held.get(name) != value}
        change |= dict.fromkeys(held.keys() - status.keys())
        return await self.patch(obj, {"status": change}, "status") if change else obj

    async def delete(self, obj: Json, grace: int | None = None) -> None:
        """Delete an object; one that is gone, or is another one by now, is no error."""
        uid = obj["metadata"]["uid"]
        self._leaving[uid] = None
        options = DeleteOptions(propagation="Background", uid=uid, grace=grace)
        try:
            await self._cluster.delete(self._target(obj), options)
        except (NotFoundError, ConflictError):
            self._cache.remove(obj)
        except ClusterError:
            self._leaving.pop(uid, None)
            raise

    def _target(self, obj: Json, subresource: str = "") -> Target:
        namespace, name = key_of(obj)
        return Target(self.resource, name, namespace or None, subresource)

    def _forget(self, before: Json | None, after: Json | None) -> None:
        if after is None and before is not None:
            self._leaving.pop(before["metadata"]["uid"], None)


class Views:
    """Every kind that the controllers know, with the indexes they look things up by."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        dice = random.Random(seed)
        self.replica_sets = View(cluster, kinds.REPLICA_SETS, dice)
        self.deployments = View(cluster, kinds.DEPLOYMENTS, dice)
        self.jobs = View(cluster, kinds.JOBS, dice)
        self.services = View(cluster, kinds.SERVICES, dice)
        self.slices = View(cluster, kinds.ENDPOINT_SLICES, dice)
        self.budgets = View(cluster, BUDGETS, dice)
        self.routes = View(cluster, kinds.HTTP_ROUTES, dice)
        self.gateways = View(cluster, GATEWAYS, dice)
        self.all_routes = (self.routes, *(View(cluster, resource, dice) for resource in OTHER_ROUTES))
        self.meshes = View(cluster, VIRTUAL_SERVICES, dice)
        self.subsets = View(cluster, DESTINATION_RULES, dice)
        self.pods = View(cluster, kinds.PODS, dice)
        self.pods_by_label = Labelled(self.pods.cache)
        self.slices_by_label = Labelled(self.slices.cache)
        self.replica_sets_by_pod = Selecting(self.replica_sets.cache, label_selector)
        self.services_by_pod = Selecting(self.services.cache, service_selector)
        self.budgets_by_pod = Selecting(self.budgets.cache, label_selector)

    def __iter__(self) -> Iterator[View]:
        yield from (self.replica_sets, self.deployments, self.jobs, self.services)
        yield from (self.slices, self.budgets, *self.all_routes, self.gateways, self.meshes, self.subsets, self.pods)
