"""kopf's part: process life and the watches of our own kinds. The only importer of kopf, called by the CLI's wiring.

Nothing but `@kopf.on.event`, and storages that store nothing: other handlers write annotations and finalizers into
users' objects. A handler's body is one call, which puts the object into its cache; the caches wake the queue.

kopf serves the kinds that exist when it starts. A kind that is installed later is found by discovery, and kopf is
started anew. kopf does not say when its first lists are in, nor what was deleted while it did not look; so each start
lists as well, waits until every key of that list has come from kopf, and drops what is no longer there.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kopf

from rollouts.cluster.client import Session
from rollouts.cluster.errors import ClusterError
from rollouts.cluster.informers import Informer, slim
from rollouts.cluster.login import Credentials
from rollouts.cluster.port import Cluster, Json, Resource
from rollouts.controller.sources import Watched
from rollouts.telemetry.logs import log
from rollouts.telemetry.seldom import Seldom

BEATS_BETWEEN_SWEEPS = 30
ARRIVAL_SECONDS = 2.0
RESTART_SECONDS = 1.0

Key = tuple[Resource, str, str]

_KOPF = logging.getLogger("kopf._cogs.clients.watching")
_ATTEMPT = re.compile(r"Request attempt \S+ failed; will retry: (\S+ [^?\s]+)")


_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two attempts to reach a server that does not answer."""


