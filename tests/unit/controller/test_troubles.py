"""Whole rounds in trouble: users' mistakes, refusals, conflicts. The controller runs on the embedded cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from rollouts.cluster import kinds
from rollouts.cluster.errors import ConflictError, ForbiddenError, ServerError
from rollouts.cluster.port import Collection, CreateOptions, Json, Patch, Target
from tests.unit.controller.stories import (
    Shop,
    Spy,
    Write,
    a_canary,
    a_routed_canary,
    a_service,
    a_template,
    an_object,
    tell,
)

PAUSE: Json = {"pause": {}}


def test_a_missing_service_is_shown_and_taken_up_when_it_comes() -> None:
    """The Service's own event wakes the rollout; nobody has to touch it."""

    async def story(shop: Shop) -> None:
        await shop.start()
        objects = a_routed_canary({"setWeight": 20})
        await shop.world.apply([obj for obj in objects if obj["metadata"]["name"] != "web-canary"])
        await asyncio.sleep(30)
        phase, message = await shop.phase()
        assert phase == "Degraded"
        assert (
            'spec.strategy.canary.canaryService: Invalid value: "web-canary": service "web-canary" not found' in message
        )

        await shop.world.apply([a_service("web-canary")])
        await asyncio.sleep(30)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_missing_template_is_shown_and_taken_up_when_it_comes() -> None:
    """So does the template's."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary({"analysis": {"templates": [{"templateName": "late"}]}})])
        await asyncio.sleep(30)
        assert (await shop.phase())[0] == "Degraded"

        await shop.world.apply([a_template("late")])
        await asyncio.sleep(30)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_an_invalid_rollout_is_taken_up_again_when_it_changes() -> None:
    """InvalidSpec names the field; nothing else is done until then."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary({"setWeight": 200})])
        await asyncio.sleep(30)
        phase, message = await shop.phase()
        assert phase == "Degraded"
        assert "spec.strategy.steps[0].setWeight" in message
        assert [write for write in spy.said() if "Rollout" not in write] == []

        await shop.patch({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}}})
        await asyncio.sleep(30)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_bad_rollouts_delay_no_good_one() -> None:
    """Fifty that are invalid, and fifty that are well."""

    async def story(shop: Shop) -> None:
        await shop.start()
        bad = [a_canary({"setWeight": 200}, name=f"bad-{number}") for number in range(50)]
        good = [a_canary({"setWeight": 20}, name=f"good-{number}") for number in range(50)]
        await shop.world.apply([one for pair in zip(bad, good, strict=True) for one in pair])
        await asyncio.sleep(20)

        assert {await shop.phase(f"good-{number}") for number in range(50)} == {("Healthy", "")}
        assert {(await shop.phase(f"bad-{number}"))[0] for number in range(50)} == {"Degraded"}

    tell(story)


def test_a_request_that_came_in_during_a_round_is_not_lost() -> None:
    """An abort between observation and status write gives a conflict, and the next round sees it."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary({"setWeight": 34}, {"pause": {"duration": "20s"}}, PAUSE)])
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(10)
        meddled: list[Write] = []

        def meddle(write: Write) -> None:
            if write.kind == "Rollout/status" and not meddled and "currentStepIndex" in write.body["status"]:
                meddled.append(write)
                asyncio.get_running_loop().create_task(shop.patch({"status": {"abort": True}}, subresource="status"))
                raise ConflictError("somebody was first")

        spy.fate = meddle
        await asyncio.sleep(60)

        assert len(meddled) == 1
        assert (await shop.phase())[0] == "Degraded"

    tell(story)


@pytest.mark.parametrize("error", [ServerError("down"), ForbiddenError("no"), ConflictError("changed")])
def test_a_refused_write_is_tried_again(error: Exception) -> None:
    """Whatever the server said three times, the fourth attempt is as good as the first."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        refused: list[Write] = []

        def refuse(write: Write) -> None:
            if write.kind == "ReplicaSet" and len(refused) < 3:
                refused.append(write)
                raise error

        spy.fate = refuse
        await shop.start(spy)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(120)

        assert len(refused) == 3
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_the_events_of_what_was_done_are_told_when_the_rest_failed() -> None:
    """The next round finds the Services switched, and would not tell of it."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        refused: list[Write] = []

        def refuse(write: Write) -> None:
            if write.kind == "HTTPRoute" and len(refused) < 2:
                refused.append(write)
                raise ServerError("down")

        spy.fate = refuse
        await shop.start(spy)
        await shop.world.apply(a_routed_canary({"setWeight": 20}, PAUSE))
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(30)

        assert len(refused) == 2
        assert (await shop.reasons()).count("SwitchService") == 3
        assert await shop.phase() == ("Paused", "CanaryPauseStep")

    tell(story)


def test_a_replica_set_of_somebody_else_with_our_name_is_stepped_around() -> None:
    """A collision gives another name, not an adoption."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        name = (await shop.listed(kinds.REPLICA_SETS))[0]["metadata"]["name"]
        await running.stop()
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await asyncio.sleep(30)
        labels = {"app": "other"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "x:v1"}]}}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        await shop.world.apply([an_object(kinds.REPLICA_SETS, name, spec=spec), a_canary(PAUSE)])
        await shop.start()
        await asyncio.sleep(60)

        assert await shop.phase() == ("Healthy", "")
        assert (await shop.rollout())["status"]["collisionCount"] == 1

    tell(story)


