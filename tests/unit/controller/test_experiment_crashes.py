"""The controller is killed with the answer to every write of an experiment's life, and its successor finishes it."""

import asyncio

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, CreateOptions, Json
from tests.builders.manifests import a_version, analysed, experiment_step
from tests.unit.controller.crashes import Part, Story, deaths
from tests.unit.controller.stories import Shop, Spy, a_canary, a_template, an_object

ALONE: Json = {
    "templates": [a_version("base", "web:v1", replicas=2, service={}), a_version("can", "web:v2")],
    "analyses": [analysed(requiredForCompletion=True), analysed("watch", template="watch")],
    "duration": "20s",
    "scaleDownDelaySeconds": 5,
}


async def alone(shop: Shop) -> None:
    """One that stands for itself."""
    watch = a_template("watch", interval="3s")
    await shop.world.apply([a_template("check"), watch, an_object(kinds.EXPERIMENTS, "trial", spec=ALONE)])


async def all_over(shop: Shop) -> None:
    """It ended well, and left nothing behind that costs anything."""
    status = (await shop.get(kinds.EXPERIMENTS, "trial"))["status"]
    assert (status["phase"], status["message"]) == ("Successful", "Required AnalysisRuns completed")
    assert [seen["status"] for seen in status["templateStatuses"]] == ["Successful", "Successful"]
    assert [condition["reason"] for condition in status["conditions"]] == ["ExperimentCompleted"]
    assert await shop.sizes() == {"web:v1": 0, "web:v2": 0}
    assert await shop.listed(kinds.SERVICES) == []
    runs = {run["metadata"]["name"]: run["status"]["phase"] for run in await shop.listed(kinds.ANALYSIS_RUNS)}
    assert runs == {"trial-check": "Successful", "trial-watch": "Successful"}


async def as_a_step(shop: Shop) -> None:
    """The second version of a canary has to pass one."""
    step = experiment_step("can", duration="5s", analyses=[analysed()], scaleDownDelaySeconds=0)
    await shop.world.apply([a_template("check"), a_canary(step, {"setWeight": 50}, {"pause": {"duration": "2s"}})])
    await asyncio.sleep(20)
    await shop.use("web:v2")


async def promoted(shop: Shop) -> None:
    """One experiment, one analysis, and the new version is everybody's."""
    assert await shop.phase() == ("Healthy", "")
    assert [e["status"]["phase"] for e in await shop.listed(kinds.EXPERIMENTS)] == ["Successful"]
    assert len(await shop.listed(kinds.ANALYSIS_RUNS)) == 1
    assert sorted(rs["spec"]["replicas"] for rs in await shop.listed(kinds.REPLICA_SETS)) == [0, 0, 3]


class Quiet(Spy):
    """Events are not counted: whoever dies after one has died before the next write."""

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        if collection.resource == kinds.EVENTS and not self.died.is_set():
            return await self._store.create(collection, body, options)
        return await super().create(collection, body, options)


@pytest.mark.parametrize(("rehearse", "check"), [(alone, all_over), (as_a_step, promoted)])
def test_a_controller_that_is_killed_after_any_write_is_followed_by_one_that_finishes(
    rehearse: Part, check: Part
) -> None:
    """Whatever was half done; until a story has no such write."""
    assert deaths(Story(rehearse, check, spy=Quiet, rest=90)) > 15
