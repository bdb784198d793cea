"""The disruption controller: how many pods of a PodDisruptionBudget may be evicted now.

The eviction itself is the API server's: it reads the number that stands here.
"""

from collections.abc import Sequence
from datetime import datetime

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.simulator.workloads.conditions import conditions_with
from rollouts.simulator.workloads.pods import controller_of, is_finished, is_ready
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of, label_selector, labels_of
from rollouts.simulator.workloads.views import Views


class Budgets:
    """Woken by budgets and by the pods that they select."""

    def __init__(self, views: Views, now: Now) -> None:
        self.rounds = Rounds("budgets", self._reconcile, now)
        self._views = views
        self._now = now
        views.budgets.listen(lambda before, after: self.rounds.wake(key_of(after or before or {})))
        views.pods.listen(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        pod = after or before or {}
        for key in self._views.budgets_by_pod.concerned(key_of(pod)[0], labels_of(pod)):
            self.rounds.wake(key)

    async def _reconcile(self, key: Key) -> Wake | None:
        budget = self._views.budgets.get(key)
        selector = label_selector(budget) if budget is not None else None
        if budget is None or selector is None:
            return None
        matching = self._views.pods_by_label.matching(key[0], selector)
        pods = [pod for pod in matching if not is_finished(pod)]
        healthy = [pod for pod in pods if is_ready(pod) and not self._views.pods.is_leaving(pod)]
        status = budget_status(budget, self._expected(pods), len(pods), len(healthy), self._now())
        await self._views.budgets.write_status(budget, status)
        return None

    def _expected(self, pods: Sequence[Json]) -> int:
        """The sizes that the pods' controllers ask for; a pod without a controller is one."""
        sizes: dict[str, int] = {}
        for pod in pods:
            owner = controller_of(pod)
            uid = pod["metadata"]["uid"] if owner is None else owner["uid"]
            if uid not in sizes:
                sizes[uid] = 1 if owner is None else self._size(key_of(pod)[0], owner)
        return sum(sizes.values())

    def _size(self, namespace: str, owner: Json) -> int:
        if owner["kind"] != kinds.REPLICA_SETS.kind:
            return 1
        replica_set = self._views.replica_sets.get((namespace, owner["name"]))
        replicas: int = replica_set["spec"].get("replicas", 1) if replica_set is not None else 0
        return replicas


def budget_status(budget: Json, expected: int, existing: int, healthy: int, now: datetime) -> Json:
    """A budget's whole status. A number as minAvailable counts existing pods, all else what controllers ask for."""
    spec = budget["spec"]
    if isinstance(spec.get("minAvailable"), int):
        expected = existing
    if "maxUnavailable" in spec:
        desired = max(0, expected - _pods(spec["maxUnavailable"], expected))
    else:
        desired = _pods(spec.get("minAvailable", 1), expected)
    allowed = max(0, healthy - desired) if expected else 0
    reason = "SufficientPods" if allowed else "InsufficientPods"
    condition = {"type": "DisruptionAllowed", "status": "True" if allowed else "False", "reason": reason, "message": ""}
    return {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": budget["metadata"].get("generation", 1),
        "conditions": conditions_with(budget, [condition], now),
    }


def _pods(quota: int | str, expected: int) -> int:
    """Kubernetes rounds both of a budget's percentages up."""
    return quota if isinstance(quota, int) else -(-int(quota.removesuffix("%")) * expected // 100)
