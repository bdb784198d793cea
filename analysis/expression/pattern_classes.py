"""Sets of characters in Go's regular expressions: `[a-z]`, `\\d`, `[[:alpha:]]`, `\\p{Lu}`. For pattern_syntax.py."""

import unicodedata
from dataclasses import dataclass

_LAST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]


class ClassError(Exception):
    """What is wrong with a set, and where."""

    def __init__(self, what: str, where: str) -> None:
        """In Go's words."""
        super().__init__(what)
        self.what, self.where = what, where


@dataclass(frozen=True, slots=True)
class CharSet:
    """Characters by ranges of code points and by Unicode categories (`negated` ones: with a `^` before)."""

    ranges: Ranges = ()
    categories: tuple[str, ...] = ()
    is_negated: bool = False
    fold: bool = False

    def holds(self, char: str) -> bool:
        """Whether the character is among them."""
        found = self._has(char)
        if not found and self.fold:
            found = any(len(other) == 1 and self._has(other) for other in (char.lower(), char.upper()))
        return found != self.is_negated

    def _has(self, char: str) -> bool:
        code = ord(char)
        if any(low <= code <= high for low, high in self.ranges):
            return True
        return any(_is_of(char, category) for category in self.categories)


def _is_of(char: str, category: str) -> bool:
    if category.startswith("^"):
        return not _is_of(char, category[1:])
    return unicodedata.category(char).startswith(category)


ANY = CharSet(((0, _LAST),))
_DIGITS: Ranges = ((48, 57),)
_SPACES: Ranges = ((9, 10), (12, 13), (32, 32))
_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_PERL = {"d": _DIGITS, "s": _SPACES, "w": _WORDS}
_LETTERS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGITS,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORDS,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_CATEGORIES = frozenset(
    group + part
    for group, parts in {
        "C": ("", "c", "f", "o", "s"),
        "L": ("", "l", "m", "o", "t", "u"),
        "M": ("", "c", "e", "n"),
        "N": ("", "d", "l", "o"),
        "P": ("", "c", "d", "e", "f", "i", "o", "s"),
        "S": ("", "c", "k", "m", "o"),
        "Z": ("", "l", "p", "s"),
    }.items()
    for part in parts
)


def _without(ranges: Ranges) -> Ranges:
    """All characters but these."""
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, _LAST)) if start <= _LAST else tuple(found)


def escape_set(text: str, start: int) -> tuple[CharSet, int]:
    """What the backslash at `start` stands for, and where it ends."""
    char = text[start + 1 : start + 2]
    if char.lower() in _PERL and char:
        ranges = _PERL[char.lower()]
        return CharSet(ranges if char.islower() else _without(ranges)), start + 2
    if char and char in "pP":
        return _category(text, start)
    code, end = _code(text, start)
    return CharSet(((code, code),)), end


def _category(text: str, start: int) -> tuple[CharSet, int]:
    end = start + 3
    name = text[start + 2 : end]
    if name == "{":
        closing = text.find("}", end)
        if closing < 0:
            raise ClassError("invalid character class range", text[start:])
        name, end = text[end:closing], closing + 1
    is_negated = (text[start + 1] == "P") != name.startswith("^")
    name = name.removeprefix("^")
    if name == "Any":
        return CharSet(() if is_negated else ANY.ranges), end
    if name not in _CATEGORIES:
        raise ClassError("invalid character class range", text[start:end])
    return CharSet(categories=(f"^{name}" if is_negated else name,)), end


def _code(text: str, start: int) -> tuple[int, int]:
    """The code point of an escaped character, and where its escape ends."""
    char = text[start + 1 : start + 2]
    if not char:
        raise ClassError("trailing backslash at end of expression", "")
    if char in _LETTERS:
        return _LETTERS[char], start + 2
    if char == "x":
        return _hex(text, start)
    if char in "01234567":
        end = start + 2
        while end < min(start + 4, len(text)) and text[end] in "01234567":
            end += 1
        if char != "0" and end == start + 2:  # Go: a single digit would refer back
            raise ClassError("invalid escape sequence", text[start:end])
        return int(text[start + 1 : end], 8), end
    if char.isascii() and not char.isalnum():
        return ord(char), start + 2
    raise ClassError("invalid escape sequence", text[start : start + 2])


def _hex(text: str, start: int) -> tuple[int, int]:
    first, end = start + 2, start + 4
    digits = text[first:end]
    if text.startswith("{", first):
        closing = text.find("}", first)
        digits, end = text[first + 1 : closing], closing + 1
    is_hex = bool(digits) and all(digit in "0123456789abcdefABCDEF" for digit in digits)
    if not is_hex or (text[first] != "{" and len(digits) < 2) or int(digits, 16) > _LAST:
        raise ClassError("invalid escape sequence", text[start : max(end, first)])
    return int(digits, 16), end


def read_class(text: str, start: int) -> tuple[CharSet, int]:
    """The set whose `[` is at `start`, and where it ends."""
    at = start + 1
    is_negated = text.startswith("^", at)
    at += is_negated
    ranges: list[tuple[int, int]] = []
    categories: list[str] = []
    is_first = True
    while is_first or not text.startswith("]", at):
        is_first = False
        found, at = _class_item(text, start, at)
        ranges.extend(found.ranges)
        categories.extend(found.categories)
    return CharSet(tuple(ranges), tuple(categories), is_negated), at + 1


def _class_item(text: str, start: int, at: int) -> tuple[CharSet, int]:
    if at >= len(text):
        raise ClassError("missing closing ]", text[start:])
    if text.startswith("[:", at) and ":]" in text[at + 2 :]:
        end = text.index(":]", at + 2) + 2
        name = text[at + 2 : end - 2]
        ranges = _POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise ClassError("invalid character class range", text[at:end])
        return CharSet(_without(ranges) if name.startswith("^") else ranges), end
    if text[at] == "\\" and text[at + 1 : at + 2] in tuple("dDsSwWpP"):
        return escape_set(text, at)
    low, end = _class_char(text, start, at)
    high = low
    if text.startswith("-", end) and end + 1 < len(text) and text[end + 1] != "]":
        high, end = _class_char(text, start, end + 1)
        if high < low:
            raise ClassError("invalid character class range", text[at:end])
    return CharSet(((low, high),)), end


def _class_char(text: str, start: int, at: int) -> tuple[int, int]:
    if at >= len(text):
        raise ClassError("missing closing ]", text[start:])
    return _code(text, at) if text[at] == "\\" else (ord(text[at]), at + 1)
