"""Moments that users write as expressions: the start and end of a range query. Pure; called by the providers.

They are written in the language of conditions (`now() - duration("5m")`), without a result to look at.
"""

from datetime import UTC, datetime

from analysis.errors import ExpressionError
from analysis.expression.conditions import evaluated
from analysis.expression.values import dynamic_name


def moment_of(expression: str, now: datetime) -> datetime:
    """The moment that an expression names, in UTC. ExpressionError in expr-lang's words."""
    value = evaluated(expression, None, None, now)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    raise ExpressionError(f"expected time.Time, but got {dynamic_name(value)}")
