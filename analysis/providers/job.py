"""A Kubernetes Job as a measurement: it is good if it completes, bad if it fails, inconclusive without its image.

Called by the runner; what it asks of the cluster is carried out by rollouts/controller. The Job lies in the run's
namespace and belongs to the run, unless the operator named another namespace or cluster. It is looked at ever more
seldom as it takes longer. A run that ends before it has the Job deleted, pods first. As many Jobs are kept as
measurements.
"""

import math
import zlib
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from analysis.errors import ProviderError
from analysis.model import Measurement, Metric, Phase
from analysis.providers.reading import Fields, at
from analysis.requests import Cluster, Flow, Json, Pending, Provider, Setting, Sweep, Verb, Verdict

JOB_NAME = "job-name"
JOB_NAMESPACE = "job-namespace"
RUN_UID = "analysisrun.argoproj.io/uid"
RUN_NAME = "analysisrun.argoproj.io/name"
METRIC_NAME = "analysisrun.argoproj.io/metric-name"
NAMESPACE_VARIABLE = "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE"
KUBECONFIG_VARIABLE = "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG"
STUCK = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
LONGEST_NAME = 63
"""A Job's name becomes a label of its pods."""


def run(metric: Metric, setting: Setting) -> Flow:
    """Start the Job; one of the same name that is this run's own is taken for it (its start was not written down)."""
    body = _manifest(metric, setting)
    namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
    created = yield _jobs(Verb.CREATE, setting, namespace, body=body)
    if created is None:
        found = yield _jobs(Verb.GET, setting, namespace, name)
        if not _is_own(found, setting):
            raise ProviderError(f'jobs.batch "{name}" already exists')
    return Pending(_again(setting.now, setting.now), {JOB_NAME: name, JOB_NAMESPACE: namespace})


def resume(_metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """Look how it fares."""
    namespace, name = _place(pending, setting)
    job = yield _jobs(Verb.GET, setting, namespace, name)
    if not _is_own(job, setting):
        raise ProviderError(f'job.batch "{name}" not found')
    phase = _ended(job)
    if phase is not None:
        return Verdict(phase, metadata=pending.metadata)
    pods = yield Cluster(
        Verb.LIST, "v1", "pods", namespace, labels=f"job-name={name}", is_elsewhere=_is_elsewhere(setting)
    )
    if trouble := next(filter(None, map(_stuck, pods)), None):
        return Verdict(Phase.INCONCLUSIVE, message=trouble, metadata=pending.metadata)
    return Pending(_again(pending.started or setting.now, setting.now), pending.metadata)


def terminate(_metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """Delete the Job, and its pods before it; never a stranger's, whatever a user wrote into the run's status."""
    namespace, name = _place(pending, setting)
    found = yield _jobs(Verb.GET, setting, namespace, name)
    if _is_own(found, setting):
        yield _jobs(Verb.DELETE, setting, namespace, name)
    return Verdict(Phase.INCONCLUSIVE, metadata=pending.metadata)


def collect(metric: Metric, keep: int, setting: Setting) -> Sweep:
    """Delete this metric's oldest Jobs, all but so many."""
    namespace = setting.defaults.variables.get(NAMESPACE_VARIABLE) or setting.run.namespace
    found = yield _jobs(Verb.LIST, setting, namespace, labels=f"{RUN_UID}={setting.run.uid}")
    own = [job for job in found if at(job, "metadata", "annotations", METRIC_NAME) == metric.name]
    own.sort(key=lambda job: (str(at(job, "metadata", "creationTimestamp")), _count(job)))
    for job in own[: max(0, len(own) - keep)]:
        yield _jobs(Verb.DELETE, setting, namespace, job["metadata"]["name"])


def _jobs(
    verb: Verb, setting: Setting, namespace: str, name: str = "", labels: str = "", body: Json | None = None
) -> Cluster:
    return Cluster(verb, "batch/v1", "jobs", namespace, name, labels, body or {}, _is_elsewhere(setting))


def _is_own(job: Any, setting: Setting) -> bool:
    """Whether it is there, and of this run."""
    return bool(at(job, "metadata", "labels", RUN_UID) == setting.run.uid)


def _is_elsewhere(setting: Setting) -> bool:
    return bool(setting.defaults.variables.get(KUBECONFIG_VARIABLE))


def _manifest(metric: Metric, setting: Setting) -> Json:
    fields, whose = Fields(metric), setting.run
    spec = fields.mapping("spec")
    if not spec:
        raise fields.wrong("spec", "is empty: give the spec of a Job")
    elsewhere = setting.defaults.variables.get(NAMESPACE_VARIABLE)
    own = fields.mapping("metadata")
    metadata: Json = {
        "name": _name(metric, setting),
        "namespace": elsewhere or whose.namespace,
        "annotations": {**(own.get("annotations") or {}), RUN_NAME: whose.name, METRIC_NAME: metric.name},
        "labels": {**(own.get("labels") or {}), RUN_UID: whose.uid},
    }
    if (elsewhere or whose.namespace) == whose.namespace and not _is_elsewhere(setting):
        metadata["ownerReferences"] = [_owner(setting)]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": deepcopy(dict(spec))}


def _owner(setting: Setting) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "name": setting.run.name,
        "uid": setting.run.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _name(metric: Metric, setting: Setting) -> str:
    """Run, metric and number, as Argo joins them; what would be too long is cut and told apart by a checksum."""
    name = f"{setting.run.uid}.{metric.name}.{setting.number}"
    if len(name) <= LONGEST_NAME:
        return name
    mark = f"{zlib.crc32(metric.name.encode()):08x}.{setting.number}"
    return f"{name[: LONGEST_NAME - len(mark) - 1].rstrip('-.')}-{mark}"


def _count(job: Mapping[str, Any]) -> int:
    """The number at the end of its name: Jobs of one second are told apart by it."""
    number = str(at(job, "metadata", "name")).rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def _place(pending: Measurement, setting: Setting) -> tuple[str, str]:
    name = pending.metadata.get(JOB_NAME)
    if not name:
        raise ProviderError("job metadata reference missing")
    return pending.metadata.get(JOB_NAMESPACE) or setting.run.namespace, name


def _again(started: datetime, now: datetime) -> datetime:
    """Argo: the pause grows as the root of twice the time that it takes so far, from a second on."""
    elapsed = max(0.0, (now - started).total_seconds())
    return now + timedelta(seconds=max(1, round(math.sqrt(2 * elapsed))))


def _ended(job: Mapping[str, Any]) -> Phase | None:
    endings = {"Complete": Phase.SUCCESSFUL, "Failed": Phase.FAILED}
    for condition in at(job, "status", "conditions") or ():
        if at(condition, "status") == "True" and at(condition, "type") in endings:
            return endings[condition["type"]]
    return None


def _stuck(pod: Mapping[str, Any]) -> str:
    """Why a pod will not start, if its image cannot be had."""
    statuses = [*(at(pod, "status", "initContainerStatuses") or ()), *(at(pod, "status", "containerStatuses") or ())]
    for status in statuses:
        reason = at(status, "state", "waiting", "reason")
        if reason in STUCK:
            why = at(status, "state", "waiting", "message")
            where = f"container {at(status, 'name')} of pod {at(pod, 'metadata', 'name')}"
            return f"{where} is waiting: {reason}{f': {why}' if why else ''}"
    return ""


PROVIDER = Provider(run=run, resume=resume, terminate=terminate, collect=collect)
