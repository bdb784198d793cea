"""What people do to a simulated rollout: the patches that the commands of the same names send. Called by the stage."""

from rollouts.cli.simulate_story import ABORT, PROMOTE, PROMOTE_FULLY, RETRY
from rollouts.cluster import kinds
from rollouts.cluster.port import Cluster, Json, Patch, PatchType, Target
from rollouts.model.errors import RolloutsError

_STATUS: dict[str, Json] = {
    PROMOTE_FULLY: {"promoteFull": True},
    ABORT: {"abort": True},
    RETRY: {"abort": None},
}


class Deeds:
    """Hands that reach one rollout."""

    def __init__(self, cluster: Cluster, target: Target) -> None:
        self._cluster = cluster
        self._target = target

    async def use(self, image: str, instead_of: str) -> None:
        """`set image`: in the rollout, or in the workload that it takes its template from."""
        rollout = await self._cluster.get(self._target)
        holder = _holder(rollout, self._target)
        obj = rollout if holder == self._target else await self._cluster.get(holder)
        containers = obj["spec"]["template"]["spec"]["containers"]
        changes = [
            {"op": "replace", "path": f"/spec/template/spec/containers/{index}/image", "value": image}
            for index, container in enumerate(containers)
            if container.get("image") == instead_of
        ]
        await self._cluster.patch(holder, Patch(PatchType.JSON, changes))

    async def do(self, name: str) -> None:
        """One of the story's deeds."""
        if name == PROMOTE:
            await self._promote()
        else:
            await self._status(_STATUS[name])

    async def _promote(self) -> None:
        """As `promote`: out of spec.paused, out of the pause, or past the step that is not over yet."""
        rollout = await self._cluster.get(self._target)
        status = rollout.get("status") or {}
        if rollout["spec"].get("paused"):
            await self._cluster.patch(self._target, Patch(PatchType.MERGE, {"spec": {"paused": False}}))
        if status.get("pauseConditions"):
            await self._status({"pauseConditions": None})
        elif status.get("currentStepIndex") is not None:
            await self._status({"currentStepIndex": status["currentStepIndex"] + 1})

    async def _status(self, status: Json) -> None:
        target = Target(self._target.resource, self._target.name, self._target.namespace, "status")
        await self._cluster.patch(target, Patch(PatchType.MERGE, {"status": status}))


def _holder(rollout: Json, target: Target) -> Target:
    reference = rollout["spec"].get("workloadRef")
    if not reference:
        return target
    if reference.get("kind") != kinds.DEPLOYMENTS.kind:
        raise RolloutsError(f"workloadRef of kind {reference.get('kind')!r} is not simulated: only Deployment")
    return Target(kinds.DEPLOYMENTS, reference["name"], target.namespace)
