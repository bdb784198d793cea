"""What a category of golden data is: a function of ours, and named rules where we differ on purpose.

Called by the table and the runner. A category's module gives one `Category`; the table registers it.
"""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of golden data. `run` takes an input and gives the part of the output that we answer for."""

    name: str
    run: Callable[[Json], Json]
    rules: tuple[Rule, ...] = ()
