"""The controller put together from its ports. Called by the CLI, and by simulations with ports of their own.

Everything that touches the world comes in through `Ports`, so the same wiring runs in production and, on the embedded
cluster, in virtual time without a socket, a thread or a process.
"""

import asyncio
from functools import partial
from typing import Any

from analysis.requests import Program, Request
from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError
from rollouts.cluster.events import Events
from rollouts.cluster.informers import Informer
from rollouts.cluster.leadership import Leadership
from rollouts.cluster.port import Collection, Json, Query, Resource, Target
from rollouts.controller.caches import TRIMS, Caches
from rollouts.controller.leftovers import Leftovers
from rollouts.controller.observe import Observer
from rollouts.controller.pods import Pods
from rollouts.controller.ports import Ports, Shared
from rollouts.controller.queues import Queues
from rollouts.controller.reconcile import Reconciler
from rollouts.controller.resources import Resources
from rollouts.controller.rolling import Rolling
from rollouts.controller.roster import kinds_of, resources_of
from rollouts.controller.routes import Routes
from rollouts.controller.scenes import rows_of
from rollouts.controller.settings import Settings
from rollouts.controller.sources import Watched, instance_selector
from rollouts.controller.wakers import Wakers
from rollouts.controller.workloads import Workloads
from rollouts.decide.duration import Ended
from rollouts.model.errors import TemporaryError
from rollouts.model.keys import HASH_LABEL
from rollouts.model.plan import Event
from rollouts.telemetry.logs import log
from rollouts.traffic.registry import providers

OF_INSTANCE = (kinds.ROLLOUTS, kinds.CANARIES, kinds.ANALYSIS_RUNS, kinds.EXPERIMENTS)
"""Kinds of which only those with our instance id are ours."""

FROM_SOURCE = (kinds.ROLLOUTS, kinds.CANARIES, kinds.GIT_REPOSITORIES, kinds.KUSTOMIZATIONS)
"""Kinds that the Source brings; all others have informers of ours."""

LAST_SCRAPE_SECONDS = 65.0
"""Argo keeps a deleted object's series so long, so that one more scrape sees its end."""


