"""Renders a parsed template: walks its nodes, keeps its variables, and writes. Called by template alone.

Operands are evaluated by `operands`; here is what decides whether and how often something is written. What a template
may do is counted, so that none can hold the controller.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, assert_never

from analysis.errors import TemplateError
from analysis.gotemplate.nodes import Action, Branch, Inclusion, Jump, Nodes, Operand, Pipe, Spot, Text
from analysis.gotemplate.operands import Operands
from analysis.gotemplate.values import Value, in_order, is_true, shown, type_of
from analysis.units import quote

Functions = Mapping[str, Callable[[], Value]]

MOST_STEPS = 20_000
MOST_WRITTEN = 256 * 1024
"""Characters."""
DEEPEST = 20
"""Templates that may call each other."""


@dataclass
class Program:
    """What all templates of a text share: the functions, the output, and the count of what has been done."""

    name: str
    text: str
    templates: Mapping[str, Nodes]
    functions: Functions
    written: list[str] = field(default_factory=list)
    size: int = 0
    steps: int = 0

    def write(self, text: str) -> None:
        """Add to the output."""
        self.size += len(text)
        if self.size > MOST_WRITTEN:
            raise TemplateError(f"template: {self.name}: writes more than {MOST_WRITTEN} characters")
        self.written.append(text)

    def count(self) -> None:
        """One thing more was done."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TemplateError(f"template: {self.name}: takes more than {MOST_STEPS} steps")

    def place(self, at: int) -> str:
        """A position as errors tell it."""
        before = self.text[:at]
        line_start = before.rfind("\n") + 1
        column = len(before[line_start:].encode())
        return f"{self.name}:{before.count(chr(10)) + 1}:{column}"


class _JumpError(Exception):
    """`break` or `continue`, on its way to its range."""

    def __init__(self, word: str) -> None:
        self.word = word


class Run:
    """One template, with a cursor and variables of its own."""

    def __init__(self, program: Program, name: str, dot: Value, depth: int = 0) -> None:
        self._program = program
        self._name = name
        self._dot = dot
        self._depth = depth
        self._operands = Operands(program.functions, self._fail, program.count)
        self._operands.push("$", dot)

    def render(self) -> str:
        """Everything that is written."""
        self._walk(self._program.templates.get(self._name, ()), self._dot)
        return "".join(self._program.written)

    def _walk(self, nodes: Nodes, dot: Value) -> None:
        for node in nodes:
            self._program.count()
            match node:
                case Text():
                    self._program.write(node.text)
                case Action():
                    value = self._operands.pipe(node.pipe, dot)
                    if not node.pipe.declared:
                        self._program.write("<no value>" if value is None else shown(value))
                case Branch(word="range"):
                    with self._operands.scope():
                        self._range(node, dot)
                case Branch():
                    with self._operands.scope():
                        self._choose(node, dot)
                case Inclusion():
                    self._include(node, dot)
                case Jump():
                    raise _JumpError(node.word)
                case _:
                    assert_never(node)

    def _choose(self, node: Branch, dot: Value) -> None:
        value = self._operands.pipe(node.pipe, dot)
        if is_true(value):
            self._walk(node.body, value if node.word == "with" else dot)
        else:
            self._walk(node.other, dot)

    def _range(self, node: Branch, dot: Value) -> None:
        value = self._operands.pipe(node.pipe, dot)
        is_empty = True
        for key, item in self._pairs(node, value):
            is_empty = False
            self._program.count()
            self._operands.loop(node.pipe, key, item)
            try:
                with self._operands.scope():
                    self._walk(node.body, item)
            except _JumpError as jump:
                if jump.word == "break":
                    return
        if is_empty:
            self._walk(node.other, dot)

    def _pairs(self, node: Branch, value: Value) -> Iterator[tuple[Value, Value]]:
        match value:
            case bool() | float() | str():
                self._fail(_last(node.pipe), f"range can't iterate over {shown(value)}")
            case int():
                if len(node.pipe.declared) > 1:
                    words = "to iterate over more than one variable"
                    self._fail(_last(node.pipe), f"can't use {shown(value)} {words}")
                for number in range(value):
                    yield None, type(value)(number)
            case Mapping():
                for key in in_order(value):
                    yield key, value[key]
            case None:
                return
            case _:
                self._fail(_last(node.pipe), f"range can't iterate over {type_of(value)}")

    def _include(self, node: Inclusion, dot: Value) -> None:
        if node.name not in self._program.templates:
            self._fail(node, f"template {quote(node.name)} not defined")
        if self._depth >= DEEPEST:
            self._fail(node, f"exceeded maximum template depth ({DEEPEST})")
        given = self._operands.pipe(node.pipe, dot) if node.pipe else None
        inner = Run(self._program, node.name, given, self._depth + 1)
        inner.walk_all()

    def walk_all(self) -> None:
        """Write what the template says, and give nothing back."""
        self._walk(self._program.templates[self._name], self._dot)

    def _fail(self, spot: Spot, message: str) -> NoReturn:
        place = self._program.place(spot.at)
        raise TemplateError(f"template: {place}: executing {quote(self._name)} at <{spot}>: {message}")


def _last(pipe: Pipe) -> Operand:
    """What was looked at last when a pipe was evaluated."""
    operand = pipe.commands[-1].args[-1]
    return _last(operand) if isinstance(operand, Pipe) else operand
