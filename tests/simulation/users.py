"""What users do, as the patches that kubectl and its plugins send. Called by life.py at the moments of the story."""

from collections.abc import Awaitable, Callable
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, DeleteOptions, Json, Patch, PatchType, Resource, Target
from rollouts.simulator.store import Store
from tests.builders.simulation import NAME, NAMESPACE, Deed
from tests.simulation.invariants import REVISION
from tests.simulation.witness import Actor, Witness


class User:
    """One who works on the store directly."""

    def __init__(self, store: Store, witness: Witness) -> None:
        self._store = store
        self._witness = witness

    async def do(self, deed: Deed) -> None:
        """A deed of a story."""
        with self._witness.acting(Actor.USER):
            await _DEEDS[deed.name](self, deed.value)

    def rollout(self) -> Json:
        """The rollout as it is."""
        found = self._store.peek(Target(kinds.ROLLOUTS, NAME, NAMESPACE))
        assert found is not None  # nobody deletes it
        return found

    async def use(self, image: str) -> None:
        """`kubectl argo rollouts set image`."""
        await self._json("/spec/template/spec/containers/0/image", image)

    async def abort(self, _value: Any) -> None:
        """As the plugin's abort."""
        await self._status({"abort": True})

    async def retry(self, _value: Any) -> None:
        """As the plugin's retry."""
        await self._status({"abort": False})

    async def promote(self, _value: Any) -> None:
        """As the plugin's promote: lift what holds, or skip the step."""
        rollout = self.rollout()
        status, steps = rollout.get("status") or {}, (rollout["spec"]["strategy"].get("canary") or {}).get("steps")
        if rollout["spec"].get("paused"):
            await self._spec({"paused": False})
        if status.get("pauseConditions"):
            await self._status({"pauseConditions": None})
        elif steps:
            index = min((status.get("currentStepIndex") or 0) + 1, len(steps))
            await self._status({"pauseConditions": None, "currentStepIndex": index})

    async def promote_fully(self, _value: Any) -> None:
        """As the plugin's promote --full."""
        status = self.rollout().get("status") or {}
        if status.get("currentPodHash") != status.get("stableRS"):
            await self._status({"promoteFull": True})

    async def scale(self, size: int) -> None:
        """`kubectl scale`."""
        await self._spec({"replicas": size})

    async def hold(self, _value: Any) -> None:
        """As the plugin's pause."""
        await self._spec({"paused": True})

    async def go_on(self, _value: Any) -> None:
        """The end of a hold."""
        await self._spec({"paused": False})

    async def change_steps(self, steps: list[Json]) -> None:
        """Other steps for the same template."""
        await self._json("/spec/strategy/canary/steps", steps)

    async def undo(self, _value: Any) -> None:
        """As the plugin's undo: the template of the revision before."""
        found = sorted(self._all(kinds.REPLICA_SETS), key=lambda rs: -int(rs["metadata"]["annotations"][REVISION]))
        if len(found) > 1:
            await self.use(found[1]["spec"]["template"]["spec"]["containers"][0]["image"])

    async def lose_a_pod(self, _value: Any) -> None:
        """A node dies, with one pod on it."""
        pods = self._all(kinds.PODS)
        if pods:
            target = Target(kinds.PODS, pods[0]["metadata"]["name"], NAMESPACE)
            await self._store.delete(target, DeleteOptions(grace=0))

    async def begin_anew(self, _value: Any) -> None:
        """`kubectl replace --force`: the rollout is deleted, and made again before anybody has looked."""
        rollout, target = self.rollout(), Target(kinds.ROLLOUTS, NAME, NAMESPACE)
        await self._store.delete(target, DeleteOptions("Background"))
        body = {key: rollout[key] for key in ("apiVersion", "kind", "spec")}
        await self._store.create(Collection(kinds.ROLLOUTS, NAMESPACE), {**body, "metadata": {"name": NAME}})

    def _all(self, resource: Resource) -> tuple[Json, ...]:
        return self._store.peek_all(Collection(resource, NAMESPACE))

    async def _spec(self, body: Json) -> None:
        await self._store.patch(Target(kinds.ROLLOUTS, NAME, NAMESPACE), Patch(PatchType.MERGE, {"spec": body}))

    async def _status(self, body: Json) -> None:
        target = Target(kinds.ROLLOUTS, NAME, NAMESPACE, "status")
        await self._store.patch(target, Patch(PatchType.MERGE, {"status": body}))

    async def _json(self, path: str, value: Any) -> None:
        operations = [{"op": "replace", "path": path, "value": value}]
        await self._store.patch(Target(kinds.ROLLOUTS, NAME, NAMESPACE), Patch(PatchType.JSON, operations))


_DEEDS: dict[str, Callable[[User, Any], Awaitable[None]]] = {
    "use": User.use,
    "abort": User.abort,
    "retry": User.retry,
    "promote": User.promote,
    "promote fully": User.promote_fully,
    "scale": User.scale,
    "hold": User.hold,
    "go on": User.go_on,
    "change steps": User.change_steps,
    "undo": User.undo,
    "lose a pod": User.lose_a_pod,
    "begin anew": User.begin_anew,
}
