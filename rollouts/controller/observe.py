"""The world around one rollout: gathered from the caches, parsed, matched, and seen as one Snapshot.

`Observer.gather` looks the objects up, `snapshot_of` is pure: lint and `explain` hand it objects that come from files.
Only what is in no cache (a route of a kind that we do not watch) is read from the server.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.controller.caches import Caches
from rollouts.controller.mentions import mentioned_by, selected_by, services_of, template_ref
from rollouts.controller.references import plugin_faults, route_faults, service_faults, service_ref, template_faults_of
from rollouts.controller.resources import Resources
from rollouts.controller.routes import Routes
from rollouts.controller.workloads import Workloads, workload_ref
from rollouts.dialects.argo import reference
from rollouts.dialects.argo import rollout as argo
from rollouts.dialects.argo.experiment import experiment_of
from rollouts.dialects.argo.reading import integer
from rollouts.model.faults import Faults
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Ref, Selection, ref_of
from rollouts.model.questions import Answer, Question
from rollouts.model.reading import items, mapping, moment, text
from rollouts.model.rollout import Rollout
from rollouts.model.selectors import selects
from rollouts.model.snapshot import Analysis, Failure, Snapshot
from rollouts.model.strategy import TemplateRef
from rollouts.model.weights import Unknown, Weights
from rollouts.model.workload import Service
from rollouts.traffic.bodies import agreed
from rollouts.traffic.protocol import Objects
from rollouts.traffic.registry import PROVIDERS, Providers, routers_of
from rollouts.workloads import claims
from rollouts.workloads.replicasets import find_new, versions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class World:
    """A rollout and the objects around it, at one moment.

    `objects` holds what the manifest names (None: does not exist), `slices` the EndpointSlices by Service,
    `nobodys` the ReplicaSets of the namespace that have no owner, `providers` those of routers that are known here.
    """

    manifest: Json
    rollout: Rollout
    replica_sets: tuple[Json, ...] = ()
    runs: tuple[Json, ...] = ()
    experiments: tuple[Json, ...] = ()
    objects: Objects = field(default_factory=dict)
    slices: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    verify_every: timedelta = timedelta(seconds=10)
    workload: Json | None = None
    plugins: frozenset[str] | None = None
    nobodys: tuple[Json, ...] = ()
    providers: Providers = field(default_factory=lambda: PROVIDERS)

    @property
    def live(self) -> dict[Ref, Json]:
        """Every object that is there, by address."""
        found = {ref: obj for ref, obj in self.objects.items() if obj is not None}
        for obj in (self.manifest, *self.replica_sets, *self.runs, *self.experiments):
            found[ref_of(obj)] = obj
        return found

    @property
    def templates(self) -> tuple[Json, ...]:
        """The analysis templates that are there."""
        wanted = (kinds.ANALYSIS_TEMPLATES.kind, kinds.CLUSTER_ANALYSIS_TEMPLATES.kind)
        return tuple(obj for ref, obj in self.objects.items() if obj is not None and ref.kind in wanted)


class Observer:
    """Gathers worlds; remembers how manifests parsed, since most rounds are not about a new manifest.

    `verify_every` is the pause between two looks at a weight that is not verified yet. `workloads` watches what
    rollouts take their templates from; without it such a thing is read in each round. `plugins` are the step plugins
    that can be named; None: nobody knows. `routes` watches what routers touch; without it such objects are read.
    """

    verify_every = timedelta(seconds=10)
    workloads: Workloads | None = None
    plugins: frozenset[str] | None = None
    providers: Providers = PROVIDERS
    routes: Routes | None = None

    def __init__(self, caches: Caches, resources: Resources) -> None:
        self._caches = caches
        self._resources = resources
        self._parsed: dict[str, tuple[str, Rollout]] = {}
        self._resolved: dict[str, tuple[tuple[str, str, str], Rollout]] = {}

    def parse(self, manifest: Json) -> Rollout:
        """The manifest as a Rollout; UndecodableError where its very shape is wrong."""
        meta = manifest["metadata"]
        uid, version = meta.get("uid", ""), meta.get("resourceVersion", "")
        held = self._parsed.get(uid)
        if held is None or held[0] != version or not version:
            again = argo.parse(manifest) if held is None else argo.parse_again(manifest, held[1])
            held = self._parsed[uid] = version, again
        return held[1]

    def forget(self, manifest: Json) -> None:
        """The object is gone."""
        self._parsed.pop(manifest["metadata"].get("uid", ""), None)
        self._resolved.pop(manifest["metadata"].get("uid", ""), None)

    async def refresh(self, ref: Ref, keep: Callable[[Json], bool] = lambda _obj: True) -> Json | None:
        """The object as the server has it now, and the caches from here on."""
        return await self._resources.refresh(ref, self._caches, keep)

    async def gather(self, manifest: Json) -> World:
        """What is around this rollout now."""
        rollout = self.parse(manifest)
        if rollout.is_partly_read and rollout.workload is None:
            manifest = argo.readable(manifest)
        workload = await self._workload(rollout)
        if rollout.workload is not None and not reference.has_own_template(manifest):
            manifest, rollout = self._taken_from(workload, manifest, rollout)
        objects = {ref: await self._find(ref) for ref in mentioned_by(rollout, self.providers)}
        for selection in selected_by(rollout, self.providers):
            objects.update(await self._selected(selection))
        objects.update(self._nested(objects))
        return World(
            manifest=manifest,
            rollout=rollout,
            replica_sets=self._caches.controlled(kinds.REPLICA_SETS, rollout.uid),
            nobodys=self._caches.orphans.of(rollout.namespace),
            runs=self._caches.controlled(kinds.ANALYSIS_RUNS, rollout.uid),
            experiments=self._caches.controlled(kinds.EXPERIMENTS, rollout.uid),
            objects=objects,
            slices={name: self._caches.slices.of(rollout.namespace, name) for name in services_of(rollout)},
            verify_every=self.verify_every,
            workload=workload,
            plugins=self.plugins,
            providers=self.providers,
        )

    async def _workload(self, rollout: Rollout) -> Json | None:
        """What the rollout takes its template from, if it does and if that is there."""
        ref = workload_ref(rollout)
        if ref is None:
            return None
        return await (self._resources.read(ref) if self.workloads is None else self.workloads.find(ref))

    def _taken_from(self, workload: Json | None, manifest: Json, rollout: Rollout) -> tuple[Json, Rollout]:
        """Manifest and rollout with the workload's template in them, or with the fault that it is not there."""
        if workload is None:
            assert rollout.workload is not None  # the caller has asked
            fault = reference.reference_fault(rollout.workload, rollout.namespace)
            return manifest, replace(rollout, faults=(fault, *rollout.faults))
        whole, meta = reference.resolved(manifest, workload), workload["metadata"]
        version = (manifest["metadata"].get("resourceVersion", ""), meta.get("uid", ""), meta["resourceVersion"])
        held = self._resolved.get(rollout.uid)
        if held is None or held[0] != version:
            held = self._resolved[rollout.uid] = version, argo.parse(whole)
        return whole, held[1]

    async def _selected(self, selection: Selection) -> Objects:
        if self.routes is not None:
            return await self.routes.select(selection)
        return {
            replace(ref_of(obj), api_version=selection.api_version): obj
            for obj in await self._resources.select(selection)
        }

    async def _find(self, ref: Ref) -> Json | None:
        if self.routes is not None and self.routes.has(ref):
            return await self.routes.find(ref)
        if self._caches.at(ref) is not None:
            return self._caches.find(ref)
        if not ref.namespace:  # --namespaced: cluster-scoped kinds are not read, and not kept
            return None
        return await self._resources.read(ref)

    def _nested(self, objects: Objects) -> dict[Ref, Json | None]:
        """The templates that the named templates are made of, to any depth."""
        found: dict[Ref, Json | None] = {}
        ahead = [obj for obj in objects.values() if obj is not None]
        while ahead:
            for ref in nested_refs(ahead.pop()):
                if ref not in found and ref not in objects:
                    found[ref] = inner = self._caches.find(ref)
                    ahead.extend([] if inner is None else [inner])
        return found


