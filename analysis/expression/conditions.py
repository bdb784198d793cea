"""Conditions on a metric's result. Called by verdict (a measurement's phase) and by validation (does it parse?).

Moments of range queries are written in the same language, in smaller surroundings (analysis/moments.py).
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from analysis.errors import ExpressionError, UnsupportedError
from analysis.expression.checker import Checker
from analysis.expression.compiler import Compiler
from analysis.expression.frame import Frame
from analysis.expression.functions import GIVEN, type_of_given
from analysis.expression.loops import Run
from analysis.expression.parser import parse
from analysis.expression.rewriting import rewritten
from analysis.expression.types import OPEN, Type, type_of
from analysis.expression.values import dynamic_name

_NO_DATA = "metric result is nil or empty: no data returned from the metric provider"
_FUNCTIONS = {name: type_of_given(name) for name in GIVEN}
_OF_MOMENTS = {name: _FUNCTIONS[name] for name in ("isNaN", "isInf")}
_VALUES = {name: function for name, (_, function) in GIVEN.items()}


@lru_cache(maxsize=2048)
def compiled(condition: str, result: Type | None) -> Run:
    """The condition for results of this type (None: a moment, which has no result).

    Kept, since a metric asks the same one again and again.
    """
    names = _OF_MOMENTS if result is None else {"result": result, **_FUNCTIONS}
    node = parse(condition)
    checker = Checker(names)
    checker.visit(node)
    return Compiler(checker.types).compiled(rewritten(node, checker.types))


def check(condition: str) -> None:
    """ExpressionError when the condition is wrong for results of any type."""
    compiled(condition, OPEN)


def holds(condition: str, result: Any, now: datetime) -> bool:
    """Whether the condition is true for this result: JSON, or a tuple of floats for a vector.

    ExpressionError says why it has no answer; for an empty result that is the reason, whatever else is wrong with the
    condition (Argo words it so), unless it asks for what this version does not know.
    """
    try:
        value = evaluated(condition, type_of(result), result, now)
        if isinstance(value, bool):
            return value
        raise ExpressionError(f"expected bool, but got {dynamic_name(value)}")
    except UnsupportedError:
        raise
    except ExpressionError as error:
        is_empty = result is None or (isinstance(result, list | tuple) and not result)
        raise ExpressionError(_NO_DATA if is_empty else str(error)) from error


def evaluated(condition: str, sort: Type | None, result: Any, now: datetime) -> Any:
    """What the condition gives for a result of this type (None: there is none, as for moments)."""
    try:
        return compiled(condition, sort)(Frame(result, now, _VALUES))
    except RecursionError:
        raise ExpressionError("the result nests too deeply") from None
