"""What stands between operators: literals, names, calls, lists, maps, and what follows them (`.x`, `[0]`, `[1:]`).

The lower half of the parser; it asks the upper half for whole expressions.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.errors import ExpressionError
from analysis.expression.catalog import BUILTINS, LOOPS
from analysis.expression.lexer import Sort, Token, tokens
from analysis.expression.literals import number
from analysis.expression.nodes import (
    Builtin,
    Call,
    Chain,
    Entries,
    Items,
    Literal,
    Member,
    Name,
    Node,
    Pointer,
    Predicate,
    Slice,
)

DEEPEST = 240
"""How deep operators, brackets and calls may nest; keeps any input from exhausting the interpreter's stack."""
NESTING = 4
"""What a bracket, an argument or a right operand counts for; an operator in a row counts one."""
UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}


class Operands(ABC):
    """The tokens and where we are in them, and the grammar of operands."""

    def __init__(self, text: str) -> None:
        """At the first token."""
        self._tokens = tokens(text)
        self._ahead: Token | None = None
        self._depth = 0
        self._predicates = 0
        self.now = next(self._tokens)

    @abstractmethod
    def expression(self, precedence: int) -> Node:
        """Everything that binds at least as tightly as `precedence`."""

    @abstractmethod
    def sequence(self) -> Node:
        """Expressions with `;` between them."""

    def advance(self) -> Token:
        """Go on; gives the token that was left."""
        token = self.now
        if self._ahead is not None:
            self.now, self._ahead = self._ahead, None
        elif token.sort is not Sort.END:
            self.now = next(self._tokens)
        return token

    def peek(self) -> Token:
        """The token after this one."""
        if self._ahead is None:
            self._ahead = next(self._tokens, Token(Sort.END))
        return self._ahead

    def unexpected(self) -> ExpressionError:
        """The error for the token that we are at."""
        return ExpressionError(f"unexpected token {self.now}")

    def expect_sort(self, sort: Sort) -> None:
        """Go on, or fail if this is no token of the sort."""
        if self.now.sort is not sort:
            raise self.unexpected()
        self.advance()

    def expect_operator(self, text: str) -> None:
        """Go on, or fail if this is not the operator."""
        if not self.now.is_operator(text):
            raise self.unexpected()
        self.advance()

    def expect_bracket(self, text: str) -> None:
        """Go on, or fail if this is not the bracket."""
        if not self.now.is_bracket(text):
            raise self.unexpected()
        self.advance()

    def deepen(self, levels: int = 1) -> None:
        """The tree has grown deeper."""
        self._depth += levels
        if self._depth > DEEPEST:
            raise ExpressionError(f"the condition nests deeper than {DEEPEST} levels")

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Inside of something; what is deep in there counts no more outside."""
        depth = self._depth
        self.deepen(NESTING)
        yield
        self._depth = depth

    def operand(self) -> Node:
        """A literal, name, call, list or map with all that follows it."""
        token = self.now
        if self._predicates and token.is_operator("#", "."):
            return self.postfix(self._pointer())
        if token.is_operator("::"):
            self.advance()
            name = self.now
            self.expect_sort(Sort.IDENTIFIER)
            return self.postfix(self.call(name.text, ()))
        match token.sort:
            case Sort.NUMBER:
                self.advance()
                return Literal(number(token.text))
            case Sort.STRING:
                self.advance()
                return self.postfix(Literal(token.text))
            case Sort.IDENTIFIER:
                self.advance()
                return self._named(token.text)
            case _ if token.is_bracket("["):
                return self.postfix(Items(self._list("[", "]")))
            case _ if token.is_bracket("{"):
                return self.postfix(Entries(self._entries()))
            case _:
                raise self.unexpected()

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if self.now.is_bracket("("):
            return self.postfix(self.call(name, ()))
        return self.postfix(Name(name))

    def _pointer(self) -> Pointer:
        if self.now.is_operator("."):
            return Pointer()
        self.advance()
        return Pointer(self.advance().text) if self.now.sort is Sort.IDENTIFIER else Pointer()

    def call(self, name: str, piped: tuple[Node, ...]) -> Node:
        """The call whose name has just been read; `piped` comes before what stands in the brackets."""
        if name in LOOPS:
            return self._loop(name, piped)
        arguments = (*piped, *self._list("(", ")"))
        return Builtin(name, arguments) if name in BUILTINS else Call(Name(name), arguments)

    def _loop(self, name: str, piped: tuple[Node, ...]) -> Node:
        self.expect_bracket("(")
        parts = LOOPS[name][len(piped) :]
        arguments = list(piped)
        for index, part in enumerate(parts):
            if self.now.is_bracket(")"):
                if part.is_optional:
                    break
                raise ExpressionError(f"expected at least {len(parts)} arguments")
            if index:
                self.expect_operator(",")
            arguments.append(self._predicate() if part.is_predicate else self.expression(0))
        if self.now.is_operator(","):
            self.advance()
        self.expect_bracket(")")
        return Builtin(name, tuple(arguments))

    def _predicate(self) -> Predicate:
        is_braced = self.now.is_bracket("{")
        if is_braced:
            self.advance()
        self._predicates += 1
        body = self.sequence() if is_braced else self.expression(0)
        if not is_braced and self.now.is_operator(";"):
            raise ExpressionError("wrap predicate with brackets { and }")
        self._predicates -= 1
        if is_braced:
            self.expect_bracket("}")
        return Predicate(body)

    def _list(self, opening: str, closing: str) -> tuple[Node, ...]:
        self.expect_bracket(opening)
        found: list[Node] = []
        while not self.now.is_bracket(closing):
            if found:
                self.expect_operator(",")
                if self.now.is_bracket(closing):
                    break
            found.append(self.expression(0))
        self.expect_bracket(closing)
        return tuple(found)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        self.expect_bracket("{")
        found: list[tuple[Node, Node]] = []
        while not self.now.is_bracket("}"):
            if found:
                self.expect_operator(",")
                if self.now.is_bracket("}"):
                    break
                if self.now.is_operator(","):
                    raise self.unexpected()
            key = self._key()
            self.expect_operator(":")
            found.append((key, self.expression(0)))
        self.expect_bracket("}")
        return tuple(found)

    def _key(self) -> Node:
        if self.now.sort in (Sort.NUMBER, Sort.STRING, Sort.IDENTIFIER):
            return Literal(self.advance().text)
        if self.now.is_bracket("("):
            return self.expression(0)
        raise ExpressionError(
            "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses"
            f" (unexpected token {self.now})"
        )

    def postfix(self, node: Node) -> Node:
        """The node with the members, indexes and slices that follow it."""
        while True:
            if self.now.is_operator(".", "?."):
                node = self._dotted(node)
            elif self.now.is_bracket("["):
                node = self._indexed(node, is_optional=False)
            else:
                return node
            self.deepen()

    def _dotted(self, node: Node) -> Node:
        is_optional = self.advance().text == "?."
        if is_optional and self.now.is_bracket("["):
            return self._indexed(node, is_optional=True)
        name = self.advance()
        # words that are operators elsewhere are good names of members: result.in
        if name.sort is not Sort.IDENTIFIER and not (name.sort is Sort.OPERATOR and name.text.isalpha()):
            raise ExpressionError("expected name")
        is_chain = isinstance(node, Chain)
        base = node.node if isinstance(node, Chain) else node
        found: Node
        if self.now.is_bracket("("):
            callee = Member(base, Literal(name.text), is_optional, is_method=True)
            found = Call(callee, self._list("(", ")"))
        else:
            found = Member(base, Literal(name.text), is_optional)
        return Chain(found) if is_chain or is_optional else found

    def _indexed(self, node: Node, *, is_optional: bool) -> Node:
        self.advance()
        if self.now.is_operator(":"):
            return self._sliced(node, None)
        start = self.expression(0)
        if self.now.is_operator(":"):
            return self._sliced(node, start)
        self.expect_bracket("]")
        found = Member(node, start, is_optional)
        return Chain(found) if is_optional else found

    def _sliced(self, node: Node, start: Node | None) -> Node:
        self.advance()
        stop = None if self.now.is_bracket("]") else self.expression(0)
        self.expect_bracket("]")
        return Slice(node, start, stop)
