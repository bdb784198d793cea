"""Conditions on a metric's result. Called by the runner (a measurement's phase) and by validation (does it parse?)."""

from functools import lru_cache
from typing import Any

from analysis.errors import ExpressionError, UnsupportedError
from analysis.expression.compiler import Compiled, compile_node
from analysis.expression.functions import FUNCTIONS
from analysis.expression.parser import parse
from analysis.expression.types import ANY, Sort, Type, dynamic_name, type_of

_NO_DATA = "metric result is nil or empty: no data returned from the metric provider"
_NAMES = frozenset(FUNCTIONS)


@lru_cache(maxsize=2048)
def compiled(condition: str, result: Type) -> Compiled:
    """The condition for results of this type; kept, since a metric asks the same one again and again."""
    return compile_node(parse(condition, _NAMES), result)


def check(condition: str) -> None:
    """ExpressionError when the condition is wrong for results of any type."""
    compiled(condition, ANY)


def holds(condition: str, result: Any) -> bool:
    """Whether the condition is true for this result: JSON, or a tuple of floats for a vector.

    ExpressionError says why it has no answer; for an empty result that is the reason, whatever else is wrong with the
    condition (Argo words it so), unless it asks for what this version does not know.
    """
    try:
        return _evaluated(condition, result)
    except UnsupportedError:
        raise
    except ExpressionError as error:
        is_empty = result is None or (isinstance(result, list | tuple) and not result)
        raise ExpressionError(_NO_DATA if is_empty else str(error)) from error


def _evaluated(condition: str, result: Any) -> bool:
    code = compiled(condition, type_of(result))
    value = code.run(result)
    if isinstance(value, bool):
        return value
    is_dynamic = code.type.is_open or code.type.sort is Sort.NIL
    name = dynamic_name(value) if is_dynamic else code.type.name
    raise ExpressionError(f"expected bool, but got {name}")
