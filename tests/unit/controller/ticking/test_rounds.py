"""Canaries in the whole controller: what a tick writes, and what one that changes nothing does not."""

import asyncio
from datetime import datetime

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.port import Json, Target
from rollouts.controller.settings import Settings
from rollouts.controller.ticking.settings import TickSettings
from rollouts.simulator.scenario import Behaviour, Scenario
from tests.builders.canaries import STRICT, a_canary, a_deployment
from tests.unit.controller.crashes import Story, deaths
from tests.unit.controller.stories import Shop, Spy, Write, tell
from tests.unit.controller.ticking.canaries import (
    GOOD,
    a_delivery,
    deployments,
    hearing,
    in_shop,
    patch,
    phase,
    release,
    rounds,
    status,
    steps,
    texts,
)


async def _rehearse(shop: Shop) -> None:
    await shop.world.apply(a_delivery())
    await asyncio.sleep(40)
    await release(shop, "web:v2")


async def _check(shop: Shop) -> None:
    assert await phase(shop) == "Succeeded"
    assert await deployments(shop) == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
    assert await shop.weights() == {"web-primary": 100, "web-canary": 0}


def test_a_controller_that_is_killed_after_any_write_is_followed_by_one_that_delivers() -> None:
    """Nothing that counts is in memory: the next process goes on where the cluster says that it stands."""
    assert deaths(Story(_rehearse, _check, rest=120)) > 25


def test_e16_a_canary_at_rest_is_written_to_no_more() -> None:
    """An hour of rest costs not one write, and not one event."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_delivery())
        await asyncio.sleep(60)
        assert await phase(shop) == "Initialized"
        spy.writes.clear()
        await asyncio.sleep(3600)

        assert spy.writes == []

    tell(story)


def test_e16_a_suspended_canary_is_told_of_once() -> None:
    """Upstream tells it in every tick; here its user reads it once."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_delivery())
        await asyncio.sleep(60)
        spy.writes.clear()
        await patch(shop, kinds.CANARIES, {"spec": {"suspend": True}})
        await asyncio.sleep(3600)

        assert [write.body["message"] for write in spy.writes] == ["skipping canary run as object is suspended"]

    tell(story)


def test_a_canary_that_waits_is_written_to_no_more() -> None:
    """Its webhook is asked in every tick, and nothing is told or written while the answer stays the same."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        heard = hearing(shop, lambda _url: 403)
        await shop.start(spy)
        gate = {"name": "ask", "type": "confirm-rollout", "url": "http://hook.test/ask"}
        await shop.world.apply(a_delivery(analysis=steps(20, webhooks=[gate])))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(15)
        assert await phase(shop) == "Waiting"
        spy.writes.clear()
        heard.clear()
        await asyncio.sleep(600)

        assert spy.writes == []
        assert len(heard) == 60

    tell(story)


def test_a_canary_whose_pods_do_not_come_is_written_to_no_more() -> None:
    """Until its deadline: what stands in the way is told once."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_delivery())
        await asyncio.sleep(40)
        await release(shop, "web:bad")
        await asyncio.sleep(60)
        assert await phase(shop) == "Progressing"
        spy.writes.clear()
        await asyncio.sleep(300)
        assert spy.writes == []
        await asyncio.sleep(600)

        assert await phase(shop) == "Failed"
        assert 'canary deployment web.shop not ready: deployment "web" exceeded its progress deadline' in await texts(
            shop
        )

    tell(story, Scenario(images={"web:bad": Behaviour(never_ready="image")}, requests_per_second=0))


