"""Go's regular expressions, matched in linear time. Called for `matches`; a pattern is read once and kept.

Python's own engine tries ways one after another, so that `(a+)+$` on a long text would hold the process for hours. This
one follows all ways at once, like Go's: a text of n characters takes n steps for each instruction of the pattern.
"""

from functools import lru_cache

from analysis.errors import ExpressionError
from analysis.expression.pattern_machine import Program, assembled, runs_on
from analysis.expression.pattern_syntax import PatternError, parse


@lru_cache(maxsize=512)
def pattern(text: str) -> Program:
    """The pattern, ready to run. ExpressionError in Go's words."""
    try:
        return assembled(parse(text))
    except PatternError as error:
        raise ExpressionError(f"error parsing regexp: {error}") from None


__all__ = ["Program", "pattern", "runs_on"]
