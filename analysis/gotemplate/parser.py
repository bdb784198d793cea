"""Tokens into nodes: which actions there are, and how they nest. Called by template.parse.

One method a rule of the grammar. What is wrong is told at the first place where it shows, in Go's words.
"""

from collections.abc import Container
from dataclasses import replace

from analysis.gotemplate.nodes import Action, Branch, Inclusion, Jump, Node, Nodes, Text
from analysis.gotemplate.pipes import Pipes
from analysis.gotemplate.stream import Stream
from analysis.gotemplate.tokens import Kind, Lexer, Token
from analysis.units import quote

_STRINGS = (Kind.STRING, Kind.RAW)
_CONTROLS = ("if", "range", "with")


class _End:
    """What closes a list: `{{end}}`, or `{{else}}` and where it stands."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"


class Parser:
    """Parses one text; `templates` are those that it defines, the text itself under its own name among them."""

    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        self._name = name
        self._stream = Stream(name, Lexer(text).tokens())
        self._pipes = Pipes(self._stream, functions)
        self._ranges = 0
        self.templates: dict[str, Nodes] = {}

    def parse(self) -> None:
        """Read everything."""
        nodes: list[Node] = []
        while self._stream.look().kind is not Kind.END:
            if self._is_definition():
                self._definition()
                continue
            found = self._text_or_action()
            if isinstance(found, _End):
                self._stream.refuse(f"unexpected {found}")
            nodes.append(found)
        self._add(self._name, tuple(nodes))

    def _is_definition(self) -> bool:
        mark = self._stream.mark()
        if self._stream.take().kind is Kind.LEFT:
            token = self._stream.take_word()
            if (token.kind, token.text) == (Kind.WORD, "define"):
                return True
        self._stream.back_to(mark)
        return False

    def _definition(self) -> None:
        name = self._pipes.string(self._stream.expect(_STRINGS, "define clause"))
        self._stream.expect((Kind.RIGHT,), "define clause")
        ranges, self._ranges = self._ranges, 0
        with self._pipes.apart():
            body, end = self._list()
        self._ranges = ranges
        if end.word != "end":
            self._stream.refuse(f"unexpected {end} in define clause")
        self._add(name, body)

    def _add(self, name: str, nodes: Nodes) -> None:
        """An empty template does not replace one that says something."""
        known = self.templates.get(name)
        if known is not None and not _is_empty(known) and not _is_empty(nodes):
            self._stream.refuse(f"template: multiple definition of template {quote(name)}")
        if known is None or _is_empty(known):
            self.templates[name] = nodes

    def _list(self) -> tuple[Nodes, _End]:
        nodes: list[Node] = []
        while True:
            if self._stream.look_word().kind is Kind.END:
                self._stream.refuse("unexpected EOF")
            found = self._text_or_action()
            if isinstance(found, _End):
                return tuple(nodes), found
            nodes.append(found)

    def _text_or_action(self) -> Node | _End:
        token = self._stream.take_word()
        if token.kind is Kind.TEXT:
            return Text(token.text)
        if token.kind is not Kind.LEFT:
            self._stream.unexpected(token, "input")
        self._stream.opened = token.line
        try:
            return self._action()
        finally:
            self._stream.opened = 0

    def _action(self) -> Node | _End:
        mark = self._stream.mark()
        token = self._stream.take_word()
        match token.text if token.kind is Kind.WORD else "":
            case "if" | "range" | "with":
                return self._control(token.text)
            case "end":
                self._stream.expect((Kind.RIGHT,), "end")
                return _End("end")
            case "else":
                return self._else()
            case "break" | "continue":
                return self._jump(token)
            case "template":
                return self._inclusion()
            case "block":
                return self._block()
            case _:
                self._stream.back_to(mark)
                at = self._stream.look_word().at
                return Action(at, self._pipes.pipe("command", Kind.RIGHT))

    def _else(self) -> _End:
        following = self._stream.look_word()
        if not (following.kind is Kind.WORD and following.text in ("if", "with")):
            self._stream.expect((Kind.RIGHT,), "else")
        return _End("else")

    def _jump(self, token: Token) -> Jump:
        following = self._stream.take_word()
        if following.kind is not Kind.RIGHT:
            self._stream.unexpected(following, f"{{{{{token.text}}}}}")
        if not self._ranges:
            self._stream.refuse(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return Jump(token.at, token.text)

    def _control(self, word: str) -> Branch:
        with self._pipes.scope():
            at = self._stream.look_word().at
            pipe = self._pipes.pipe(word, Kind.RIGHT)
            self._ranges += word == "range"
            body, end = self._list()
            self._ranges -= word == "range"
            branch = Branch(at, word, pipe, body)
            return branch if end.word == "end" else replace(branch, other=self._otherwise(word))

    def _otherwise(self, word: str) -> Nodes:
        """What follows `else`; `else if` and `else with` need no end of their own."""
        following = self._stream.look_word()
        if following.kind is Kind.WORD and following.text in _CONTROLS:
            if following.text != word:
                self._stream.unexpected(following, "input")
            self._stream.take_word()
            return (self._control(word),)
        other, end = self._list()
        if end.word != "end":
            self._stream.refuse(f"expected end; found {end}")
        return other

    def _inclusion(self) -> Inclusion:
        token = self._stream.take_word()
        if token.kind not in _STRINGS:
            self._stream.unexpected(token, "template clause")
        name, pipe = self._pipes.string(token), None
        mark = self._stream.mark()
        if self._stream.take_word().kind is not Kind.RIGHT:
            self._stream.back_to(mark)
            pipe = self._pipes.pipe("template clause", Kind.RIGHT)
        return Inclusion(token.at, name, quote(name), pipe)

    def _block(self) -> Inclusion:
        token = self._stream.expect(_STRINGS, "block clause")
        name = self._pipes.string(token)
        pipe = self._pipes.pipe("block clause", Kind.RIGHT)
        with self._pipes.apart():
            body, end = self._list()
        if end.word != "end":
            self._stream.refuse(f"unexpected {end} in block clause")
        self._add(name, body)
        return Inclusion(token.at, name, quote(name), pipe)


def _is_empty(nodes: Nodes) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in nodes)