def snapshot_of(
    world: World, answers: Mapping[Question, Answer] | None = None, failures: Iterable[Failure] = ()
) -> Snapshot:
    """The world as a decision sees it; with no cluster behind it, this is lint's and explain's way in."""
    return Snapshot(
        rollout=world.rollout,
        versions=versions(world.manifest, world.replica_sets),
        new=find_new(world.manifest, world.rollout, world.replica_sets),
        services={name: _service(world, name) for name in services_of(world.rollout)},
        endpoints=_endpoints(world),
        route=_route(world),
        asks_verification=_asks(world),
        verify_every=world.verify_every,
        analyses=tuple(_analysis(run) for run in world.runs),
        experiments=tuple(experiment_of(experiment) for experiment in world.experiments),
        workload=None if world.workload is None else reference.workload_of(world.workload),
        reference_faults=reference_faults(world),
        answers=answers or {},
        failures=tuple(failures),
        orphans=claims.orphans(world.manifest, world.nobodys, selects),
        departed=claims.departed(world.manifest, world.replica_sets, selects),
    )


def reference_faults(world: World) -> Faults:
    """What only other objects show, in the order of Argo's, which looks all of them up before it looks into one."""
    found = (
        *plugin_faults(world.rollout, world.plugins),
        *service_faults(world.rollout, world.manifest, world.objects),
        *template_faults_of(world.rollout, world.manifest, world.objects),
        *route_faults(world.rollout, world.objects, world.providers),
    )
    return tuple(sorted(found, key=lambda fault: not fault.message.endswith(" not found")))


