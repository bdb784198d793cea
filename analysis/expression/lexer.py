"""Cuts a condition into tokens. Called by the parser; the words of its errors are those that Argo's users know.

Tokens are cut one by one as the parser asks for them, so that of two mistakes the first in the text is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from analysis.errors import ExpressionError, UnsupportedError
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
        """As error texts show it."""
        return f"{self.sort}({quote(self.text)})" if self.text else str(self.sort)

    def is_operator(self, *texts: str) -> bool:
        """An operator, and one of these."""
        return self.sort is Sort.OPERATOR and self.text in texts

    def is_bracket(self, *texts: str) -> bool:
        """A bracket, and one of these."""
        return self.sort is Sort.BRACKET and self.text in texts


WORDS = frozenset(["and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else"])

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|(?=[0-9]|\.[0-9])[0-9_]*)
        (?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)
    | (?P<bytes>[bB](?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    | (?P<open>/\*|[bB]['"])
    | (?P<name>(?:\$|[^\W\d])(?:\$|\w)*)
    | (?P<raw>`(?:[^`]|``)*`(?!`))
    | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<quote>['"`])
    | (?P<bracket>[()\[\]{}])
    | (?P<operator>\|\|?|::?|\?[.?]?|\.\.?|\#\#?|[&!=*<>][&=*]?|[-+/%^,;])""",
    re.VERBOSE | re.DOTALL,
)
_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    rf"\\(?:u\{{({_HEX}{{1,6}})\}}|x({_HEX}{{2}})|u({_HEX}{{4}})|U({_HEX}{{8}})|([0-7]{{3}})|(.))", re.DOTALL
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def tokens(text: str) -> Iterator[Token]:
    """The tokens in order, the last one of sort END. ExpressionError names the first character that fits nowhere."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"unrecognized character: U+{ord(text[at]):04X} {_character(text[at])}".rstrip())
        at = match.end()
        group = str(match.lastgroup)
        if group == "number" and at < len(text) and _is_word(text[at]):
            raise ExpressionError(f"bad number syntax: {quote(match[0] + text[at])}")
        if group != "space":
            yield _token(group, match[0])
    yield Token(Sort.END)


def _character(char: str) -> str:
    return f"'{char}'" if char.isprintable() else ""


def _is_word(char: str) -> bool:
    return char in "_$" or char.isalpha() or char.isdecimal()


def _token(group: str, text: str) -> Token:
    match group:
        case "number":
            return Token(Sort.NUMBER, text)
        case "name":
            return Token(Sort.OPERATOR if text in WORDS else Sort.IDENTIFIER, text)
        case "raw":
            return Token(Sort.STRING, text[1:-1].replace("``", "`"))
        case "string":
            return Token(Sort.STRING, unescaped(text))
        case "bytes":
            raise UnsupportedError("byte strings (b'…') are not supported; write the text without the b")
        case "open" | "quote":
            raise ExpressionError("unclosed comment" if text == "/*" else "literal not terminated")
        case "bracket":
            return Token(Sort.BRACKET, text)
        case _:
            return Token(Sort.OPERATOR, text)


def unescaped(literal: str) -> str:
    """The value of a string literal with its quotes."""
    quoted, inside = literal[0], literal[1:-1].replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPE.sub(lambda match: _unescape(match, quoted), inside)


def _unescape(match: re.Match[str], quoted: str) -> str:
    braced, two, four, eight, octal, other = match.groups()
    if other is not None:
        if other != quoted and other not in _PLAIN:
            raise ExpressionError("invalid char escape")
        return _PLAIN.get(other, other)
    code = int(octal, 8) if octal else int(braced or two or four or eight, 16)
    if code > 0x10FFFF or (octal and code > 0o377):
        raise ExpressionError("unable to unescape string")
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)  # half a pair is no character
