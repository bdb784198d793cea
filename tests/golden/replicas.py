"""replicas_approximation."""

from rollouts.decide.replicas import approximate
from tests.golden.category import Category, Json, Rule


def _approximation(given: Json) -> Json:
    canary, stable = approximate(given["specReplicas"], given["desiredWeight"], given["maxWeight"], given["maxSurge"])
    return {"canary": canary, "stable": stable}


def _is_tie_without_choice(given: Json, output: Json) -> bool:
    """The canary's share ends in exactly one half, and rounding it up would leave no stable pod."""
    doubled, rest = divmod(2 * given["specReplicas"] * given["desiredWeight"], given["maxWeight"])
    is_tie = rest == 0 and doubled % 2 == 1
    return is_tie and doubled + 1 == 2 * given["specReplicas"] and given["maxSurge"] == 0 and output["canary"] == 0


def _rounded_down(given: Json, _: Json) -> Json:
    canary = given["specReplicas"] * given["desiredWeight"] // given["maxWeight"]
    return {"canary": canary, "stable": given["specReplicas"] - canary}


TIE_WITHOUT_CHOICE = Rule(
    "tie-without-choice",
    "Argo drops both counts on such a tie and gives the canary no pod at all, at a weight of 95 of 100",
    _is_tie_without_choice,
    _rounded_down,
)

APPROXIMATION = Category("replicas_approximation", _approximation, (TIE_WITHOUT_CHOICE,))
