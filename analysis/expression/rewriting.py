"""Changes a checked condition as expr-lang's optimizer does, where that can be seen. Called by conditions.py.

Most of what that optimizer does is of no matter to us. But some of it decides which errors come: `x and false` is false
even where x fails, `filter(l, p)[0]` stops at the first that passes, `5 % 0` is refused before anything runs. Those
steps, in its order, are here; a case of golden data stands behind each.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.checker import Types
from analysis.expression.nodes import (
    Among,
    Binary,
    Builtin,
    Items,
    Literal,
    Member,
    Node,
    Pointer,
    Predicate,
    Unary,
)
from analysis.expression.operations import OPERATIONS, exact
from analysis.expression.types import Kind


def rewritten(node: Node, types: Types) -> Node:
    """The condition as it is to run. ExpressionError for a remainder by a constant zero."""
    node = _walked(node, _Typed(types).visit, types)
    for step in (_folded, _in_range(types), _filter_map, _filter_end, _combined, _sum_items, _count_any, _count_enough):
        node = _walked(node, step, types)
    return node


_Step = Callable[[Any], Any]


def _walked(node: Any, step: _Step, types: Types) -> Any:
    """The tree with each node, from the leaves up, replaced by what the step makes of it; types are kept."""
    if isinstance(node, tuple):
        changed = tuple(_walked(item, step, types) for item in node)
        return node if all(new is old for new, old in zip(changed, node, strict=True)) else changed
    if not is_dataclass(node) or isinstance(node, type):
        return node
    before: Any = node
    changes = {}
    for each in fields(node):
        old = getattr(node, each.name)
        new = _walked(old, step, types)
        if new is not old:
            changes[each.name] = new
    made: Any = step(replace(node, **changes) if changes else node)
    if made is not node:
        types.adopt(made, before)
    return made


def _is_int(node: Any) -> bool:
    return isinstance(node, Literal) and isinstance(node.value, int) and not isinstance(node.value, bool)


def _is_constant(node: Any) -> bool:
    return isinstance(node, Literal) and node.value is not None


class _Typed:
    """What the static types decide: literals that a function takes as floats, and lists that are looked up by type."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def visit(self, node: Any) -> Any:
        """The node as its type wants it."""
        if isinstance(node, Literal) and id(node) in self._types.floats and node.value is not None:
            return Literal(float(node.value))
        if not (isinstance(node, Binary) and node.operator == "in" and isinstance(node.right, Items)):
            return node
        items = node.right.items
        values = [item.value for item in items if isinstance(item, Literal)]
        whole = frozenset(value for value in values if isinstance(value, int) and not isinstance(value, bool))
        written = frozenset(value for value in values if isinstance(value, str))
        if items and all(map(_is_int, items)) and self._types.of(node.left).kind is Kind.INT:
            return Among(node.left, whole)
        if items and len(values) == len(items) and all(isinstance(value, str) for value in values):
            return Among(node.left, written)
        return node


def _folded(node: Any) -> Any:
    match node:
        case Unary("-" | "+" as sign, Literal(int() | float() as value)) if not isinstance(value, bool):
            return Literal(exact(-value) if sign == "-" else value)
        case Unary("!" | "not", Literal(bool() as value)):
            return Literal(not value)
        case Binary("and" | "&&", left, right):
            return _folded_and(node, left, right, neutral=True)
        case Binary("or" | "||", left, right):
            return _folded_and(node, left, right, neutral=False)
        case Binary(sign, Literal(left), Literal(right)):
            return _folded_values(node, sign, left, right)
        case Builtin("filter", (Builtin("filter", (items, Predicate(one))), Predicate(other))):
            return Builtin("filter", (items, Predicate(Binary("&&", one, other))))
        case _:
            return node


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _folded_and(node: Node, left: Node, right: Node, *, neutral: bool) -> Node:
    """`true and x` is x, and `x and false` false, whatever x is; for `or` the other way round."""
    one, other = (side.value if isinstance(side, Literal) else None for side in (left, right))
    if one is neutral:
        return right
    if other is neutral:
        return left
    return Literal(not neutral) if (not neutral) in (one, other) and _has_bool(left, right) else node


