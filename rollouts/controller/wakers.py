"""From a change in a cache to the keys that it concerns. Set up once by wiring; holds no state but the index.

An object of a kind of ours wakes its own key, an owned one its owner's, a named one those of everybody who names it.
Both states are asked, so that who has just lost an object learns of it too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches, controller_of, service_of
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.mentions import Mentions, mentioned_by, selected_by
from rollouts.controller.routes import Routes
from rollouts.controller.workloads import Workloads, workload_ref
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Ref, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.selectors import selects
from rollouts.traffic.protocol import Kind as RouteKind
from rollouts.traffic.registry import PROVIDERS, Providers
from rollouts.workloads import claims

Wake = Callable[[Key], None]
Whom = Callable[[Json], Iterable[Key]]
Dull = Callable[[Json, Json], bool]
"""Whether a change from one state to the other is no news."""

NAMED = (kinds.SERVICES, kinds.ANALYSIS_TEMPLATES, kinds.CLUSTER_ANALYSIS_TEMPLATES)
_COUNTS_OF_WRITES = frozenset({"resourceVersion", "generation"})
_UNREAD = frozenset({"observedGeneration", "fullyLabeledReplicas", "terminatingReplicas"})

OWNED = (kinds.REPLICA_SETS, kinds.ANALYSIS_RUNS, kinds.EXPERIMENTS, kinds.SERVICES)
OWNERS = {resource.kind: resource for resource in (kinds.ROLLOUTS, kinds.EXPERIMENTS)}
"""Kinds that own others and want to hear of them."""


def key_of(obj: Json, resource: Resource) -> Key:
    """The key under which the queue knows an object."""
    return Key(resource.plural, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def owners_of(obj: Json) -> Iterator[Key]:
    """The rollouts and experiments that own this object."""
    for ref in obj["metadata"].get("ownerReferences") or ():
        if owner := OWNERS.get(ref.get("kind")):
            yield Key(owner.plural, obj["metadata"].get("namespace", ""), ref["name"])


def is_bookkeeping(before: Json, after: Json) -> bool:
    """Whether a controller of Kubernetes has only noted that it looked: about every second change of a ReplicaSet."""
    if after.get("kind") != kinds.REPLICA_SETS.kind:
        return False
    return _told(before) == _told(after)


def is_no_news_to_owners(before: Json, after: Json) -> bool:
    """The same, and an AnalysisRun that has only got on with its measurements: its owner reads none of them."""
    if after.get("kind") == kinds.ANALYSIS_RUNS.kind:
        return _judged(before) == _judged(after)
    return is_bookkeeping(before, after)


def _judged(run: Json) -> Json:
    metadata = {name: value for name, value in run["metadata"].items() if name not in _COUNTS_OF_WRITES}
    status = {name: value for name, value in (run.get("status") or {}).items() if name in ("phase", "message")}
    return {"metadata": metadata, "status": status, "isEnding": (run.get("spec") or {}).get("terminate")}


def _told(obj: Json) -> Json:
    """The object without counts of looks and writes, and without numbers that nobody here reads."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _COUNTS_OF_WRITES}
    status = {name: value for name, value in (obj.get("status") or {}).items() if name not in _UNREAD}
    return {**obj, "metadata": metadata, "status": status}


