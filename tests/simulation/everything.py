"""All invariants together, for the witness of a run. Another one is a row in one of the three lists."""

from typing import Any

from tests.simulation.belongings import belongings
from tests.simulation.invariants import traffic_and_pods
from tests.simulation.words import words


def everything() -> tuple[Any, ...]:
    """A fresh set."""
    return (*traffic_and_pods(), *belongings(), *words())
