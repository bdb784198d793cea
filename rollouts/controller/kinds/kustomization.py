"""Kustomizations as keys of the queue: build what their source holds, apply it, and tell how that went.

    source's commit ─→ files ─→ objects ─→ sync ─→ (wait: look, look again) ─→ status, once ─→ events

Called by the queue's workers. Waiting for health holds no worker: each look is a round, and since when is in the
status, so a new commit goes through at once and a restart goes on waiting. A bad commit changes nothing in the cluster.
When a Kustomization was last applied is all that memory holds; forgetting it costs one comparison with the cluster.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollouts.cluster.errors import ClusterError, ConflictError, NotFoundError
from rollouts.cluster.informers import Cache
from rollouts.cluster.kinds import KUSTOMIZATIONS
from rollouts.cluster.port import Cluster, Json, Patch, PatchType, Resource, Target
from rollouts.controller.clock import Clock
from rollouts.controller.kinds.protocol import Key
from rollouts.gitsync import inventory, kustomizations, kustomize, status
from rollouts.gitsync.catalog import catalog_of
from rollouts.gitsync.errors import BuildError, FetchError, RevisionGoneError
from rollouts.gitsync.kustomizations import FINALIZER, Kustomization
from rollouts.gitsync.manifests import Manifests
from rollouts.gitsync.ports import Checkout, Render
from rollouts.gitsync.prune import prune
from rollouts.gitsync.report import write_status
from rollouts.gitsync.sources import commit_of
from rollouts.gitsync.status import Result
from rollouts.gitsync.survey import Survey, survey
from rollouts.gitsync.sync import RECONCILIATION_FAILED, Outcome, Request, sync
from rollouts.model.errors import TemporaryError
from rollouts.model.faults import Fault
from rollouts.model.plan import Event
from rollouts.traffic.registry import PROVIDERS, Providers

Emit = Callable[[Json, Event], Awaitable[None]]
Trigger = tuple[str, int, str, str]

LOOK_EVERY = timedelta(seconds=2)
NO_ARTIFACT_RETRY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SyncCaches:
    """What the rounds of a Kustomization read: its own kind, its sources, and the rollouts whose fields are leased.

    `providers` are those of their routers, set up by the controller's flags.
    """

    kustomizations: Cache
    repositories: Cache
    rollouts: Iterable[Json]
    providers: Providers = field(default_factory=lambda: PROVIDERS)
    canaries: Iterable[Json] = ()


@dataclass(frozen=True, slots=True)
class _Round:
    """One Kustomization at one moment, with the revision that its source holds."""

    object: Json
    wanted: Kustomization
    revision: str
    now: datetime

    @property
    def observed(self) -> Json:
        return self.object.get("status") or {}

    @property
    def trigger(self) -> Trigger:
        uid = self.object["metadata"].get("uid", "")
        return uid, self.wanted.generation, self.wanted.requested_at, self.revision

    @property
    def is_waiting(self) -> bool:
        """This very revision and spec are applied, and their health is waited for."""
        seen = self.observed.get("observedGeneration"), self.observed.get("lastAttemptedRevision")
        handled = self.observed.get("lastHandledReconcileAt", "")
        is_same = (*seen, handled) == (self.wanted.generation, self.revision, self.wanted.requested_at)
        return self.wanted.waits and is_same and status.waits_since(self.observed) is not None


class Kustomizations:
    """The Kind of Kustomization objects."""

    def __init__(
        self, cluster: Cluster, caches: SyncCaches, checkout: Checkout, render: Render, clock: Clock, emit: Emit
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._checkout = checkout
        self._render = render
        self._clock = clock
        self._emit = emit
        self._done: dict[Key, tuple[Trigger, datetime]] = {}

    @property
    def resource(self) -> Resource:
        """Kustomizations of kustomize.toolkit.fluxcd.io."""
        return KUSTOMIZATIONS

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round, if there is something to do."""
        obj = self._caches.kustomizations.get(key.namespace, key.name)
        if obj is None:
            self._done.pop(key, None)
            return None
        wanted = kustomizations.parse(obj)
        if wanted.is_deleted:
            await self._take_leave(obj, wanted)
            return None
        if not wanted.has_finalizer:
            obj = await self._set_finalizers(obj, [*obj["metadata"].get("finalizers", ()), FINALIZER])
        if wanted.is_suspended:
            return None
        if wanted.faults:
            result = Result("False", "InvalidSpec", status.say(wanted.faults), is_stalled=True)
            await self._tell(_Round(obj, wanted, "", now), result)
            return None
        return await self._follow_source(key, obj, wanted, now)

    async def _follow_source(self, key: Key, obj: Json, wanted: Kustomization, now: datetime) -> datetime:
        namespace, name = wanted.source
        source = self._caches.repositories.get(namespace, name)
        revision = ((source or {}).get("status") or {}).get("artifact", {}).get("revision", "")
        if revision:
            return await self._turn(key, _Round(obj, wanted, revision, now))
        missing = f"Source 'GitRepository/{namespace}/{name}' not found"
        message = missing if source is None else "Source artifact not found, retrying in 30s"
        await self._tell(_Round(obj, wanted, "", now), Result("False", "ArtifactFailed", message))
        return now + (wanted.retry_interval if source is None else NO_ARTIFACT_RETRY)

    async def _turn(self, key: Key, this: _Round) -> datetime:
        if this.is_waiting and key in self._done:
            return await self._look(key, this)
        trigger, due = self._done.get(key, (None, this.now))
        if trigger == this.trigger and this.now < due:
            return due
        try:
            return await self._attempt(key, this)
        except Exception:
            self._done.pop(key, None)  # what could not be written down counts as not attempted: again, and soon
            raise

    async def _attempt(self, key: Key, this: _Round) -> datetime:
        """Build and apply; the status holds the outcome, and the inventory in any case."""
        started = self._clock()
        try:
            async with asyncio.timeout(this.wanted.timeout.total_seconds()):
                outcome = await self._synced(this, await self._built(this))
        except RevisionGoneError as error:
            raise TemporaryError(f"{key.namespace}/{key.name}: {error}") from error
        except FetchError as error:
            return await self._failed(key, this, Result("False", "ArtifactFailed", str(error), this.revision))
        except BuildError as error:
            return await self._failed(key, this, Result("False", "BuildFailed", str(error), this.revision))
        except TimeoutError:
            message = f"not done within {status.spent(this.wanted.timeout)}"
            return await self._failed(key, this, Result("False", RECONCILIATION_FAILED, message, this.revision))
        if outcome.faults:
            return await self._not_applied(key, this, outcome)
        return await self._applied(key, this, outcome, started)

    async def _not_applied(self, key: Key, this: _Round, outcome: Outcome) -> datetime:
        message = status.say(outcome.faults)
        result = Result("False", outcome.reason, message, this.revision, outcome.entries)
        due = await self._failed(key, this, result, outcome.changes)
        if outcome.is_temporary:
            self._done.pop(key, None)
            raise TemporaryError(f"{key.namespace}/{key.name}: {message}")
        return due

    async def _applied(self, key: Key, this: _Round, outcome: Outcome, started: datetime) -> datetime:
        self._done[key] = this.trigger, this.now + this.wanted.interval
        if this.wanted.waits:
            found = await self._survey(this, outcome.entries)
            if not found.is_done:
                return await self._pending(key, this, outcome, found)
        healthy = "True" if this.wanted.waits else None
        message = f"Applied revision: {this.revision}"
        result = Result("True", "ReconciliationSucceeded", message, this.revision, outcome.entries, healthy)
        news = _told(outcome.changes)
        if news or self._is_new_revision(this):
            took, interval = status.spent(self._clock() - started), status.spent(this.wanted.interval)
            text = f"Reconciliation finished in {took}, next run in {interval}"
            news = (*news, Event("ReconciliationSucceeded", text))
        await self._tell(this, result, news)
        return this.now + this.wanted.interval

    async def _pending(self, key: Key, this: _Round, outcome: Outcome, found: Survey) -> datetime:
        """Applied, but not healthy yet; a repeated attempt at the same revision goes on with the old deadline."""
        if found.failed and not found.pending:
            return await self._unhealthy(key, this, found, outcome)
        message = f"Running health checks for revision {this.revision}: {_few(found.pending or found.failed)}"
        result = Result(
            ready="Unknown",
            reason="Progressing",
            message=message,
            revision=this.revision,
            entries=outcome.entries,
            healthy="Unknown",
            is_new_attempt=not this.is_waiting,
        )
        await self._tell(this, result, _told(outcome.changes))
        return this.now + LOOK_EVERY

    async def _look(self, key: Key, this: _Round) -> datetime:
        """One more look at what was applied; failure or time ends the wait."""
        entries = inventory.read(this.observed)
        found = await self._survey(this, entries)
        if found.is_done:
            message = f"Applied revision: {this.revision}"
            result = Result("True", "ReconciliationSucceeded", message, this.revision, healthy="True")
            await self._tell(this, result, (Event("ReconciliationSucceeded", "Health check passed"),))
            self._done[key] = this.trigger, this.now + this.wanted.interval
            return this.now + this.wanted.interval
        since = status.waits_since(this.observed) or this.now
        if (found.failed and not found.pending) or this.now >= since + this.wanted.timeout:
            return await self._unhealthy(key, this, found, Outcome(entries))
        return min(this.now + LOOK_EVERY, since + this.wanted.timeout)

    async def _unhealthy(self, key: Key, this: _Round, found: Survey, outcome: Outcome) -> datetime:
        waited = status.spent(this.wanted.timeout)
        what = f"failed: {_few(found.failed)}" if found.failed else f"not ready within {waited}: {_few(found.pending)}"
        message = f"health check {what}"
        result = Result("False", "HealthCheckFailed", message, this.revision, outcome.entries, "False")
        return await self._failed(key, this, result, outcome.changes)

    async def _failed(self, key: Key, this: _Round, result: Result, changes: tuple[str, ...] = ()) -> datetime:
        due = this.now + this.wanted.retry_interval
        self._done[key] = this.trigger, due
        await self._tell(this, result, _told(changes))
        return due

    async def _built(self, this: _Round) -> Manifests:
        """The objects of the commit. Raises FetchError, BuildError."""
        path, commit = this.wanted.path, commit_of(this.revision)
        tree = await self._checkout.read(this.wanted.source, commit, path)
        if path and not tree.files and not tree.left_out:
            raise FetchError(f"kustomization path not found: {path} is no folder of {this.revision}")
        if path and kustomize.leads_out(tree, path):
            tree = await self._checkout.read(this.wanted.source, commit, "")
        built = await self._render.build(tree, path)
        if not built.faults and not built.items and inventory.read(this.observed):
            message = "holds no objects any more; nothing was pruned"
            cure = "to remove everything, delete the Kustomization"
            raise BuildError((Fault(path or ".", f"{message}: {cure}", cure),))
        if built.faults:
            raise BuildError(built.faults)
        return built

    async def _synced(self, this: _Round, built: Manifests) -> Outcome:
        wanted = this.wanted
        request = Request(
            namespace=wanted.namespace,
            name=wanted.name,
            manifests=built.items,
            old=inventory.read(this.observed),
            prunes=wanted.prunes,
            target_namespace=wanted.target_namespace,
            rollouts=(*self._caches.rollouts, *self._caches.canaries),
            providers=self._caches.providers,
        )
        try:
            return await sync(self._cluster, request, lambda entries: self._record(this, entries))
        except (ClusterError, TemporaryError) as error:
            fault = Fault("", str(error))
            return Outcome(request.old, faults=(fault,), reason=RECONCILIATION_FAILED, is_temporary=True)

    async def _record(self, this: _Round, entries: tuple[inventory.Entry, ...]) -> None:
        """The inventory to come, before what it names is made: after a crash the next round knows of it."""
        wanted = this.observed | {"inventory": inventory.write(entries)}
        if not await write_status(self._cluster, self._caches.kustomizations, KUSTOMIZATIONS, this.object, wanted):
            raise TemporaryError(f"{this.wanted.namespace}/{this.wanted.name} is gone")

    async def _survey(self, this: _Round, entries: Iterable[inventory.Entry]) -> Survey:
        me = inventory.entry_of(this.object)
        return await survey(self._cluster, await catalog_of(self._cluster), entries, me)

    async def _tell(self, this: _Round, result: Result, news: tuple[Event, ...] = ()) -> None:
        """Write the status if it changed; then `news`, and a failure that was not told yet."""
        cache, held = self._caches.kustomizations, self._held(this.object)
        wanted = status.reconciled(held.get("status") or {}, this.wanted, result, this.now)
        is_written = await write_status(self._cluster, cache, KUSTOMIZATIONS, held, wanted)
        failure = Event(result.reason, result.message, is_warning=True)
        for event in (*news, failure) if is_written and result.ready == "False" else news:
            await self._emit(this.object, event)

    def _held(self, obj: Json) -> Json:
        """The object with what this round has written already; as it was where another one took its name."""
        meta = obj["metadata"]
        held = self._caches.kustomizations.get(meta["namespace"], meta["name"])
        return held if held is not None and held["metadata"].get("uid") == meta.get("uid") else obj

    def _is_new_revision(self, this: _Round) -> bool:
        return bool(this.observed.get("lastAppliedRevision") != this.revision)

    async def _take_leave(self, obj: Json, wanted: Kustomization) -> None:
        """Prune what was applied (a suspended one prunes nothing), then let the object go."""
        if not wanted.has_finalizer:
            return
        if wanted.prunes and not wanted.is_suspended:
            entries = inventory.read(obj.get("status") or {})
            owner = wanted.namespace, wanted.name
            done = await prune(self._cluster, await catalog_of(self._cluster), entries, owner)
            if done.changes:
                await self._emit(obj, Event("ReconciliationSucceeded", "\n".join(done.changes)))
            if done.faults:
                raise TemporaryError(f"{'/'.join(owner)}: {status.say(done.faults)}")
        await self._set_finalizers(obj, [each for each in obj["metadata"]["finalizers"] if each != FINALIZER])

    async def _set_finalizers(self, obj: Json, finalizers: list[str]) -> Json:
        meta = obj["metadata"]
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": meta["resourceVersion"]}}
        target = Target(KUSTOMIZATIONS, meta["name"], meta.get("namespace"))
        try:
            answer = await self._cluster.patch(target, Patch(PatchType.MERGE, body))
        except NotFoundError:
            return obj
        except ConflictError as error:
            raise TemporaryError(f"{meta['name']} was changed by somebody else") from error
        self._caches.kustomizations.put(answer)
        return answer


def _told(changes: tuple[str, ...]) -> tuple[Event, ...]:
    return (Event("Progressing", "\n".join(changes)),) if changes else ()


def _few(texts: tuple[str, ...]) -> str:
    return "; ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
