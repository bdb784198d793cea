"""The Experiment kind in a whole controller: what it writes, what it does about refusals, whom it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ConflictError, ForbiddenError, ServerError
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Query, Target, WatchEvent
from rollouts.controller.settings import Settings
from rollouts.model.keys import INSTANCE_LABEL
from tests.builders.manifests import a_version, analysed, experiment_step
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, a_template, an_object, tell


class Blind(Spy):
    """A cluster in between whose watch of AnalysisTemplates brings nothing."""

    def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Pass it on."""
        return _silence() if collection.resource == kinds.ANALYSIS_TEMPLATES else self._store.watch(collection, query)


async def _silence() -> AsyncIterator[WatchEvent]:
    await asyncio.Event().wait()
    yield WatchEvent("BOOKMARK", {})


def an_experiment(*versions: Json, labels: dict[str, str] | None = None, **spec: Any) -> Json:
    """One in the shop, called trial."""
    body = {"templates": list(versions or (a_version("one", "web:v1"),)), "scaleDownDelaySeconds": 0, **spec}
    made = an_object(kinds.EXPERIMENTS, "trial", spec=body)
    made["metadata"]["labels"] = labels or {}
    return made


async def status_of(shop: Shop, name: str = "trial") -> Json:
    """Its status."""
    found: Json = (await shop.get(kinds.EXPERIMENTS, name)).get("status") or {}
    return found


async def watched(shop: Shop, *objects: Json, settings: Settings | None = None, seconds: float = 20) -> Spy:
    """The objects with a controller at work on them for a while."""
    spy = Spy(shop.store)
    await shop.start(spy, settings=settings)
    await shop.world.apply(objects)
    await asyncio.sleep(seconds)
    return spy


def test_every_write_of_a_life() -> None:
    """ReplicaSet, Service, size, statuses, the way back; between them nothing is written."""

    async def story(shop: Shop) -> None:
        trial = an_experiment(a_version("one", "web:v1", service={}), duration="60s", scaleDownDelaySeconds=30)
        spy = await watched(shop, trial, seconds=30)
        assert [line for line in spy.said() if "Experiment" not in line] == [
            "create ReplicaSet trial-one",
            "create Service trial-one",
            "patch ReplicaSet trial-one",
        ]
        assert (await status_of(shop))["phase"] == "Running"
        before = len(spy.writes)
        await asyncio.sleep(25)
        assert len(spy.writes) == before
        await asyncio.sleep(20)
        assert [line for line in spy.said()[-4:] if "Experiment" not in line] == ["patch ReplicaSet trial-one"]
        before = len(spy.writes)
        await asyncio.sleep(15)
        assert len(spy.writes) == before
        await asyncio.sleep(60)

        assert [line for line in spy.said() if "Experiment" not in line][4:] == [
            "patch ReplicaSet trial-one",
            "delete Service trial-one",
        ]
        before = len(spy.writes)
        await asyncio.sleep(7200)
        assert len(spy.writes) == before

    tell(story)


def test_an_experiment_that_is_over_costs_nothing() -> None:
    """No look without a cause, not even after a resync."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([an_experiment(duration="5s")])
        await asyncio.sleep(60)

        def looks() -> float:
            found = running.controller.metrics.registry.get_sample_value(
                "experiment_reconcile_count", {"namespace": "shop", "name": "trial"}
            )
            assert found
            return found

        before = looks()
        await asyncio.sleep(7200)
        assert looks() == before

    tell(story)


def refusing(kind: str, verb: str, error: ClusterError, times: int = 10**6) -> Callable[[Write], None]:
    """A fate that refuses writes of a kind, so many times."""
    left = [times]

    def fate(write: Write) -> None:
        if (write.kind, write.verb) == (kind, verb) and left[0]:
            left[0] -= 1
            raise error

    return fate


async def refused(fate: Callable[[Write], None], shop: Shop) -> Json:
    """The status of an experiment some of whose writes are refused."""
    spy = Spy(shop.store)
    spy.fate = fate
    await shop.start(spy)
    trial = an_experiment(a_version("one", "web:v1", service={}), duration="30s", analyses=[analysed()])
    await shop.world.apply([a_template("check"), trial])
    await asyncio.sleep(120)
    return await status_of(shop)


def test_what_is_refused_for_good_is_told_and_ends_the_experiment() -> None:
    """In the server's words: a role without the right, an object that it does not take."""
    no = ForbiddenError("replicasets is forbidden")
    status = tell(partial(refused, refusing("ReplicaSet", "create", no)))
    assert (status["phase"], status["message"]) == (
        "Error",
        "Failed to create ReplicaSet for template 'one': replicasets is forbidden",
    )
    status = tell(partial(refused, refusing("AnalysisRun", "create", no)))
    assert status["message"] == "Failed to create AnalysisRun for analysis 'check': replicasets is forbidden"


