"""How long did it last? Neighbours in time that have something in common, for reports of backtests. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spell(Generic[T]):
    """Things that followed each other, at least one."""

    of: tuple[T, ...]
    first: datetime
    last: datetime

    @property
    def length(self) -> timedelta:
        """From its first moment to its last."""
        return self.last - self.first


def spells(things: Sequence[T], at: Callable[[T], datetime], is_so: Callable[[T], bool]) -> Iterator[Spell[T]]:
    """Every longest stretch of neighbours of which that is true."""
    for is_in, group in groupby(things, is_so):
        if is_in:
            found = tuple(group)
            yield Spell(found, at(found[0]), at(found[-1]))


def longest(found: Sequence[Spell[T]]) -> Spell[T] | None:
    """The one with most members, the earliest of equals."""
    return max(found, key=lambda spell: len(spell.of), default=None)
