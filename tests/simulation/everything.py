"""All invariants together, for the witness of a run. Another one is a row in one of the four lists."""

from typing import Any

from tests.simulation.belongings import belongings
from tests.simulation.invariants import traffic_and_pods
from tests.simulation.reach import reach
from tests.simulation.words import words


def everything() -> tuple[Any, ...]:
    """A fresh set."""
    return (*traffic_and_pods(), *reach(), *belongings(), *words())