def _has_bool(*sides: Node) -> bool:
    return any(isinstance(side, Literal) and isinstance(side.value, bool) for side in sides)


def _folded_values(node: Node, sign: str, left: Any, right: Any) -> Node:
    if sign == "%" and _is_int(Literal(left)) and _is_int(Literal(right)) and right == 0:
        raise ExpressionError("integer divide by zero")
    if sign in ("+", "-", "*", "/", "**", "^", "%") and _is_number(left) and _is_number(right):
        return Literal(OPERATIONS[sign](left, right))
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return Literal(left + right)
    is_alike = type(left) is type(right) and isinstance(left, int | str)
    return Literal(left == right) if sign == "==" and is_alike else node


def _in_range(types: Types) -> _Step:
    def visit(node: Any) -> Any:
        match node:
            case Binary("in", left, Binary("..", low, high)):
                if _is_int(low) and _is_int(high) and types.of(left).kind is Kind.INT:
                    return Binary("and", Binary(">=", left, low), Binary("<=", left, high))
            case _:
                pass
        return node

    return visit


def _filter_map(node: Any) -> Any:
    match node:
        case Builtin("map", (Builtin("filter", arguments, None), Predicate(body))) if not _uses_index(body):
            return Builtin("filter", arguments, mapped=body)
        case Builtin("len", (Builtin("filter", arguments),)):
            return Builtin("count", arguments)
        case _:
            return node


def _uses_index(node: Any) -> bool:
    if isinstance(node, tuple):
        return any(map(_uses_index, node))
    if not is_dataclass(node) or isinstance(node, type):
        return False
    return node == Pointer("index") or any(_uses_index(getattr(node, each.name)) for each in fields(node))


def _filter_end(node: Any) -> Any:
    match node:
        case Member(Builtin("filter", arguments, mapped), Literal(0 | -1 as end), False) if end is not False:
            return Builtin("find" if end == 0 else "findLast", arguments, mapped, throws=True)
        case Builtin("first" | "last" as end, (Builtin("filter", arguments, mapped),)):
            return Builtin("find" if end == "first" else "findLast", arguments, mapped)
        case _:
            return node


_COMBINED = {
    **{("all", sign): sign for sign in ("and", "&&")},
    **{("any", sign): sign for sign in ("or", "||")},
    ("none", "and"): "or",
    ("none", "&&"): "||",
}


def _combined(node: Any) -> Any:
    match node:
        case Binary(sign, Builtin(name, (items, Predicate(one))), Builtin(other, (more, Predicate(two)))):
            if name == other and items == more and (name, sign) in _COMBINED:
                return Builtin(name, (items, Predicate(_combined(Binary(_COMBINED[name, sign], one, two)))))
        case _:
            pass
    return node


def _sum_items(node: Any) -> Any:
    match node:
        case Builtin("sum", (Items(items),)) if len(items) > 1 and not all(map(_is_constant, items)):
            total = items[-1]
            for item in reversed(items[:-1]):
                total = Binary("+", item, total)
            return total
        case _:
            return node


def _count_any(node: Any) -> Any:
    match node:
        case Binary(sign, Builtin("count", (_, _) as arguments), Literal(int() as bound)):
            if (sign, bound) in ((">", 0), (">=", 1)) and not isinstance(bound, bool):
                return Builtin("any", arguments)
        case _:
            pass
    return node


def _count_enough(node: Any) -> Any:
    match node:
        case Binary(sign, Builtin("count", (_, _)) as count, Literal(int() as bound)) if bound >= 0:
            enough = {">": bound + 1, ">=": bound, "<": bound, "<=": bound + 1}.get(sign, 0)
            if enough > 1:
                return replace(node, left=replace(count, enough=enough))
        case _:
            pass
    return node
