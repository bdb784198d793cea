"""Turns a condition into nodes: a Pratt parser with the operators and precedences of expr-lang.

Called by the compiler. What the language has beyond this parser (predicates, pipes, slices, ranges, maps, `let`, `if`,
`matches`) is refused by an error that names the token; nothing is silently read in another way.
"""

from analysis.errors import ExpressionError, UnsupportedError
from analysis.expression.lexer import Sort, Token, tokens
from analysis.expression.nodes import Binary, Call, Chain, Conditional, Items, Literal, Member, Name, Node, Unary

LONGEST = 10_000
"""Characters that a condition may have."""
DEEPEST = 80
"""How deep operators, brackets and calls may nest; keeps any input from exhausting the interpreter's stack."""

_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY = {
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), 20),
    **dict.fromkeys(("in", "contains", "startsWith", "endsWith"), 20),
    **dict.fromkeys(("+", "-"), 30),
    **dict.fromkeys(("*", "/", "%"), 60),
    **dict.fromkeys(("**", "^"), 100),
    "??": 500,
}
_COMPARISONS = frozenset(("<", ">", "<=", ">="))
_NEGATED = frozenset(("in", "contains", "startsWith", "endsWith"))
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}
_BEYOND = frozenset(("#", "|", "..", "{", "matches", "let", "if"))
_INT_MAX = (1 << 63) - 1


def parse(text: str, functions: frozenset[str]) -> Node:
    """The condition's tree. A name before `(` is a call and must be one of `functions`."""
    if len(text) > LONGEST:
        raise ExpressionError(f"the condition has {len(text)} characters; {LONGEST} are allowed")
    parser = _Parser(tuple(tokens(text)), functions)
    node = parser.expression(0)
    if parser.now.is_operator(";"):
        parser.advance()
    if parser.now.sort is not Sort.END:
        raise parser.unexpected()
    return node


class _Parser:
    """The tokens and where we are in them. `depth` counts open levels of the grammar and of left-leaning chains."""

    def __init__(self, found: tuple[Token, ...], functions: frozenset[str]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self._functions = functions

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def advance(self) -> Token:
        token = self.now
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def unexpected(self) -> ExpressionError:
        if self.now.sort is not Sort.STRING and self.now.text in _BEYOND:
            return UnsupportedError(f"{self.now} is not supported by this version")
        return ExpressionError(f"unexpected token {self.now}")

    def expect(self, text: str) -> None:
        if self.now.sort is Sort.STRING or self.now.text != text:
            raise self.unexpected()
        self.advance()

    def _is_at(self, text: str) -> bool:
        return self.now.sort is not Sort.STRING and self.now.text == text

    def _deeper(self, levels: int = 1) -> None:
        self._depth += levels
        if self._depth > DEEPEST:
            raise ExpressionError(f"the condition nests deeper than {DEEPEST} levels")

    def expression(self, precedence: int) -> Node:
        """Everything that binds at least as tightly as `precedence`."""
        depth = self._depth
        self._deeper()
        left = self._operand()
        before = ""
        while (operator := self._binary(precedence)) is not None:
            if before == "??" and operator != "??":
                raise ExpressionError(
                    f"Operator ({operator}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."
                )
            left = self._joined(left, operator)
            before = operator
            self._deeper()
        if precedence == 0:
            left = self._conditional(left)
        self._depth = depth
        return left

    def _binary(self, precedence: int) -> str | None:
        token = self.now
        if token.sort is not Sort.OPERATOR:
            return None
        operator = token.text
        if operator == "not":
            operator = self._tokens[min(self._at + 1, len(self._tokens) - 1)].text
            if operator not in _NEGATED:
                return None
        return token.text if _BINARY.get(operator, -1) >= precedence else None

    def _joined(self, left: Node, operator: str) -> Node:
        self.advance()
        if operator == "not":
            inner = self.advance().text
            return Unary("not", Binary(inner, left, self.expression(_BINARY[inner] + 1)))
        if operator in _COMPARISONS:
            return self._comparison(left, operator)
        # ** and ^ lean to the right, everything else to the left
        right = self.expression(_BINARY[operator] + (operator not in ("**", "^")))
        return Binary(operator, left, right)

    def _comparison(self, left: Node, operator: str) -> Node:
        right = self.expression(_BINARY[operator] + 1)
        node: Node = Binary(operator, left, right)
        while self.now.sort is Sort.OPERATOR and self.now.text in _COMPARISONS:
            chained = self.advance().text
            left, right = right, self.expression(_BINARY[chained] + 1)
            node = Binary("&&", node, Binary(chained, left, right))
            self._deeper()
        return node

    def _conditional(self, test: Node) -> Node:
        if not self.now.is_operator("?"):
            return test
        self.advance()
        yes = self.expression(0)
        self.expect(":")
        return Conditional(test, yes, self.expression(0))

    def _operand(self) -> Node:
        token = self.now
        if token.sort is Sort.OPERATOR and token.text in _UNARY:
            self.advance()
            return self._postfix(Unary(token.text, self.expression(_UNARY[token.text])))
        if self._is_at("("):
            self.advance()
            node = self.expression(0)
            self.expect(")")
            return self._postfix(node)
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        token = self.now
        match token.sort:
            case Sort.NUMBER:
                self.advance()
                return Literal(_number(token.text))
            case Sort.STRING:
                self.advance()
                return Literal(token.text)
            case Sort.IDENTIFIER:
                self.advance()
                return self._named(token.text)
            case _ if self._is_at("["):
                return Items(self._list("[", "]"))
            case _:
                raise self.unexpected()

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if self._is_at("("):
            if name not in self._functions:
                known = ", ".join(sorted(self._functions))
                raise UnsupportedError(f"unknown function {name}; this version knows {known}")
            return Call(name, self._list("(", ")"))
        if name in self._functions:
            raise self.unexpected()
        return Name(name)

    def _list(self, opening: str, closing: str) -> tuple[Node, ...]:
        self.expect(opening)
        found: list[Node] = []
        while not self._is_at(closing):
            found.append(self.expression(0))
            if not self._is_at(closing):
                self.expect(",")
        self.expect(closing)
        return tuple(found)

    def _postfix(self, node: Node) -> Node:
        has_optional = False
        while (member := self._member(node)) is not None:
            has_optional = has_optional or member.is_optional
            node = member
            self._deeper()
        return Chain(node) if has_optional else node

    def _member(self, base: Node) -> Member | None:
        is_optional = self.now.is_operator("?.")
        if is_optional or self.now.is_operator("."):
            self.advance()
            if not (is_optional and self._is_at("[")):
                return Member(base, Literal(self._property()), is_optional)
        if self._is_at("["):
            self.advance()
            key = self.expression(0)
            self.expect("]")
            return Member(base, key, is_optional)
        return None

    def _property(self) -> str:
        # words that are operators elsewhere are good property names: result.in
        if self.now.sort is Sort.IDENTIFIER or (self.now.sort is Sort.OPERATOR and self.now.text.isalpha()):
            return self.advance().text
        raise self.unexpected()


def _number(text: str) -> int | float:
    digits = text.replace("_", "").lower()
    prefixed = digits[:2] in ("0x", "0o", "0b")
    try:
        if not prefixed and any(char in digits for char in ".e"):
            return float(digits)
        value = int(digits, 0 if prefixed else 10)
    except ValueError:
        raise ExpressionError(f"bad number syntax: {text}") from None
    if value > _INT_MAX:
        raise ExpressionError(f'invalid integer literal: strconv.ParseInt: parsing "{digits}": value out of range')
    return value