class Controller:
    """Everything, ready to run. `ready` is set once the caches are filled, on a standby too."""

    def __init__(self, ports: Ports, settings: Settings) -> None:
        self.ready = asyncio.Event()
        self.caches = Caches(resources_of(settings, has_git=ports.git is not None), TRIMS)
        self.queues = Queues(ports, self.caches, settings.resync)
        self.metrics = ports.metrics
        self._ports = ports
        self._settings = settings
        self._events = Events(ports.cluster, ports.clock, heard=self._heard)
        self._observer = Observer(self.caches, Resources(ports.cluster))
        self._observer.verify_every = settings.verify_every
        pods = Pods(ports.cluster)
        pods.at_once = settings.metadata_threads
        pods.attempts = settings.metadata_attempts
        rolling = Rolling(self._observer, pods, ports.plugins)
        rolling.outside = self._outside
        rolling.on_attempt = self._attempt_ended
        self._reconciler = Reconciler(ports.cluster, self.caches, self._events, self.queues.wake, rolling, pods)
        self._reconciler.decide = ports.decide
        self._reconciler.drains.drain = settings.drain
        self._workloads = Workloads(ports.cluster, self.caches, namespace=settings.namespace, dice=ports.dice)
        self._observer.workloads = self._workloads
        self._reconciler.reach(self._outside)
        self._reconciler.count_corrections(ports.metrics.corrected)
        self._observer.plugins = ports.plugins.names
        self._wakers = Wakers(self.caches, self.queues.wake, self._observer.parse, self._workloads)
        self._routes = Routes(ports.cluster, self.caches, namespace=settings.namespace, dice=ports.dice)
        self._observer.providers = providers(settings.traffic, ports.routers.names)
        self._observer.routes = self._routes
        self._wakers.follow_routes(self._routes, self._observer.providers)
        self._leftovers = Leftovers(ports.cluster, self.caches, self._observer, self._routes, outside=self._outside)
        self._leftovers.namespace = settings.namespace
        shared = Shared(
            ports=ports,
            settings=settings,
            caches=self.caches,
            reconciler=self._reconciler,
            observer=self._observer,
            wake=self.queues.wake,
            emit=self._events.emit,
            leftovers=self._leftovers,
            events=self._events,
            routes=self._routes,
            wakers=self._wakers,
        )
        for kind, workers in kinds_of(shared):
            self.queues.add(kind, workers)
            self._wakers.own_key(self.caches, kind.resource, partial(self.queues.is_over, kind.resource.plural))
        self._source = ports.source([self._watched(r) for r in self.caches.resources if r in FROM_SOURCE])
        self._informers = [self._informer(r) for r in self.caches.resources if r not in FROM_SOURCE]
        self._lead = self._candidate()
        self._measure()

    @property
    def is_leader(self) -> bool:
        """Whether this controller works, or only watches."""
        return self._lead.is_leader if self._settings.is_elected else self.ready.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch, and work while leading, until `stop`; then let running rounds end and give the lead away."""
        try:
            await self._run(stop)
        finally:
            self._events.stop()

    async def _run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(self._source.run())]
            watching += [group.create_task(informer.run()) for informer in self._informers]
            watching += [group.create_task(self._workloads.run()), group.create_task(self._routes.run())]
            ending = group.create_task(_until(stop))
            serving = group.create_task(self._serve(stop))
            await asyncio.wait({ending, serving}, return_when=asyncio.FIRST_COMPLETED)
            if not self.ready.is_set():
                serving.cancel()
            await asyncio.wait({serving})
            for task in (*watching, ending):
                task.cancel()
        await self._reconciler.conversations.close()
        await self._ports.plugins.close()
        await self._ports.routers.close()
        await self.queues.close()
        await self._events.close()

    async def _serve(self, stop: asyncio.Event) -> None:
        for informer in self._informers:
            await informer.synced.wait()
        await self._source.synced.wait()
        await self._routes.settle()
        self._ports.on_ready()
        self.ready.set()
        log().info("ready", **{r.plural: len(self.caches.of(r)) for r in self.queues.resources})
        if self._settings.is_elected:
            await self._lead.serve(self._work, stop)
        else:
            await self._work(stop)

    async def _work(self, enough: asyncio.Event) -> None:
        log().info("working", identity=self._ports.identity)
        sweeping = asyncio.create_task(self._sweep())
        try:
            await self.queues.work(enough)
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
        log().info("stopped working", identity=self._ports.identity)

    async def _sweep(self) -> None:
        """Once a lead; what goes wrong is no reason to stop working."""
        if self._settings.is_analysis_only:
            return
        try:
            await self._leftovers.sweep()
        except (ClusterError, TemporaryError) as error:
            log().warning("the sweep did not come to its end", error=f"{type(error).__name__}: {error}")

    def _candidate(self) -> Leadership:
        return Leadership(
            self._ports.cluster,
            Target(kinds.LEASES, self._settings.lease_name, self._settings.lease_namespace),
            identity=self._ports.identity,
            clock=self._ports.clock,
            term=self._settings.term,
            dice=self._ports.dice,
        )

    def _selector(self, resource: Resource) -> str:
        if resource in OF_INSTANCE:
            return instance_selector(self._settings.instance_id)
        return HASH_LABEL if resource == kinds.REPLICA_SETS else ""

    def _watched(self, resource: Resource) -> Watched:
        return Watched(resource, self.caches.of(resource), self._selector(resource), self._settings.namespace)

    def _informer(self, resource: Resource) -> Informer:
        namespace = self._settings.namespace if resource.is_namespaced else None
        query = Query(labels=self._selector(resource))
        cache = self.caches.of(resource)
        return Informer(self._ports.cluster, Collection(resource, namespace), cache, query, dice=self._ports.dice)

    def _measure(self) -> None:
        self._ports.metrics.describe(lambda: rows_of(self.caches))
        self._ports.metrics.describe(self.queues.depths)
        for resource in self._of_instance():
            self.caches.of(resource).listen(self._forget_series)

    def _forget_series(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is None:
            meta, loop = before["metadata"], asyncio.get_running_loop()
            loop.call_later(LAST_SCRAPE_SECONDS, self._forget, meta.get("namespace", ""), meta["name"])

    def _forget(self, namespace: str, name: str) -> None:
        """Unless somebody has made an object of that name meanwhile."""
        if all(self.caches.of(resource).get(namespace, name) is None for resource in self._of_instance()):
            self.metrics.forget(namespace, name)

    def _of_instance(self) -> list[Resource]:
        return [resource for resource in OF_INSTANCE if self.caches.has(resource)]

    async def _outside(self, request: Request) -> Any:
        """What routers ask for: a plugin of theirs, or a service of the world."""
        if isinstance(request, Program):
            return await self._ports.routers.call(request)
        return await self._ports.measuring.ask(request)

    def _attempt_ended(self, ended: Ended) -> None:
        self.metrics.attempt_ended(ended.outcome, ended.duration, ended.progression, ended.paused)

    def _heard(self, about: Json, event: Event) -> None:
        if about.get("kind") == kinds.ROLLOUTS.kind:
            meta, type_ = about["metadata"], "Warning" if event.is_warning else "Normal"
            self._ports.metrics.told(meta.get("namespace", ""), meta["name"], type_, event.reason)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
