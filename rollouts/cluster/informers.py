"""Objects of one resource, kept by watching. Read by observe; own writes are put in at once (Cache.put).

A Cache tells its listeners of every change, whoever brought it: the watch, or the answer to a write of ours. The echo
of such a write finds nothing newer and tells nobody. An Informer fills one cache and never gives up: what it cannot
reach it tries again, with jitter, and a kind that is not installed is simply empty until it is.
"""

import asyncio
import random
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace

from rollouts.cluster.errors import ClusterError, GoneError, NotFoundError
from rollouts.cluster.port import Cluster, Collection, Json, Query, WatchEvent
from rollouts.telemetry.logs import log
from rollouts.telemetry.seldom import Seldom

Listener = Callable[[Json | None, Json | None], None]
"""Told (before, after) of each change; None for what was not there, or is gone."""

_TOMBSTONES = 1000
_PATIENCE = 3
"""Failures in a row before anybody is told; the odd lost connection is nobody's business."""

_TOLD_EVERY = 300.0
"""Seconds between two lines about the same outage."""

_OUTAGE = "outage"


def version_of(obj: Json) -> int:
    """The resourceVersion as a number; 0 where there is none. Etcd's are numbers, and so are the simulator's."""
    text = obj.get("metadata", {}).get("resourceVersion", "")
    return int(text) if text.isdigit() else 0


