"""A pod in three words, as kubectl's users know them: READY, STATUS, RESTARTS. Called by the printers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.api.ages import age


def pod_ready(pod: Json, _now: datetime) -> str:
    """Ready containers of all containers."""
    ready = sum(bool(one.get("ready")) for one in _statuses(pod))
    return f"{ready}/{len(pod.get('spec', {}).get('containers', ()))}"


def pod_status(pod: Json, _now: datetime) -> str:
    """The most telling word: what a container waits for or died of, before the phase."""
    status = pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    word = status.get("reason") or status.get("phase") or "Pending"
    told = [found for one in _statuses(pod) if (found := _container_word(one))]
    return str(told[0] if told else word)


def pod_restarts(pod: Json, now: datetime) -> str:
    """How often containers were started again, and when last."""
    restarts = sum(one.get("restartCount", 0) for one in _statuses(pod))
    ended = [found for one in _statuses(pod) if (found := _state(one, "lastState", "terminated").get("finishedAt"))]
    return f"{restarts} ({age(max(ended), now)} ago)" if restarts and ended else str(restarts)


def _statuses(pod: Json) -> Iterator[Json]:
    yield from pod.get("status", {}).get("containerStatuses") or ()


def _container_word(status: Json) -> str:
    waiting, ended = _state(status, "state", "waiting"), _state(status, "state", "terminated")
    if waiting.get("reason"):
        return str(waiting["reason"])
    if ended.get("reason"):
        return str(ended["reason"])
    return f"ExitCode:{ended['exitCode']}" if "exitCode" in ended else ""


def _state(status: Json, moment: str, name: str) -> dict[str, Any]:
    return (status.get(moment) or {}).get(name) or {}
