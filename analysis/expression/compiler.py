"""Compiles a checked condition to closures over the frame of an evaluation. Called by conditions.py.

Each node becomes a function of the frame; the static types decide only where expr-lang compiles to something special
(`==` on two integers or two strings asserts their types).
"""

from collections.abc import Callable, Mapping
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression import loops
from analysis.expression.catalog import LOOPS
from analysis.expression.checker import Types
from analysis.expression.frame import Frame
from analysis.expression.functions import BUILTIN, GIVEN, refuse_call
from analysis.expression.loops import Run
from analysis.expression.methods import method_of
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
from analysis.expression.operations import OPERATIONS, cut, fetch, key_of, len_of, negate, text, truth
from analysis.expression.patterns import pattern, runs_on
from analysis.expression.values import asserted_name, is_list, is_nil, to_int


class _NilChainError(Exception):
    """An optional member met nil: its whole chain is nil."""


class Compiler:
    """One walk over a condition."""

    def __init__(self, types: Types) -> None:
        """With what the checker has found out."""
        self._types = types

    def compiled(self, node: Node) -> Run:
        """What the node does."""
        match node:
            case Literal() | Name() | Pointer() | Items() | Entries():
                return self._value(node)
            case Unary(sign, operand):
                return _unary(sign, self.compiled(operand))
            case Binary():
                return self._binary(node)
            case Builtin():
                return self._builtin(node)
            case Call():
                return self._call(node)
            case Member() | Chain() | Slice():
                return self._access(node)
            case _:
                return self._compound(node)

    def _all(self, nodes: tuple[Node, ...]) -> tuple[Run, ...]:
        return tuple(map(self.compiled, nodes))

    def _value(self, node: Literal | Name | Pointer | Items | Entries) -> Run:
        match node:
            case Literal(value):
                return lambda _: value
            case Name(name):
                return _name(name)
            case Pointer(name):
                return {"": lambda frame: frame.item, "index": lambda frame: frame.index}.get(name, _gathered)
            case Items(items):
                return _items(self._all(items), is_constant=all(map(_is_constant, items)))
            case Entries(entries):
                return _entries(tuple((self.compiled(key), self.compiled(value)) for key, value in entries))

    def _compound(self, node: Predicate | Let | Sequence | Conditional | Among) -> Run:
        match node:
            case Predicate(body):
                return self.compiled(body)
            case Let(name, value, body):
                return _let(name, self.compiled(value), self.compiled(body))
            case Sequence(nodes):
                runs = self._all(nodes)
                return lambda frame: [run(frame) for run in runs][-1]
            case Conditional(test, yes, no):
                chosen, first, second = self._all((test, yes, no))
                return lambda frame: first(frame) if truth(chosen(frame)) else second(frame)
            case Among(needle, members):
                return _among(self.compiled(needle), members)

    def _binary(self, node: Binary) -> Run:
        left, right = self.compiled(node.left), self.compiled(node.right)
        match node.operator:
            case "and" | "&&":
                return lambda frame: right(frame) if truth(left(frame)) else False
            case "or" | "||":
                return lambda frame: True if truth(left(frame)) else right(frame)
            case "??":
                return lambda frame: right(frame) if is_nil(value := left(frame)) else value
            case "==" | "!=":
                return self._equality(node, left, right)
            case "matches":
                return _matching(node.right, left, right)
            case "..":
                return _range(left, right)
            case sign:
                return _operation(sign, left, right)

    def _equality(self, node: Binary, left: Run, right: Run) -> Run:
        kinds = {self._types.of(side).name for side in (node.left, node.right)}
        wanted = {"int": int, "string": str}.get(kinds.pop()) if len(kinds) == 1 else None
        if wanted is None:
            return _operation(node.operator, left, right)
        is_equal, name = node.operator == "==", "int" if wanted is int else "string"

        def run(frame: Frame) -> bool:
            one, other = frame.read(left(frame)), frame.read(right(frame))
            for value in (one, other):
                if type(value) is not wanted:
                    raise ExpressionError(f"interface conversion: interface {{}} is {asserted_name(value)}, not {name}")
            return (one == other) is is_equal

        return run

    def _call(self, node: Call) -> Run:
        arguments = self._all(node.arguments)
        if isinstance(node.callee, Name) and node.callee.name in GIVEN:
            function = GIVEN[node.callee.name][1]
            return lambda frame: function(frame, *[frame.read(run(frame)) for run in arguments])
        callee = self.compiled(node.callee)

        def run(frame: Frame) -> Any:
            given = [argument(frame) for argument in arguments]
            called = callee(frame)
            if not callable(called):
                raise refuse_call(called)
            return _called(called, given)

        return run

    def _access(self, node: Member | Chain | Slice) -> Run:
        match node:
            case Chain(inner):
                return _chain(self.compiled(inner))
            case Slice(base, start, stop):
                of, low, high = (None if part is None else self.compiled(part) for part in (base, start, stop))
                return _slice(of or _gathered, low, high)
            case Member(base, key, is_optional):
                return _member(self.compiled(base), self.compiled(key), is_optional=is_optional)

    def _builtin(self, node: Builtin) -> Run:
        arguments = self._all(node.arguments)
        if node.name in LOOPS:
            mapped = None if node.mapped is None else self.compiled(node.mapped)
            return _loop(node, arguments, mapped)
        function = BUILTIN[node.name]
        if node.name in _GLANCING:
            return lambda frame: function(frame, *[run(frame) for run in arguments])
        return lambda frame: function(frame, *[frame.read(run(frame)) for run in arguments])


