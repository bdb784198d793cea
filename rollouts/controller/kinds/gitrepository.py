"""GitRepositories as keys of the queue: ask the remote at its interval, note the commit, wake who follows it.

Called by the queue's workers. When a repository was last asked is the only thing kept in memory: forgetting it (a
restart) costs one question more, and fills a mirror that was lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from rollouts.cluster.errors import ForbiddenError, NotFoundError
from rollouts.cluster.informers import Cache
from rollouts.cluster.kinds import GIT_REPOSITORIES, KUSTOMIZATIONS, SECRETS
from rollouts.cluster.port import Cluster, Json, Resource, Target
from rollouts.controller.kinds.protocol import Key
from rollouts.gitsync import credentials, kustomizations, sources, status
from rollouts.gitsync.errors import AUTHENTICATION_FAILED, FetchError
from rollouts.gitsync.ports import NO_CREDENTIALS, Checkout, Credentials, Fetched
from rollouts.gitsync.report import write_status
from rollouts.gitsync.sources import Source
from rollouts.model.errors import TemporaryError
from rollouts.model.plan import Event

Emit = Callable[[Json, Event], Awaitable[None]]
Trigger = tuple[str, int, str]


FIRST_RETRY = timedelta(seconds=1)
"""A remote that failed is left in peace so long at least; the queue's own back-off takes over where that is longer."""


class GitRepositories:
    """The Kind of GitRepository objects. `followers` is the cache of Kustomizations."""

    def __init__(
        self,
        cluster: Cluster,
        caches: tuple[Cache, Cache],
        checkout: Checkout,
        wake: Callable[[Key], None],
        emit: Emit,
        *,
        allows_clear_credentials: bool = False,
    ) -> None:
        self._cluster = cluster
        self._sources, self._followers = caches
        self._checkout = checkout
        self._wake = wake
        self._emit = emit
        self._allows_clear_credentials = allows_clear_credentials
        self._asked: dict[Key, tuple[Trigger, datetime]] = {}

    @property
    def resource(self) -> Resource:
        """GitRepositories of source.toolkit.fluxcd.io."""
        return GIT_REPOSITORIES

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """Ask the remote if it is time to, and write down what it said."""
        obj = self._sources.get(key.namespace, key.name)
        if obj is None:
            self._asked.pop(key, None)
            await self._checkout.forget((key.namespace, key.name))
            return None
        source = sources.parse(obj, allows_clear_credentials=self._allows_clear_credentials)
        if source.is_suspended or "deletionTimestamp" in obj["metadata"]:
            return None
        if source.faults:
            await self._refuse(obj, source, now)
            return None
        return await self._poll(key, obj, source, now)

    async def _poll(self, key: Key, obj: Json, source: Source, now: datetime) -> datetime:
        trigger = obj["metadata"].get("uid", ""), source.generation, source.requested_at
        asked, due = self._asked.get(key, (None, now))
        if asked == trigger and now < due:
            return due
        try:
            fetched = await self._fetch(source)
        except FetchError as error:
            await self._fail(obj, source, error, now)
            text = f"{source.namespace}/{source.name}: {error}"
            raise TemporaryError(text, retry_after=min(FIRST_RETRY, source.interval)) from error
        await self._store(obj, source, fetched, now)
        if key not in self._asked or _revision(obj) != fetched.revision:
            self._wake_followers(source)
        self._asked[key] = trigger, now + source.interval
        return now + source.interval

    async def _fetch(self, source: Source) -> Fetched:
        found = await self._credentials(source)
        try:
            async with asyncio.timeout(source.timeout.total_seconds()):
                return await self._checkout.fetch(source, found)
        except TimeoutError as error:
            raise FetchError(f"{source.url} did not answer within {status.spent(source.timeout)}") from error

    async def _credentials(self, source: Source) -> Credentials:
        missing = credentials.missing(source)
        if missing is not None:
            raise missing
        if not source.secret:
            return NO_CREDENTIALS
        try:
            secret = await self._cluster.get(Target(SECRETS, source.secret, source.namespace))
        except (NotFoundError, ForbiddenError) as error:
            message = f"failed to get secret '{source.namespace}/{source.secret}': {error.message}"
            raise FetchError(message, reason=AUTHENTICATION_FAILED) from error
        return credentials.read(source, secret)

    async def _store(self, obj: Json, source: Source, fetched: Fetched, now: datetime) -> None:
        wanted = status.stored(obj.get("status") or {}, source, fetched, now)
        is_new = _revision(obj) != fetched.revision
        if await self._write(obj, wanted) and is_new:
            about = f"stored artifact for commit '{fetched.subject}'" if fetched.subject else "stored artifact"
            await self._emit(obj, Event("NewArtifact", f"{about} (revision {fetched.revision})"))

    async def _fail(self, obj: Json, source: Source, error: FetchError, now: datetime) -> None:
        wanted = status.unfetched(obj.get("status") or {}, source, error, now)
        if await self._write(obj, wanted):
            await self._emit(obj, Event(error.reason, str(error), is_warning=True))

    async def _refuse(self, obj: Json, source: Source, now: datetime) -> None:
        wanted = status.refused(obj.get("status") or {}, source, now)
        if await self._write(obj, wanted):
            reason = str(wanted["conditions"][-1]["reason"])
            await self._emit(obj, Event(reason, status.say(source.faults), is_warning=True))

    async def _write(self, obj: Json, wanted: Json) -> bool:
        return await write_status(self._cluster, self._sources, GIT_REPOSITORIES, obj, wanted)

    def _wake_followers(self, source: Source) -> None:
        for obj in self._followers:
            follower = kustomizations.parse(obj)
            if follower.source == (source.namespace, source.name):
                self._wake(Key(KUSTOMIZATIONS.plural, follower.namespace, follower.name))


def _revision(obj: Json) -> str:
    artifact = (obj.get("status") or {}).get("artifact") or {}
    return str(artifact.get("revision", ""))
