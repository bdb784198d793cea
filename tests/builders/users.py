"""What users do to a rollout, as the patches that kubectl and its plugins send. For simulations and real clusters.

The one here works through the cluster port, so the same person can sit before the embedded cluster and a real one.
"""

from typing import Any

from rollouts.cluster.port import Cluster, Json, Patch, PatchType, Target


class Hands:
    """One who patches the rollout that `target` names."""

    def __init__(self, cluster: Cluster, target: Target) -> None:
        self.target = target
        self._cluster = cluster

    async def rollout(self) -> Json:
        """The rollout as it is."""
        return await self._cluster.get(self.target)

    async def use(self, image: str) -> None:
        """`kubectl argo rollouts set image`."""
        await self.replace("/spec/template/spec/containers/0/image", image)

    async def abort(self) -> None:
        """As the plugin's abort."""
        await self.status({"abort": True})

    async def retry(self) -> None:
        """As the plugin's retry."""
        await self.status({"abort": False})

    async def promote(self) -> None:
        """As the plugin's promote: lift what holds, or skip the step."""
        rollout = await self.rollout()
        status, steps = rollout.get("status") or {}, (rollout["spec"]["strategy"].get("canary") or {}).get("steps")
        if rollout["spec"].get("paused"):
            await self.spec({"paused": False})
        if status.get("pauseConditions"):
            await self.status({"pauseConditions": None})
        elif steps:
            index = min((status.get("currentStepIndex") or 0) + 1, len(steps))
            await self.status({"pauseConditions": None, "currentStepIndex": index})

    async def promote_fully(self) -> None:
        """As the plugin's promote --full."""
        status = (await self.rollout()).get("status") or {}
        if status.get("currentPodHash") != status.get("stableRS"):
            await self.status({"promoteFull": True})

    async def scale(self, size: int) -> None:
        """`kubectl scale`, and what an autoscaler does: through the scale subresource."""
        await self._patch({"spec": {"replicas": size}}, "scale")

    async def label(self, labels: Json) -> None:
        """`kubectl label --overwrite`."""
        await self._patch({"metadata": {"labels": labels}})

    async def spec(self, body: Json) -> None:
        """Merge this into the spec."""
        await self._patch({"spec": body})

    async def status(self, body: Json) -> None:
        """Merge this into the status."""
        await self._patch({"status": body}, "status")

    async def replace(self, path: str, value: Any) -> None:
        """Replace what stands at a JSON pointer."""
        operations = [{"op": "replace", "path": path, "value": value}]
        await self._cluster.patch(self.target, Patch(PatchType.JSON, operations))

    async def _patch(self, body: Json, subresource: str = "") -> None:
        target = Target(self.target.resource, self.target.name, self.target.namespace, subresource)
        await self._cluster.patch(target, Patch(PatchType.MERGE, body))
