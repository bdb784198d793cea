"""Kubernetes events (core/v1) about objects of ours. Called by controller/report and the sync kinds, after the status.

Best effort, as everywhere in Kubernetes: an event that cannot be written is dropped, never a reason to fail a round,
nor to hold one up: those of one object are sent one after the other, beside the work. The name of an event follows from
what it tells, so that a round which is made again (a conflict, a crash) says nothing twice: the second create meets the
first one.
"""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from rollouts.cluster.errors import ClusterError
from rollouts.cluster.kinds import EVENTS
from rollouts.cluster.port import Cluster, Collection, Json
from rollouts.model.plan import Event

Heard = Callable[[Json, Event], None]
"""Told of every event that was sent, for the metrics."""

COMPONENT = "rollouts-controller"
_LONGEST_NAME = 253
_MOST_WAITING = 100
"""Of one object, while the API server does not take them; later ones are lost."""


class Events:
    """Writes events as `component`."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Callable[[], datetime],
        *,
        component: str = COMPONENT,
        heard: Heard = lambda _about, _event: None,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._component = component
        self._heard = heard
        self._waiting: dict[str, deque[Json]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}

    async def emit(self, about: Json, event: Event) -> None:
        """Tell `event` of the object `about`, in the state in which the round found it; it goes out in its turn."""
        body = event_object(about, event, now=self._clock(), component=self._component)
        self._heard(about, event)
        uid = body["involvedObject"]["uid"]
        waiting = self._waiting.setdefault(uid, deque())
        if len(waiting) < _MOST_WAITING:
            waiting.append(body)
        if uid not in self._senders:
            self._senders[uid] = asyncio.create_task(self._send(uid, waiting))

    async def close(self, *, grace: float = 2.0) -> None:
        """Let what waits go out, for so many seconds at most."""
        try:
            async with asyncio.timeout(grace):
                while self._senders:
                    await asyncio.wait(set(self._senders.values()))
        except TimeoutError:
            self.stop()

    def stop(self) -> None:
        """Send nothing more."""
        for sender in self._senders.values():
            sender.cancel()

    async def _send(self, uid: str, waiting: deque[Json]) -> None:
        try:
            while waiting:
                body = waiting.popleft()
                with suppress(ClusterError):  # AlreadyExists: told before; all else: the log has the same line
                    await self._cluster.create(Collection(EVENTS, body["metadata"]["namespace"]), body)
        finally:
            del self._senders[uid], self._waiting[uid]


def event_object(about: Json, event: Event, *, now: datetime, component: str = COMPONENT) -> Json:
    """The Event as `kubectl describe` finds it (by involvedObject.uid)."""
    meta = about["metadata"]
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event_name(about, event), "namespace": meta.get("namespace") or "default"},
        "involvedObject": {
            "apiVersion": about.get("apiVersion", ""),
            "kind": about.get("kind", ""),
            "namespace": meta.get("namespace", ""),
            "name": meta["name"],
            "uid": meta.get("uid", ""),
            "resourceVersion": meta.get("resourceVersion", ""),
        },
        "reason": event.reason,
        "message": event.message[:1024],
        "type": "Warning" if event.is_warning else "Normal",
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }


def event_name(about: Json, event: Event) -> str:
    """The object's name and a digest of what is told, and of the transition in which it is told."""
    uid = about["metadata"].get("uid", "")
    told = json.dumps([uid, event.reason, event.message, transition_of(about)], sort_keys=True)
    digest = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    return f"{about['metadata']['name'][: _LONGEST_NAME - 17]}.{digest}"


def transition_of(about: Json) -> list[object]:
    """What tells two equal events apart: where the object stood when they were told.

    A repeated round finds the same; a second abort after a retry finds other transition times.
    """
    status = about.get("status")
    status = status if isinstance(status, dict) else {}
    keys = (
        *("phase", "currentPodHash", "currentStepIndex", "abortedAt", "pauseConditions", "artifact", "inventory"),
        *("templateStatuses", "analysisRuns", "lastTransitionTime"),
    )
    conditions = status.get("conditions")
    stood = [
        [condition.get(key) for key in ("type", "status", "reason", "lastTransitionTime")]
        for condition in (conditions if isinstance(conditions, list) else ())
        if isinstance(condition, dict)
    ]
    return [*(status.get(key) for key in keys), stood]
