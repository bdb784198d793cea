"""Reads Go's regular expressions (RE2) into a tree. Called by patterns.py.

Everything of RE2 but scripts (`\\p{Greek}`) and `\\C`; errors have Go's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.expression.pattern_classes import ANY, CharSet, ClassError, escape_set, read_class

DEEPEST = 100
MOST = 1000
"""How often a part may be repeated; nested repetitions multiply."""


class PatternError(Exception):
    """The pattern is none; the words are Go's."""

    def __init__(self, what: str, where: str) -> None:
        """`where` is the part of the pattern that is wrong."""
        super().__init__(f"{what}: `{where}`")


@dataclass(frozen=True, slots=True)
class Empty:
    """Matches nothing but the empty text."""


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set."""

    among: CharSet


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: `^` and `$` of text or line, `\\b`, `\\B`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Joined:
    """One after the other."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of them."""

    choices: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Repeated:
    """Again and again; `most` None: without end."""

    part: "Tree"
    least: int
    most: int | None


Tree = Empty | One | Assertion | Joined | Either | Repeated


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    lines: bool = False
    dot_all: bool = False
    ungreedy: bool = False


_FLAG_NAMES = {"i": "fold", "m": "lines", "s": "dot_all", "U": "ungreedy"}
_PLACES = {"A": "start", "z": "end", "b": "word", "B": "inner"}


def parse(text: str) -> Tree:
    """The tree of a pattern."""
    reader = _Reader(text)
    tree = reader.alternatives(0)
    if reader.at < len(text):
        raise PatternError("unexpected )", text)
    return tree


