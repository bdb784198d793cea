"""Runs a regular expression over a text, all ways at once. Called by patterns.py and the operators."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.expression.pattern_classes import CharSet
from analysis.expression.pattern_syntax import (
    Assertion,
    Either,
    Empty,
    Joined,
    One,
    PatternError,
    Repeated,
    Tree,
)

LARGEST = 20_000
"""Instructions that a pattern may have."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: take a character of `among`, or be at the place `kind`, or none of both; then go on at `to`."""

    to: tuple[int, ...]
    among: CharSet | None = None
    kind: str = ""


Program = tuple[Step, ...]
"""Instructions; it begins at the last one and has matched at the first."""
_MATCHED = 0


def assembled(tree: Tree) -> Program:
    """The instructions for a tree."""
    steps: list[Step] = [Step(())]
    start = _add(steps, tree, _MATCHED)
    steps.append(Step((start,)))
    return tuple(steps)


def _append(steps: list[Step], step: Step) -> int:
    if len(steps) >= LARGEST:
        raise PatternError("expression too large", "")
    steps.append(step)
    return len(steps) - 1


def _add(steps: list[Step], tree: Tree, after: int) -> int:
    """Add a tree that goes on at `after`; gives where it starts."""
    match tree:
        case Empty():
            return after
        case One(among):
            return _append(steps, Step((after,), among))
        case Assertion(kind):
            return _append(steps, Step((after,), kind=kind))
        case Joined(parts):
            for part in reversed(parts):
                after = _add(steps, part, after)
            return after
        case Either(choices):
            return _append(steps, Step(tuple(_add(steps, choice, after) for choice in choices)))
        case Repeated():
            return _add_repeated(steps, tree, after)


def _add_repeated(steps: list[Step], tree: Repeated, after: int) -> int:
    if tree.most is None:
        loop = _append(steps, Step(()))
        inner = _add(steps, tree.part, loop)
        steps[loop] = Step((inner, after))
        start = loop
    else:
        start = after
        for _ in range(tree.most - tree.least):
            start = _append(steps, Step((_add(steps, tree.part, start), after)))
    for _ in range(tree.least):
        start = _add(steps, tree.part, start)
    return start


def runs_on(program: Program, text: str, spend: Callable[[int], None]) -> bool:
    """Whether the pattern is found somewhere in the text. `spend` is told what that costs, and may stop it."""
    current: set[int] = set()
    for at in range(len(text) + 1):
        current.add(len(program) - 1)  # a match may begin anywhere
        ready = _closed(program, current, text, at)
        spend(1 + len(ready) // 2)
        if _MATCHED in ready:
            return True
        if at == len(text):
            break
        current = {
            step.to[0]
            for step in (program[number] for number in ready)
            if step.among is not None and step.among.holds(text[at])
        }
    return False


def _closed(program: Program, states: set[int], text: str, at: int) -> set[int]:
    """The states with all that are reached from them without taking a character."""
    found, ahead = set(states), list(states)
    while ahead:
        step = program[ahead.pop()]
        if step.among is not None or (step.kind and not _is_at(step.kind, text, at)):
            continue
        fresh = [to for to in step.to if to not in found]
        found.update(fresh)
        ahead.extend(fresh)
    return found


def _is_at(kind: str, text: str, at: int) -> bool:
    match kind:
        case "start":
            return at == 0
        case "end":
            return at == len(text)
        case "line start":
            return at == 0 or text[at - 1] == "\n"
        case "line end":
            return at == len(text) or text[at] == "\n"
        case _:
            return (_is_word(text, at - 1) != _is_word(text, at)) == (kind == "word")


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and (text[at].isalnum() or text[at] == "_")
