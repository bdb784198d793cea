"""How far is a Job, and has it ended? Pure; asked and written by the Job controller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.workloads.conditions import conditions_with, is_true, moment_of, written
from rollouts.simulator.workloads.pods import is_ready, phase_of


@dataclass(frozen=True, slots=True)
class Tally:
    """A Job's pods, by what became of them. `restarts` are those inside pods that are still active."""

    active: tuple[Json, ...]
    succeeded: int
    failed: int
    restarts: int
    last_failure: datetime | None


def tally_of(pods: Sequence[Json], leaving: Sequence[str]) -> Tally:
    """Count the pods; `leaving` are the names of those being deleted."""
    active = tuple(p for p in pods if phase_of(p) in ("Pending", "Running") and p["metadata"]["name"] not in leaving)
    ended = [_finished_at(pod) for pod in pods if phase_of(pod) == "Failed"]
    return Tally(
        active,
        succeeded=sum(phase_of(pod) == "Succeeded" for pod in pods),
        failed=len(ended),
        restarts=sum(_restarts(pod) for pod in active),
        last_failure=max(ended, default=None),
    )


def is_over(job: Json) -> bool:
    """The Job has ended, one way or the other."""
    return is_true(job, "Complete") or is_true(job, "Failed")


def verdict(job: Json, tally: Tally, now: datetime) -> Json | None:
    """The condition that ends the Job now; None while it goes on."""
    limit = job["spec"].get("backoffLimit", 6)
    ends_at = deadline(job)
    if tally.failed > limit or tally.restarts > limit:
        return _ending("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if ends_at is not None and now >= ends_at:
        return _ending("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    if _missing(job, tally) <= 0:
        return _ending("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def deadline(job: Json) -> datetime | None:
    """When activeDeadlineSeconds ends the Job; None without one."""
    seconds = job["spec"].get("activeDeadlineSeconds")
    started = (job.get("status") or {}).get("startTime")
    return moment_of(started) + timedelta(seconds=seconds) if seconds is not None and started else None


def wanted_pods(job: Json, tally: Tally) -> int:
    """How many pods should be active."""
    parallelism: int = job["spec"].get("parallelism", 1)
    return 0 if job["spec"].get("suspend") else min(parallelism, _missing(job, tally))


def retries_at(tally: Tally) -> datetime | None:
    """When the next pod may start after a failure: 10 s, 20 s, 40 s … 6 min after it; None: at once."""
    if tally.last_failure is None:
        return None
    return tally.last_failure + timedelta(seconds=min(10 * 2 ** min(tally.failed - 1, 10), 360))


def job_status(job: Json, tally: Tally, ending: Json | None, now: datetime) -> Json:
    """The whole status; counts of zero are left out but for `ready` and `terminating`, as Kubernetes does."""
    before = job.get("status") or {}
    conditions = [*_suspension(job), *(_with_target(ending) if ending else ())]
    merged = conditions_with(job, conditions, now)
    active = 0 if ending or is_over(job) else len(tally.active)
    counts = {"active": active, "succeeded": tally.succeeded, "failed": tally.failed}
    status = {
        "ready": sum(is_ready(pod) for pod in tally.active) if active else 0,
        "terminating": 0,
        **{name: number for name, number in counts.items() if number},
        **({"conditions": merged} if merged else {}),
        **{name: before[name] for name in ("startTime", "completionTime") if name in before},
    }
    if "startTime" not in status and not job["spec"].get("suspend"):
        status["startTime"] = written(now)
    if ending is not None and ending["type"] == "Complete":
        status["completionTime"] = written(now)
    return status


def _missing(job: Json, tally: Tally) -> int:
    """Successes still needed. With parallelism alone, one success ends the Job as soon as nobody works any more."""
    completions: int | None = job["spec"].get("completions")
    if completions is None and "parallelism" not in job["spec"]:
        completions = 1
    if completions is None:
        return 0 if tally.succeeded and not tally.active else (len(tally.active) if tally.succeeded else 10**6)
    return completions - tally.succeeded


def _suspension(job: Json) -> list[Json]:
    if job["spec"].get("suspend"):
        return [{"type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended"}]
    if is_true(job, "Suspended"):
        return [{"type": "Suspended", "status": "False", "reason": "JobResumed", "message": "Job resumed"}]
    return []


def _ending(type_: str, reason: str, message: str) -> Json:
    return {"type": type_, "status": "True", "reason": reason, "message": message}


def _with_target(ending: Json) -> list[Json]:
    """Kubernetes names the outcome before the end; here both come at once."""
    return [{**ending, "type": "FailureTarget" if ending["type"] == "Failed" else "SuccessCriteriaMet"}, ending]


def _container_statuses(pod: Json) -> list[Json]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _restarts(pod: Json) -> int:
    return sum(status.get("restartCount", 0) for status in _container_statuses(pod))


def _finished_at(pod: Json) -> datetime:
    states = [(status.get("state") or {}).get("terminated") or {} for status in _container_statuses(pod)]
    ends = [moment_of(state["finishedAt"]) for state in states if "finishedAt" in state]
    return max(ends, default=moment_of(pod["metadata"]["creationTimestamp"]))
