"""Evictions and their budgets."""

import pytest

from rollouts.cluster.errors import BadRequestError, TooManyRequestsError
from rollouts.cluster.port import Json
from rollouts.simulator.store.eviction import charged_budget

POD: Json = {"metadata": {"name": "a", "namespace": "ns", "labels": {"app": "a"}}, "status": {"phase": "Running"}}


def _budget(allowed: int = 1, *, app: str = "a", namespace: str = "ns", observed: int = 1) -> Json:
    return {
        "metadata": {"name": "budget", "namespace": namespace, "generation": 1},
        "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed, "observedGeneration": observed},
    }


def test_eviction_is_charged_to_its_budget() -> None:
    """Each eviction leaves one disruption less."""
    after = charged_budget(POD, [_budget(2)])

    assert after is not None
    assert after["status"]["disruptionsAllowed"] == 1


@pytest.mark.parametrize("budget", [_budget(0, app="other"), _budget(0, namespace="other")])
def test_budgets_of_others_do_not_count(budget: Json) -> None:
    """Only budgets of the namespace that select the pod protect it."""
    assert charged_budget(POD, [budget]) is None


@pytest.mark.parametrize("budget", [_budget(0), _budget(1, observed=0)])
def test_spent_or_uncounted_budgets_forbid(budget: Json) -> None:
    """A budget without room, or one that nobody has counted yet, forbids the eviction."""
    with pytest.raises(TooManyRequestsError):
        charged_budget(POD, [budget])


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_pods_that_do_not_run_are_beyond_budgets(phase: str) -> None:
    """A pod that serves nobody can always go."""
    assert charged_budget({**POD, "status": {"phase": phase}}, [_budget(0)]) is None


def test_two_budgets_are_an_error() -> None:
    """A pod under two budgets cannot be evicted."""
    with pytest.raises(BadRequestError, match="more than one PodDisruptionBudget"):
        charged_budget(POD, [_budget(), _budget()])
