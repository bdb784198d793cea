"""The ReplicaSet controller: as many pods as asked for, and a status that counts them.

The ReplicaSets of a Rollout and those of a Deployment are the same to it.
"""

from collections.abc import Sequence
from datetime import timedelta

from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError, InvalidError
from rollouts.cluster.port import Json
from rollouts.simulator.workloads import pods as of_pods
from rollouts.simulator.workloads.conditions import condition_of, conditions_with, moment_of
from rollouts.simulator.workloads.pods import phase_of
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of, label_selector, labels_of
from rollouts.simulator.workloads.views import Views

_RETRY = timedelta(seconds=30)
"""After so long a pod that was refused is tried again."""


class ReplicaSets:
    """Woken by ReplicaSets and by the pods that they own or may adopt."""

    def __init__(self, views: Views, now: Now) -> None:
        self.rounds = Rounds("replicasets", self._reconcile, now)
        self._views = views
        self._now = now
        views.replica_sets.listen(lambda before, after: self.rounds.wake(key_of(after or before or {})))
        views.pods.listen(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        pod = after or before or {}
        owner = of_pods.controller_of(pod)
        namespace = key_of(pod)[0]
        if owner is None:
            for key in self._views.replica_sets_by_pod.concerned(namespace, labels_of(pod)):
                self.rounds.wake(key)
        elif owner["kind"] == kinds.REPLICA_SETS.kind:
            self.rounds.wake((namespace, owner["name"]))

    async def _reconcile(self, key: Key) -> Wake | None:
        replica_set = self._views.replica_sets.get(key)
        if replica_set is None:
            return None
        failure: Json | None = None
        if not self._views.replica_sets.is_leaving(replica_set):
            await self._claim(replica_set)
            failure = await self._resize(replica_set, self._active(replica_set))
        return await self._report(replica_set, self._active(replica_set), failure)

    def _active(self, replica_set: Json) -> list[Json]:
        owned = self._views.pods.owned_by(replica_set)
        return [pod for pod in owned if not of_pods.is_finished(pod) and not self._views.pods.is_leaving(pod)]

    async def _claim(self, replica_set: Json) -> None:
        """Adopt matching pods that nobody owns; let go of own ones whose labels no longer match."""
        selector = label_selector(replica_set)
        if selector is None:
            return
        for pod in self._active(replica_set):
            if not selector.matches(labels_of(pod)):
                await self._views.pods.patch(pod, {"metadata": {"ownerReferences": _others(pod, replica_set)}})
        for pod in self._views.pods_by_label.matching(key_of(replica_set)[0], selector):
            if of_pods.controller_of(pod) is None and not self._views.pods.is_leaving(pod):
                reference = of_pods.reference_to(replica_set, kinds.REPLICA_SETS)
                await self._views.pods.patch(pod, {"metadata": {"ownerReferences": [reference]}})

    async def _resize(self, replica_set: Json, active: Sequence[Json]) -> Json | None:
        """Create or delete pods; the condition that tells of a refusal."""
        wanted = replica_set["spec"].get("replicas", 1)
        for pod in doomed_first(active)[: max(0, len(active) - wanted)]:
            await self._views.pods.delete(pod)
        template = replica_set["spec"].get("template") or {}
        try:
            for _ in range(wanted - len(active)):
                await self._views.pods.create(of_pods.pod_of(replica_set, kinds.REPLICA_SETS, template))
        except (InvalidError, ForbiddenError) as error:
            return {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": error.message}
        return None

    async def _report(self, replica_set: Json, active: Sequence[Json], failure: Json | None) -> Wake | None:
        now = self._now()
        available = [of_pods.available_at(pod, min_ready(replica_set)) for pod in active]
        status = counted(replica_set, active, sum(moment is not None and moment <= now for moment in available))
        if failure is not None:
            known = condition_of(replica_set, failure["type"])  # each refusal names another pod: the first one will do
            status["conditions"] = conditions_with(replica_set, [failure], now) if known is None else [known]
        await self._views.replica_sets.write_status(replica_set, status)
        if failure is not None:
            return Wake(now + _RETRY, is_standing=True)
        soonest = min((moment for moment in available if moment is not None and moment > now), default=None)
        return Wake(soonest) if soonest is not None else None


def min_ready(owner: Json) -> timedelta:
    """How long a pod must be ready before it counts as available."""
    return timedelta(seconds=owner["spec"].get("minReadySeconds") or 0)


def counted(replica_set: Json, active: Sequence[Json], available: int) -> Json:
    """A ReplicaSet's status; counts of zero are left out, as Kubernetes does, but for `replicas`."""
    template_labels = ((replica_set["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    labelled = sum(template_labels.items() <= labels_of(pod).items() for pod in active)
    counts = {
        "fullyLabeledReplicas": labelled,
        "readyReplicas": sum(of_pods.is_ready(pod) for pod in active),
        "availableReplicas": available,
    }
    return {
        "replicas": len(active),
        "observedGeneration": replica_set["metadata"].get("generation", 1),
        **{name: count for name, count in counts.items() if count},
    }


def _others(pod: Json, owner: Json) -> list[Json] | None:
    """The pod's ownerReferences without this owner's; None where no other is left."""
    references = pod["metadata"]["ownerReferences"]
    return [each for each in references if each["uid"] != owner["metadata"]["uid"]] or None


def doomed_first(active: Sequence[Json]) -> list[Json]:
    """Pods in the order in which a shrinking ReplicaSet gives them up.

    Kubernetes: not scheduled, pending, not ready, cheap by annotation, ready for a short time, often restarted, young.
    """
    return sorted(active, key=_worth)


def _worth(pod: Json) -> tuple[bool, bool, bool, int, float, int, float, str]:
    ready_at = of_pods.available_at(pod, timedelta())
    return (
        bool(pod["spec"].get("nodeName")),
        phase_of(pod) == "Running",
        ready_at is not None,
        _deletion_cost(pod),
        -ready_at.timestamp() if ready_at else 0.0,
        -_restarts(pod),
        -moment_of(pod["metadata"]["creationTimestamp"]).timestamp(),
        pod["metadata"]["name"],
    )


def _deletion_cost(pod: Json) -> int:
    cost = (pod["metadata"].get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", "0")
    return int(cost) if cost.lstrip("-").isdigit() else 0


def _restarts(pod: Json) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return max((status.get("restartCount", 0) for status in statuses), default=0)