class Wakers:
    """Listens to all caches and wakes. `parse` is the observer's, which remembers what it parsed."""

    def __init__(self, caches: Caches, wake: Wake, parse: Callable[[Json], Rollout], workloads: Workloads) -> None:
        self._wake = wake
        self._parse = parse
        self._caches = caches
        self._workloads = workloads
        self._mentions = Mentions()
        workloads.listen(self._waker(lambda obj: self._mentions.of(ref_of(obj))))
        self._routes: Routes | None = None
        self._providers: Providers = PROVIDERS
        caches.of(kinds.ROLLOUTS).listen(self._index)
        for resource in OWNED:
            caches.of(resource).listen(self._waker(owners_of, unless=is_no_news_to_owners))
        caches.of(kinds.REPLICA_SETS).listen(self._waker(self._claimants))
        for resource in NAMED:
            if caches.has(resource):
                caches.of(resource).listen(self._waker(lambda obj: self._mentions.of(ref_of(obj))))
        caches.of(kinds.ENDPOINT_SLICES).listen(self._waker(self._users_of_slice))

    def follow_routes(self, routes: Routes, providers: Providers) -> None:
        """From now on the objects that routers touch are watched once they are named, and wake who names them."""
        self._routes, self._providers = routes, providers
        routes.listen(self._waker(self._users_of_route))
        routes.on_appeared = self._kind_appeared

    def name(self, key: Key, refs: Iterable[Ref]) -> None:
        """From now on this key is woken by changes of just these objects, as far as their kinds are watched."""
        self._mentions.update(key, refs)

    def own_key(self, caches: Caches, resource: Resource, is_over: Callable[[Json], bool] = lambda _: False) -> None:
        """From now on an object of this resource wakes its own key, unless it is over and was so before."""
        caches.of(resource).listen(self._waker(lambda obj: () if is_over(obj) else (key_of(obj, resource),)))

    def _waker(self, whom: Whom, unless: Dull = is_bookkeeping) -> Callable[[Json | None, Json | None], None]:
        def tell(before: Json | None, after: Json | None) -> None:
            if before is not None and after is not None and unless(before, after):
                return
            keys = dict.fromkeys(key for obj in (before, after) if obj is not None for key in whom(obj))
            for key in keys:
                if key != self._caches.deaf:
                    self._wake(key)

        return tell

    def _claimants(self, replica_set: Json) -> Iterator[Key]:
        """The rollouts whose selector finds a ReplicaSet that nobody owns. Rare enough to ask them all."""
        if controller_of(replica_set):
            return
        for rollout in self._caches.of(kinds.ROLLOUTS):
            is_near = rollout["metadata"].get("namespace") == replica_set["metadata"].get("namespace")
            if is_near and claims.orphans(rollout, (replica_set,), selects):
                yield key_of(rollout, kinds.ROLLOUTS)

    def _users_of_slice(self, endpoint_slice: Json) -> Iterable[Key]:
        namespace, name = service_of(endpoint_slice)
        return self._mentions.of(Ref(kinds.SERVICES.api_version, kinds.SERVICES.kind, namespace, name))

    def _users_of_route(self, obj: Json) -> Iterable[Key]:
        """Who names the object, and who might find it by its labels."""
        ref = ref_of(obj) if self._routes is None else self._routes.address(obj)
        return (*self._mentions.of(ref), *self._mentions.of(replace(ref, name="")))

    def _kind_appeared(self, kind: RouteKind) -> None:
        """What is of this kind can be seen from now on; who waits for it may go on."""
        for key in self._mentions.naming(kind):
            self._wake(key)

    def _index(self, before: Json | None, after: Json | None) -> None:
        obj = after or before
        if obj is None:
            return
        try:
            refs = self._named_by(self._parse(after)) if after is not None else ()
        except UndecodableError:
            refs = ()
        for ref in self._mentions.update(key_of(obj, kinds.ROLLOUTS), refs):
            if ref.kind == kinds.SERVICES.kind:
                self._wake(Key(kinds.SERVICES.plural, ref.namespace, ref.name))

    def _named_by(self, rollout: Rollout) -> tuple[Ref, ...]:
        named, workload = self._routed_by(rollout), workload_ref(rollout)
        if workload is None:
            return named
        self._workloads.follow(workload)
        return (*named, workload)

    def _routed_by(self, rollout: Rollout) -> tuple[Ref, ...]:
        """What it names; for what it finds by labels, an address without a name."""
        found = [Ref(each.api_version, each.kind, each.namespace, "") for each in selected_by(rollout, self._providers)]
        named = (*mentioned_by(rollout, self._providers), *found)
        if self._routes is not None:
            known = {kind for provider in self._providers.values() for kind in provider.kinds}
            self._routes.follow(kind for ref in named if (kind := (ref.api_version, ref.kind)) in known)
        return named
