"""How a rollout fares, as Argo's clients say it. Called by info, listing and status, with the object as read.

Clients do not take the stored phase at face value: it may be older than the spec. Where none is stored (a controller
older than the field) they work it out, in the order of the tables below.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rollouts.cli.ages import moment

Object = Mapping[str, Any]


_FAULTS = ("InvalidSpec", "RolloutAborted", "ProgressDeadlineExceeded")


class Phase(NamedTuple):
    """Healthy, Progressing, Paused or Degraded, and why."""

    name: str
    message: str = ""

    def __str__(self) -> str:
        return f"{self.name} - {self.message}" if self.message else self.name


def phase_of(rollout: Object) -> Phase:
    """The phase to show."""
    status = _status(rollout)
    for is_so, message in _NOT_SETTLED:
        if is_so(rollout):
            return Phase("Progressing", message)
    if status.get("phase"):
        return Phase(status["phase"], status.get("message") or "")
    return _worked_out(rollout)


def _worked_out(rollout: Object) -> Phase:
    status, spec = _status(rollout), rollout.get("spec") or {}
    for condition in status.get("conditions") or ():
        words = [word for word in (condition.get("type"), condition.get("reason")) if word in _FAULTS]
        if words:
            return Phase("Degraded", f"{words[0]}: {condition.get('message', '')}")
    if spec.get("paused"):
        return Phase("Paused", "manually paused")
    for pause in status.get("pauseConditions") or ():
        return Phase("Paused", pause["reason"])
    for is_so, message in _UNFINISHED:
        if is_so(rollout):
            return Phase("Progressing", message)
    return Phase("Healthy")


def _status(rollout: Object) -> Object:
    status: Object = rollout.get("status") or {}
    return status


def _strategy(rollout: Object, name: str) -> Object | None:
    strategy: Object | None = ((rollout.get("spec") or {}).get("strategy") or {}).get(name)
    return strategy


def _is_older(seen: object, wanted: object) -> bool:
    # Argo: what is no number counts as seen (its earliest releases wrote a hash there).
    try:
        return int(str(seen)) < int(str(wanted))
    except ValueError:
        return False


def _is_spec_unseen(rollout: Object) -> bool:
    return _is_older(_status(rollout).get("observedGeneration"), rollout["metadata"].get("generation", 0))


def _is_resuming(rollout: Object) -> bool:
    return bool(_status(rollout).get("controllerPause")) and not _status(rollout).get("pauseConditions")


def _is_restarting(rollout: Object) -> bool:
    wanted = (rollout.get("spec") or {}).get("restartAt")
    return bool(wanted) and moment(wanted) != moment(_status(rollout).get("restartedAt"))


def _count(rollout: Object, field: str) -> int:
    return int(_status(rollout).get(field) or 0)


def _is_blue_green(rollout: Object) -> bool:
    return _strategy(rollout, "blueGreen") is not None


def _is_promoted(rollout: Object) -> bool:
    status = _status(rollout)
    return bool(status.get("stableRS")) and status.get("stableRS") == status.get("currentPodHash")


def _active(rollout: Object) -> str:
    return str((_status(rollout).get("blueGreen") or {}).get("activeSelector", ""))


def _is_basic_canary(rollout: Object) -> bool:
    canary = _strategy(rollout, "canary")
    return canary is not None and not canary.get("trafficRouting")


def _has_old_replicas(rollout: Object) -> bool:
    return _is_basic_canary(rollout) and _count(rollout, "replicas") > _count(rollout, "updatedReplicas")


def _is_before_cutover(rollout: Object) -> bool:
    return _is_blue_green(rollout) and _active(rollout) != _status(rollout).get("currentPodHash", "")


def desired(rollout: Object) -> int:
    """The replicas that the spec asks for; none said is one."""
    replicas = (rollout.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


_Check = tuple[Callable[[Object], bool], str]

_NOT_SETTLED: tuple[_Check, ...] = (
    (_is_spec_unseen, "waiting for rollout spec update to be observed"),
    (_is_resuming, "waiting for rollout to unpause"),
)
_UNFINISHED: tuple[_Check, ...] = (
    (_is_restarting, "rollout is restarting"),
    (lambda ro: _count(ro, "updatedReplicas") < desired(ro), "more replicas need to be updated"),
    (
        lambda ro: _count(ro, "availableReplicas") < _count(ro, "updatedReplicas"),
        "updated replicas are still becoming available",
    ),
    (_is_before_cutover, "active service cutover pending"),
    (
        lambda ro: _is_blue_green(ro) and not _is_promoted(ro),
        "waiting for post-promotion verification to complete",
    ),
    (_has_old_replicas, "old replicas are pending termination"),
    (lambda ro: not _is_blue_green(ro) and not _is_promoted(ro), "waiting for all steps to complete"),
)
"""In this order; the first that holds is the answer."""
