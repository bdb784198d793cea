"""Pods of a rollout's versions: read when a decision asks for them, evicted, and marked with their version's role.

Called by verify (questions) and apply (effects). Pods are in no cache: most rollouts never need one, and there are more
of them than of all else. So each look is a list by the versions' hashes, which the server answers from its index.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from rollouts.cluster.errors import ClusterError, NotFoundError, ServerError, TooManyRequestsError
from rollouts.cluster.kinds import PODS
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Query, Target
from rollouts.controller.observe import World
from rollouts.model.effects import EvictPod, MarkPods
from rollouts.model.keys import HASH_LABEL
from rollouts.model.objects import Modify
from rollouts.model.questions import PodsSeen
from rollouts.workloads import pods as rendering

_PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class Pods:
    """Reads and writes of pods. `at_once` are changed side by side, each with so many `attempts`."""

    cluster: Cluster
    at_once: int = 10
    attempts: int = 3

    async def seen(self, world: World, versions: Iterable[str]) -> PodsSeen:
        """The answer to AskPods. What the server refuses is told, so that the rollout can go on without."""
        try:
            found = await self._of(world, versions)
        except ClusterError as error:
            return PodsSeen(error=error.message)
        return PodsSeen(tuple(rendering.read(pod, version) for version, pod in found))

    async def evict(self, world: World, effect: EvictPod) -> str:
        """Ask the pod to go. "" where it does, else why it stays for now: a budget, a role, a server in trouble."""
        try:
            await self.cluster.evict(Target(PODS, effect.name, world.rollout.namespace))
        except NotFoundError:
            return ""
        except ClusterError as error:
            return error.message
        return ""

    async def mark(self, world: World, effect: MarkPods) -> None:
        """Bring all pods of the version to their role; raises what the server said of the first that it cannot."""
        gate = asyncio.Semaphore(self.at_once)
        found = await self._of(world, (effect.name,))
        changes = [change for _, pod in found if (change := rendering.mark(effect, pod)) is not None]
        outcomes = await asyncio.gather(*(self._change(change, gate) for change in changes), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _change(self, change: Modify, gate: asyncio.Semaphore) -> None:
        target = Target(PODS, change.ref.name, change.ref.namespace)
        async with gate:
            for attempt in range(1, self.attempts + 1):
                try:
                    await self.cluster.patch(target, Patch(PatchType.MERGE, change.body))
                except NotFoundError:
                    return
                except (ServerError, TooManyRequestsError):
                    if attempt == self.attempts:
                        raise
                    await asyncio.sleep(_PAUSE_SECONDS * attempt)
                else:
                    return

    async def _of(self, world: World, versions: Iterable[str]) -> list[tuple[str, Json]]:
        """Pods by the name of the version that controls them."""
        wanted = set(versions)
        sets = [rs["metadata"] for rs in world.replica_sets if rs["metadata"]["name"] in wanted]
        names = {meta["uid"]: meta["name"] for meta in sets}
        hashes = sorted({(meta.get("labels") or {}).get(HASH_LABEL, "") for meta in sets})
        if not hashes:
            return []
        query = Query(labels=f"{HASH_LABEL} in ({','.join(hashes)})")
        page = await self.cluster.list(Collection(PODS, world.rollout.namespace), query)
        owned = [(names.get(rendering.owner_of(pod)), pod) for pod in page.items]
        return [(name, pod) for name, pod in owned if name is not None]
