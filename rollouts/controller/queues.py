"""One queue a kind, with what the outside sees of it: durations, failures, depths, log lines. Built by wiring."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from rollouts.cluster.errors import ClusterError, ConflictError, ServerError
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.kinds.protocol import Ending, Key, Kind
from rollouts.controller.meters import Meter
from rollouts.controller.ports import Ports
from rollouts.controller.wakers import key_of
from rollouts.controller.wakeups import Wakeups
from rollouts.model.errors import RolloutsError, TemporaryError
from rollouts.telemetry.logs import log
from rollouts.telemetry.metrics import Row
from rollouts.telemetry.seldom import Seldom

_METRIC_KINDS = {"rollouts": "rollout", "analysisruns": "analysis_run", "experiments": "experiment"}


@runtime_checkable
class Closing(Protocol):
    """A kind that has work of its own to end."""

    async def close(self) -> None:
        """End it."""
        ...


class Queues:
    """The queues of all kinds, by the plural of the key.

    `resync` is the longest that an object goes without a look, so that a lost event costs time but never a rollout.
    """

    def __init__(self, ports: Ports, caches: Caches, resync: timedelta) -> None:
        self._ports = ports
        self._caches = caches
        self._resync = resync
        self._queues: dict[str, Wakeups] = {}
        self._kinds: dict[str, Kind] = {}
        self._endings: dict[str, Ending] = {}
        self._meters: dict[str, Meter] = {}
        self._outages = Seldom()

    @property
    def is_idle(self) -> bool:
        """No round runs and none is ready; timed ones may lie ahead."""
        return all(queue.is_idle for queue in self._queues.values())

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources whose keys are taken."""
        return tuple(kind.resource for kind in self._kinds.values())

    def add(self, kind: Kind, workers: int) -> None:
        """Take the keys of one more kind."""
        plural = kind.resource.plural
        self._kinds[plural] = kind
        if isinstance(kind, Ending):
            self._endings[plural] = kind
        meter = self._meters[plural] = Meter(self._ports.metrics, plural, asyncio.get_running_loop().time)
        self._queues[plural] = Wakeups(
            self._round,
            clock=self._ports.clock,
            workers=workers,
            on_trouble=self._on_trouble,
            on_added=meter.added,
            dice=self._ports.dice,
        )

    def wake(self, key: Key) -> None:
        """Give this key a round."""
        if key.plural in self._queues:
            self._queues[key.plural].wake(key)

    async def work(self, enough: asyncio.Event) -> None:
        """Look at everything once, then at what wakes, until told that it is enough."""
        for resource in self.resources:
            for obj in self._caches.of(resource):
                if not self.is_over(resource.plural, obj):
                    self.wake(key_of(obj, resource))
        await asyncio.gather(*(queue.run(enough) for queue in self._queues.values()))

    async def close(self) -> None:
        """End what the kinds have under way beside their rounds."""
        for kind in self._kinds.values():
            if isinstance(kind, Closing):
                await kind.close()

    def depths(self) -> Iterator[Row]:
        """How many keys wait, and how long rounds take, for the metrics."""
        for plural, queue in self._queues.items():
            yield from self._meters[plural].rows(len(queue))

    async def _round(self, key: Key, now: datetime) -> datetime | None:
        meter = self._meters[key.plural]
        meter.began(key)
        try:
            return self._latest(key, now, await self._kinds[key.plural].reconcile(key, now))
        finally:
            self._ports.metrics.took(_METRIC_KINDS.get(key.plural, ""), key.namespace, key.name, meter.ended(key))

    def _latest(self, key: Key, now: datetime, next_at: datetime | None) -> datetime | None:
        """The next moment, if the object is still there and goes on not later than after a resync."""
        obj = self._caches.of(self._kinds[key.plural].resource).get(key.namespace, key.name)
        if obj is None or self.is_over(key.plural, obj):
            return next_at
        return min(next_at or now + self._resync, now + self._resync)

    def is_over(self, plural: str, obj: Json) -> bool:
        """Whether nothing happens to this object any more by itself."""
        kind = self._endings.get(plural)
        return kind is not None and kind.is_over(obj)

    def _on_trouble(self, key: Key, error: BaseException, pause: float) -> None:
        self._meters[key.plural].failed()
        line = log().bind(kind=key.plural, object=f"{key.namespace}/{key.name}", again_in=round(pause, 3))
        match error:
            case ConflictError():
                line.debug("conflict", error=str(error))
                return
            case ServerError() if error.status.get("code") == 0:
                if self._outages.passes("no answer"):
                    line.warning("rounds fail, for the API server does not answer", error=str(error))
            case TemporaryError() | ClusterError():
                line.warning("round failed", error=f"{type(error).__name__}: {error}")
            case RolloutsError():
                line.error("round failed", error=f"{type(error).__name__}: {error}")
            case _:
                line.error("round broke: a defect of the controller", exc_info=error)
        self._ports.metrics.failed(_METRIC_KINDS.get(key.plural, ""), key.namespace, key.name)