def test_an_undecodable_rollout_is_told_once_and_left() -> None:
    """Where a CRD lets a spec through that is no object: one event, no write, and the others go on."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        running = await shop.start(spy)
        broken = a_canary(PAUSE, name="broken") | {"spec": []}
        broken["metadata"] |= {"uid": "u1", "resourceVersion": "1"}
        running.controller.caches.of(kinds.ROLLOUTS).put(broken)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(2000)

        assert await shop.phase() == ("Healthy", "")
        assert (await shop.reasons("broken")).count("ReconciliationError") == 1
        assert [write.name for write in spy.writes if write.name == "broken"] == []

    tell(story)


@pytest.mark.parametrize("error", [ConflictError("changed"), ServerError("no answer")])
def test_what_did_not_come_to_pass_is_not_told(error: Exception) -> None:
    """A promotion whose status was refused is no promotion yet: no event says so."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)

        def refuse(write: Write) -> None:
            if write.kind == "Rollout/status" and "stableRS" in write.body["status"]:
                raise error

        spy.fate = refuse
        await shop.start(spy)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(60)

        assert (await shop.reasons()).count("RolloutCompleted") == 0

    tell(story)


def test_what_came_to_pass_is_told_though_the_answer_was_lost() -> None:
    """A status write that took effect and was answered by an error counts as written: its events go out, once."""

    async def story(shop: Shop) -> None:
        lossy = Lossy(shop.store)
        await shop.start(lossy)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(60)

        assert lossy.lost == 1
        assert (await shop.reasons()).count("RolloutCompleted") == 1

    tell(story)


class Lossy(Spy):
    """Loses the answer to the write that promotes."""

    lost = 0

    async def patch(self, target: Target, patch: Patch) -> Json:
        answer = await super().patch(target, patch)
        if target.subresource == "status" and "stableRS" in patch.body["status"] and not self.lost:
            self.lost += 1
            raise ServerError("the answer never came")
        return answer


def test_a_rollout_that_is_made_anew_under_its_name_is_another_one() -> None:
    """Deleted and created between two rounds: leave is taken of the old one, and the new one is announced."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)

        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(60)

        reasons = await shop.reasons()
        assert (reasons.count("RolloutAddedToInformer"), reasons.count("RolloutDeleted")) == (2, 1)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_rollout_that_goes_in_mid_round_is_no_trouble() -> None:
    """Its last round meets nothing where it was: that ends quietly, and is not tried again."""

    async def story(shop: Shop) -> None:
        gone: list[Write] = []

        def delete_first(write: Write) -> None:
            if (write.verb, write.kind) == ("patch", "Rollout") and not gone:
                gone.append(write)
                with suppress(StopIteration):  # the store's verbs wait for nothing
                    shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop")).send(None)

        spy = Spy(shop.store)
        spy.fate = delete_first
        with capture_logs() as logs:
            await shop.start(spy)
            await shop.world.apply([a_canary()])
            await asyncio.sleep(30)

        assert gone
        assert [entry for entry in logs if entry["event"] == "round failed"] == []

    tell(story)


def test_a_round_ends_when_its_rollout_is_made_anew() -> None:
    """What was decided for the one that is gone is not done to the one that has its name."""

    async def story(shop: Shop) -> None:
        usurped = Usurped(shop.store)
        await shop.start(usurped)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        given: list[tuple[str, str]] = []
        shop.store.listen(lambda _shelf, change: given.extend(_revision(change.after)))

        usurped.usurper = lambda: _make_anew(shop)
        await shop.use("web:v2")
        await asyncio.sleep(60)

        new = (await shop.rollout())["metadata"]["uid"]
        assert {revision for uid, revision in given if uid == new} == {"1"}
        assert await shop.phase() == ("Healthy", "")

    tell(story)


class Usurped(Spy):
    """Lets somebody act while a ReplicaSet is created, once."""

    usurper: Callable[[], Awaitable[None]] | None = None

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        answer = await super().create(collection, body, options)
        if collection.resource == kinds.REPLICA_SETS and self.usurper is not None:
            act, self.usurper = self.usurper, None
            await act()
            await asyncio.sleep(1)
        return answer


async def _make_anew(shop: Shop) -> None:
    rollout = await shop.rollout()
    await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
    body = an_object(kinds.ROLLOUTS, "web", spec=rollout["spec"])
    await shop.store.create(Collection(kinds.ROLLOUTS, "shop"), body)


def _revision(obj: Json | None) -> list[tuple[str, str]]:
    if obj is None or obj["kind"] != "Rollout":
        return []
    revision = obj["metadata"].get("annotations", {}).get("rollout.argoproj.io/revision")
    return [(obj["metadata"]["uid"], revision)] if revision else []
