"""Tokens one after the other, with a way back, and mistakes told with name and line. Called by the parser alone."""

from collections.abc import Iterator
from typing import NoReturn

from analysis.errors import TemplateError
from analysis.gotemplate.tokens import Kind, LexicalError, Token
from analysis.units import quote

LONGEST_SHOWN = 10


class Stream:
    """The tokens of a template. `opened` is the line at which the action began that is being read."""

    def __init__(self, name: str, tokens: Iterator[Token]) -> None:
        self._name = name
        self._tokens = tokens
        self._read: list[Token] = []
        self._next = 0
        self._line = 1
        self.opened = 0

    def take(self) -> Token:
        """The next token. TemplateError where there is none."""
        if self._next == len(self._read):
            self._read.append(self._lexed())
        token = self._read[self._next]
        self._next += token.kind is not Kind.END
        self._line = token.line
        return token

    def take_word(self) -> Token:
        """The next token that is no blank."""
        token = self.take()
        while token.kind is Kind.BLANK:
            token = self.take()
        return token

    def look(self) -> Token:
        """The next token, which stays."""
        mark = self._next
        token = self.take()
        self._next = mark
        return token

    def look_word(self) -> Token:
        """The next token that is no blank, which stays; blanks before it are gone."""
        token = self.take_word()
        self._next -= token.kind is not Kind.END
        return token

    def mark(self) -> int:
        """The place where the stream stands."""
        return self._next

    def back_to(self, mark: int) -> None:
        """Read again from there."""
        self._next = mark

    def expect(self, kinds: tuple[Kind, ...], context: str) -> Token:
        """The next token that is no blank, of one of these kinds."""
        token = self.take_word()
        if token.kind not in kinds:
            self.unexpected(token, context)
        return token

    def unexpected(self, token: Token, context: str) -> NoReturn:
        """A token that cannot stand where it stands."""
        self.refuse(f"unexpected {_shown(token)} in {context}")

    def refuse(self, message: str, line: int = 0) -> NoReturn:
        """A mistake at the token that was read last."""
        raise TemplateError(f"template: {self._name}:{line or self._line}: {message}")

    def _lexed(self) -> Token:
        try:
            return next(self._tokens)
        except LexicalError as error:
            self.refuse(f"{error}{self._where(str(error), error.line)}", error.line)

    def _where(self, message: str, line: int) -> str:
        if not self.opened or self.opened == line:
            return ""
        place = f" started at {self._name}:{self.opened}"
        return place if message.endswith(" action") else f" in action{place}"


def _shown(token: Token) -> str:
    if token.kind is Kind.END:
        return "EOF"
    if token.kind is Kind.WORD:
        return f"<{token.text}>"
    if len(token.text) > LONGEST_SHOWN:
        return f"{quote(token.text[:LONGEST_SHOWN])}..."
    return quote(token.text)
