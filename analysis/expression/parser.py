"""Turns a condition into nodes: a Pratt parser with the operators and precedences of expr-lang.

Called by conditions.py. `Parser` reads operators and what joins expressions; its base in operands.py reads what stands
between them. Length and depth are bounded, so that no input exhausts the interpreter's stack.
"""

from analysis.errors import ExpressionError
from analysis.expression.lexer import Sort
from analysis.expression.nodes import Binary, Conditional, Let, Node, Sequence, Unary
from analysis.expression.operands import UNARY, Operands

LONGEST = 10_000
"""Characters that a condition may have."""

_BINARY = {
    "|": 0,
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), 20),
    **dict.fromkeys(("in", "matches", "contains", "startsWith", "endsWith"), 20),
    "..": 25,
    **dict.fromkeys(("+", "-"), 30),
    **dict.fromkeys(("*", "/", "%"), 60),
    **dict.fromkeys(("**", "^"), 100),
    "??": 500,
}
_COMPARISONS = frozenset(("<", ">", "<=", ">="))
_NEGATED = frozenset(("in", "matches", "contains", "startsWith", "endsWith"))


def parse(text: str) -> Node:
    """The condition's tree."""
    if len(text) > LONGEST:
        raise ExpressionError(f"the condition has {len(text)} characters; {LONGEST} are allowed")
    parser = Parser(text)
    node = parser.sequence()
    if parser.now.sort is not Sort.END:
        raise parser.unexpected()
    return node


class Parser(Operands):
    """The grammar of operators, from the loosest to the tightest."""

    def sequence(self) -> Node:
        """Expressions with `;` between them."""
        nodes = [self.expression(0)]
        while self.now.is_operator(";"):
            self.advance()
            if self.now.sort is Sort.END:
                break
            nodes.append(self.expression(0))
            self.deepen()
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def expression(self, precedence: int) -> Node:
        """Everything that binds at least as tightly as `precedence`."""
        with self.nested():
            if precedence == 0 and self.now.is_operator("let"):
                return self._let()
            if precedence == 0 and self.now.is_operator("if"):
                return self._if()
            node = self._operators(self._primary(), precedence)
            return self._conditional(node) if precedence == 0 else node

    def _operators(self, left: Node, precedence: int) -> Node:
        before = ""
        while self.now.sort is Sort.OPERATOR:
            operator = self._negated() if self.now.is_operator("not") else self.now.text
            if _BINARY.get(operator, -1) < precedence:
                break
            is_negated = self.now.is_operator("not")
            if is_negated:
                self.advance()
            self.advance()
            left = self._joined(left, operator, before)
            if is_negated:
                left = Unary("not", left)
            before = operator
            self.deepen()
        return left

    def _negated(self) -> str:
        after = self.peek()
        if after.text not in _NEGATED:
            self.advance()
            raise self.unexpected()
        return after.text

    def _joined(self, left: Node, operator: str, before: str) -> Node:
        if operator == "|":
            name = self.now
            self.expect_sort(Sort.IDENTIFIER)
            return self.call(name.text, (left,))
        if before == "??" and operator != "??":
            raise ExpressionError(
                f"Operator ({operator}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."
            )
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
            self.deepen()
        return node

    def _conditional(self, test: Node) -> Node:
        while self.now.is_operator("?"):
            self.advance()
            if self.now.is_operator(":"):  # a ?: b
                self.advance()
                test = Conditional(test, test, self.expression(0))
                continue
            yes = self.expression(0)
            self.expect_operator(":")
            test = Conditional(test, yes, self.expression(0))
        return test

    def _let(self) -> Node:
        self.advance()
        name = self.now
        self.expect_sort(Sort.IDENTIFIER)
        self.expect_operator("=")
        value = self.expression(0)
        self.expect_operator(";")
        return Let(name.text, value, self.sequence())

    def _if(self) -> Node:
        self.advance()
        test = self.expression(0)
        yes = self._braced()
        self.expect_operator("else")
        if self.now.is_operator("if"):
            with self.nested():
                return Conditional(test, yes, self._if())
        return Conditional(test, yes, self._braced())

    def _braced(self) -> Node:
        self.expect_bracket("{")
        node = self.sequence()
        self.expect_bracket("}")
        return node

    def _primary(self) -> Node:
        token = self.now
        if token.sort is Sort.OPERATOR and token.text in UNARY:
            self.advance()
            return self.postfix(Unary(token.text, self.expression(UNARY[token.text])))
        if token.is_bracket("("):
            self.advance()
            node = self.sequence()
            self.expect_bracket(")")
            return self.postfix(node)
        return self.operand()