def nested_refs(template: Json) -> Iterator[Ref]:
    """The templates that this one is made of."""
    namespace = template["metadata"].get("namespace", "")
    for inner in map(mapping, items(mapping(template.get("spec")).get("templates"))):
        name = TemplateRef(text(inner.get("templateName")), cluster_scope=inner.get("clusterScope") is True)
        yield template_ref(name, namespace)


def _service(world: World, name: str) -> Service:
    obj = world.objects.get(service_ref(world.rollout, name))
    if obj is None:
        return Service(name, exists=False)
    selector = mapping(mapping(obj.get("spec")).get("selector"))
    annotations = mapping(obj["metadata"].get("annotations"))
    return Service(name, hash=text(selector.get(HASH_LABEL)), managed_by=text(annotations.get(MANAGED_BY)))


def _endpoints(world: World) -> dict[str, dict[str, int]]:
    """Ready endpoints by Service and version; a pod's version is that of the ReplicaSet whose name begins its own."""
    hashes = {
        rs["metadata"]["name"]: text(mapping(rs["metadata"].get("labels")).get(HASH_LABEL)) for rs in world.replica_sets
    }
    return {service: _by_hash(slices, hashes) for service, slices in world.slices.items() if slices}


def _by_hash(slices: Iterable[Json], hashes: Mapping[str, str]) -> dict[str, int]:
    pods = {pod for endpoint_slice in slices for pod in _ready_pods(endpoint_slice)}
    return dict(Counter(hashes[owner] for pod in pods if (owner := pod.rpartition("-")[0]) in hashes))


def _ready_pods(endpoint_slice: Json) -> Iterator[str]:
    for endpoint in items(endpoint_slice.get("endpoints")):
        target = mapping(endpoint.get("targetRef"))
        # Kubernetes: an unset condition counts as ready
        if target.get("kind") == "Pod" and mapping(endpoint.get("conditions")).get("ready") is not False:
            yield text(target.get("name"))


def _route(world: World) -> Weights | Unknown:
    """What the routes say; several routers must say the same to be believed."""
    seen = (
        world.providers[router.provider].read(world.rollout, router, world.objects)
        for router in routers_of(world.rollout, world.providers)
    )
    return agreed(seen, "no route")


def _asks(world: World) -> bool:
    """Whether some router can tell if a written weight holds."""
    known = world.providers
    return any(
        known[router.provider].asks(world.rollout, router, world.objects) for router in routers_of(world.rollout, known)
    )


def _analysis(run: Json) -> Analysis:
    meta, spec, status = run["metadata"], mapping(run.get("spec")), mapping(run.get("status"))
    labels = mapping(meta.get("labels"))
    return Analysis(
        name=meta["name"],
        role=text(labels.get("rollout-type")),
        phase=text(status.get("phase")),
        message=text(status.get("message")),
        hash=text(labels.get(HASH_LABEL)),
        step=integer(labels.get("step-index")),
        created=moment(meta.get("creationTimestamp")) or _EPOCH,
        is_terminating=spec.get("terminate") is True,
    )