class _Reader:
    """The pattern, where we are in it, and the flags that hold there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._flags = _Flags()

    def alternatives(self, depth: int) -> Tree:
        """Up to the end or a closing bracket."""
        if depth > DEEPEST:
            raise PatternError("expression nests too deeply", self.text)
        before = self._flags
        choices = [self._sequence(depth)]
        while self._takes("|"):
            choices.append(self._sequence(depth))
        self._flags = before
        return choices[0] if len(choices) == 1 else Either(tuple(choices))

    def _takes(self, char: str) -> bool:
        if not self.text.startswith(char, self.at):
            return False
        self.at += len(char)
        return True

    def _sequence(self, depth: int) -> Tree:
        parts: list[Tree] = []
        repeats_at = -1
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            start = self.at
            counts = self._repetition()
            if counts is None:
                parts.extend(self._quoted() if self._takes("\\Q") else self._atom(depth))
                repeats_at = -1
                continue
            if repeats_at >= 0:
                raise PatternError("invalid nested repetition operator", self.text[repeats_at : self.at])
            if not parts:
                raise PatternError("missing argument to repetition operator", self.text[start : self.at])
            parts[-1] = Repeated(parts[-1], *counts)
            if _size(parts[-1]) > MOST:
                raise PatternError("invalid repeat count", self.text[start : self.at])
            repeats_at = start
        return Joined(tuple(parts)) if parts else Empty()

    def _repetition(self) -> tuple[int, int | None] | None:
        """The counts of the repetition that stands here, if one does."""
        start = self.at
        counts: tuple[int, int | None] | None
        match self.text[start]:
            case "*":
                counts = (0, None)
            case "+":
                counts = (1, None)
            case "?":
                counts = (0, 1)
            case "{":
                counts = self._counts()
            case _:
                counts = None
        if counts is not None:
            self.at = start + 1 if self.text[start] != "{" else self.at
            self._takes("?")  # lazy: of no matter where only yes or no is asked
        return counts

    def _counts(self) -> tuple[int, int | None] | None:
        """`{2}`, `{2,}`, `{2,5}`; anything else is text."""
        start, end = self.at, self.text.find("}", self.at)
        least, comma, most = self.text[start + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not _is_count(least) or not (most == "" or _is_count(most)):
            return None
        self.at = end + 1
        counts = int(least), (int(most) if most else None) if comma else int(least)
        if counts[0] > MOST or (counts[1] is not None and not counts[0] <= counts[1] <= MOST):
            raise PatternError("invalid repeat count", self.text[start : end + 1])
        return counts

    def _quoted(self) -> Sequence[Tree]:
        """What stands between `\\Q` and `\\E`, as it is; a repetition after it is of its last character."""
        end = self.text.find("\\E", self.at)
        inside = self.text[self.at :] if end < 0 else self.text[self.at : end]
        self.at = len(self.text) if end < 0 else end + 2
        return [self._literal(each) for each in inside]

    def _atom(self, depth: int) -> Sequence[Tree]:
        """What stands here; flags alone are nothing."""
        char = self.text[self.at]
        match char:
            case "(":
                return self._group(depth)
            case "[":
                return [self._set()]
            case "\\":
                return [self._escape()]
            case _:
                self.at += 1
                return [self._plain(char)]

    def _plain(self, char: str) -> Tree:
        match char:
            case ".":
                return One(ANY if self._flags.dot_all else CharSet(((0, 9), (11, 0x10FFFF))))
            case "^":
                return Assertion("line start" if self._flags.lines else "start")
            case "$":
                return Assertion("line end" if self._flags.lines else "end")
            case _:
                return self._literal(char)

    def _literal(self, char: str) -> One:
        return One(CharSet(((ord(char), ord(char)),), fold=self._flags.fold))

    def _set(self) -> One:
        try:
            found, self.at = read_class(self.text, self.at)
        except ClassError as error:
            raise PatternError(error.what, error.where) from None
        return One(replace(found, fold=self._flags.fold))

    def _group(self, depth: int) -> Sequence[Tree]:
        start, before = self.at, self._flags
        self.at += 1
        if self._takes("?"):
            is_named = self._takes("P<") or self._takes("<")
            if is_named:
                self._name(start)
            elif self._set_flags(start):
                return []
        tree = self.alternatives(depth + 1)
        self._flags = before
        if not self._takes(")"):
            raise PatternError("missing closing )", self.text)
        return [tree]

    def _name(self, start: int) -> None:
        end = self.text.find(">", self.at)
        name = self.text[self.at : end] if end > 0 else ""
        if not (name.replace("_", "a").isalnum() and name.isascii()):
            raise PatternError("invalid named capture", self.text[start : end + 1] if end > 0 else self.text[start:])
        self.at = end + 1

    def _set_flags(self, start: int) -> bool:
        """Read `i-s)` or `i-s:`; true when the group ends with them. Flags then hold for what follows."""
        value, flags = True, self._flags
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in _FLAG_NAMES:
                flags = replace(flags, **{_FLAG_NAMES[char]: value})
            elif char == "-" and value:
                value = False
            elif char in ":)":
                self._flags = flags
                return char == ")"
            else:
                break
        raise PatternError("invalid or unsupported Perl syntax", self.text[start : self.at])

    def _escape(self) -> Tree:
        start = self.at
        self.at += 2
        if self.at > len(self.text):
            raise PatternError("trailing backslash at end of expression", "")
        char = self.text[start + 1]
        if char in _PLACES:
            return Assertion(_PLACES[char])
        try:
            found, self.at = escape_set(self.text, start)
        except ClassError as error:
            raise PatternError(error.what, error.where) from None
        return One(replace(found, fold=found.fold or self._flags.fold))


def _is_count(text: str) -> bool:
    return text.isdigit() and text.isascii() and (text == "0" or not text.startswith("0")) and len(text) < 8


def _size(tree: Tree) -> int:
    """How many copies of its innermost part the repetitions make."""
    match tree:
        case Repeated(part, least, most):
            return max(1, least, most or 0) * _size(part)
        case Joined(parts) | Either(parts):
            return max(map(_size, parts), default=1)
        case _:
            return 1
