"""Checks a condition against the type of its result, before it runs. Called by conditions.py.

`Types` are what has been found out of each node, for the rewriting and the compiler; the first mistake in the text's
order is raised, in expr-lang's words. Operators, calls and loops are checked in modules of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from analysis.errors import ExpressionError
from analysis.expression.calls import check_arguments, check_typed
from analysis.expression.catalog import BUILTINS, LOOPS, TYPED
from analysis.expression.methods import method_type
from analysis.expression.nodes import (
    Among,
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Entries,
    Items,
    Let,
    Literal,
    Member,
    Name,
    Node,
    Pointer,
    Predicate,
    Sequence,
    Slice,
    Unary,
)
from analysis.expression.operators import binary_type, unary_type
from analysis.expression.rules import ruled
from analysis.expression.types import (
    ANY,
    BOOL,
    FLOAT,
    GROUPS,
    INT,
    LIST,
    MAP,
    NIL,
    OPEN,
    STRING,
    Kind,
    Type,
    is_assignable,
    list_of,
)


@dataclass(slots=True)
class Types:
    """What is known of the nodes, by their identity. `floats` are integer literals that a function takes as floats."""

    by_node: dict[int, Type] = field(default_factory=dict)
    floats: set[int] = field(default_factory=set)
    kept: list[Node] = field(default_factory=list)  # an identity is one's own only as long as one lives

    def note(self, node: Node, type_: Type) -> None:
        """Remember a node's type."""
        self.by_node[id(node)] = type_
        self.kept.append(node)

    def adopt(self, node: Node, before: Node) -> None:
        """A node has taken the place of another."""
        self.note(node, self.of(before))

    def of(self, node: Node) -> Type:
        """The static type of a node."""
        return self.by_node.get(id(node), OPEN)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The predicate that we are in: the type of its list, and its pointers with names."""

    collection: Type
    pointers: Mapping[str, Type]


class Checker:
    """One walk over a condition. `names` is what the surroundings give: `result` and functions."""

    def __init__(self, names: Mapping[str, Type]) -> None:
        """Nothing is known yet."""
        self.types = Types()
        self._names = names
        self._variables: list[tuple[str, Type]] = []
        self._scopes: list[_Scope] = []

    def visit(self, node: Node) -> Type:
        """The type of the node, remembered; ExpressionError when it cannot work."""
        type_ = self._visit(node)
        self.types.note(node, type_)
        return type_

    def _visit(self, node: Node) -> Type:
        match node:
            case Literal() | Name() | Pointer() | Items() | Entries():
                return self._value(node)
            case Unary(operator, operand):
                return unary_type(operator, self.visit(operand))
            case Binary(operator, left, right):
                return binary_type(operator, self.visit(left), self.visit(right), right)
            case Member():
                return self._member(node)
            case Call():
                return self._call(node)
            case Builtin():
                return self._builtin(node)
            case _:
                return self._compound(node)

    def _value(self, node: Literal | Name | Pointer | Items | Entries) -> Type:
        match node:
            case Literal(value):
                return _literal_type(value)
            case Name(name):
                return self._name(name)
            case Pointer(name):
                return self._pointer(name)
            case Items(items):
                return _items_type([self.visit(item) for item in items])
            case Entries(entries):
                for pair in entries:
                    for part in pair:
                        self.visit(part)
                return MAP

    def _compound(self, node: Chain | Slice | Predicate | Let | Sequence | Conditional | Among) -> Type:
        match node:
            case Chain(inner) | Predicate(inner):
                return self.visit(inner)
            case Slice():
                return self._slice(node)
            case Let():
                return self._let(node)
            case Sequence(nodes):
                return [self.visit(each) for each in nodes][-1]
            case Conditional():
                return self._conditional(node)
            case Among(needle):
                self.visit(needle)
                return BOOL

    def _name(self, name: str) -> Type:
        for known, type_ in reversed(self._variables):
            if known == name:
                return type_
        if name == "$env":
            return OPEN
        if name in self._names:
            return self._names[name]
        if name in BUILTINS:
            return Type(Kind.FUNC, "func")
        raise ExpressionError(f"unknown name {name}")

    def _pointer(self, name: str) -> Type:
        if not self._scopes:
            raise ExpressionError("cannot use pointer accessor outside predicate")
        scope = self._scopes[-1]
        if name == "":
            return OPEN if scope.collection.is_open else scope.collection.item
        if name not in scope.pointers:
            raise ExpressionError(f"unknown pointer #{name}")
        return scope.pointers[name]

    def _member(self, node: Member) -> Type:
        if node.base == Name("$env"):
            return self._of_surroundings(node)
        base, key = self.visit(node.base), self.visit(node.key)
        if base.is_open:
            return OPEN
        name = node.key.value if isinstance(node.key, Literal) and isinstance(node.key.value, str) else None
        if name is not None:
            if base.is_nil:
                raise ExpressionError(f"type nil has no field {name}")
            method = method_type(base, name)
            if method is not None:
                return method
        if base.kind is Kind.MAP:
            return _value_type(base, key)
        if base.is_array:
            if not (key.is_integer or key.is_open):
                raise ExpressionError(f"array elements can only be selected using an integer (got {key.name})")
            return base.item
        if name is not None:
            raise ExpressionError(f"type {base.name} has no {'method' if node.is_method else 'field'} {name}")
        raise ExpressionError(f"type {base.name}[{key.name}] is undefined")

    def _of_surroundings(self, node: Member) -> Type:
        if not (isinstance(node.key, Literal) and isinstance(node.key.value, str)):
            return OPEN
        name = node.key.value
        if name not in self._names and not node.is_optional:
            raise ExpressionError(f"unknown name {name}")
        return self._names.get(name, OPEN)

    def _slice(self, node: Slice) -> Type:
        base = self.visit(node.base)
        if base.is_open:
            return OPEN  # expr-lang looks no further: what is wrong with the bounds is found when it runs
        if base.kind not in (Kind.STRING, Kind.SLICE):
            raise ExpressionError(f"cannot slice {base.name}")
        for bound in (node.start, node.stop):
            type_ = INT if bound is None else self.visit(bound)
            if not (type_.is_integer or type_.is_open):
                raise ExpressionError(f"non-integer slice index {type_.name}")
        return base

    def _call(self, node: Call) -> Type:
        if node.callee == Name("$env"):
            raise ExpressionError("map[string]interface {} is not callable")
        callee = self.visit(node.callee)
        if callee.is_open:
            for argument in node.arguments:
                self.visit(argument)
            return OPEN
        if callee.function is not None:
            return self._checked(check_arguments(callee.function, node.arguments, self.visit))
        if callee.is_nil:
            name = node.callee.name if isinstance(node.callee, Name) else "function"
            raise ExpressionError(f"{name} is nil; cannot call nil as function")
        raise ExpressionError(f"{callee.name} is not callable")

    def _checked(self, outcome: tuple[Type, set[int]]) -> Type:
        type_, floats = outcome
        self.types.floats |= floats
        return type_

    def _builtin(self, node: Builtin) -> Type:
        if node.name in LOOPS:
            return self._loop(node)
        if node.name == "get":
            return self._get(node)
        if node.name in TYPED:
            return self._checked(check_typed(node.name, node.arguments, self.visit))
        return ruled(node.name, [self.visit(argument) for argument in node.arguments])

    def _get(self, node: Builtin) -> Type:
        if len(node.arguments) != 2:
            raise ExpressionError(f"invalid number of arguments (expected 2, got {len(node.arguments)})")
        base, key = (self.visit(argument) for argument in node.arguments)
        if base.is_open:
            return OPEN
        if base.kind is Kind.MAP:
            return _value_type(base, key)
        if base.is_array:
            if not (key.is_integer or key.is_open):
                raise ExpressionError(f"non-integer slice index {key.name}")
            return base.item
        raise ExpressionError(f"type {base.name} does not support indexing")

    def _loop(self, node: Builtin) -> Type:
        collection = self.visit(node.arguments[0])
        if not (collection.is_array or collection.is_open):
            raise ExpressionError(f"builtin {node.name} takes only array (got {collection.name})")
        if len(node.arguments) == 1:
            return INT if node.name == "count" else collection.item
        body = self._body(node, collection)
        if len(node.arguments) > 2:
            order = self.visit(node.arguments[2])
            if node.name == "sortBy" and not (order.kind is Kind.STRING or order.is_open):
                raise ExpressionError(f"sortBy order argument must be a string (got {order.name})")
        if body.is_nil:
            inputs = "two input" if node.name == "reduce" else "one input"
            raise ExpressionError(f"predicate should has {inputs} and one output param")
        if node.name in _ASKING and not (body.kind is Kind.BOOL or body.is_open):
            raise ExpressionError(f"predicate should return boolean (got {body.name})")
        return _loop_type(node.name, collection, body)

    def _body(self, node: Builtin, collection: Type) -> Type:
        pointers = {"map": {"index": INT}, "reduce": {"index": INT, "acc": OPEN}}.get(node.name, {})
        self._scopes.append(_Scope(collection, pointers))
        body = self.visit(node.arguments[1])
        self._scopes.pop()
        return body

    def _let(self, node: Let) -> Type:
        if node.name in self._names:
            raise ExpressionError(f"cannot redeclare {node.name}")
        if node.name in BUILTINS:
            raise ExpressionError(f"cannot redeclare builtin {node.name}")
        if any(name == node.name for name, _ in self._variables):
            raise ExpressionError(f"cannot redeclare variable {node.name}")
        self._variables.append((node.name, self.visit(node.value)))
        body = self.visit(node.body)
        self._variables.pop()
        return body

    def _conditional(self, node: Conditional) -> Type:
        test = self.visit(node.test)
        if not (test.kind is Kind.BOOL or test.is_open):
            raise ExpressionError(f"non-bool expression (type {test.name}) used as condition")
        yes, no = self.visit(node.yes), self.visit(node.no)
        if yes.is_nil or no.is_nil:
            return no if yes.is_nil else yes
        if not is_assignable(yes, no):
            return OPEN
        if yes.is_array and no.is_array:
            one, other = yes.item, no.item
            if not (is_assignable(one, other) and is_assignable(other, one)):
                return LIST
        return yes


_ASKING = frozenset(("all", "none", "any", "one", "filter", "count", "find", "findLast", "findIndex", "findLastIndex"))


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


def _items_type(items: list[Type]) -> Type:
    if not items:
        return list_of(OPEN)
    alike = all(one.kind == other.kind for one, other in pairwise(items))
    return list_of(items[-1]) if alike else LIST


def _value_type(base: Type, key: Type) -> Type:
    wanted = base.key or ANY
    if not (is_assignable(key, wanted) or key.is_open):
        raise ExpressionError(f"cannot use {key.name} to get an element from {base.name}")
    return base.item


def _loop_type(name: str, collection: Type, body: Type) -> Type:
    match name:
        case "all" | "none" | "any" | "one":
            return BOOL
        case "filter":
            return LIST if collection.is_open else list_of(collection.item)
        case "map":
            return list_of(body)
        case "count" | "findIndex" | "findLastIndex":
            return INT
        case "find" | "findLast":
            return OPEN if collection.is_open else collection.item
        case "groupBy":
            return GROUPS
        case "sortBy":
            return collection
        case _:  # sum, reduce
            return ANY if body.is_open and name == "sum" else body
