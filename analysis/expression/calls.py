"""Whether the arguments of a call fit. Called by the checker for functions with declared parameters."""

from collections.abc import Sequence

from analysis.errors import ExpressionError
from analysis.expression.catalog import TYPED
from analysis.expression.nodes import Binary, Literal, Node, Unary
from analysis.expression.types import Kind, Signature, Type, is_assignable

Outcome = tuple[Type, set[int]]
"""What the call gives, and the integer literals (by identity) that it takes as floats."""


def check_typed(name: str, arguments: Sequence[Node], given: Sequence[Type]) -> Outcome:
    """A built-in's call: the first form that fits; else the last one's error."""
    failed: ExpressionError | None = None
    for form in TYPED[name]:
        try:
            return check_arguments(form, arguments, given)
        except ExpressionError as error:
            failed = error
    raise failed or ExpressionError(f"no matching overload for {name}")


def check_arguments(function: Signature, arguments: Sequence[Node], given: Sequence[Type]) -> Outcome:
    """A call of this one form."""
    wanted = len(function.parameters)
    if len(given) != wanted:
        raise ExpressionError(
            f"{'too many' if len(given) > wanted else 'not enough'} arguments to call {function.name}"
        )
    floats: set[int] = set()
    for node, given_type, parameter in zip(arguments, given, function.parameters, strict=True):
        if parameter.kind is Kind.FLOAT and given_type.is_integer:
            floats |= _literals(node)
        elif not (parameter.is_integer and given_type.is_integer):
            _check(function.name, given_type, parameter)
    return function.gives, floats


def _check(name: str, given: Type, wanted: Type) -> None:
    if given.is_nil:
        if wanted.kind not in (Kind.POINTER, Kind.INTERFACE):
            raise ExpressionError(f"cannot use nil as argument (type {wanted.name}) to call {name}")
        return
    if not (given.is_open or is_assignable(given, wanted)):
        raise ExpressionError(f"cannot use {given.name} as argument (type {wanted.name}) to call {name} ")


def _literals(node: Node) -> set[int]:
    match node:
        case Literal():
            return {id(node)}
        case Unary(_, operand):
            return _literals(operand)
        case Binary("+" | "-" | "*", left, right):
            return _literals(left) | _literals(right)
        case _:
            return set()
