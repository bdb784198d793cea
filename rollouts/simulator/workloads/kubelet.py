"""Scheduler and kubelet in one: pods get a node, an address and a life, and end when they are told to.

What a pod's containers do comes from the scenario by image, and else from their own spec (programs.py); annotations of
the pod change it for its first container (`simulator.sluice.dev/ready-after`, `never-ready`, `run-for`, `exit-code`,
`stop-after`). Moments are kept in memory to
the microsecond, since status has whole seconds only; a kubelet that finds a running pod goes on from its status.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Scenario, ScenarioError, with_annotations
from rollouts.simulator.workloads import pods as of_pods
from rollouts.simulator.workloads.conditions import conditions_with, is_true, moment_of, written
from rollouts.simulator.workloads.containers import Container, Moment
from rollouts.simulator.workloads.programs import behaviour_of, hook_time
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of
from rollouts.simulator.workloads.views import Views

NODE = "simulated"
_HOST_IP = "10.0.0.1"


class Kubelet:
    """Woken by pods and by their own timelines."""

    def __init__(self, views: Views, scenario: Scenario, now: Now) -> None:
        self.rounds = Rounds("kubelet", self._reconcile, now)
        self._views = views
        self._scenario = scenario
        self._now = now
        self._started: dict[str, datetime] = {}
        self._stops: dict[str, datetime] = {}
        self._addresses = 0
        views.pods.listen(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None:
            self.rounds.wake(key_of(after))
        elif before is not None:
            self._started.pop(before["metadata"]["uid"], None)
            self._stops.pop(before["metadata"]["uid"], None)

    async def _reconcile(self, key: Key) -> Wake | None:
        pod = self._views.pods.get(key)
        if pod is None:
            return None
        if "deletionTimestamp" in pod["metadata"]:
            return await self._stop(pod)
        if of_pods.is_finished(pod):
            return None
        return await self._live(pod if pod["spec"].get("nodeName") else await self._bind(pod))

    async def _bind(self, pod: Json) -> Json:
        self._started[pod["metadata"]["uid"]] = self._now()
        return await self._views.pods.patch(pod, {"spec": {"nodeName": NODE}})

    async def _live(self, pod: Json) -> Wake | None:
        now = self._now()
        started = self._started.setdefault(pod["metadata"]["uid"], _started_at(pod, now))
        moments = _moments(pod, self._scenario, now, started)
        address = (pod.get("status") or {}).get("podIP") or self._next_address()
        await self._views.pods.write_status(pod, pod_status(pod, moments, now, started, address))
        changes = [moment for moment in moments if moment.changes_at is not None]
        soonest = min(changes, key=lambda moment: moment.changes_at or now, default=None)
        if soonest is None or soonest.changes_at is None:
            return None
        return Wake(soonest.changes_at, is_standing=all(moment.is_looping for moment in changes))

    async def _stop(self, pod: Json) -> Wake | None:
        """Wait for what the pod does when it is told to end, then let it go."""
        uid = pod["metadata"]["uid"]
        now = self._now()
        end = self._stops.setdefault(uid, now + _stop_time(pod, self._scenario))
        if now < end:
            return Wake(end)
        await self._views.pods.delete(pod, grace=0)
        return None

    def _next_address(self) -> str:
        self._addresses += 1
        return f"10.{1 + self._addresses // 65536 % 254}.{self._addresses // 256 % 256}.{self._addresses % 256}"


def pod_status(pod: Json, moments: Sequence[Moment], now: datetime, started: datetime, address: str) -> Json:
    """A pod's whole status by the states of its containers."""
    phase = _phase(moments)
    return {
        **(pod.get("status") or {}),
        "phase": phase,
        "conditions": conditions_with(pod, _conditions(pod, moments, phase), now),
        "hostIP": _HOST_IP,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": written(started),
        "containerStatuses": [moment.status for moment in moments],
        "qosClass": "BestEffort",
    }


def _phase(moments: Sequence[Moment]) -> str:
    codes = [moment.exit_code for moment in moments]
    if all(code is not None for code in codes):
        return "Failed" if any(codes) else "Succeeded"
    return "Running" if all(moment.has_started for moment in moments) else "Pending"


def _conditions(pod: Json, moments: Sequence[Moment], phase: str) -> list[Json]:
    are_ready = all(moment.is_ready for moment in moments)
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    closed = [gate for gate in gates if not is_true(pod, gate)]
    unready = [str(moment.status["name"]) for moment in moments if not moment.is_ready]
    why = "PodCompleted" if phase == "Succeeded" else "ContainersNotReady"
    containers = (
        {} if are_ready else {"reason": why, "message": f"containers with unready status: [{' '.join(unready)}]"}
    )
    gated = {"reason": "ReadinessGatesNotReady", "message": f"waiting for readiness gates: {', '.join(closed)}"}
    return [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "ContainersReady", "status": _word(are_ready), **containers},
        {"type": "Ready", "status": _word(are_ready and not closed), **(gated if are_ready and closed else containers)},
    ]


def _word(truth: bool) -> str:
    return "True" if truth else "False"


def _moments(pod: Json, scenario: Scenario, now: datetime, started: datetime) -> list[Moment]:
    try:
        return [container.at(now, started) for container in containers_of(pod, scenario)]
    except ScenarioError as error:
        return [_misconfigured(spec, error) for spec in pod["spec"]["containers"]]


def _misconfigured(spec: Json, error: ScenarioError) -> Moment:
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": str(error)}}
    name, image = spec["name"], spec.get("image", "")
    return Moment({"name": name, "image": image, "imageID": "", "ready": False, "restartCount": 0, "state": state})


def containers_of(pod: Json, scenario: Scenario) -> list[Container]:
    """The pod's containers with what they do. ScenarioError: an annotation makes no sense."""
    policy = pod["spec"].get("restartPolicy") or "Always"
    found = [_container(spec, scenario, policy) for spec in pod["spec"]["containers"]]
    annotations = pod["metadata"].get("annotations") or {}
    return [replace(found[0], behaviour=with_annotations(found[0].behaviour, annotations)), *found[1:]]


def _container(spec: Json, scenario: Scenario, policy: str) -> Container:
    image = spec.get("image", "")
    probe = spec.get("readinessProbe")
    delay = None if probe is None else timedelta(seconds=probe.get("initialDelaySeconds") or 0)
    told = scenario.images.get(image)
    behaviour = behaviour_of(spec, scenario.default, ends=policy != "Always") if told is None else told
    return Container(spec["name"], image, behaviour, policy, delay)


def _started_at(pod: Json, now: datetime) -> datetime:
    text = (pod.get("status") or {}).get("startTime")
    return moment_of(text) if text else now


def _stop_time(pod: Json, scenario: Scenario) -> timedelta:
    grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    if of_pods.is_finished(pod):
        return timedelta()
    try:
        needed = max(container.behaviour.stop_after for container in containers_of(pod, scenario))
    except ScenarioError:
        needed = timedelta()
    return min(grace, needed + max(hook_time(spec, "preStop") for spec in pod["spec"]["containers"]))
