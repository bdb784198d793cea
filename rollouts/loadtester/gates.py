"""Gates that people open and close, and webhooks ask about. Called by server.

A gate is closed until somebody opens it, and stays as it was left. In a cluster all gates lie in one ConfigMap, a key
for each open one, so every replica sees the same and a restart forgets nothing. Each question reads it afresh: a gate
that was closed on one replica is closed on all, at the price of a request to the API server. Without a cluster gates
lie in memory, for one replica and one life of it.
"""

import asyncio
import random
import re
from dataclasses import dataclass
from typing import Protocol

from rollouts.cluster.errors import AlreadyExistsError, ConflictError, NotFoundError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Target
from rollouts.loadtester.errors import BusyError, PayloadError
from rollouts.loadtester.payload import Payload

OPEN = "open"
ATTEMPTS = 10
"""How often a change is tried that others' changes come in between of."""
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_FIRST_WAIT = 0.02


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a canary: `gate` lets it go on, `rollback` sends it back."""

    word: str
    canary: str

    @property
    def key(self) -> str:
        """Its key in the ConfigMap. A namespace has no dot, so no two canaries share one."""
        return f"{self.word}.{self.canary}"


def gate_of(payload: Payload, word: str) -> Gate:
    """The gate that a payload names; PayloadError where it names none."""
    for name in ("name", "namespace"):
        if not getattr(payload, name):
            raise PayloadError(f"{name}: missing; a gate is that of one canary: send its name and namespace")
    gate = Gate(word, payload.canary)
    if not _KEY.fullmatch(gate.key):
        raise PayloadError(f"name, namespace: {payload.canary} is no canary's name")
    return gate


class Gates(Protocol):
    """Where gates are kept."""

    async def is_open(self, gate: Gate) -> bool:
        """Whether it stands open."""
        ...

    async def turn(self, gate: Gate, *, is_open: bool) -> None:
        """Open or close it."""
        ...


class MemoryGates:
    """Gates of one process."""

    def __init__(self) -> None:
        self._open: set[Gate] = set()

    async def is_open(self, gate: Gate) -> bool:
        """Whether it stands open."""
        return gate in self._open

    async def turn(self, gate: Gate, *, is_open: bool) -> None:
        """Open or close it."""
        if is_open:
            self._open.add(gate)
        else:
            self._open.discard(gate)


class ClusterGates:
    """Gates in the ConfigMap that `target` names, made when the first one is opened."""

    def __init__(self, cluster: Cluster, target: Target, dice: random.Random | None = None) -> None:
        self._cluster = cluster
        self._target = target
        self._dice = dice or random.Random()
        self._turning = asyncio.Lock()

    async def is_open(self, gate: Gate) -> bool:
        """Whether it stands open, by the cluster's word of this moment."""
        try:
            return _is_open(await self._cluster.get(self._target), gate)
        except NotFoundError:
            return False

    async def turn(self, gate: Gate, *, is_open: bool) -> None:
        """Open or close it. A change that came in between is seen, never overwritten; BusyError if there is no end."""
        async with self._turning:
            for attempt in range(ATTEMPTS):
                try:
                    return await self._write(gate, is_open=is_open)
                except (ConflictError, AlreadyExistsError):
                    await asyncio.sleep(_FIRST_WAIT * self._dice.uniform(1, 2 ** min(attempt + 1, 5)))
        raise BusyError(f"too many others change the gates in {self._target.name}: try again")

    async def _write(self, gate: Gate, *, is_open: bool) -> None:
        try:
            held = await self._cluster.get(self._target)
        except NotFoundError:
            if is_open:
                await self._cluster.create(Collection(CONFIG_MAPS, self._target.namespace), self._with(gate))
            return
        if _is_open(held, gate) is is_open:
            return
        version = {"resourceVersion": held["metadata"]["resourceVersion"]}
        body = {"metadata": version, "data": {gate.key: OPEN if is_open else None}}
        await self._cluster.patch(self._target, Patch(PatchType.MERGE, body))

    def _with(self, gate: Gate) -> Json:
        metadata = {"name": self._target.name, "labels": {"app.kubernetes.io/managed-by": "sluice-loadtester"}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {gate.key: OPEN}}


def _is_open(held: Json, gate: Gate) -> bool:
    return (held.get("data") or {}).get(gate.key) == OPEN
