"""Where in a file does a field stand? From a field's path to line and column, by the YAML's own nodes. Called by lint.

Faults name fields as Argo prints them, which leaves `canary` and `blueGreen` out of a strategy's path now and then; a
field that is missing is found at the nearest one around it that is there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

_PARTS = re.compile(r"\[(\d+)\]|\[([^\]]*)\]|([^.\[\]]+)")
_UNNAMED = ("canary", "blueGreen")
Step = str | int


@dataclass(frozen=True, slots=True)
class Place:
    """A position, counted from 1; 0 where it is not known."""

    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Places:
    """Finds fields in files, each of which is parsed once. `texts` are the files by name."""

    texts: Mapping[str, str]
    _nodes: dict[str, list[Node]] = field(default_factory=dict)

    def of(self, file: str, line: int, path: str) -> Place:
        """The field at `path` of the object that begins in this line of this file."""
        node = self._object(file, line)
        if node is None:
            return Place(line, 1 if line else 0)
        return _place(_followed(node, steps_of(path)))

    def _object(self, file: str, line: int) -> Node | None:
        if file not in self._nodes:
            self._nodes[file] = list(_objects(self.texts.get(file, "")))
        found = [node for node in self._nodes[file] if node.start_mark.line + 1 <= line]
        return max(found, key=lambda node: node.start_mark.line, default=None)


def steps_of(path: str) -> Sequence[Step]:
    """`spec.steps[0].setWeight` as keys and numbers."""
    return [int(number) if number else key or word for number, key, word in _PARTS.findall(path)]


def _objects(text: str) -> Iterator[Node]:
    """Every document, and every entry of a List."""
    try:
        for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            yield node
            items = _child(node, "items")
            yield from items[1].value if items and isinstance(items[1], SequenceNode) else ()
    except yaml.YAMLError:
        return  # said by whoever read the file


def _followed(node: Node, steps: Sequence[Step]) -> Node:
    """The deepest node on the way: of a field its key."""
    shown = node
    for step in steps:
        found = _child(node, step)
        if found is None:
            found = next((inner for name in _UNNAMED if (inner := _below(node, name, step))), None)
        if found is None:
            break
        shown, node = found
    return shown


def _below(node: Node, name: str, step: Step) -> tuple[Node, Node] | None:
    middle = _child(node, name)
    return None if middle is None else _child(middle[1], step)


def _child(node: Node, step: Step) -> tuple[Node, Node] | None:
    """The node to point at, and the node to go on from."""
    if isinstance(node, SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    return None


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
