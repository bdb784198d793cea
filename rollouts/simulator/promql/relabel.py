"""label_replace and label_join. Rows of the table in functions.py."""

import re
from collections.abc import Sequence

from rollouts.simulator.promql.errors import ExecutionError
from rollouts.simulator.promql.selectors import pattern_of
from rollouts.simulator.promql.values import Node, Sample, Vector, VectorNode, distinct, text_of, vector_of, with_label

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|(?P<bare>\w+)|\{(?P<braced>\w+)\})", re.ASCII)


def label_replace(arguments: Sequence[Node]) -> Node:
    """label_replace(v, target, replacement, source, regex): write the label where the source matches, whole."""
    vector = vector_of(arguments[0])
    target, replacement, source, regex = (text_of(argument) for argument in arguments[1:])
    pattern = pattern_of(regex)
    _check_name("label_replace", target)

    def replaced(sample: Sample) -> Sample:
        match = pattern.fullmatch(dict(sample.labels).get(source, ""))
        if match is None:
            return sample
        return Sample(with_label(sample.labels, target, expand(replacement, match)), sample.value)

    return VectorNode(lambda at: distinct([replaced(sample) for sample in vector(at)]))


def label_join(arguments: Sequence[Node]) -> Node:
    """label_join(v, target, separator, sources…): write the sources' values, joined."""
    vector = vector_of(arguments[0])
    target, separator, *sources = (text_of(argument) for argument in arguments[1:])
    _check_name("label_join", target)

    def joined(sample: Sample) -> Sample:
        values = dict(sample.labels)
        text = separator.join(values.get(source, "") for source in sources)
        return Sample(with_label(sample.labels, target, text), sample.value)

    def at(moment: int) -> Vector:
        return distinct([joined(sample) for sample in vector(moment)])

    return VectorNode(at)


def expand(template: str, match: "re.Match[str]") -> str:
    """The template with $1, ${1}, $name filled in; what the pattern does not have is empty, `$$` is a dollar."""

    def value(reference: "re.Match[str]") -> str:
        if reference["dollar"]:
            return "$"
        name = reference["bare"] or reference["braced"]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return REFERENCE.sub(value, template)


def _check_name(function: str, label: str) -> None:
    if not LABEL_NAME.fullmatch(label):
        raise ExecutionError(f"invalid destination label name in {function}(): {label}")
