"""What the shell knows of the cluster: one Cache a resource, found by resource or by an object's own address.

Filled by the informers, by the source, and by the answers to our writes; read by observe and apply.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from rollouts.cluster import kinds
from rollouts.cluster.informers import Cache, slim
from rollouts.cluster.port import Json, Resource
from rollouts.controller.kinds.protocol import Key
from rollouts.dialects.argo.analysis_run import without_details
from rollouts.model.objects import Ref
from rollouts.workloads.marks import LAST_APPLIED

_CONTENTS = ("data", "binaryData", "stringData")


def without_contents(config: Json) -> Json:
    """A ConfigMap or a Secret as it is kept: who needs what it says reads it. What kubectl notes is all of it again."""
    meta, notes = config["metadata"], config["metadata"].get("annotations") or {}
    if LAST_APPLIED in notes:
        meta = {**meta, "annotations": {key: note for key, note in notes.items() if key != LAST_APPLIED}}
    elif not any(field in config for field in _CONTENTS):
        return config
    return {field: value for field, value in config.items() if field not in _CONTENTS} | {"metadata": meta}


SERVICE_LABEL = "kubernetes.io/service-name"
TRIMS: Mapping[Resource, Callable[[Json], Json]] = {
    kinds.ANALYSIS_RUNS: without_details,
    kinds.CONFIG_MAPS: without_contents,
    kinds.SECRETS: without_contents,
}
"""What the controller takes off an object before it keeps it, by resource."""
NONE: Mapping[Resource, Callable[[Json], Json]] = MappingProxyType({})


def _whole(obj: Json) -> Json:
    return obj


class Caches:
    """A Cache for each of `resources`; objects of other kinds are not kept.

    While `put` tells the listeners, `deaf` is the key for which they tell nothing new. `trims` takes off what nobody
    will read: the controller's, as TRIMS; who shows objects to people wants them whole.
    """

    def __init__(self, resources: Iterable[Resource], trims: Mapping[Resource, Callable[[Json], Json]] = NONE) -> None:
        self.resources = tuple(resources)
        self._trims = trims
        self._caches = {(r.api_version, r.kind): Cache(trims.get(r, _whole)) for r in self.resources}
        self._lent: dict[tuple[str, str], Cache] = {}
        self.deaf: Key | None = None
        self.slices = Groups(self._caches.get((kinds.ENDPOINT_SLICES.api_version, kinds.ENDPOINT_SLICES.kind)))
        self.orphans = Orphans(self._caches.get((kinds.REPLICA_SETS.api_version, kinds.REPLICA_SETS.kind)))

    def of(self, resource: Resource) -> Cache:
        """The cache of a resource; KeyError for one that is not kept."""
        return self._caches[resource.api_version, resource.kind]

    def has(self, resource: Resource) -> bool:
        """Whether objects of this resource are kept."""
        return (resource.api_version, resource.kind) in self._caches

    def at(self, ref: Ref) -> Cache | None:
        """The cache in which this object would be, None for a kind that is not kept."""
        return self._caches.get((ref.api_version, ref.kind))

    def find(self, ref: Ref) -> Json | None:
        """The object as last seen."""
        cache = self.at(ref)
        return None if cache is None else cache.get(ref.namespace, ref.name)

    def put(self, obj: Json, *, unheard_by: Key | None = None) -> None:
        """Take in the answer to a write, or to a read, if its kind is kept. `unheard_by` is not woken: it knows."""
        at = (obj.get("apiVersion", ""), obj.get("kind", ""))
        self.deaf = unheard_by
        try:
            for caches in (self._caches, self._lent):
                if at in caches:
                    caches[at].put(slim(obj))
        finally:
            self.deaf = None

    def adopt(self, resource: Resource, named: str) -> Cache:
        """From now on objects of one more kind are kept, in this cache; it is found under `named` as a version too."""
        cache = self._caches.setdefault((resource.api_version, resource.kind), Cache(self._trims.get(resource, _whole)))
        return self._caches.setdefault((named, resource.kind), cache)

    def lend(self, resource: Resource) -> Cache:
        """A cache of every object of a kind, apart from the one that holds ours; answers to writes enter it too."""
        return self._lent.setdefault((resource.api_version, resource.kind), Cache())

    def drop(self, ref: Ref) -> None:
        """Forget an object that the server says is not there."""
        cache, held = self.at(ref), self.find(ref)
        if cache is not None and held is not None:
            cache.remove(held)

    def controlled(self, resource: Resource, uid: str) -> tuple[Json, ...]:
        """The kept objects of a resource that this one controls."""
        return tuple(obj for obj in self.of(resource).owned_by(uid) if controller_of(obj) == uid)

    def collect(self, uid: str) -> Iterator[Json]:
        """Every kept object that this one owns."""
        for cache in self._caches.values():
            yield from cache.owned_by(uid)


class Groups:
    """EndpointSlices by the Service they belong to (their label says it; an owner reference need not be there)."""

    def __init__(self, cache: Cache | None) -> None:
        self._by_service: dict[tuple[str, str], dict[str, Json]] = {}
        if cache is not None:
            cache.listen(self._follow)

    def of(self, namespace: str, service: str) -> tuple[Json, ...]:
        """The slices of one Service, by name."""
        group = self._by_service.get((namespace, service), {})
        return tuple(group[name] for name in sorted(group))

    def _follow(self, before: Json | None, after: Json | None) -> None:
        if before is not None:
            group = self._by_service.get(service_of(before), {})
            group.pop(before["metadata"]["name"], None)
            if not group:
                self._by_service.pop(service_of(before), None)
        if after is not None:
            self._by_service.setdefault(service_of(after), {})[after["metadata"]["name"]] = after


class Orphans:
    """ReplicaSets that nobody controls, by namespace, so that a round need not look through all of them."""

    def __init__(self, cache: Cache | None) -> None:
        self._by_namespace: dict[str, dict[str, Json]] = {}
        if cache is not None:
            cache.listen(self._follow)

    def of(self, namespace: str) -> tuple[Json, ...]:
        """Those of one namespace, by name."""
        found = self._by_namespace.get(namespace, {})
        return tuple(found[name] for name in sorted(found))

    def _follow(self, before: Json | None, after: Json | None) -> None:
        if before is not None:
            meta = before["metadata"]
            found = self._by_namespace.get(meta.get("namespace", ""), {})
            if found.pop(meta["name"], None) is not None and not found:
                del self._by_namespace[meta.get("namespace", "")]
        if after is not None and not controller_of(after):
            meta = after["metadata"]
            self._by_namespace.setdefault(meta.get("namespace", ""), {})[meta["name"]] = after


def controller_of(obj: Json) -> str:
    """The uid of the owner that controls this object, "" where none does."""
    refs = obj["metadata"].get("ownerReferences") or ()
    return next((str(ref.get("uid") or "") for ref in refs if ref.get("controller")), "")


def service_of(endpoint_slice: Json) -> tuple[str, str]:
    """Namespace and name of the Service of an EndpointSlice."""
    meta = endpoint_slice["metadata"]
    return meta.get("namespace", ""), (meta.get("labels") or {}).get(SERVICE_LABEL, "")
