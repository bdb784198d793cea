"""A template's text in pieces: what stands outside of braces, and the words inside. Called by the parser alone.

Pieces come one by one, and a mistake is told when the parser gets there: of two, users see the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from analysis.errors import TemplateError
from analysis.units import quote

LEFT, RIGHT = "{{", "}}"
BLANKS = " \t\r\n"
WORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"))
_OPENED = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_CLOSED = re.compile(r"(?:[ \t\r\n]-)?\}\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NAME = re.compile(r"\w+")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*)(?:\.[0-9_]*)?(?:[eEpP][+-]?[0-9_]+)?i?"
)
_QUOTED = {
    '"': re.compile(r'"(?:\\[^\n]|[^"\\\n])*"'),
    "'": re.compile(r"'(?:\\[^\n]|[^'\\\n])*'"),
    "`": re.compile("`[^`]*`"),
}
_UNTERMINATED = {'"': "quoted string", "'": "character constant", "`": "raw quoted string"}
_ENDS_WORD = frozenset(BLANKS + ".,|:()")


class Kind(StrEnum):
    """What a piece is."""

    TEXT = "text"
    LEFT = "left"
    RIGHT = "right"
    BLANK = "blank"
    NAME = "name"
    WORD = "word"
    BOOL = "bool"
    NUMBER = "number"
    CHARACTER = "character"
    STRING = "string"
    RAW = "raw"
    FIELD = "field"
    DOT = "dot"
    VARIABLE = "variable"
    DECLARE = "declare"
    ASSIGN = "assign"
    PIPE = "pipe"
    OPEN = "open"
    CLOSE = "close"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece, where it begins, and its line."""

    kind: Kind
    text: str
    at: int
    line: int


class LexicalError(TemplateError):
    """What is no piece of a template. `line` is where; the parser puts the template's name before it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Lexer:
    """Reads one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._seen = 0
        self._line = 1

    def tokens(self) -> Iterator[Token]:
        """Every piece, and END."""
        while self._at < len(self._text):
            opened = _OPENED.search(self._text, self._at)
            outside = self._text[self._at : opened.start() if opened else len(self._text)]
            if outside:
                shown = outside.rstrip(BLANKS) if opened and opened.group().endswith("-") else outside
                if shown:
                    yield self._token(Kind.TEXT, shown)
                self._at += len(outside)
            if opened:
                yield from self._action(opened.group())
        yield self._token(Kind.END, "")

    def _action(self, opening: str) -> Iterator[Token]:
        left = self._token(Kind.LEFT, LEFT)
        self._at += len(opening)
        if opening.endswith("-"):
            self._skip_blanks()
        if self._text.startswith("/*", self._at):
            self._comment()
            return
        yield left
        self._depth = 0
        closed = None
        while closed is None:
            closed = self._closed()
            if closed is None:
                yield self._inside()
        yield self._token(Kind.RIGHT, RIGHT)
        self._close(closed)

    def _comment(self) -> None:
        found = _COMMENT.match(self._text, self._at)
        if found is None:
            raise self._wrong("unclosed comment")
        self._at = found.end()
        closed = _CLOSED.match(self._text, self._at)
        if closed is None:
            raise self._wrong("comment ends before closing delimiter")
        self._close(closed)

    def _closed(self) -> re.Match[str] | None:
        closed = _CLOSED.match(self._text, self._at)
        if closed is not None and self._depth:
            raise self._wrong("unclosed left paren")
        if closed is None and self._at >= len(self._text):
            raise self._wrong("unclosed action")
        return closed

    def _close(self, closed: re.Match[str]) -> None:
        self._at = closed.end()
        if "-" in closed.group():
            self._skip_blanks()

    def _skip_blanks(self) -> None:
        rest = self._text[self._at :]
        self._at += len(rest) - len(rest.lstrip(BLANKS))

    def _inside(self) -> Token:
        """The next piece of an action."""
        char = self._text[self._at]
        if char in BLANKS:
            return self._blank()
        if char in _QUOTED:
            return self._quoted(char)
        if char == "$" or (char == "." and not self._text[self._at + 1 : self._at + 2].isdigit()):
            return self._reference(char)
        if char in "+-." or char.isdigit():
            return self._number()
        if _NAME.match(char):
            return self._word()
        return self._sign(char)

    def _blank(self) -> Token:
        end = self._at
        while (
            self._text[end : end + 1]
            and self._text[end] in BLANKS
            and not (end > self._at and _CLOSED.match(self._text, end))
        ):
            end += 1
        return self._piece(Kind.BLANK, end)

    def _quoted(self, char: str) -> Token:
        found = _QUOTED[char].match(self._text, self._at)
        if found is None:
            raise self._wrong(f"unterminated {_UNTERMINATED[char]}")
        kind = {'"': Kind.STRING, "'": Kind.CHARACTER, "`": Kind.RAW}[char]
        return self._piece(kind, found.end())

    def _reference(self, char: str) -> Token:
        """`$`, `$name`, `.` or `.name`."""
        found = _NAME.match(self._text, self._at + 1)
        end = found.end() if found else self._at + 1
        self._refuse_glued(end)
        if char == "$":
            return self._piece(Kind.VARIABLE, end)
        return self._piece(Kind.FIELD if found else Kind.DOT, end)

    def _number(self) -> Token:
        found = _NUMBER.match(self._text, self._at)
        end = found.end() if found else self._at
        glued = _NAME.match(self._text, end)
        if glued:
            raise self._wrong(f"bad number syntax: {quote(self._text[self._at : end + 1])}")
        if not any(char.isdigit() for char in self._text[self._at : end]):
            raise self._wrong(f"illegal number syntax: {quote(self._text[self._at : end])}")
        return self._piece(Kind.NUMBER, end)

    def _word(self) -> Token:
        found = _NAME.match(self._text, self._at)
        end = found.end() if found else self._at
        self._refuse_glued(end)
        word = self._text[self._at : end]
        if word in WORDS:
            return self._piece(Kind.WORD, end)
        return self._piece(Kind.BOOL if word in ("true", "false") else Kind.NAME, end)

    def _sign(self, char: str) -> Token:
        if char == ":":
            if self._text[self._at + 1 : self._at + 2] != "=":
                raise self._wrong("expected :=")
            return self._piece(Kind.DECLARE, self._at + 2)
        if char == ")" and not self._depth:
            raise self._wrong("unexpected right paren")
        self._depth += {"(": 1, ")": -1}.get(char, 0)
        kind = {"=": Kind.ASSIGN, "|": Kind.PIPE, "(": Kind.OPEN, ")": Kind.CLOSE}.get(char)
        if kind is None and not ("!" <= char <= "~"):
            raise self._wrong(f"unrecognized character in action: {_code(char)}")
        return self._piece(kind or Kind.SIGN, self._at + 1)

    def _refuse_glued(self, end: int) -> None:
        """A word ends where something else may begin."""
        char = self._text[end : end + 1]
        if char and char not in _ENDS_WORD and not self._text.startswith(RIGHT, end):
            raise self._wrong(f"bad character {_code(char)}")

    def _piece(self, kind: Kind, end: int) -> Token:
        token = self._token(kind, self._text[self._at : end])
        self._at = end
        return token

    def _token(self, kind: Kind, text: str) -> Token:
        return Token(kind, text, self._at, self._line_now())

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._seen, self._at)
        self._seen = max(self._at, self._seen)
        return self._line

    def _wrong(self, message: str) -> LexicalError:
        return LexicalError(message, self._line_now())


def _code(char: str) -> str:
    shown = f" '{char}'" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"
