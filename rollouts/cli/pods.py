"""A pod in a line: kubectl's STATUS word, its sign, and how many containers are ready. Called by info."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Object = Mapping[str, Any]

SIGNS = {
    "Running": "✔",
    "Completed": "✔",
    "Pending": "◌",
    "Terminating": "◌",
    "ContainerCreating": "◌",
    "CrashLoopBackOff": "✖",
    "Failed": "✖",
    "Error": "✖",
    "ImagePullBackOff": "⚠",
    "ErrImagePull": "⚠",
    "InvalidImageName": "⚠",
    "Unknown": "?",
}


class PodLine(NamedTuple):
    """What is shown of a pod."""

    status: str
    ready: int
    containers: int
    restarts: int

    @property
    def sign(self) -> str:
        """The icon before the status word."""
        if self.status.startswith("Init:"):
            return "◌"
        if self.status.startswith(("ExitCode:", "Signal:")):
            return "✖"
        return SIGNS.get(self.status, " ")

    @property
    def info(self) -> str:
        """`ready:1/2,restarts:3`."""
        return f"ready:{self.ready}/{self.containers}" + (f",restarts:{self.restarts}" if self.restarts else "")


def pod_line(pod: Object) -> PodLine:
    """The line of a pod as the API server shows it."""
    status = pod.get("status") or {}
    containers = len((pod.get("spec") or {}).get("containers") or ())
    inits = status.get("initContainerStatuses") or []
    line = _initialising(pod, inits) or _running(pod)
    return PodLine(_leaving(pod, line.status), line.ready, containers, line.restarts)


def _initialising(pod: Object, inits: list[Object]) -> PodLine | None:
    restarts = 0
    for index, init in enumerate(inits):
        restarts += init.get("restartCount", 0)
        state = init.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if terminated is not None:
            return PodLine(f"Init:{_ended(terminated)}", 0, 0, restarts)
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return PodLine(f"Init:{waiting['reason']}", 0, 0, restarts)
        planned = len((pod.get("spec") or {}).get("initContainers") or ())
        return PodLine(f"Init:{index}/{planned}", 0, 0, restarts)
    return None


def _running(pod: Object) -> PodLine:
    status = pod.get("status") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    containers = status.get("containerStatuses") or []
    ready = 0
    for container in reversed(containers):
        state = container.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            word = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            word = _ended(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            ready += 1
    word = "Running" if word == "Completed" and ready else word
    return PodLine(word, ready, 0, sum(container.get("restartCount", 0) for container in containers))


def _ended(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _leaving(pod: Object, word: str) -> str:
    if not pod["metadata"].get("deletionTimestamp"):
        return word
    return "Unknown" if (pod.get("status") or {}).get("reason") == "NodeLost" else "Terminating"
