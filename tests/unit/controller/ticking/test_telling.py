"""What is told and asked beside the rounds of Canaries, and what of it goes wrong."""

import asyncio
from collections import Counter

from rollouts.cluster import kinds
from rollouts.controller.settings import Settings
from rollouts.controller.ticking.settings import Listeners, TickSettings
from tests.builders.canaries import STRICT
from tests.builders.manifests import an_object
from tests.unit.controller.stories import Shop, tell
from tests.unit.controller.ticking.canaries import a_delivery, hearing, in_shop, phase, release, steps, texts

NOWHERE = "http://[abc/x"


def test_webhooks_of_one_name_are_each_asked() -> None:
    """Two load tests at one address differ by what they are told."""

    async def story(shop: Shop) -> None:
        heard = hearing(shop)
        await shop.start()
        hooks = [
            {"name": "load", "url": "http://tester.test/", "type": "rollout", "metadata": {"cmd": cmd}}
            for cmd in ("get", "post")
        ]
        await shop.world.apply(a_delivery(analysis=steps(50, most=50, webhooks=hooks)))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(120)

        assert await phase(shop) == "Succeeded"
        asked = Counter(body["metadata"]["cmd"] for _url, body in heard)
        assert asked["get"] == asked["post"] > 0

    tell(story)


def test_a_long_list_of_webhooks_is_asked_to_its_end() -> None:
    """One after the other, however many there are, and each once a tick."""

    async def story(shop: Shop) -> None:
        heard = hearing(shop)
        await shop.start()
        hooks = [{"name": f"check {n}", "url": f"http://tester.test/{n}", "type": "pre-rollout"} for n in range(70)]
        await shop.world.apply(a_delivery(analysis=steps(50, most=50, webhooks=hooks)))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(60)

        assert await phase(shop) == "Succeeded"
        assert len(heard) == len(hooks)

    tell(story)


def test_an_address_that_is_none_fails_the_tick() -> None:
    """To the letter there is no fault for it; but the run ends, and a user reads why."""

    async def story(shop: Shop) -> None:
        await shop.start()
        hook = {"name": "load", "url": NOWHERE, "type": "rollout"}
        deployment, canary = a_delivery(analysis=steps(20, webhooks=[hook]))
        canary["metadata"]["annotations"] = STRICT
        await shop.world.apply([deployment, canary])
        await asyncio.sleep(60)
        await release(shop, "web:v2")
        await asyncio.sleep(120)

        assert await phase(shop) == "Failed"
        assert any("is no URL" in text for text in await texts(shop))

    tell(story)


def test_what_cannot_be_told_keeps_nothing_back() -> None:
    """A chat hears of a run although the webhook of events, before it, is at no address at all."""
    settings = Settings(is_elected=False, ticking=TickSettings(listeners=Listeners(event_webhook=NOWHERE)))

    async def story(shop: Shop) -> None:
        heard = hearing(shop)
        await shop.start(settings=settings)
        chat = an_object(kinds.ALERT_PROVIDERS, "chat", spec={"type": "slack", "address": "http://chat.test/a"})
        alert = {"name": "all", "severity": "info", "providerRef": {"name": "chat"}}
        await shop.world.apply([*in_shop(chat), *a_delivery(analysis=steps(50, most=50, alerts=[alert]))])
        await asyncio.sleep(60)

        assert [url for url, _body in heard] == ["http://chat.test/a"]

    tell(story)