class KopfSource:
    """A Source whose watches are kopf's.

    `claim_signals` is called when kopf has started, which takes the signals; `on_signal` when one reached it before.
    Every `beat` seconds it looks for kinds that were missing, and now and then for ones that went.
    """

    def __init__(
        self,
        cluster: Cluster,
        watched: Sequence[Watched],
        *,
        credentials: Credentials,
        claim_signals: Callable[[], None] = lambda: None,
        on_signal: Callable[[], None] = lambda: None,
        beat: float = 10.0,
    ) -> None:
        self.synced = asyncio.Event()
        self._cluster = cluster
        self._watched = tuple(watched)
        self._credentials = credentials
        self._claim_signals = claim_signals
        self._on_signal = on_signal
        self._beat = beat
        self._told: set[Key] | None = None
        self._outages = Seldom()

    async def run(self) -> None:
        """Serve what is installed; start again when that changes. Until cancelled."""
        patience = _Patience(self._outages)
        _KOPF.addFilter(patience)
        try:
            await self._run()
        finally:
            _KOPF.removeFilter(patience)

    async def _run(self) -> None:
        while True:
            served = await self._served()
            if served:
                await self._serve(served)
            else:
                self.synced.set()
                await asyncio.sleep(self._beat)

    async def _served(self) -> tuple[Watched, ...]:
        """The kinds that the server has; patient with a server that does not answer, and ever less eager."""
        pause = _FIRST_PAUSE
        while True:
            try:
                known = {(r.group, r.plural) for r in await self._cluster.discover()}
            except ClusterError as error:
                if self._outages.passes("discovery"):
                    log().warning("waiting for the API server", error=str(error), next_try=f"in {pause:.0f} s")
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return tuple(w for w in self._watched if (w.resource.group, w.resource.plural) in known)

    async def _serve(self, served: tuple[Watched, ...]) -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        self._told = set()
        operator = asyncio.create_task(self._operate(served, stop, ready))
        beside = asyncio.create_task(self._look_after(served, ready))
        try:
            await asyncio.wait({operator, beside}, return_when=asyncio.FIRST_COMPLETED)
            if operator.done():
                self._explain_end(operator)
                await asyncio.sleep(RESTART_SECONDS)  # what breaks it may still be there
        finally:
            stop.set()
            beside.cancel()
            await asyncio.wait({operator}, timeout=5.0)
            operator.cancel()
            await asyncio.gather(operator, beside, return_exceptions=True)

    def _explain_end(self, operator: "asyncio.Task[None]") -> None:
        """kopf ended unasked: by a signal that it caught before we did, or by an error, after which it starts anew."""
        error = None if operator.cancelled() else operator.exception()
        if error is None:
            self._on_signal()
        else:
            log().error("the watches broke and start again", error=str(error))

    async def _operate(self, served: tuple[Watched, ...], stop: asyncio.Event, ready: asyncio.Event) -> None:
        namespaces = sorted({watched.namespace for watched in served if watched.namespace})
        await kopf.operator(
            registry=self._registry(served),
            settings=_settings(served),
            clusterwide=not namespaces,
            namespaces=namespaces,
            standalone=True,
            stop_flag=stop,
            ready_flag=ready,
        )

    def _registry(self, served: tuple[Watched, ...]) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for watched in served:
            resource = watched.resource
            kopf.on.event(resource.group, resource.version, resource.plural, registry=registry, id=resource.plural)(
                self._handler(watched)
            )
        return registry

    def _handler(self, watched: Watched) -> Callable[..., Any]:
        async def on_event(event: Mapping[str, Any], **_: Any) -> None:
            self._take(watched, event.get("type"), dict(event["object"]))

        return on_event

    def _take(self, watched: Watched, type_: str | None, obj: Json) -> None:
        meta = obj["metadata"]
        if self._told is not None:
            self._told.add((watched.resource, meta.get("namespace", ""), meta["name"]))
        whole = {"apiVersion": watched.resource.api_version, "kind": watched.resource.kind, **obj}
        if type_ == "DELETED":
            watched.cache.remove(whole)
        else:
            watched.cache.put(slim(whole))

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        import aiohttp

        credentials = self._credentials
        headers = await asyncio.to_thread(credentials.headers) if credentials.is_renewed else credentials.headers()
        connector = aiohttp.TCPConnector(limit=0, ssl=credentials.tls if credentials.tls is not None else True)
        session = Session(connector=connector, headers=dict(headers), proxy=credentials.proxy)
        return kopf.AiohttpSession(
            server=credentials.server, default_namespace=credentials.namespace, aiohttp_session=session
        )

    async def _look_after(self, served: tuple[Watched, ...], ready: asyncio.Event) -> None:
        """Wait for the first lists, then watch for kinds that come and go. Returns when kopf has to start anew."""
        await ready.wait()
        self._claim_signals()  # kopf takes them when it starts
        await self._arrive(served)
        self.synced.set()
        is_complete = len(served) == len(self._watched)
        while True:
            for _ in range(BEATS_BETWEEN_SWEEPS):
                await asyncio.sleep(self._beat)
                if not is_complete and await self._served() != served:
                    return
            if await self._served() != served:
                return
            await self._sweep(served)

    async def _arrive(self, served: tuple[Watched, ...]) -> None:
        """Until kopf has told of everything that is there. It may tell of an object before our own list has it."""
        told = self._told if self._told is not None else set[Key]()
        missing = await self._sweep(served)
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while missing - told:
            await asyncio.sleep(0.01)
            if loop.time() - checked > ARRIVAL_SECONDS:
                missing &= await self._sweep(served)
                checked = loop.time()
        self._told = None

    async def _sweep(self, served: tuple[Watched, ...]) -> set[Key]:
        """List everything: what is new enters the caches, what is gone leaves them. The keys that are there."""
        there: set[Key] = set()
        for watched in served:
            try:
                await Informer(self._cluster, watched.collection, watched.cache, watched.query).list_once()
            except ClusterError as error:
                if self._outages.passes(watched.resource):
                    log().warning("cannot list", kind=watched.resource.kind, error=str(error))
            there.update(
                (watched.resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
                for obj in watched.cache
            )
        return there


class _Patience(logging.Filter):
    """kopf tells of each attempt of each watch; in an outage one line a watch and minute says it too."""

    def __init__(self, outages: Seldom) -> None:
        super().__init__()
        self._outages = outages

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line passes."""
        attempt = _ATTEMPT.match(record.getMessage())
        return attempt is None or self._outages.passes(attempt.group(1))


class _NoProgress(kopf.ProgressStorage):
    """Remembers nothing: our handlers have no state to resume."""

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is."""

    def purge(self, **_: Any) -> None:
        """Nothing to remove."""

    def touch(self, **_: Any) -> None:
        """Nothing to wake."""

    def clear(self, *, essence: Any) -> Any:
        """Nothing of ours in it."""
        return essence


class _NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing: we compare with the status, never with what an object once was.

    It takes no copy of each object either, which kopf would look for differences in and nobody here asks for.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing is compared."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is."""


def _settings(served: tuple[Watched, ...]) -> kopf.OperatorSettings:
    """Lowest latency and no writes (spec/performance.md §2.3)."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.progress_storage = _NoProgress()
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.queueing.idle_timeout = 0.05
    settings.watching.chunk_size = 500
    for watched in served:
        if watched.labels:
            settings.watching.label_selectors[watched.resource.group, watched.resource.plural] = watched.labels
    return settings
