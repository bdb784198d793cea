"""May this pod be evicted? Called by the core; the budgets' counts are kept by the simulated controllers."""

from collections.abc import Iterable

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.meta import at_path, name_of, namespace_of
from rollouts.simulator.store.selectors import matches_labels

_BEYOND_BUDGETS = ("Pending", "Succeeded", "Failed")


def charged_budget(pod: Json, budgets: Iterable[Json]) -> Json | None:
    """The budget as it stands after the eviction, None where none covers the pod. Raises TooManyRequestsError."""
    if at_path(pod, ("status", "phase")) in _BEYOND_BUDGETS or "deletionTimestamp" in pod["metadata"]:
        return None
    covering = [one for one in budgets if _covers(one, pod)]
    if not covering:
        return None
    if len(covering) > 1:
        raise refusals.bad_request(
            "This pod has more than one PodDisruptionBudget, which the eviction does not support."
        )
    budget = covering[0]
    status = budget.get("status") or {}
    allowed = status.get("disruptionsAllowed", 0)
    is_known = status.get("observedGeneration", 0) >= budget["metadata"]["generation"]
    if not is_known or allowed <= 0:
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        raise refusals.budget_forbids(message, name_of(budget))
    return {**budget, "status": {**status, "disruptionsAllowed": allowed - 1}}


def _covers(budget: Json, pod: Json) -> bool:
    selector = at_path(budget, ("spec", "selector"))
    is_near = namespace_of(budget) == namespace_of(pod)
    return is_near and matches_labels(selector, pod["metadata"].get("labels") or {})
