"""Checks a condition against the type of its result and compiles it to closures. Called by conditions.py.

One walk does both: each node gives its static type and a closure over the result. The walk is bounded by the parser's
limits on length and depth, and this part of the language has no loops: a condition can neither hang nor eat memory.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from analysis.errors import ExpressionError
from analysis.expression import operations
from analysis.expression.functions import FUNCTIONS, check_call
from analysis.expression.nodes import Binary, Call, Chain, Conditional, Items, Literal, Member, Name, Node, Unary
from analysis.expression.types import ANY, BOOL, FLOAT, INT, NIL, STRING, Sort, Type, list_of, may_equal

Run = Callable[[Any], Any]
"""A compiled node: the provider's result in, the node's value out."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A node's static type and what it does."""

    type: Type
    run: Run


class _NilChainError(Exception):
    """An optional member met nil: its whole chain is nil."""


def compile_node(node: Node, result: Type) -> Compiled:  # noqa: PLR0911  # one return a kind of node
    """The node, checked against a result of this type."""
    match node:
        case Literal(value):
            return Compiled(_literal_type(value), lambda _: value)
        case Name(name):
            return _name(name, result)
        case Items(items):
            return _items(tuple(compile_node(item, result) for item in items))
        case Unary(sign, operand):
            return _unary(sign, compile_node(operand, result))
        case Binary(sign, left, right):
            return _binary(sign, compile_node(left, result), compile_node(right, result))
        case Conditional(test, yes, no):
            return _conditional(*(compile_node(part, result) for part in (test, yes, no)))
        case Member(base, key, is_optional):
            return _member(compile_node(base, result), compile_node(key, result), key, is_optional=is_optional)
        case Chain(inner):
            return _chain(compile_node(inner, result))
        case Call(function, arguments):
            return _call(function, tuple(compile_node(argument, result) for argument in arguments))
        case _:
            assert_never(node)


def _literal_type(value: object) -> Type:
    match value:
        case None:
            return NIL
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case _:
            return STRING


def _name(name: str, result: Type) -> Compiled:
    if name != "result":
        raise ExpressionError(f"unknown name {name}")
    return Compiled(result, lambda value: value)


def _items(items: tuple[Compiled, ...]) -> Compiled:
    runs = tuple(item.run for item in items)
    return Compiled(list_of(tuple(item.type for item in items)), lambda result: [run(result) for run in runs])


def _unary(sign: str, operand: Compiled) -> Compiled:
    run, type_ = operand.run, operand.type
    is_logical = sign in ("!", "not")
    if not (type_.is_open or (type_ == BOOL if is_logical else type_.is_number)):
        raise ExpressionError(f"invalid operation: {sign} (mismatched type {type_.name})")
    if is_logical:
        return Compiled(BOOL, lambda result: not operations.truth(run(result)))
    apply = operations.negate if sign == "-" else operations.plus
    return Compiled(type_, lambda result: apply(run(result)))


_Operation = Callable[[Any, Any], Any]
_OPERATIONS: Mapping[str, _Operation] = {
    "==": operations.equal,
    "!=": lambda left, right: not operations.equal(left, right),
    "<": operations.ordered("<", operator.lt),
    "<=": operations.ordered("<=", operator.le),
    ">": operations.ordered(">", operator.gt),
    ">=": operations.ordered(">=", operator.ge),
    "+": operations.add,
    "-": operations.subtract,
    "*": operations.multiply,
    "/": operations.divide,
    "%": operations.remainder,
    "**": operations.power,
    "^": operations.power,
    "in": operations.contained,
    "contains": operations.on_strings("contains", lambda left, right: right in left),
    "startsWith": operations.on_strings("startsWith", str.startswith),
    "endsWith": operations.on_strings("endsWith", str.endswith),
}


def _binary(sign: str, left: Compiled, right: Compiled) -> Compiled:
    type_ = check_binary(sign, left.type, right.type)
    a, b = left.run, right.run
    match sign:
        case "and" | "&&":
            return Compiled(type_, lambda result: operations.truth(a(result)) and operations.truth(b(result)))
        case "or" | "||":
            return Compiled(type_, lambda result: operations.truth(a(result)) or operations.truth(b(result)))
        case "??":
            return Compiled(type_, lambda result: b(result) if (value := a(result)) is None else value)
        case _:
            apply = _OPERATIONS[sign]
            return Compiled(type_, lambda result: apply(a(result), b(result)))


