"""What operators give for operands of these types. Called by the checker; the run-time half is in operations.py."""

from collections.abc import Callable

from analysis.errors import ExpressionError
from analysis.expression.nodes import Literal, Node
from analysis.expression.patterns import pattern
from analysis.expression.types import (
    BOOL,
    FLOAT,
    INT,
    NIL,
    OPEN,
    SPAN,
    STRING,
    TIME,
    Kind,
    Type,
    is_assignable,
    list_of,
    may_equal,
    promoted,
)


def unary_type(operator: str, operand: Type) -> Type:
    """The type of `!x` or `-x`."""
    operand = _pointed(operand)
    if operator in ("!", "not"):
        if operand.kind is Kind.BOOL or operand.is_open:
            return BOOL
    elif operand.is_number or operand.is_open:
        return OPEN if operand.is_open else operand
    raise ExpressionError(f"invalid operation: {operator} (mismatched type {operand.name})")


def _pointed(type_: Type) -> Type:
    """What operators see of a type: not the pointer but the value."""
    return Type(Kind.STRUCT, type_.name[1:]) if type_.kind is Kind.POINTER else type_


def binary_type(operator: str, left: Type, right: Type, written: Node) -> Type:
    """The type that an operator gives; ExpressionError when it takes no such operands. `written` is the right one."""
    if operator == "??":
        return _either(left, right)
    if operator == "matches" and isinstance(written, Literal) and isinstance(written.value, str):
        pattern(written.value)
    left, right = _pointed(left), _pointed(right)
    gives = _gives(operator, left, right)
    if gives is None:
        raise ExpressionError(f"invalid operation: {operator} (mismatched types {left.name} and {right.name})")
    return gives


def _gives(operator: str, left: Type, right: Type) -> Type | None:
    match operator:
        case "==" | "!=":
            return BOOL if may_equal(left, right) else None
        case "and" | "&&" | "or" | "||":
            return BOOL if _fit(left, right, _is_bool) else None
        case "<" | "<=" | ">" | ">=":
            return BOOL if _fit(left, right, _is_number, _is_string, _is_time, _is_span) else None
        case "matches" | "contains" | "startsWith" | "endsWith":
            return BOOL if _fit(left, right, _is_string) else None
        case "in":
            return BOOL if _may_contain(left, right) else None
        case "..":
            return list_of(INT) if _fit(left, right, _is_integer) else None
        case _:
            return _arithmetic(operator, left, right)


_Test = Callable[[Type], bool]


def _is_bool(type_: Type) -> bool:
    return type_.kind is Kind.BOOL


def _is_string(type_: Type) -> bool:
    return type_.kind is Kind.STRING


def _is_integer(type_: Type) -> bool:
    return type_.is_integer


def _is_number(type_: Type) -> bool:
    return type_.is_number


def _is_time(type_: Type) -> bool:
    return type_ == TIME


def _is_span(type_: Type) -> bool:
    return type_ == SPAN


def _fit(left: Type, right: Type, *tests: _Test) -> bool:
    """Both pass one test, or one passes any and the other is unknown."""
    if left.is_open or right.is_open:
        known = right if left.is_open else left
        return known.is_open or any(test(known) for test in tests)
    return any(test(left) and test(right) for test in tests)


_TIMED = {
    ("-", TIME, TIME): SPAN,
    ("-", TIME, SPAN): TIME,
    ("-", SPAN, SPAN): SPAN,
    ("+", TIME, SPAN): TIME,
    ("+", SPAN, TIME): TIME,
    ("+", SPAN, SPAN): SPAN,
    ("*", SPAN, SPAN): SPAN,
}
_ADDED: dict[str, tuple[_Test, ...]] = {
    "+": (_is_number, _is_string, _is_time, _is_span),
    "-": (_is_number, _is_time, _is_span),
    "*": (_is_number, _is_span),
}


def _arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    if operator == "%":
        return INT if _fit(left, right, _is_integer) else None
    if operator in ("/", "**", "^"):
        return FLOAT if _fit(left, right, _is_number) else None
    return _added(operator, left, right)


def _added(operator: str, left: Type, right: Type) -> Type | None:
    if left.is_number and right.is_number:
        return promoted(left, right)
    if operator == "+" and _is_string(left) and _is_string(right):
        return STRING
    if (operator, left, right) in _TIMED:
        return _TIMED[operator, left, right]
    if operator == "*" and SPAN in (left, right) and (left.is_number or right.is_number):
        return SPAN
    if left.is_open or right.is_open:
        return OPEN if _fit(left, right, *_ADDED[operator]) else None
    return None


def _may_contain(left: Type, right: Type) -> bool:
    if right.kind is Kind.STRUCT:
        return left.kind is Kind.STRING or left.is_open
    if right.kind is Kind.MAP:
        key = right.key or OPEN
        if not (left.is_open or is_assignable(left, key)):
            raise ExpressionError(f"cannot use {left.name} as type {key.name} in map key")
        return True
    if right.is_array:
        if not may_equal(left, right.item):
            raise ExpressionError(f"cannot use {left.name} as type {right.item.name} in array")
        return True
    return right.is_open or (left.is_open and right.kind is Kind.STRING)


def _either(left: Type, right: Type) -> Type:
    if left.is_nil or right.is_nil:
        return NIL if left.is_nil and right.is_nil else right if left.is_nil else left
    return left if is_assignable(right, left) else OPEN
