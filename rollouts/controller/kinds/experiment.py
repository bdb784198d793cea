"""Experiments: one round of one of them. Called by the workers; what to do is decided in decide/experiment.

The order of a round: gather what it owns and what it names, decide, carry out, write the status (a merge patch of the
object: this kind has no status subresource; with the resourceVersion, since a retry empties the status), then tell of
it. Each of its versions goes its own way, so an effect that is refused holds up no other; the next round knows of it,
and only then it becomes an error: what the server refuses for now is tried again, where Argo gives up at once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from analysis.errors import ArgumentError
from rollouts.cluster import kinds
from rollouts.cluster.errors import AlreadyExistsError, ClusterError, ConflictError, NotFoundError
from rollouts.cluster.port import Cluster, Json, Resource
from rollouts.controller.apply import REFUSALS
from rollouts.controller.caches import Caches, controller_of
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.mentions import template_ref
from rollouts.controller.observe import nested_refs
from rollouts.controller.resources import Resources
from rollouts.controller.statuses import Statuses
from rollouts.decide.experiment import decide_experiment, event_of
from rollouts.dialects.argo.experiment_objects import (
    analysis_refs,
    missing_templates,
    render_experiment_effect,
    run_seen,
    service_of_rollout,
    template_of,
)
from rollouts.dialects.argo.experiment_spec import (
    parse_experiment,
    parse_experiment_status,
    project_experiment_status,
)
from rollouts.model.errors import TemporaryError
from rollouts.model.experiment import (
    CreateService,
    CreateTemplate,
    ExperimentEffect,
    ExperimentFailure,
    ExperimentPlan,
    ExperimentSnapshot,
)
from rollouts.model.objects import Change, Create, Ref, Remove
from rollouts.model.plan import Event
from rollouts.model.reading import mapping
from rollouts.telemetry.logs import log
from rollouts.workloads.replicasets import versions

Emit = Callable[[Json, Event], Awaitable[None]]
Failures = tuple[ExperimentFailure, ...]


class RefusedError(TemporaryError):
    """The API server refused an effect; the next round decides with that knowledge."""


@dataclass(frozen=True, slots=True)
class World:
    """An Experiment and what is around it: ReplicaSets and Services by template, its AnalysisRuns, templates,
    and the ports of the Service of the rollout whose step it is.
    """

    manifest: Json
    replica_sets: dict[str, Json] = field(default_factory=dict)
    services: dict[str, Json] = field(default_factory=dict)
    runs: tuple[Json, ...] = ()
    templates: tuple[Json, ...] = ()
    ports: tuple[Json, ...] = ()

    @property
    def uid(self) -> str:
        """Of the Experiment."""
        return str(self.manifest["metadata"].get("uid", ""))

    def snapshot(self, failures: Failures) -> ExperimentSnapshot:
        """As a decision sees it."""
        owner: Json = {"metadata": {"uid": self.uid}}
        spec = parse_experiment(self.manifest)
        if self.ports:
            spec = replace(spec, templates=tuple(replace(template, has_ports=True) for template in spec.templates))
        held = {name: versions(owner, (replica_set,)) for name, replica_set in self.replica_sets.items()}
        return ExperimentSnapshot(
            spec=spec,
            status=parse_experiment_status(self.manifest),
            versions={name: found[0] for name, found in held.items() if found},
            services={name: service["metadata"]["name"] for name, service in self.services.items()},
            runs=tuple(map(run_seen, self.runs)),
            missing=missing_templates(self.manifest, self.templates),
            failures=failures,
        )


class Experiments:
    """The Kind of Experiment."""

    def __init__(self, cluster: Cluster, caches: Caches, emit: Emit) -> None:
        self._caches = caches
        self._resources = Resources(cluster)
        self._statuses = Statuses(cluster, kinds.EXPERIMENTS, caches, is_exact=True)
        self._emit = emit
        self._failures: dict[Key, Failures] = {}

    @property
    def resource(self) -> Resource:
        """Experiments of argoproj.io."""
        return kinds.EXPERIMENTS

    def is_over(self, experiment: Json) -> bool:
        """Whether it has ended, and nothing that it made is left to be ended as well."""
        status, uid = parse_experiment_status(experiment), experiment["metadata"].get("uid", "")
        if not status.phase.is_done or any(template.replicas or template.service for template in status.templates):
            return False
        if any(run.run and not run.phase.is_done for run in status.runs) or self._caches.controlled(
            kinds.SERVICES, uid
        ):
            return False
        return not any(
            mapping(rs.get("spec")).get("replicas") for rs in self._caches.controlled(kinds.REPLICA_SETS, uid)
        )

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round; returns when time alone calls for the next."""
        manifest = self._caches.of(kinds.EXPERIMENTS).get(key.namespace, key.name)
        if manifest is None or manifest["metadata"].get("deletionTimestamp"):
            self._failures.pop(key, None)
            return None
        known = self._failures.pop(key, ())
        world = await self._gather(manifest)
        plan = decide_experiment(world.snapshot(known), now)
        failures = await self._carry_out(world, plan.effects)
        if not failures or failures == known:
            await self._conclude(world, plan)
        if failures:
            self._failures[key] = failures
            raise RefusedError("; ".join(f"{type(f.effect).__name__}: {f.reason}: {f.message}" for f in failures))
        return plan.wake_at

    async def _gather(self, manifest: Json) -> World:
        uid = manifest["metadata"].get("uid", "")
        status = parse_experiment_status(manifest)
        for run in status.runs:
            if run.run and not run.phase.is_done:  # one that the watch has not brought yet is not gone
                await self._look(_run_ref(manifest, run.run))
        return World(
            manifest,
            replica_sets=self._by_template(kinds.REPLICA_SETS, manifest, uid),
            services=self._by_template(kinds.SERVICES, manifest, uid),
            runs=self._caches.controlled(kinds.ANALYSIS_RUNS, uid),
            templates=await self._templates(manifest),
            ports=self._ports(manifest),
        )

    def _ports(self, manifest: Json) -> tuple[Json, ...]:
        rollout = self._rollout(manifest)
        name = "" if rollout is None else service_of_rollout(rollout)
        held = self._caches.of(kinds.SERVICES).get(manifest["metadata"].get("namespace", ""), name)
        return () if held is None else tuple(mapping(held.get("spec")).get("ports") or ())

    def _by_template(self, resource: Resource, manifest: Json, uid: str) -> dict[str, Json]:
        found = ((template_of(obj, manifest), obj) for obj in self._caches.controlled(resource, uid))
        return {template: obj for template, obj in found if template and "deletionTimestamp" not in obj["metadata"]}

    async def _templates(self, manifest: Json) -> tuple[Json, ...]:
        """Those of analyses that have not begun, with all that these are made of."""
        status, namespace = parse_experiment_status(manifest), manifest["metadata"].get("namespace", "")
        ahead = [
            template_ref(template, namespace)
            for name, ref in analysis_refs(manifest)
            if not status.run(name).run and not status.run(name).phase.is_done
            for template in ref.templates
        ]
        found: dict[Ref, Json | None] = {}
        while ahead:
            ref = ahead.pop()
            if ref not in found:
                found[ref] = template = await self._look(ref)
                ahead.extend(() if template is None else nested_refs(template))
        return tuple(template for template in found.values() if template is not None)

    async def _look(self, ref: Ref) -> Json | None:
        """The object as last seen, or as the server has it; kinds that are not kept are not read."""
        held = self._caches.find(ref)
        return (
            held
            if held is not None or self._caches.at(ref) is None
            else await self._resources.refresh(ref, self._caches)
        )

    async def _carry_out(self, world: World, effects: tuple[ExperimentEffect, ...]) -> Failures:
        """All of them; what was refused for good. What is refused for now raises, and the round is made again."""
        failures: list[ExperimentFailure] = []
        for effect in effects:
            try:
                change = render_experiment_effect(
                    effect, world.manifest, world.replica_sets, world.templates, world.ports
                )
                await self._apply(world, effect, change)
            except ArgumentError as error:
                failures.append(ExperimentFailure(effect, "Invalid", str(error)))
            except REFUSALS as error:
                failures.append(ExperimentFailure(effect, type(error).reason, error.message))
            else:
                told = event_of(effect)
                if told is not None:
                    await self._emit(world.manifest, told)
        return tuple(failures)

    async def _apply(self, world: World, effect: ExperimentEffect, change: Change) -> None:
        held = self._caches.find(change.ref)
        if isinstance(change, Remove) and held is not None:
            change = replace(change, uid=held["metadata"].get("uid", ""))
        try:
            answer = await self._resources.carry_out(change)
        except AlreadyExistsError as error:
            await self._met(world, effect, change.ref, error)
            return
        except (ConflictError, NotFoundError) as error:
            await self._resources.refresh(change.ref, self._caches)
            if isinstance(change, Create) or isinstance(error, ConflictError):
                raise
            raise RefusedError(f"{change.ref.name} is gone") from error
        if answer is not None:
            self._caches.put(answer)
        elif isinstance(change, Remove):
            self._caches.drop(change.ref)

    async def _met(self, world: World, effect: ExperimentEffect, ref: Ref, error: ClusterError) -> None:
        """Something has the name already: what we made before, what a predecessor leaves behind, or a stranger."""
        existing = await self._resources.refresh(ref, self._caches)
        if existing is None or _is_passing(existing, world):
            raise RefusedError(f"{ref.name} is on its way out", retry_after=timedelta(seconds=1)) from error
        if not isinstance(effect, CreateTemplate | CreateService):
            raise error
        is_ours = controller_of(existing) == world.uid and template_of(existing, world.manifest) == effect.template
        if is_ours:
            return
        if isinstance(effect, CreateService):
            owner = f"and is not owned by experiment template {effect.template}"
            raise AlreadyExistsError(f"service {effect.name} already exists {owner}") from error
        raise error

    async def _conclude(self, world: World, plan: ExperimentPlan) -> None:
        """The status, if it differs; then the events."""
        has_written = await self._statuses.write(world.manifest, project_experiment_status(plan.status))
        if has_written or plan.effects:
            meta = world.manifest["metadata"]
            title = f"{meta.get('namespace', '')}/{meta['name']}"
            log().info("reconciled", experiment=title, phase=str(plan.status.phase), effects=len(plan.effects))
        for event in plan.events:
            await self._emit(world.manifest, event)
        if (rollout := self._rollout(world.manifest)) is not None:
            for event in plan.shared:
                await self._emit(rollout, event)

    def _rollout(self, manifest: Json) -> Json | None:
        """The rollout whose step this is, if it is one's."""
        owners = manifest["metadata"].get("ownerReferences") or ()
        owner = next((o for o in owners if o.get("controller") and o.get("kind") == kinds.ROLLOUTS.kind), None)
        if owner is None:
            return None
        ref = Ref(kinds.ROLLOUTS.api_version, kinds.ROLLOUTS.kind, manifest["metadata"]["namespace"], owner["name"])
        held = self._caches.find(ref)
        return held if held is not None and held["metadata"].get("uid") == owner.get("uid") else None


def _run_ref(manifest: Json, name: str) -> Ref:
    resource = kinds.ANALYSIS_RUNS
    return Ref(resource.api_version, resource.kind, manifest["metadata"].get("namespace", ""), name)


def _is_passing(existing: Json, world: World) -> bool:
    """It goes, or its owner, an Experiment of the same name that was there before, has gone."""
    meta = existing["metadata"]
    if meta.get("deletionTimestamp"):
        return True
    name = world.manifest["metadata"]["name"]
    owners = meta.get("ownerReferences") or ()
    return any(
        owner.get("controller")
        and (owner.get("kind"), owner.get("name")) == (kinds.EXPERIMENTS.kind, name)
        and owner.get("uid") != world.uid
        for owner in owners
    )
