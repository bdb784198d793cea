"""Go's regular expressions over names of metrics. Called where a user's field is one: dryRun, measurementRetention.

The engine is that of conditions: Go's semantics, in linear time, so that no rule can hold the process.
"""

from functools import lru_cache

from analysis.errors import ExpressionError
from analysis.expression.patterns import pattern, runs_on


@lru_cache(maxsize=2048)
def found_in(expression: str, name: str) -> bool:
    """Whether the expression matches anywhere in the name. One that Go would refuse matches nothing, as in Argo.

    Kept: a run asks the same rules about the same names every round.
    """
    try:
        return runs_on(pattern(expression), name, _free)
    except ExpressionError:
        return False


def _free(_steps: int) -> None:
    """A name is short and the work linear: nobody counts it."""