def test_what_is_refused_for_now_is_tried_again() -> None:
    """Overload, lost answers, conflicts: Argo's experiment would be in error for ever."""
    for kind, verb in (
        ("ReplicaSet", "create"),
        ("ReplicaSet", "patch"),
        ("Service", "create"),
        ("Experiment", "patch"),
    ):
        for error in (ServerError("overloaded"), ConflictError("somebody was quicker")):
            status = tell(partial(refused, refusing(kind, verb, error, times=3)))
            assert status["phase"] == "Successful", (kind, verb, error)


def test_a_way_back_that_is_refused_is_tried_until_it_is_open() -> None:
    """The experiment has ended; its pods go as soon as they may."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([an_experiment(duration="10s")])
        await asyncio.sleep(8)
        spy.fate = refusing("ReplicaSet", "patch", ForbiddenError("not now"))
        await asyncio.sleep(30)
        assert (await status_of(shop))["phase"] == "Successful"
        assert await shop.sizes() == {"web:v1": 1}
        spy.fate = lambda _write: None
        await asyncio.sleep(120)
        assert await shop.sizes() == {"web:v1": 0}
        assert (await shop.reasons("trial")).count("TemplateSuccessful") == 1

    tell(story)


def test_a_retry_that_comes_in_between_is_not_overwritten() -> None:
    """The status of the first life is not put back into the emptied one."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([an_experiment(duration="10s")])
        target = Target(kinds.EXPERIMENTS, "trial", "shop")
        done: list[bool] = []

        def fate(write: Write) -> None:
            is_last = write.kind == "Experiment" and "Completed" in str(write.body)
            if is_last and not done:
                done.append(True)
                _now(shop.store.patch(target, Patch(PatchType.MERGE, {"status": None})))

        spy.fate = fate
        await asyncio.sleep(60)
        assert done
        assert (await shop.reasons("trial")).count("TemplateSuccessful") == 2
        assert (await status_of(shop))["phase"] == "Successful"

    tell(story)


def _now(verb: Any) -> None:
    """A verb of the store, which never waits."""
    try:
        verb.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def test_only_experiments_of_our_instance_are_ours() -> None:
    """By the label, as for all kinds of Argo's; their runs carry it on."""

    async def story(shop: Shop) -> None:
        ours = an_experiment(labels={INSTANCE_LABEL: "blue"}, analyses=[analysed()])
        theirs = an_experiment() | {"metadata": {"name": "theirs", "namespace": "shop"}}
        settings = Settings(is_elected=False, instance_id="blue")
        await watched(shop, a_template("check", interval="60s"), ours, theirs, settings=settings)
        assert (await status_of(shop))["phase"] == "Running"
        assert await status_of(shop, "theirs") == {}
        (run,) = await shop.listed(kinds.ANALYSIS_RUNS)
        assert run["metadata"]["labels"] == {INSTANCE_LABEL: "blue"}
        assert run["status"]["phase"] == "Running"

    tell(story)


def test_a_controller_of_analyses_only_leaves_experiments_alone() -> None:
    """--controllers analysis, as in Argo."""

    async def story(shop: Shop) -> None:
        await watched(shop, an_experiment(), settings=Settings(is_elected=False, is_analysis_only=True))
        assert await status_of(shop) == {}

    tell(story)


def test_a_template_that_the_watch_has_not_brought_yet_is_asked_for() -> None:
    """Applied with the experiment in one breath: the order of two watches is chance."""

    async def story(shop: Shop) -> None:
        await shop.start(Blind(shop.store))
        await shop.world.apply([a_template("check", interval="60s"), an_experiment(analyses=[analysed()])])
        await asyncio.sleep(20)
        assert (await status_of(shop))["analysisRuns"][0]["phase"] == "Running"

    tell(story)


def test_metrics_tell_of_experiments() -> None:
    """Under Argo's names; gone with the object."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([an_experiment()])
        await asyncio.sleep(20)
        sample = running.controller.metrics.registry.get_sample_value
        who = {"namespace": "shop", "name": "trial"}
        assert sample("experiment_info", {**who, "phase": "Running"}) == 1
        assert sample("experiment_phase", {**who, "phase": "Pending"}) == 0
        assert sample("experiment_reconcile_count", who)
        await shop.store.delete(Target(kinds.EXPERIMENTS, "trial", "shop"))
        await asyncio.sleep(120)
        assert sample("experiment_info", {**who, "phase": "Running"}) is None
        assert sample("experiment_reconcile_count", who) is None
        assert not await shop.listed(kinds.REPLICA_SETS)

    tell(story)


def test_the_rollout_hears_of_the_analyses_of_its_experiment() -> None:
    """Whoever has subscribed to it is told; what belongs to nobody is told to nobody else."""

    async def story(shop: Shop) -> None:
        await shop.start()
        step = experiment_step("can", analyses=[analysed(requiredForCompletion=True)])
        await shop.world.apply([a_template("check"), a_canary(step)])
        await asyncio.sleep(20)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        assert {"AnalysisRunPending", "AnalysisRunSuccessful"} <= set(await shop.reasons())
        events = await shop.store.list(Collection(kinds.EVENTS, "shop"))
        warnings = [e["reason"] for e in events.items if e["type"] == "Warning" and e["reason"].startswith("Analysis")]
        assert warnings == []

    tell(story)
