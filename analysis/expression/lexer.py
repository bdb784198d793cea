"""Cuts a condition into tokens. Called by the parser; the words of its errors are those that Argo's users know."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from analysis.errors import ExpressionError
from analysis.units import quote


class Sort(StrEnum):
    """What a token is; the values stand in error texts."""

    NUMBER = "Number"
    STRING = "String"
    IDENTIFIER = "Identifier"
    OPERATOR = "Operator"
    BRACKET = "Bracket"
    END = "EOF"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition. `text` is its value: of a string without quotes and escapes."""

    sort: Sort
    text: str = ""

    def __str__(self) -> str:
        return f"{self.sort}({quote(self.text)})" if self.text else str(self.sort)

    def is_operator(self, *texts: str) -> bool:
        """An operator, and one of these."""
        return self.sort is Sort.OPERATOR and self.text in texts


WORDS = frozenset(["and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else"])

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
        |(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)\w*)
    | (?P<name>[^\W\d]\w*)
    | (?P<raw>`[^`]*`)
    | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<bracket>[()\[\]{}])
    | (?P<operator>\*\*|&&|\|\||==|!=|<=|>=|\?\?|\?\.|\.\.|::|[-+*/%^!<>?:.,;|&=\#])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}
_PLAIN["`"] = "`"


def tokens(text: str) -> Iterator[Token]:
    """The tokens in order, the last one of sort END. ExpressionError names the first character that fits nowhere."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _misfit(text[at])
        at = match.end()
        if match.lastgroup != "space":
            yield _token(str(match.lastgroup), match[0])
    yield Token(Sort.END)


def _misfit(char: str) -> ExpressionError:
    if char in "'\"`":
        return ExpressionError("literal not terminated")
    return ExpressionError(f"unrecognized character: U+{ord(char):04X} '{char}'")


def _token(group: str, text: str) -> Token:
    match group:
        case "number":
            return Token(Sort.NUMBER, text)
        case "name":
            return Token(Sort.OPERATOR if text in WORDS else Sort.IDENTIFIER, text)
        case "raw":
            return Token(Sort.STRING, text[1:-1])
        case "string":
            return Token(Sort.STRING, _ESCAPE.sub(_unescape, text[1:-1]))
        case "bracket":
            return Token(Sort.BRACKET, text)
        case _:
            return Token(Sort.OPERATOR, text)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code in _PLAIN:
        return _PLAIN[code]
    if code[0] in "xuU" and len(code) > 1:
        return _char(int(code[1:], 16))
    if len(code) == 3:
        return _char(int(code, 8))
    raise ExpressionError(f"unable to unescape string: \\{code}")


def _char(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ExpressionError(f"unable to unescape string: U+{code:04X} is no character")
    return chr(code)
