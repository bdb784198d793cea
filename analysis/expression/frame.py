"""One evaluation: the result, the variables, the element that a predicate looks at, and what may still be spent.

Made anew by conditions.py for each run of a compiled condition. `spend` and `grow` are what keeps a condition from
holding the process: work beyond STEPS, or lists and texts beyond MEMORY, end it with an error.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.errors import ExpressionError

STEPS = 250_000
"""Elements looked at, and texts read in pieces of 64 characters. At most about half a second of one core."""
_DEEP = (str, list, tuple, Mapping)
MEMORY = 1_000_000
"""Elements of lists that are made, as in expr-lang; a text counts one for each 16 characters."""


class Frame:
    """The state of one evaluation."""

    __slots__ = ("acc", "index", "item", "names", "now", "result", "steps", "used", "variables")

    def __init__(self, result: Any, now: datetime, names: Mapping[str, Any]) -> None:
        """Nothing is spent yet. `names` are the functions that the surroundings give."""
        self.result = result
        self.now = now
        self.names = names
        self.variables: dict[str, Any] = {}
        self.item: Any = None
        self.index = 0
        self.acc: Any = None
        self.steps = STEPS
        self.used = 0

    def spend(self, steps: int) -> None:
        """So much work is to be done."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError(f"evaluation stopped: it takes more than {STEPS} steps")

    def reserve(self, size: int) -> None:
        """So many elements are to be had, but not made one by one."""
        self.used += size
        if self.used >= MEMORY:
            raise ExpressionError("memory budget exceeded")

    def grow(self, size: int) -> None:
        """A list of so many elements is to be made."""
        self.reserve(size)
        self.spend(size)

    def read(self, value: Any) -> Any:
        """The whole value is to be looked at, down to its leaves; gives it back."""
        if isinstance(value, str):
            self.spend(len(value) // 64)
        elif isinstance(value, list | tuple):
            self.spend(len(value))
            for item in value:
                if isinstance(item, _DEEP):
                    self.read(item)
        elif isinstance(value, Mapping):
            self.spend(len(value))
            for item in value.values():
                self.read(item)
        return value

    def made(self, text: str) -> str:
        """A text has been made; gives it back."""
        if len(text) >= 16:
            self.grow(len(text) // 16)
        return text
