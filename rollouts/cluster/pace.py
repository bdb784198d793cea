"""Token buckets over the event loop's own clock. Used by the client where `--qps` is set."""

import asyncio
from collections import defaultdict

from rollouts.cluster.kinds import EVENTS
from rollouts.cluster.port import Resource


class Pace:
    """Lets `burst` requests through at once and `qps` a second after that, in order of arrival."""

    def __init__(self, *, qps: float, burst: int) -> None:
        self._qps = qps
        self._burst = float(burst)
        self._tokens = float(burst)
        self._seen: float | None = None

    async def wait(self) -> None:
        """Return when it is our turn. A token is taken at once, so later callers queue up behind it."""
        now = asyncio.get_running_loop().time()
        elapsed = now - self._seen if self._seen is not None else 0.0
        self._tokens = min(self._burst, self._tokens + elapsed * self._qps) - 1
        self._seen = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._qps)


class Paces:
    """A bucket for each API group, and one for events: no Lease and no abort waits behind what is merely told."""

    def __init__(self, *, qps: float, burst: int) -> None:
        self._paces: defaultdict[str, Pace] = defaultdict(lambda: Pace(qps=qps, burst=burst))

    async def wait(self, resource: Resource) -> None:
        """Return when it is the turn of a request for this resource."""
        is_event = resource.plural == EVENTS.plural
        await self._paces[EVENTS.plural if is_event else resource.group].wait()
