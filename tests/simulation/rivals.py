"""Others who write the same objects while there is trouble: an autoscaler, and one who scribbles into the status.

Set up by play.py. The autoscaler leaves the size that it found, so that a story ends as it would without it.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Target
from rollouts.simulator.store import Store
from tests.builders.simulation import NAME, NAMESPACE
from tests.builders.users import Hands
from tests.simulation.witness import Actor, Witness

SCRIBBLES: tuple[dict[str, Any], ...] = (
    {"message": "out of order"},
    {"HPAReplicas": 77},
    {"phase": "Paused"},
)


class Rivals:
    """All that a story has. `strike` lets each do one thing; `leave` makes good what would stay."""

    def __init__(self, names: tuple[str, ...], store: Store, witness: Witness, dice: random.Random) -> None:
        known: dict[str, Callable[[], Awaitable[None]]] = {"autoscaler": self._autoscale, "scribbler": self._scribble}
        self._deeds = [known[name] for name in names]
        self._hands = Hands(store, Target(kinds.ROLLOUTS, NAME, NAMESPACE))
        self._witness = witness
        self._dice = dice
        self._size: int | None = None

    async def strike(self) -> None:
        """Each writes once."""
        with self._witness.acting(Actor.USER):
            for deed in self._deeds:
                await deed()

    async def leave(self) -> None:
        """Nobody meddles any more."""
        if self._size is not None:
            with self._witness.acting(Actor.USER):
                await self._autoscale()

    async def _autoscale(self) -> None:
        """One more than the user wants, and back; a size that is nobody's but the user's is left alone."""
        size, self._size = self._size, None
        now = (await self._hands.rollout())["spec"]["replicas"]
        if size is None:
            self._size = now
            await self._hands.scale(now + 1)
        elif now == size + 1:
            await self._hands.scale(size)

    async def _scribble(self) -> None:
        """Nonsense where only the controller has anything to say."""
        await self._hands.status(dict(self._dice.choice(SCRIBBLES)))
