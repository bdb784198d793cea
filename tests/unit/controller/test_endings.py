"""Ends of measurements that take their time: each is begun once, however often the run is looked at meanwhile."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import DeleteOptions, Json, Patch, PatchType, Target
from rollouts.simulator.store import Store
from tests.unit.controller.stories import Shop, an_object, tell


class Slow:
    """A cluster that takes two seconds to delete something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.deleted: list[str] = []

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        self.deleted.append(target.resource.plural)
        await asyncio.sleep(2)
        await self._store.delete(target, options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def a_run() -> Json:
    """An AnalysisRun whose Job sleeps for an hour."""
    container = {"name": "a", "image": "a:1", "command": ["sleep", "3600"]}
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    metric = {"name": "a", "provider": {"job": {"spec": spec}}}
    return an_object(kinds.ANALYSIS_RUNS, "smoke", spec={"metrics": [metric]})


def test_a_job_is_deleted_once_when_its_run_ends() -> None:
    """Looks at the run in between begin nothing anew, and the run ends when the deletion has."""

    async def story(shop: Shop) -> None:
        slow: Any = Slow(shop.store)
        target = Target(kinds.ANALYSIS_RUNS, "smoke", "shop")
        await shop.start(slow)
        await shop.world.apply([a_run()])
        await asyncio.sleep(10)
        await shop.store.patch(target, Patch(PatchType.MERGE, {"spec": {"terminate": True}}))
        await asyncio.sleep(1)
        await shop.store.patch(target, Patch(PatchType.MERGE, {"metadata": {"annotations": {"a": "b"}}}))
        await asyncio.sleep(0.5)
        assert (await shop.get(kinds.ANALYSIS_RUNS, "smoke"))["status"]["phase"] == "Running"
        await asyncio.sleep(2)

        assert (await shop.get(kinds.ANALYSIS_RUNS, "smoke"))["status"]["phase"] == "Inconclusive"
        assert slow.deleted == ["jobs"]

    tell(story)
