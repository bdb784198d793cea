"""What users do in a story, by the same hands as on a real cluster. Called by play.py at the story's moments."""

from collections.abc import Awaitable, Callable
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, DeleteOptions, Json, Patch, PatchType, Resource, Target
from rollouts.simulator.clock import virtual_now
from rollouts.simulator.store import Store
from tests.builders.simulation import NAME, NAMESPACE, Deed
from tests.builders.users import Hands
from tests.simulation.invariants import HASH, REVISION
from tests.simulation.witness import Actor, Witness

IMAGE = "/spec/template/spec/containers/0/image"


class User:
    """One who works on the store directly."""

    def __init__(self, store: Store, witness: Witness) -> None:
        self._store = store
        self._witness = witness
        self._hands = Hands(store, Target(kinds.ROLLOUTS, NAME, NAMESPACE))

    async def do(self, deed: Deed) -> None:
        """A deed of a story."""
        with self._witness.acting(Actor.USER):
            await _DEEDS[deed.name](self, deed.value)

    async def use(self, image: str) -> None:
        """`kubectl argo rollouts set image`: in the workload that the template is taken from, if there is one."""
        if "workloadRef" not in (await self._hands.rollout())["spec"]:
            await self._hands.use(image)
            return
        patch = Patch(PatchType.JSON, [{"op": "replace", "path": IMAGE, "value": image}])
        await self._store.patch(Target(kinds.DEPLOYMENTS, NAME, NAMESPACE), patch)

    async def change_steps(self, steps: list[Json]) -> None:
        """Other steps for the same template."""
        await self._hands.replace("/spec/strategy/canary/steps", steps)

    async def change_strategy(self, strategy: Json) -> None:
        """Another strategy for the same template."""
        await self._hands.replace("/spec/strategy", strategy)

    async def restart(self) -> None:
        """As the plugin's restart: now."""
        await self._hands.spec({"restartAt": f"{virtual_now():%Y-%m-%dT%H:%M:%SZ}"})

    async def undo(self) -> None:
        """As the plugin's undo: the template of the revision before."""
        owned = [rs for rs in self._all(kinds.REPLICA_SETS) if HASH in rs["metadata"].get("labels", {})]
        found = sorted(owned, key=lambda rs: -int(rs["metadata"]["annotations"][REVISION]))
        if len(found) > 1:
            await self.use(found[1]["spec"]["template"]["spec"]["containers"][0]["image"])

    async def lose_a_pod(self) -> None:
        """A node dies, with one pod on it."""
        pods = self._all(kinds.PODS)
        if pods:
            target = Target(kinds.PODS, pods[0]["metadata"]["name"], NAMESPACE)
            await self._store.delete(target, DeleteOptions(grace=0))

    async def begin_anew(self) -> None:
        """`kubectl replace --force`: the rollout is deleted, and made again before anybody has looked."""
        rollout, target = await self._hands.rollout(), self._hands.target
        await self._store.delete(target, DeleteOptions("Background"))
        body = {key: rollout[key] for key in ("apiVersion", "kind", "spec")}
        await self._store.create(Collection(kinds.ROLLOUTS, NAMESPACE), {**body, "metadata": {"name": NAME}})

    def _all(self, resource: Resource) -> tuple[Json, ...]:
        return self._store.peek_all(Collection(resource, NAMESPACE))

    @property
    def hands(self) -> Hands:
        """What this user does to the rollout itself."""
        return self._hands


_DEEDS: dict[str, Callable[[User, Any], Awaitable[None]]] = {
    "use": User.use,
    "abort": lambda user, _: user.hands.abort(),
    "retry": lambda user, _: user.hands.retry(),
    "promote": lambda user, _: user.hands.promote(),
    "promote fully": lambda user, _: user.hands.promote_fully(),
    "scale": lambda user, size: user.hands.scale(size),
    "hold": lambda user, _: user.hands.spec({"paused": True}),
    "go on": lambda user, _: user.hands.spec({"paused": False}),
    "change steps": User.change_steps,
    "change strategy": User.change_strategy,
    "restart": lambda user, _: user.restart(),
    "undo": lambda user, _: user.undo(),
    "lose a pod": lambda user, _: user.lose_a_pod(),
    "begin anew": lambda user, _: user.begin_anew(),
}
