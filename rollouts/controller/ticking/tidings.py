"""Alerts, and webhooks that hear of events: told beside the rounds, in order, by one teller a rollout. Used by manner.

Nobody waits for them. What cannot be told within its time is lost, and an event says so; what a rollout has to tell
while its chats do not answer is bounded.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from analysis.driving import drive
from analysis.errors import AnalysisError
from analysis.ports import Ports
from rollouts.alerts.protocol import notice_of
from rollouts.alerts.registry import deliver
from rollouts.cluster.port import Json
from rollouts.controller import webhooks
from rollouts.controller.ticking.answers import Answers
from rollouts.controller.ticking.settings import Listeners
from rollouts.controller.ticking.world import TickingWorld
from rollouts.decide.tidings import SYNCED
from rollouts.model.alerts import Alert, Receiver
from rollouts.model.plan import Event
from rollouts.telemetry.logs import log

MOST_WAITING = 100
"""Of one rollout; later ones are lost."""

AT_ONCE = 20
"""Rollouts that are told of at the same time."""

LONGEST_SECONDS = 60.0
"""For one of them, however long its user would wait: the places are everybody's."""

Emit = Callable[[Json, Event], Awaitable[None]]
Deed = Callable[[], Awaitable[None]]


class Tidings:
    """Tells; `emit` is told what went wrong."""

    def __init__(
        self, ports: Ports, answers: Answers, listeners: Listeners, clock: Callable[[], datetime], emit: Emit
    ) -> None:
        self._ports = ports
        self._answers = answers
        self._listeners = listeners
        self._clock = clock
        self._emit = emit
        self._waiting: dict[str, deque[Deed]] = {}
        self._tellers: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def announce(self, world: TickingWorld, events: Iterable[Event], alerts: Iterable[Alert]) -> None:
        """Have it told; returns at once."""
        deeds = [self._event(world, event) for event in events if self._hears(world)]
        deeds += [self._alert(world, alert, receiver) for alert in alerts for receiver in self._receivers(world, alert)]
        if not deeds:
            return
        uid = world.rollout.uid
        waiting = self._waiting.setdefault(uid, deque())
        waiting.extend(deeds[: max(0, MOST_WAITING - len(waiting))])
        if uid not in self._tellers:
            self._tellers[uid] = asyncio.create_task(self._tell(uid, waiting))

    async def close(self) -> None:
        """Tell no more."""
        tellers = list(self._tellers.values())
        for teller in tellers:
            teller.cancel()
        await asyncio.gather(*tellers, return_exceptions=True)

    def _hears(self, world: TickingWorld) -> bool:
        return bool(world.dialect.listeners_of(world.rollout, self._listeners.event_webhook))

    def _receivers(self, world: TickingWorld, alert: Alert) -> list[Receiver]:
        named = world.dialect.receivers_of(world.manifest, world.named(world.dialect.chat))
        if named is None:
            return [] if self._listeners.chat is None else [self._listeners.chat]
        return [receiver for receiver in named if receiver.hears(alert.severity)]

    def _event(self, world: TickingWorld, event: Event) -> Deed:
        now = self._clock()

        async def tell() -> None:
            for gate in world.dialect.listeners_of(world.rollout, self._listeners.event_webhook):
                if gate.fault:
                    log().warning("a webhook cannot be told", rollout=_title(world), error=gate.fault)
                    continue
                request = world.dialect.event_call_of(world.rollout, gate, event, now)
                answer = await webhooks.call(self._answers.send, request, gate.retries)
                if not answer.is_open:
                    log().warning("a webhook did not hear of an event", rollout=_title(world), error=answer.message)

        return tell

    def _alert(self, world: TickingWorld, alert: Alert, receiver: Receiver) -> Deed:
        async def tell() -> None:
            notice = notice_of(alert, f"{world.rollout.name}.{world.rollout.namespace}", self._listeners.cluster)
            try:
                await drive(deliver(notice, receiver), self._ports.ask)
            except AnalysisError as error:
                log().warning("an alert was not told", rollout=_title(world), error=str(error))
                await self._emit(world.manifest, Event(SYNCED, f"Alert not sent: {error}", is_warning=True))

        return tell

    async def _tell(self, uid: str, waiting: deque[Deed]) -> None:
        try:
            while waiting:
                deed = waiting.popleft()
                async with self._places:
                    await self._done(uid, deed)
        finally:
            del self._tellers[uid], self._waiting[uid]

    async def _done(self, uid: str, deed: Deed) -> None:
        """One of them; what breaks, or takes too long, keeps nobody from what comes after it."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await deed()
        except TimeoutError:
            log().warning("nobody took what was to be told", uid=uid, seconds=LONGEST_SECONDS)
        except Exception as error:
            log().error("what was to be told could not be", uid=uid, exc_info=error)


def _title(world: TickingWorld) -> str:
    return f"{world.rollout.namespace}/{world.rollout.name}"
