"""What webhooks of a Canary are sent, and which of them hear of events. Called by the shell for each of either.

All eight types are told the same: name, namespace, phase, a checksum that stays the same within a run, and the user's
own metadata. Those that hear of events learn of the event beside it, under names that a user's metadata cannot take.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from analysis.redirects import origin_and_rest
from analysis.requests import Http, Server
from rollouts.hashing.configs import digest
from rollouts.model import gates as moments
from rollouts.model.plan import Event
from rollouts.model.rollout import Rollout
from rollouts.model.status import Status
from rollouts.model.strategy import Gate, Progressive

_HEADERS = (("Content-Type", "application/json"),)


def call_of(rollout: Rollout, gate: Gate, phase: str) -> Http:
    """The request to a webhook that is told this phase."""
    payload = {
        "name": rollout.name,
        "namespace": rollout.namespace,
        "phase": phase,
        "checksum": checksum_of(rollout.status),
        **({"metadata": dict(gate.metadata)} if gate.metadata else {}),
    }
    origin, rest = origin_and_rest(gate.url)
    server = Server(origin, is_insecure=gate.is_insecure, timeout=gate.timeout)
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Http(server, "POST", rest, headers=_HEADERS, body=body)


def checksum_of(status: Status) -> str:
    """What a run is known by: the template and the configuration that it began with."""
    return digest([dict(status.ticks.configs or {}), status.ticks.applied])


def listeners_of(rollout: Rollout, default_url: str = "") -> tuple[Gate, ...]:
    """The webhooks that hear of every event: the Canary's own, or else the operator's (`default_url`)."""
    strategy = rollout.strategy
    gates = strategy.gates if isinstance(strategy, Progressive) else ()
    own = tuple(gate for gate in gates if gate.moment == moments.EVENT)
    return own or ((Gate("events", default_url, moments.EVENT),) if default_url else ())


def event_call_of(rollout: Rollout, gate: Gate, event: Event, now: datetime) -> Http:
    """The request that tells a listener of an event, with the phase that was observed unless the event names one."""
    phase = event.phase or (rollout.status.phase.value if rollout.status.phase else "")
    return call_of(rollout, replace(gate, metadata={**gate.metadata, **_told(event, now)}), phase)


def _told(event: Event, now: datetime) -> Mapping[str, str]:
    return {
        "eventMessage": event.message,
        "eventType": "Warning" if event.is_warning else "Normal",
        "timestamp": str(int(now.timestamp() * 1000)),
    }
