"""Who may write: one holder of a Lease at a time. Used by controller/wiring; standbys stay warm and wait here.

A holder renews every `retry` seconds; when it has not managed to for `renew` seconds it stops its work, well before
the Lease is over after `duration` and another may take it. Whether a Lease is over is judged by how long we have seen
it unchanged, never by comparing clocks of two machines. On the way out the Lease is given back. A Lease that cannot
be had at all (no namespace, no right) is told once for each cause, with the cure, and tried for on and on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rollouts.cluster.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
)
from rollouts.cluster.kinds import LEASES
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Target
from rollouts.telemetry.logs import log
from rollouts.telemetry.seldom import Seldom

_TOLD_EVERY = 600.0
"""Seconds between two lines of a standby about the same leader."""

Work = Callable[[asyncio.Event], Awaitable[None]]
"""What only the holder does; it ends soon after the event it is given is set."""


@dataclass(frozen=True, slots=True)
class Term:
    """Seconds: how long a Lease holds, how long a holder may fail to renew it, and the beat of attempts."""

    duration: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


class Leadership:
    """One candidate for the Lease that `target` names."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        *,
        identity: str,
        clock: Callable[[], datetime],
        term: Term = Term(),
        dice: random.Random | None = None,
    ) -> None:
        self.identity = identity
        self.is_leader = False
        self._cluster = cluster
        self._target = target
        self._clock = clock
        self._term = term
        self._dice = dice or random.Random()
        self._seen: Json = {}
        self._seen_at = 0.0
        self._complaints: set[type[BaseException]] = set()
        self._leaders = Seldom(_TOLD_EVERY)

    async def serve(self, work: Work, stop: asyncio.Event) -> None:
        """Do `work` whenever the Lease is ours, until `stop`."""
        while not stop.is_set():
            if await self._attempt():
                await self._hold(work, stop)
            else:
                self._stand_by()
                await _either(stop, self._term.retry * self._dice.uniform(1.0, 1.2))

    def _stand_by(self) -> None:
        """A standby is silent by nature: say now and then, and when that changes, who works instead."""
        if self._is_held_by_other():
            leader = self._seen["spec"]["holderIdentity"]
            if self._leaders.passes(leader):
                log().info("standing by", leader=leader, lease=f"{self._target.namespace}/{self._target.name}")

    async def _hold(self, work: Work, stop: asyncio.Event) -> None:
        """Work and renew beside it; whichever ends first ends the other."""
        enough = asyncio.Event()
        self.is_leader = True
        working = asyncio.ensure_future(work(enough))
        renewing = asyncio.create_task(self._renew(stop))
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            enough.set()
            # what is left of the Lease is the time that running rounds have to end
            await asyncio.wait({working}, timeout=self._term.duration - self._term.renew - self._term.retry)
        finally:
            self.is_leader = False
            await _end(working, renewing)
            if stop.is_set():
                await self._release()

    async def _renew(self, stop: asyncio.Event) -> None:
        """Returns when told to stop, or when the Lease could not be renewed in time."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while not await _either(stop, self._term.retry):
            left = last + self._term.renew - loop.time()
            if left <= 0:
                return
            if await self._attempt(within=left):
                last = loop.time()
            elif self._is_held_by_other():
                return

    async def _attempt(self, within: float | None = None) -> bool:
        """One try to get or to keep the Lease; False for whatever went wrong, which the next try will meet again."""
        try:
            async with asyncio.timeout(within or self._term.renew):
                is_ours = await self._take()
        except (ClusterError, TimeoutError) as error:
            self._complain(error)
            return False
        self._complaints.clear()
        return is_ours

    def _complain(self, error: ClusterError | TimeoutError) -> None:
        """Once for each cause, until the Lease is seen again: it must be noticed, and not every two seconds."""
        if type(error) in self._complaints:
            return
        self._complaints.add(type(error))
        lease = f"{self._target.namespace}/{self._target.name}"
        cause = error.message if isinstance(error, ClusterError) else f"no answer within {self._term.renew:g} s"
        log().warning(
            "the Lease cannot be had; without it this controller only watches, and tries on",
            lease=lease,
            cause=cause,
            cure=_cure(error, self._target.namespace or ""),
        )

    async def _take(self) -> bool:
        if self.is_leader and await self._renews():
            return True
        lease = await self._read()
        if lease is None:
            return await self._create()
        self._observe(lease)
        if self._is_held_by_other() and not self._is_over():
            return False
        return await self._write(lease)

    async def _renews(self) -> bool:
        """A holder need not look first: its own last write says what stands there, unless somebody meddled."""
        if self._is_held_by_other() or not self._seen:
            return False
        try:
            return await self._write(self._seen)
        except NotFoundError:
            return False

    async def _read(self) -> Json | None:
        try:
            return await self._cluster.get(self._target)
        except NotFoundError:
            return None

    async def _create(self) -> bool:
        body = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._target.name, "namespace": self._target.namespace},
            "spec": self._claim(transitions=0, acquired=self._now()),
        }
        try:
            self._observe(await self._cluster.create(Collection(LEASES, self._target.namespace), body))
        except AlreadyExistsError:
            return False
        return True

    async def _write(self, lease: Json) -> bool:
        spec = lease.get("spec", {})
        is_mine = spec.get("holderIdentity") == self.identity
        transitions = spec.get("leaseTransitions", 0) + (0 if is_mine else 1)
        acquired = spec.get("acquireTime") if is_mine else None
        claim = self._claim(transitions=transitions, acquired=acquired or self._now())
        return await self._patch(claim, lease["metadata"]["resourceVersion"])

    async def _release(self) -> None:
        """Let the next one in at once. If this fails the Lease runs out by itself."""
        if not self._seen or self._is_held_by_other():
            return
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._now()}
        try:
            async with asyncio.timeout(self._term.retry):
                await self._patch(spec, self._seen["metadata"]["resourceVersion"])
        except (ClusterError, TimeoutError):
            return

    async def _patch(self, spec: Json, version: str) -> bool:
        body = {"metadata": {"resourceVersion": version}, "spec": spec}
        try:
            self._observe(await self._cluster.patch(self._target, Patch(PatchType.MERGE, body)))
        except ConflictError:
            return False
        return True

    def _claim(self, *, transitions: int, acquired: str) -> Json:
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self._term.duration),
            "acquireTime": acquired,
            "renewTime": self._now(),
            "leaseTransitions": transitions,
        }

    def _observe(self, lease: Json) -> None:
        if lease.get("spec") != self._seen.get("spec") or not self._seen:
            self._seen_at = asyncio.get_running_loop().time()
        self._seen = lease

    def _is_held_by_other(self) -> bool:
        holder = self._seen.get("spec", {}).get("holderIdentity")
        return bool(holder) and holder != self.identity

    def _is_over(self) -> bool:
        seconds: float = self._seen.get("spec", {}).get("leaseDurationSeconds") or self._term.duration
        return asyncio.get_running_loop().time() >= self._seen_at + seconds

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _cure(error: ClusterError | TimeoutError, namespace: str) -> str:
    """What the operator can do about a Lease that cannot be had."""
    match error:
        case NotFoundError():
            return f"create the namespace {namespace}, or name one that exists with --leader-election-namespace"
        case ForbiddenError():
            return f"allow get, create and patch of leases (coordination.k8s.io) in namespace {namespace}"
        case UnauthorizedError():
            return "renew the credentials of the controller"
        case _:
            return "see whether the API server can be reached from here"


async def _either(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until told to stop; True for the latter."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def _end(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
