"""The life of one container, as a function of time. Asked by the kubelet; pure.

image fails    ErrImagePull → ImagePullBackOff
start fails    RunContainerError → CrashLoopBackOff → …      (the program is not there)
command fails  running → CrashLoopBackOff → running → …      (10 s, 20 s, 40 s … 5 min between two tries)
probe fails    running, never ready
otherwise      ContainerCreating (Running, with a readiness probe) → ready → [ends after run_for]
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Behaviour
from rollouts.simulator.workloads.conditions import written

_FIRST_PULL = timedelta(seconds=1)
_FIRST_START = timedelta(seconds=1)
_SHORTEST_JOB = timedelta(seconds=1)  # a run-to-end container that nobody gave a duration
_LAST_BACK_OFF = 300
_FAILING = {"command": 1, "start": 128}
"""Exit codes of what fails, unless it has its own."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A container now. `changes_at` is when it will be another; `has_started` tells Pending from Running."""

    status: Json
    is_ready: bool = False
    has_started: bool = False
    exit_code: int | None = None  # set: it ended for good
    changes_at: datetime | None = None
    is_looping: bool = False  # the next change is one more turn of a crash loop


@dataclass(frozen=True, slots=True)
class Container:
    """A container as its pod's spec and the scenario describe it. `policy` is the pod's restartPolicy."""

    name: str
    image: str
    behaviour: Behaviour
    policy: str = "Always"
    probe_delay: timedelta | None = None  # None: no readiness probe

    def at(self, now: datetime, started: datetime) -> Moment:
        """Its state `now`, when the pod started at `started`."""
        if self.behaviour.never_ready == "image":
            return self._without_image(now, started)
        if self.behaviour.never_ready == "start":
            return self._without_program(now, started)
        run_for = self._run_for()
        if run_for is not None:
            return self._in_turns(now, started, run_for)
        return self._from_start(now, started, turn=0)

    def _run_for(self) -> timedelta | None:
        if self.behaviour.run_for is not None:
            return self.behaviour.run_for
        if self.behaviour.never_ready == "command":
            return timedelta()
        return _SHORTEST_JOB if self.policy != "Always" and not self.behaviour.never_ready else None

    def _without_image(self, now: datetime, started: datetime) -> Moment:
        if now < started + _FIRST_PULL:
            status = self._waiting("ErrImagePull", f'failed to pull image "{self.image}": not found')
            return Moment(status, changes_at=started + _FIRST_PULL)
        return Moment(self._waiting("ImagePullBackOff", f'Back-off pulling image "{self.image}"'))

    def _without_program(self, now: datetime, started: datetime) -> Moment:
        tried = started + _FIRST_START
        if now < tried:
            return Moment(self._waiting("RunContainerError", "no such file or directory"), changes_at=tried)
        return self._in_turns(now, tried, timedelta())

    def _from_start(self, now: datetime, started: datetime, turn: int, last: Json | None = None) -> Moment:
        """A turn that goes on: creating, running, ready. Without a probe nobody sees it run before it is ready."""
        is_hopeless = self.behaviour.never_ready != ""
        is_seen_running = is_hopeless or turn > 0 or self.probe_delay is not None or self._run_for() is not None
        ready_at = started + max(self.behaviour.ready_after, self.probe_delay or timedelta())
        is_ready = not is_hopeless and now >= ready_at
        next_change = None if is_hopeless or is_ready else ready_at
        if not is_ready and not is_seen_running:
            return Moment(self._waiting("ContainerCreating"), changes_at=next_change)
        state = {"running": {"startedAt": written(started if is_seen_running else ready_at)}}
        return Moment(self._status(state, turn, is_ready, last), is_ready, has_started=True, changes_at=next_change)

    def _in_turns(self, now: datetime, started: datetime, run_for: timedelta) -> Moment:
        """A program that ends: run, and again after a pause, as the restart policy has it."""
        exit_code = self._exit_code()
        last: Json | None = None
        turn = 0
        while True:
            ended = started + run_for
            if now < ended:
                return self._ending(self._from_start(now, started, turn, last), ended, is_looping=turn > 0)
            last = self._ended(exit_code, started, ended)
            if self.policy == "Never" or (self.policy == "OnFailure" and exit_code == 0):
                return Moment(self._status(last, turn), has_started=True, exit_code=exit_code)
            again = ended + timedelta(seconds=min(10 * 2 ** min(turn, 10), _LAST_BACK_OFF))
            if now < again:
                return self._backing_off(turn, last, again)
            started, turn = again, turn + 1

    def _exit_code(self) -> int:
        return self.behaviour.exit_code or _FAILING.get(self.behaviour.never_ready, 0)

    def _ending(self, moment: Moment, ended: datetime, *, is_looping: bool) -> Moment:
        changes_at = min(moment.changes_at or ended, ended)
        looping = is_looping and self.policy == "Always"
        return Moment(moment.status, moment.is_ready, True, changes_at=changes_at, is_looping=looping)

    def _backing_off(self, turn: int, last: Json, again: datetime) -> Moment:
        message = f"back-off {min(10 * 2 ** min(turn, 10), _LAST_BACK_OFF)}s restarting failed container={self.name}"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        status = self._status(state, turn, last=last)
        return Moment(status, has_started=True, changes_at=again, is_looping=self.policy == "Always")

    def _ended(self, exit_code: int, started: datetime, ended: datetime) -> Json:
        reason = "StartError" if self.behaviour.never_ready == "start" else "Error" if exit_code else "Completed"
        times = {"startedAt": written(started), "finishedAt": written(ended)}
        return {"terminated": {"exitCode": exit_code, "reason": reason, **times}}

    def _waiting(self, reason: str, message: str = "") -> Json:
        return self._status({"waiting": {"reason": reason} | ({"message": message} if message else {})}, 0)

    def _status(self, state: Json, restarts: int, is_ready: bool = False, last: Json | None = None) -> Json:
        is_running = "running" in state
        return {
            "name": self.name,
            "image": self.image,
            "imageID": f"simulated://{self.image}" if is_running else "",
            "ready": is_ready,
            "started": is_running,
            "restartCount": restarts,
            "state": state,
            "lastState": last or {},
        }
