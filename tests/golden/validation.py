"""validation: every error of a Rollout's spec, in order and with its whole text."""

from rollouts.dialects.argo.validation import rollout_faults
from tests.golden.category import Category, Json


def _errors(given: Json) -> Json:
    return {"errors": [str(fault) for fault in rollout_faults(given["rollout"]["spec"])]}


def _texts(_: Json, output: Json) -> Json:
    return {"errors": [error["error"] for error in output["errors"] or ()]}


VALIDATION = Category("validation", _errors, shown=_texts)
