"""Whole requests from fractions. Without noise the largest remainders win and what is left over is carried to the next
time, so that 5 % of ten requests a second is one every other second: exact in the long run, smooth in the short one.
"""

import random
from collections.abc import Hashable, Mapping
from math import floor
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


class Split:
    """One point where traffic parts. With `dice` each request is thrown on its own instead."""

    def __init__(self, dice: random.Random | None = None) -> None:
        self._dice = dice
        self._credit: dict[Hashable, float] = {}

    def share(self, count: int, weights: Mapping[T, float]) -> dict[T, int]:
        """`count` in parts by weight; nothing for weights of zero. At least one weight must be above zero."""
        positive = {name: weight for name, weight in weights.items() if weight > 0}
        if self._dice is not None:
            return _thrown(self._dice, count, positive)
        if positive.keys() != self._credit.keys():
            self._credit = dict.fromkeys(positive, 0.0)
        total = sum(positive.values())
        due = {name: self._credit[name] + count * weight / total for name, weight in positive.items()}
        parts = _rounded(count, due)
        self._credit = {name: due[name] - parts[name] for name in positive}
        return parts


def _thrown(dice: random.Random, count: int, weights: Mapping[T, float]) -> dict[T, int]:
    parts = dict.fromkeys(weights, 0)
    for name in dice.choices(list(weights), list(weights.values()), k=count):
        parts[name] += 1
    return parts


def _rounded(count: int, due: Mapping[T, float]) -> dict[T, int]:
    """Whole parts that add up to `count`, each as near to what is due as that allows."""
    parts = {name: max(0, floor(amount)) for name, amount in due.items()}
    left = count - sum(parts.values())
    by_need = sorted(due, key=lambda name: parts[name] - due[name])
    for name in by_need[:left] if left > 0 else ():
        parts[name] += 1
    for name in [name for name in reversed(by_need) if parts[name]][: max(0, -left)]:
        parts[name] -= 1
    return parts
