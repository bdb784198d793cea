"""Pipes and what stands in them: commands, operands, variables. The half of the parser that reads inside of braces."""

from collections.abc import Container, Iterator
from contextlib import contextmanager

from analysis.gotemplate import literals
from analysis.gotemplate.nodes import Chain, Command, Dot, Field, Literal, Name, Nil, Operand, Pipe, Variable
from analysis.gotemplate.stream import Stream
from analysis.gotemplate.tokens import Kind, Token
from analysis.units import quote

DEEPEST = 50
"""Parentheses and actions that may stand in each other; more of them are nobody's query."""
_NOT_EXECUTABLE = (Dot, Nil, Literal)


class Pipes:
    """Reads pipes from a stream, and knows which variables there are."""

    def __init__(self, stream: Stream, functions: Container[str]) -> None:
        self._stream = stream
        self._functions = functions
        self._variables = ["$"]
        self._depth = 0

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Variables that are made meanwhile are forgotten afterwards."""
        known = len(self._variables)
        self._deepen(1)
        yield
        self._deepen(-1)
        del self._variables[known:]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A template of its own, which sees no variables of others."""
        variables, self._variables = self._variables, ["$"]
        self._deepen(1)
        yield
        self._deepen(-1)
        self._variables = variables

    def pipe(self, context: str, end: Kind) -> Pipe:
        """A pipe, and the token that ends it."""
        at = self._stream.look_word().at
        declared, is_assignment = self._declarations(context)
        commands: list[Command] = []
        while (token := self._stream.look_word()).kind is not end:
            if token.kind not in _BEGIN_OPERANDS and (token.kind, token.text) != (Kind.WORD, "nil"):
                self._stream.unexpected(self._stream.take_word(), context)
            commands.append(self._command())
        self._stream.take_word()
        if not commands:
            self._stream.refuse(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.args[0], _NOT_EXECUTABLE):
                self._stream.refuse(f"non executable command in pipeline stage {stage}")
        return Pipe(at, declared, is_assignment, tuple(commands))

    def string(self, token: Token) -> str:
        """A string constant without its quotes."""
        found = literals.unquoted(token.text)
        if found is None:
            self._stream.refuse("invalid syntax")
        return found

    def _declarations(self, context: str) -> tuple[tuple[str, ...], bool]:
        declared: list[str] = []
        while self._stream.look_word().kind is Kind.VARIABLE:
            mark = self._stream.mark()
            variable = self._stream.take_word()
            following = self._stream.look_word()
            if following.kind in (Kind.ASSIGN, Kind.DECLARE):
                self._stream.take_word()
                self._declare(declared, variable.text)
                return tuple(declared), following.kind is Kind.ASSIGN
            if (following.kind, following.text) != (Kind.SIGN, ","):
                self._stream.back_to(mark)
                break
            self._stream.take_word()
            self._declare(declared, variable.text)
            self._refuse_more(declared, context)
        return tuple(declared), False

    def _declare(self, declared: list[str], name: str) -> None:
        declared.append(name)
        self._variables.append(name)

    def _refuse_more(self, declared: list[str], context: str) -> None:
        """Only a range may have two."""
        if context != "range" or len(declared) > 1:
            self._stream.refuse(f"too many declarations in {context}")
        if self._stream.look_word().kind not in (Kind.VARIABLE, Kind.RIGHT, Kind.CLOSE):
            self._stream.refuse("range can only initialize variables")

    def _command(self) -> Command:
        at = self._stream.look_word().at
        args: list[Operand] = []
        while True:
            operand = self._operand()
            if operand is not None:
                args.append(operand)
            mark = self._stream.mark()
            token = self._stream.take()
            if token.kind is Kind.BLANK:
                continue
            if token.kind in (Kind.RIGHT, Kind.CLOSE):
                self._stream.back_to(mark)
            elif token.kind is not Kind.PIPE:
                self._stream.unexpected(token, "operand")
            break
        if not args:
            self._stream.refuse("empty command")
        return Command(at, tuple(args))

    def _operand(self) -> Operand | None:
        term = self._term()
        if term is None or self._stream.look().kind is not Kind.FIELD:
            return term
        if isinstance(term, Literal | Nil | Dot):
            self._stream.refuse(f"unexpected . after term {quote(str(term))}")
        path: list[str] = []
        further = self._stream.look().at
        while self._stream.look().kind is Kind.FIELD:
            path.append(self._stream.take().text[1:])
        match term:
            case Field():
                return Field(further, (*term.path, *path))
            case Variable():
                return Variable(further, term.name, (*term.path, *path))
            case _:
                return Chain(further, term, tuple(path))

    def _term(self) -> Operand | None:
        mark = self._stream.mark()
        token = self._stream.take_word()
        match token.kind:
            case Kind.NAME:
                if token.text not in self._functions:
                    self._stream.refuse(f"function {quote(token.text)} not defined")
                return Name(token.at, token.text)
            case Kind.VARIABLE:
                if token.text not in self._variables:
                    self._stream.refuse(f"undefined variable {quote(token.text)}")
                return Variable(token.at, token.text)
            case Kind.DOT:
                return Dot(token.at)
            case Kind.FIELD:
                return Field(token.at, (token.text[1:],))
            case Kind.OPEN:
                return self._parenthesized()
            case Kind.WORD if token.text == "nil":
                return Nil(token.at)
            case Kind.BOOL | Kind.NUMBER | Kind.CHARACTER | Kind.STRING | Kind.RAW:
                return self._literal(token)
            case _:
                self._stream.back_to(mark)
                return None

    def _parenthesized(self) -> Pipe:
        self._deepen(1)
        found = self.pipe("parenthesized pipeline", Kind.CLOSE)
        self._deepen(-1)
        return found

    def _literal(self, token: Token) -> Literal:
        value = self._value(token)
        size = value if isinstance(value, int) else 0
        if not -literals.MOST - 1 <= size <= literals.MOST_UNSIGNED:
            self._stream.refuse(f"integer overflow: {quote(token.text)}")
        return Literal(token.at, token.text, value, is_too_large=size > literals.MOST)

    def _value(self, token: Token) -> bool | int | float | str:
        match token.kind:
            case Kind.BOOL:
                return token.text == "true"
            case Kind.NUMBER:
                number = literals.number(token.text)
                if number is None:
                    self._stream.refuse(f"bad number syntax: {quote(token.text)}")
                return number
            case Kind.CHARACTER:
                code = literals.character(token.text)
                if code is None:
                    self._stream.refuse(f"malformed character constant: {token.text}")
                return code
            case _:
                return self.string(token)

    def _deepen(self, by: int) -> None:
        self._depth += by
        if self._depth > DEEPEST:
            self._stream.refuse(f"more than {DEEPEST} actions or parentheses in each other")


_BEGIN_OPERANDS = frozenset(
    (
        Kind.BOOL,
        Kind.CHARACTER,
        Kind.DOT,
        Kind.FIELD,
        Kind.NAME,
        Kind.NUMBER,
        Kind.OPEN,
        Kind.RAW,
        Kind.STRING,
        Kind.VARIABLE,
    )
)
