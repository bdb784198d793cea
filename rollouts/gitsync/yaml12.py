"""YAML as Kubernetes users mean it. Called by manifests and kustomize.

The parser is libyaml's; scalars are resolved here, by the rules of YAML 1.2 with two habits of Go's parser kept because
manifests rely on them: `0644` is octal, and merge keys (`<<`) work. So `on`, `1:20`, `2024-01-01` and `1_000` are
strings. What has no place in JSON, or would not fit into memory (aliases of aliases), is an error with its line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MOST_VALUES = 500_000  # aliases followed: a megabyte can name billions
DEEPEST = 60

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"


class YamlError(Exception):
    """What is wrong, and in which line (counted from 1)."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value as JSON has it, and its line. `items` are the lines of the entries of a list's items."""

    value: Any
    line: int
    items: tuple[int, ...] = ()


def load(text: bytes | str) -> Iterator[Document]:
    """Every document that is not empty. Raises YamlError at the first that makes no sense."""
    loader = _Loader(text)
    try:
        while loader.check_node():
            node: Node | None = loader.get_node()
            if node is not None and not _is_nothing(node):
                yield Document(_Values().of(node), line_of(node), tuple(_lines_of_items(node)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_sentence(error), min(mark.line + 1, _lines(text)) if mark else 1) from error
    except yaml.reader.ReaderError as error:
        raise YamlError(f"unreadable character: {error.reason}", _line_at(text, error.position)) from error
    finally:
        loader.dispose()


def line_of(node: Node) -> int:
    """Where a node begins."""
    return int(node.start_mark.line) + 1 if node.start_mark else 1


class _Loader(yaml.CSafeLoader):
    """libyaml's parser without its types: a plain scalar is only marked as one, _Values decides what it means."""

    yaml_implicit_resolvers = {None: [(_PLAIN, re.compile(""))]}  # noqa: RUF012  # PyYAML reads it from the class


class _Values:
    """Nodes as JSON values, with a budget against documents that grow as they are read."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, node: Node, depth: int = 0) -> Any:
        """The value of a node, its children included."""
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise YamlError("too large or too deep once its aliases are followed", line_of(node))
        if isinstance(node, MappingNode):
            if node.tag != _TAG + "map":
                raise YamlError(f"tag {node.tag} has no meaning in a manifest", line_of(node))
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode):
            return [self.of(child, depth + 1) for child in node.value]
        return _scalar(node)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key == "<<" and key_node.tag == _PLAIN:
                merged = self._merged(value_node, depth) | merged
                continue
            if key in own:
                raise YamlError(f"key {key!r} stands twice in one mapping", line_of(key_node))
            own[key] = self.of(value_node, depth + 1)
        return merged | own

    def _merged(self, node: Node, depth: int) -> dict[str, Any]:
        value = self.of(node, depth + 1)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise YamlError("a merge key (<<) takes mappings only", line_of(node))
        found: dict[str, Any] = {}
        for part in parts:  # the earlier one wins
            found = part | found
        return found


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise YamlError("a key must be a plain word", line_of(node))
    return str(node.value)


def _scalar(node: Node) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if kind in (_PLAIN, "int", "float", "bool", "null"):
        return _plain(node.value)
    if kind in ("str", "binary", "timestamp"):
        return node.value
    raise YamlError(f"tag {node.tag} has no meaning in a manifest", line_of(node))


def _plain(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    is_old_octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    return sign * (int(digits, 8) if is_old_octal else int(digits, 0))


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _PLAIN and _NULL.fullmatch(node.value) is not None


def _lines_of_items(node: Node) -> Iterator[int]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == "items" and isinstance(value, SequenceNode):
                yield from (line_of(item) for item in value.value)


def _line_at(text: bytes | str, position: int) -> int:
    head = text[:position]
    return 1 + (head.count(b"\n") if isinstance(head, bytes) else head.count("\n"))


def _lines(text: bytes | str) -> int:
    """libyaml puts the end of a file one line below it."""
    return max(len(text.splitlines()), 1)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(str(part) for part in (error.context, error.problem) if part)
