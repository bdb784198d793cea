"""What a category of golden data is: a function of ours, and named rules where we differ on purpose.

Called by the table and the runner. A category's module gives one `Category`; the table registers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """A difference that we want. `applies` looks at input and expected output; `ours` is what we give instead.

    Rules speak of the data, never of a case's id, and `reason` says why our answer is the better one.
    """

    name: str
    reason: str
    applies: Callable[[Json, Json], bool]
    ours: Callable[[Json, Json], Json]


def everything(_: Json) -> bool:
    """No case is left out."""
    return True


def as_it_is(_: Json, output: Json) -> Json:
    """The output needs no other form to be compared."""
    return output


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of golden data. `run` takes an input and gives the part of the output that we answer for.

    `covers` looks at an input and says whether this version answers such cases at all; the others are counted, not run.
    `shown` brings an expected output into the form of ours where the two differ in more than what is left out; it is
    given the input too. `listed` are cases of our own data that are known to come out otherwise, each with the reason
    for people to read; `least` is the part of the cases that must come out even so. `most_by_rule` is the part of them
    that may come out by rules.
    """

    name: str
    run: Callable[[Json], Json]
    rules: tuple[Rule, ...] = ()
    covers: Callable[[Json], bool] = everything
    shown: Callable[[Json, Json], Json] = as_it_is
    listed: Mapping[str, str] = field(default_factory=dict)
    least: float = 1.0
    most_by_rule: float = 0.02
