"""Whether the arguments of a call fit. Called by the checker for functions with declared parameters."""

from collections.abc import Callable, Sequence

from analysis.errors import ExpressionError
from analysis.expression.catalog import TYPED
from analysis.expression.nodes import Binary, Literal, Node, Unary
from analysis.expression.types import Kind, Signature, Type, is_assignable

Outcome = tuple[Type, set[int]]
"""What the call gives, and the integer literals (by identity) that it takes as floats."""


Visit = Callable[[Node], Type]
"""Finds an argument's type; what is wrong within it is raised."""


class _MisfitError(ExpressionError):
    """The arguments are good, but not for this form of the function."""


def check_typed(name: str, arguments: Sequence[Node], visit: Visit) -> Outcome:
    """A built-in's call: the first form that fits; else the last one's error."""
    failed: ExpressionError | None = None
    for form in TYPED[name]:
        try:
            return check_arguments(form, arguments, visit)
        except _MisfitError as error:
            failed = error
    raise failed or ExpressionError(f"no matching overload for {name}")


def check_arguments(function: Signature, arguments: Sequence[Node], visit: Visit) -> Outcome:
    """A call of this one form. Arguments are looked at one by one: the first that is wrong, or does not fit, counts."""
    wanted = len(function.parameters)
    if len(arguments) != wanted:
        for node in arguments:
            visit(node)
        words = "too many" if len(arguments) > wanted else "not enough"
        raise _MisfitError(f"{words} arguments to call {function.name}")
    floats: set[int] = set()
    for node, parameter in zip(arguments, function.parameters, strict=True):
        given = visit(node)
        if parameter.kind is Kind.FLOAT and given.is_integer:
            floats |= _literals(node)
        elif not (parameter.is_integer and given.is_integer):
            _check(function.name, given, parameter)
    return function.gives, floats


def _check(name: str, given: Type, wanted: Type) -> None:
    if given.is_nil:
        if wanted.kind not in (Kind.POINTER, Kind.INTERFACE):
            raise _MisfitError(f"cannot use nil as argument (type {wanted.name}) to call {name}")
        return
    if not (given.is_open or is_assignable(given, wanted)):
        raise _MisfitError(f"cannot use {given.name} as argument (type {wanted.name}) to call {name} ")


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