_GLANCING = frozenset(("len", "type", "first", "last", "get"))
"""Built-ins that cost the same however much they are given."""


def _gathered(frame: Frame) -> Any:
    return frame.acc


def _is_constant(node: Node) -> bool:
    return isinstance(node, Literal) and node.value is not None


def _name(name: str) -> Run:
    if name == "result":
        return lambda frame: frame.result
    if name == "$env":
        return lambda frame: {"result": frame.result, **frame.names}

    def run(frame: Frame) -> Any:
        return frame.variables[name] if name in frame.variables else frame.names.get(name)

    return run


def _items(runs: tuple[Run, ...], *, is_constant: bool) -> Run:
    if is_constant and runs:
        return lambda frame: [run(frame) for run in runs]

    def run(frame: Frame) -> list[Any]:
        frame.grow(len(runs))
        return [item(frame) for item in runs]

    return run


def _entries(runs: tuple[tuple[Run, Run], ...]) -> Run:
    def run(frame: Frame) -> dict[str, Any]:
        frame.grow(len(runs))
        # Go fills a map from the last entry on: of twins the first one stays
        found = [(key(frame), value(frame)) for key, value in runs]
        return {text(key): value for key, value in reversed(found)}

    return run


def _unary(sign: str, operand: Run) -> Run:
    if sign in ("!", "not"):
        return lambda frame: not truth(operand(frame))
    return (lambda frame: negate(operand(frame))) if sign == "-" else operand


def _operation(sign: str, left: Run, right: Run) -> Run:
    apply = OPERATIONS[sign]
    if sign != "+":
        return lambda frame: apply(frame.read(left(frame)), frame.read(right(frame)))

    def add(frame: Frame) -> Any:
        value = apply(left(frame), right(frame))
        return frame.made(value) if isinstance(value, str) else value

    return add


def _matching(written: Node, left: Run, right: Run) -> Run:
    known = pattern(written.value) if isinstance(written, Literal) and isinstance(written.value, str) else None

    def run(frame: Frame) -> bool:
        value, wanted = left(frame), right(frame)
        if is_nil(value) or is_nil(wanted):
            return False
        program = pattern(text(wanted)) if known is None else known
        return runs_on(program, text(value, "[]uint8"), frame.spend)

    return run


def _range(left: Run, right: Run) -> Run:
    def run(frame: Frame) -> range:
        first, last = left(frame), right(frame)
        found = range(to_int(first), to_int(last) + 1)
        if found.stop - found.start > 0:
            frame.reserve(found.stop - found.start)
        return found

    return run