def check_binary(sign: str, left: Type, right: Type) -> Type:
    """The type that an operator gives for operands of these types; ExpressionError when it takes none such."""
    match sign:
        case "==" | "!=":
            fits, gives = may_equal(left, right), BOOL
        case "and" | "&&" | "or" | "||":
            fits, gives = _are(left, right, Sort.BOOL), BOOL
        case "<" | "<=" | ">" | ">=":
            fits, gives = _are_numbers(left, right) or _are(left, right, Sort.STRING), BOOL
        case "contains" | "startsWith" | "endsWith":
            fits, gives = _are(left, right, Sort.STRING), BOOL
        case "in":
            fits, gives = _may_contain(left, right), BOOL
        case "??":
            fits, gives = True, _either(left, right)
        case _:
            fits, gives = _arithmetic(sign, left, right)
    if not fits:
        raise ExpressionError(f"invalid operation: {sign} (mismatched types {left.name} and {right.name})")
    return gives


def _are(left: Type, right: Type, *sorts: Sort) -> bool:
    return all(type_.is_open or type_.sort in sorts for type_ in (left, right))


def _are_numbers(left: Type, right: Type) -> bool:
    return _are(left, right, Sort.INT, Sort.FLOAT)


def _arithmetic(sign: str, left: Type, right: Type) -> tuple[bool, Type]:
    is_open = left.is_open or right.is_open
    if sign in ("/", "**", "^"):
        return _are_numbers(left, right), FLOAT
    if sign == "%":
        return _are(left, right, Sort.INT), INT
    if sign == "+" and _are(left, right, Sort.STRING):
        return True, ANY if is_open else STRING
    are_integers = left.sort is right.sort is Sort.INT
    return _are_numbers(left, right), ANY if is_open else INT if are_integers else FLOAT


def _may_contain(left: Type, right: Type) -> bool:
    if right.sort is Sort.MAP:
        if left.sort not in (Sort.UNKNOWN, Sort.NIL, Sort.STRING):
            raise ExpressionError(f"cannot use {left.name} as type string in map key")
        return True
    if right.sort is Sort.LIST:
        element = right.element or ANY
        if not may_equal(left, element):
            raise ExpressionError(f"cannot use {left.name} as type {element.name} in array")
        return True
    return right.is_open


def _either(left: Type, right: Type) -> Type:
    if left.sort is Sort.NIL:
        return right
    return left if right.sort is Sort.NIL or left == right else ANY


def _conditional(test: Compiled, yes: Compiled, no: Compiled) -> Compiled:
    if not (test.type.is_open or test.type == BOOL):
        raise ExpressionError(f"non-bool expression (type {test.type.name}) used as condition")
    chosen, first, second = test.run, yes.run, no.run
    return Compiled(
        _either(yes.type, no.type),
        lambda result: first(result) if operations.truth(chosen(result)) else second(result),
    )


def _member(base: Compiled, key: Compiled, written: Node, *, is_optional: bool) -> Compiled:
    type_ = _member_type(base.type, key.type, written)
    of, at = base.run, key.run
    if not is_optional:
        return Compiled(type_, lambda result: operations.fetch(of(result), at(result)))

    def run(result: Any) -> Any:
        value = of(result)
        if value is None:
            raise _NilChainError
        return operations.fetch(value, at(result))

    return Compiled(type_, run)


def _member_type(base: Type, key: Type, written: Node) -> Type:
    if base.is_open:
        return ANY
    if base.sort is Sort.MAP:
        if not (key.is_open or key.sort is Sort.STRING):
            raise ExpressionError(f"cannot use {key.name} to get an element from {base.name}")
        return ANY
    if base.sort is Sort.LIST:
        if not (key.is_open or key.sort is Sort.INT):
            raise ExpressionError(f"array elements can only be selected using an integer (got {key.name})")
        return base.element or ANY
    # also nil: a chain may end at nil, it may not start there
    if isinstance(written, Literal) and isinstance(written.value, str):
        raise ExpressionError(f"type {base.name} has no field {written.value}")
    raise ExpressionError(f"type {base.name}[{key.name}] is undefined")


def _chain(inner: Compiled) -> Compiled:
    run = inner.run

    def until_nil(result: Any) -> Any:
        try:
            return run(result)
        except _NilChainError:
            return None

    return Compiled(ANY, until_nil)


def _call(name: str, arguments: tuple[Compiled, ...]) -> Compiled:
    gives = check_call(name, tuple(argument.type for argument in arguments))
    function, runs = FUNCTIONS[name].run, tuple(argument.run for argument in arguments)
    return Compiled(gives, lambda result: function(result, *(run(result) for run in runs)))