def test_a_tick_writes_the_route_the_status_and_its_event() -> None:
    """Nothing else, and nothing between two ticks, however often pods change."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_delivery(analysis=steps(20)))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(15)
        assert (await status(shop))["canaryWeight"] == 20
        spy.writes.clear()
        await asyncio.sleep(10)

        wanted = ["patch HTTPRoute web", "patch Canary/status web", "create Event"]
        assert wanted == [
            f"{w.verb} {w.kind} {w.name}".removesuffix(w.name if w.kind == "Event" else "").strip() for w in spy.writes
        ]

    tell(story)


def test_the_next_tick_after_a_restart_is_when_it_would_have_been() -> None:
    """The clock is the status: a controller that is replaced loses no tick and adds none."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply(a_delivery(analysis=steps(5, interval="60s")))
        await asyncio.sleep(200)
        await release(shop, "web:v2")
        await asyncio.sleep(70)
        before = await status(shop)
        await running.stop()
        await asyncio.sleep(20)
        await shop.start()
        await asyncio.sleep(100)
        after = await status(shop)

        ticks = [datetime.fromisoformat(each["lastTransitionTime"]) for each in (before, after)]
        assert (ticks[1] - ticks[0]).total_seconds() == 120
        assert after["canaryWeight"] - before["canaryWeight"] == 10

    tell(story)


def test_two_canaries_cannot_deliver_one_target() -> None:
    """The older one has it; the other is told by its condition, and takes over when the first goes."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_delivery())
        await asyncio.sleep(30)
        other = a_canary(steps(50), name="api", target="web")
        await shop.world.apply(in_shop(other))
        await asyncio.sleep(30)
        assert "Deployment web is delivered by Canary web already" in (await texts(shop, "api"))[0]
        assert [c["type"] for c in (await status(shop, "api"))["conditions"]] == ["InvalidSpec"]
        assert await phase(shop) == "Initialized"

        await shop.store.delete(Target(kinds.CANARIES, "web", "shop"))
        await asyncio.sleep(60)
        assert await phase(shop, "api") == "Initialized"

    tell(story)


def test_two_canaries_cannot_make_one_service() -> None:
    """Each would lead users to its own pods: the younger one is told, and not a request of them is led elsewhere."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_delivery())
        await asyncio.sleep(30)
        other = a_canary(rounds(2), name="api", provider="kubernetes", service={"name": "web", "port": 80})
        spy.writes.clear()
        await shop.world.apply(in_shop(a_deployment("api"), other))
        await asyncio.sleep(60)

        assert "Service web is made by Canary web already" in (await texts(shop, "api"))[0]
        assert {write.kind for write in spy.writes} == {"Event", "Canary/status"}

    tell(story)


def test_a_canary_that_reverts_gives_its_target_back() -> None:
    """Deleted, it starts the target first, and only then lets go of Service and route."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_delivery(revertOnDeletion=True))
        await asyncio.sleep(60)
        assert (await shop.get(kinds.CANARIES))["metadata"]["finalizers"] == ["finalizer.flagger.app"]
        await shop.store.delete(Target(kinds.CANARIES, "web", "shop"))
        await asyncio.sleep(60)

        assert await shop.listed(kinds.CANARIES) == []
        assert (await deployments(shop))["web"] == ("web:v1", 2)
        assert (await texts(shop))[-1] == "Terminated canary web.shop"

    tell(story)


def test_a_canary_that_has_run_gives_back_whatever_it_names_since() -> None:
    """A template that the operator does not allow is no reason to leave the target without pods."""

    async def story(shop: Shop) -> None:
        await shop.start(settings=Settings(is_elected=False, ticking=TickSettings(stays_home=True)))
        await shop.world.apply(a_delivery(revertOnDeletion=True))
        await asyncio.sleep(60)
        assert (await deployments(shop))["web"] == ("web:v1", 0)
        metric: Json = {"name": "errors", "templateRef": {"name": "errors", "namespace": "ops"}}
        await patch(shop, kinds.CANARIES, {"spec": {"analysis": {"metrics": [metric]}}})
        await asyncio.sleep(30)
        await shop.store.delete(Target(kinds.CANARIES, "web", "shop"))
        await asyncio.sleep(60)

        assert await shop.listed(kinds.CANARIES) == []
        assert (await deployments(shop))["web"] == ("web:v1", 2)

    tell(story)


def test_a_changed_config_is_a_new_revision() -> None:
    """The copy reads a copy of it, so that what serves changes only once it was judged."""

    async def story(shop: Shop) -> None:
        await shop.start()
        target = a_deployment()
        target["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
        await shop.world.apply(in_shop(config, target, a_canary(rounds(2), provider="kubernetes")))
        await asyncio.sleep(60)
        assert (await shop.get(kinds.CONFIG_MAPS, "settings-primary"))["data"] == {"a": "1"}
        await patch(shop, kinds.CONFIG_MAPS, {"data": {"a": "2"}}, "settings")
        await asyncio.sleep(15)
        assert await phase(shop) == "Progressing"
        assert (await shop.get(kinds.CONFIG_MAPS, "settings-primary"))["data"] == {"a": "1"}
        await asyncio.sleep(120)

        assert await phase(shop) == "Succeeded"
        assert (await shop.get(kinds.CONFIG_MAPS, "settings-primary"))["data"] == {"a": "2"}

    tell(story)


def test_a_route_whose_kind_is_missing_is_told_and_written_once_it_comes() -> None:
    """Nobody need start the controller anew for a CRD."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_delivery(provider="traefik"))
        await asyncio.sleep(60)

        assert await phase(shop) == "Initializing"
        assert any("the server does not serve TraefikService" in text for text in await texts(shop))

    tell(story)