def _among(needle: Run, members: frozenset[int] | frozenset[str]) -> Run:
    wanted = "string" if any(isinstance(member, str) for member in members) else "int"
    return lambda frame: key_of(needle(frame), wanted) in members


def _let(name: str, value: Run, body: Run) -> Run:
    def run(frame: Frame) -> Any:
        frame.variables[name] = value(frame)
        return body(frame)

    return run


def _member(base: Run, key: Run, *, is_optional: bool) -> Run:
    def run(frame: Frame) -> Any:
        value = base(frame)
        if is_optional and is_nil(value):
            raise _NilChainError
        name = key(frame)
        method = None if isinstance(value, Mapping) or is_list(value) else method_of(value, name)
        return fetch(value, name) if method is None else method

    return run


def _chain(inner: Run) -> Run:
    def until_nil(frame: Frame) -> Any:
        try:
            value = inner(frame)
            return None if is_nil(value) else value
        except _NilChainError:
            return None

    return until_nil


def _slice(base: Run, start: Run | None, stop: Run | None) -> Run:
    def run(frame: Frame) -> Any:
        value = frame.read(base(frame))
        last = len_of(value) if stop is None else stop(frame)
        first = 0 if start is None else start(frame)
        return cut(value, first, last)

    return run


def _called(function: Any, given: list[Any]) -> Any:
    """A method's value; what its arguments are is known only now."""
    try:
        return function(*given)
    except TypeError:
        raise ExpressionError(f"invalid number of arguments: {len(given)} given") from None
    except (AttributeError, ValueError, OverflowError):
        raise ExpressionError("the method's arguments are of wrong types or sizes") from None


def _loop(node: Builtin, arguments: tuple[Run, ...], mapped: Run | None) -> Run:
    """A loop over the first argument; `items_of` says what has no elements."""
    collection, body = arguments[0], arguments[1] if len(arguments) > 1 else _item
    last = arguments[2] if len(arguments) > 2 else None
    turn = _turn(node, body, mapped, last)
    return lambda frame: turn(frame, loops.items_of(collection(frame)))


def _item(frame: Frame) -> Any:
    return frame.item


def _turn(node: Builtin, body: Run, mapped: Run | None, last: Run | None) -> Callable[[Frame, Any], Any]:
    throws, enough = node.throws, node.enough
    rows: Mapping[str, Callable[[Frame, Any], Any]] = {
        "all": lambda frame, items: loops.every(frame, items, body, wanted=True),
        "none": lambda frame, items: loops.every(frame, items, body, wanted=False),
        "any": lambda frame, items: not loops.every(frame, items, body, wanted=False),
        "one": lambda frame, items: loops.counted(frame, items, body) == 1,
        "filter": lambda frame, items: loops.passing(frame, items, body, mapped),
        "map": lambda frame, items: loops.mapping(frame, items, body),
        "count": lambda frame, items: loops.counted(frame, items, body, enough),
        "sum": lambda frame, items: loops.summed(frame, items, body),
        "find": lambda frame, items: loops.or_nil(loops.found(frame, items, body, taken=mapped), throws=throws),
        "findLast": lambda frame, items: loops.or_nil(
            loops.found(frame, items, body, backwards=True, taken=mapped), throws=throws
        ),
        "findIndex": lambda frame, items: loops.or_nil(loops.found(frame, items, body, taken=_index)),
        "findLastIndex": lambda frame, items: loops.or_nil(
            loops.found(frame, items, body, backwards=True, taken=_index)
        ),
        "groupBy": lambda frame, items: loops.grouped(frame, items, body),
        "sortBy": lambda frame, items: loops.sorted_by(frame, items, body, "asc" if last is None else last(frame)),
        "reduce": lambda frame, items: loops.reduced(frame, items, body, last),
    }
    return rows[node.name]


def _index(frame: Frame) -> int:
    return frame.index
