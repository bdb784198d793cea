"""The Job controller: pods until enough of them succeeded, or too many failed.

Counts come from the pods that exist; a finished pod that somebody deletes is run again. Indexed completion and pod
failure policies are not modelled.
"""

from datetime import datetime, timedelta

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.simulator.workloads.conditions import condition_of, is_true, moment_of
from rollouts.simulator.workloads.job_status import (
    Tally,
    deadline,
    is_over,
    job_status,
    retries_at,
    tally_of,
    verdict,
    wanted_pods,
)
from rollouts.simulator.workloads.pods import controller_of, pod_of
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of
from rollouts.simulator.workloads.views import Views


class Jobs:
    """Woken by Jobs and by their pods."""

    def __init__(self, views: Views, now: Now) -> None:
        self.rounds = Rounds("jobs", self._reconcile, now)
        self._views = views
        self._now = now
        views.jobs.listen(lambda before, after: self.rounds.wake(key_of(after or before or {})))
        views.pods.listen(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        pod = after or before or {}
        owner = controller_of(pod)
        if owner is not None and owner["kind"] == kinds.JOBS.kind:
            self.rounds.wake((key_of(pod)[0], owner["name"]))

    async def _reconcile(self, key: Key) -> Wake | None:
        job = self._views.jobs.get(key)
        if job is None or self._views.jobs.is_leaving(job):
            return None
        if is_over(job):
            return await self._bury(job)
        now = self._now()
        tally = self._tally(job)
        ending = verdict(job, tally, now)
        retry_at = None if ending else await self._resize(job, tally, now)
        tally = self._tally(job)
        job = await self._views.jobs.write_status(job, job_status(job, tally, ending, now))
        if ending is not None:
            await self._stop(tally)
        return _earliest(retry_at, deadline(job) if ending is None else None)

    def _tally(self, job: Json) -> Tally:
        pods = self._views.pods.owned_by(job)
        return tally_of(pods, [pod["metadata"]["name"] for pod in pods if self._views.pods.is_leaving(pod)])

    async def _resize(self, job: Json, tally: Tally, now: datetime) -> datetime | None:
        """Start or stop pods; the moment of a start that has to wait."""
        missing = wanted_pods(job, tally) - len(tally.active)
        for pod in tally.active[: max(0, -missing)]:
            await self._views.pods.delete(pod)
        retry_at = retries_at(tally)
        if missing > 0 and retry_at is not None and now < retry_at:
            return retry_at
        for _ in range(missing):
            await self._views.pods.create(job_pod(job))
        return None

    async def _stop(self, tally: Tally) -> None:
        for pod in tally.active:
            await self._views.pods.delete(pod)

    async def _bury(self, job: Json) -> Wake | None:
        """A Job that ended goes after its ttl, if it has one."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return None
        ending = condition_of(job, "Complete" if is_true(job, "Complete") else "Failed") or {}
        goes_at = moment_of(ending["lastTransitionTime"]) + timedelta(seconds=ttl)
        if self._now() < goes_at:
            return Wake(goes_at, is_standing=True)
        await self._views.jobs.delete(job)
        return None


def job_pod(job: Json) -> Json:
    """A pod of the Job, with the labels by which Kubernetes and its tools find it."""
    pod = pod_of(job, kinds.JOBS, job["spec"]["template"])
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    marks = {"job-name": name, "controller-uid": uid}
    marks |= {f"batch.kubernetes.io/{key}": value for key, value in marks.items()}
    pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), **marks}
    return pod


def _earliest(*moments: datetime | None) -> Wake | None:
    soonest = min((moment for moment in moments if moment is not None), default=None)
    return Wake(soonest) if soonest is not None else None