def test_a_tick_that_is_refused_asks_nobody_again() -> None:
    """Webhooks and metrics are asked once a tick, however often its writes are tried."""

    async def story(shop: Shop) -> None:
        spy, refused = Spy(shop.store), list[Write]()

        def refuse(write: Write) -> None:
            if write.kind == "HTTPRoute" and len(refused) < 5:
                refused.append(write)
                raise ForbiddenError("routes are not yours")

        running = await shop.start(spy)
        await shop.world.apply(a_delivery(analysis=steps(20, metrics=[GOOD])))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(15)
        shop.asked.clear()
        spy.fate = refuse
        await asyncio.sleep(10)

        assert len(refused) == 5
        assert shop.asked == ["0"]
        assert (await status(shop))["canaryWeight"] == 40
        assert "routes are not yours" in (await texts(shop))[-2]
        await running.stop()

    tell(story)


@pytest.mark.parametrize("kind", ["HTTPRoute", "Canary/status"])
def test_what_is_refused_for_good_is_tried_ever_less(kind: str) -> None:
    """At last once a minute; a status that is never written lets no weight pass unjudged, and nobody floods events."""

    async def story(shop: Shop) -> None:
        spy, refused = Spy(shop.store), list[Write]()

        def refuse(write: Write) -> None:
            if write.kind == kind:
                refused.append(write)
                raise ForbiddenError("not yours")

        await shop.start(spy)
        await shop.world.apply(a_delivery(analysis=steps(20, metrics=[GOOD])))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(15)
        told = len(await texts(shop))
        spy.fate = refuse
        await asyncio.sleep(120)
        assert len(refused) < 20
        assert (await shop.weights())["web-canary"] <= 40
        assert len(await texts(shop)) <= told + 2
        refused.clear()
        await asyncio.sleep(600)
        assert 10 <= len(refused) <= 15

        spy.fate = Spy(shop.store).fate
        await asyncio.sleep(180)
        assert await phase(shop) == "Succeeded"

    tell(story)


def test_a_mistake_is_told_by_a_condition_and_an_event() -> None:
    """Once, and nothing is made of such a Canary until it is mended."""

    async def story(shop: Shop) -> None:
        await shop.start()
        wrong = a_canary(steps(20), service={"port": 80})
        await shop.world.apply(in_shop(a_deployment(), wrong))
        await asyncio.sleep(60)
        assert [c["type"] for c in (await status(shop))["conditions"]] == ["InvalidSpec"]
        assert len(await texts(shop)) == 1
        assert list(await deployments(shop)) == ["web"]

        await patch(shop, kinds.CANARIES, {"spec": {"service": {"gatewayRefs": [{"name": "public"}]}}})
        await asyncio.sleep(60)
        assert await phase(shop) == "Initialized"

    tell(story)


def test_a_canary_to_the_letter_is_delivered_too() -> None:
    """With the annotation, all edges are Flagger's."""

    async def story(shop: Shop) -> None:
        await shop.start()
        target, canary = a_delivery()
        canary["metadata"]["annotations"] = STRICT
        await shop.world.apply([target, canary])
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(120)

        assert await phase(shop) == "Succeeded"

    tell(story)