class Cache:
    """The newest state seen of each object, with an index by owner uid.

    `put` keeps the higher resourceVersion: an event that is older than the answer to our own write changes nothing,
    and the late answer to a write does not bring back what was deleted in between. `trim` takes away what nobody here
    reads of an object.
    """

    def __init__(self, trim: Callable[[Json], Json] = lambda obj: obj) -> None:
        self._trim = trim
        self._objects: dict[tuple[str, str], Json] = {}
        self._owned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._listeners: list[Listener] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Json]:
        return iter(tuple(self._objects.values()))

    def listen(self, listener: Listener) -> None:
        """From now on tell `listener` of every change."""
        self._listeners.append(listener)

    def get(self, namespace: str, name: str) -> Json | None:
        """The object, or None. Cluster-scoped kinds have namespace ""."""
        return self._objects.get((namespace, name))

    def put(self, obj: Json) -> bool:
        """Take in a state of an object; False when what is held is as new or newer."""
        key = _key(obj)
        held = self._objects.get(key)
        if self._is_stale(held, obj):
            return False
        self._unindex(held)
        obj = self._objects[key] = self._trim(obj)
        for uid in _owners(obj):
            self._owned[uid].add(key)
        self._tell(held, obj)
        return True

    def remove(self, obj: Json) -> bool:
        """Forget an object; False when it is not held, or held under another uid."""
        key = _key(obj)
        held = self._objects.get(key)
        if held is None or held["metadata"].get("uid") != obj["metadata"].get("uid"):
            return False
        self._unindex(held)
        del self._objects[key]
        self._bury(held["metadata"].get("uid", ""), max(version_of(held), version_of(obj)))
        self._tell(held, None)
        return True

    def owned_by(self, uid: str) -> tuple[Json, ...]:
        """Every object with an ownerReference to this uid, by name."""
        return tuple(self._objects[key] for key in sorted(self._owned.get(uid, ())))

    def _is_stale(self, held: Json | None, obj: Json) -> bool:
        uid, version = obj["metadata"].get("uid", ""), version_of(obj)
        if held is not None and held["metadata"].get("uid", "") == uid:
            return version_of(held) >= version
        return bool(uid) and self._gone.get(uid, -1) >= version

    def _bury(self, uid: str, version: int) -> None:
        self._gone[uid] = version
        while len(self._gone) > _TOMBSTONES:
            self._gone.popitem(last=False)

    def _tell(self, before: Json | None, after: Json | None) -> None:
        for listener in self._listeners:
            listener(before, after)

    def _unindex(self, held: Json | None) -> None:
        if held is None:
            return
        for uid in _owners(held):
            self._owned[uid].discard(_key(held))
            if not self._owned[uid]:
                del self._owned[uid]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `idle` ends a silent watch (servers send a bookmark every minute), `probe` looks for a missing kind."""

    idle: float = 70.0
    watch: float = 300.0
    probe: float = 10.0
    first_retry: float = 0.1
    last_retry: float = 30.0


class Informer:
    """Keeps `cache` as the server has it. `synced` is set once the first list is in (or the kind is not there)."""

    def __init__(
        self,
        cluster: Cluster,
        collection: Collection,
        cache: Cache,
        query: Query = Query(),
        *,
        timing: Timing = Timing(),
        dice: random.Random | None = None,
    ) -> None:
        self.collection = collection
        self.cache = cache
        self.synced = asyncio.Event()
        self._cluster = cluster
        self._query = query
        self._timing = timing
        self._dice = dice or random.Random()
        self._failures = 0
        self._outages = Seldom(_TOLD_EVERY)

    async def run(self) -> None:
        """List, then follow; again from the list when the version is gone. Until cancelled."""
        while True:
            try:
                version = await self.list_once()
                self.synced.set()
                await self._follow(version)
            except NotFoundError:
                self._keep_only({}, version=None)
                self.synced.set()
                await asyncio.sleep(self._timing.probe)
            except ClusterError as error:
                await self._pause(error)

    async def list_once(self) -> str:
        """Bring the cache to what a list says, without following; the list's version."""
        found: dict[tuple[str, str], Json] = {}
        query = replace(self._query, limit=500)
        while True:
            page = await self._cluster.list(self.collection, query)
            for obj in page.items:
                found[_key(obj)] = obj
                self.cache.put(slim(obj))
            await asyncio.sleep(0)
            if not page.token:
                self._keep_only(found, version=page.version)
                self._recover()
                return page.version
            query = replace(query, token=page.token)

    def _keep_only(self, found: dict[tuple[str, str], Json], version: str | None) -> None:
        """What the list does not have was deleted while we did not look, unless it is younger than the list."""
        limit = int(version) if version and version.isdigit() else None
        for held in self.cache:
            if _key(held) not in found and (limit is None or version_of(held) <= limit):
                self.cache.remove(held)

    async def _follow(self, version: str) -> None:
        while True:
            before, cause = version, None
            try:
                version = await self._watch_once(version)
            except GoneError:
                return
            except _BrokenWatchError as broken:
                version, cause = broken.version, broken.__cause__
            if version == before:
                await self._pause(cause)

    async def _watch_once(self, version: str) -> str:
        """One watch; the version to go on from. A stream that breaks keeps what it had brought."""
        query = replace(self._query, version=version, bookmarks=True, timeout=self._timing.watch)
        loop = asyncio.get_running_loop()
        events = self._cluster.watch(self.collection, query)
        try:
            async with asyncio.timeout(self._timing.idle) as silence:
                async for event in _politely(events):
                    version = self._take(event) or version
                    silence.reschedule(loop.time() + self._timing.idle)
        except (GoneError, NotFoundError):
            raise
        except (ClusterError, TimeoutError) as error:
            raise _BrokenWatchError(version) from error
        return version

    def _take(self, event: WatchEvent) -> str:
        self._recover()
        if event.type == "DELETED":
            self.cache.remove(event.object)
        elif event.type != "BOOKMARK":
            self.cache.put(slim(event.object))
        version: str = event.object.get("metadata", {}).get("resourceVersion", "")
        return version

    def _recover(self) -> None:
        if self._failures and self._outages.is_over(_OUTAGE):
            log().info("can be watched again", kind=self.collection.resource.kind)
        self._failures = 0

    async def _pause(self, error: BaseException | None = None) -> None:
        longest = min(self._timing.last_retry, self._timing.first_retry * 2.0**self._failures)
        self._failures = min(self._failures + 1, 20)
        if isinstance(error, ClusterError) and self._failures >= _PATIENCE and self._outages.passes(_OUTAGE):
            line = log().bind(kind=self.collection.resource.kind, attempts=self._failures)
            line.warning("cannot be watched", error=f"{type(error).__name__}: {error}")
        await asyncio.sleep(longest * self._dice.uniform(0.5, 1.0))


class _BrokenWatchError(Exception):
    """A watch ended badly after `version`; what came before counts."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


async def _politely(events: AsyncIterator[WatchEvent], every: int = 50) -> AsyncIterator[WatchEvent]:
    """The same events, with a turn for everybody else now and then: a burst must not hold the loop."""
    count = 0
    async for event in events:
        yield event
        count += 1
        if count % every == 0:
            await asyncio.sleep(0)


def slim(obj: Json) -> Json:
    """The object without what nobody here reads (managedFields: a third of its size)."""
    if "managedFields" not in obj["metadata"]:
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def _key(obj: Json) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _owners(obj: Json) -> tuple[str, ...]:
    return tuple(ref["uid"] for ref in obj["metadata"].get("ownerReferences", ()))
