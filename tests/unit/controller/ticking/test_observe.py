"""Worlds of Canaries: gathered anew only where something is another object than before."""

import asyncio
import random

from rollouts.cluster import kinds
from rollouts.controller.caches import TRIMS, Caches
from rollouts.controller.resources import Resources
from rollouts.controller.routes import Routes
from rollouts.controller.ticking.observe import TickingObserver
from rollouts.controller.ticking.settings import Wishes
from rollouts.dialects.registry import TICKING, Flags
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.builders.manifests import an_object
from tests.unit.controller.stories import Shop, tell
from tests.unit.controller.ticking.canaries import a_delivery, in_shop, patch, release

DIALECT = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]


def _observing(shop: Shop) -> tuple[TickingObserver, Routes]:
    """An observer with caches of its own, and what fills them once it runs."""
    caches = Caches((), TRIMS)
    routes = Routes(shop.store, caches, dice=random.Random(1))
    wishes = Wishes(DIALECT.provider, Flags(), owned(OwnedOptions()))
    return TickingObserver(DIALECT, kinds.CANARIES, caches, Resources(shop.store), routes, wishes), routes


def test_a_world_is_the_same_until_an_object_of_it_changes() -> None:
    """Nothing is parsed or rendered twice; a target, a Service or a manifest that changes is seen at once."""

    async def story(shop: Shop) -> None:
        observer, routes = _observing(shop)
        watching = asyncio.create_task(routes.run())
        running = await shop.start()
        await shop.world.apply(a_delivery())
        await asyncio.sleep(60)
        await running.kill()

        manifest = await shop.get(kinds.CANARIES)
        await observer.gather(manifest)
        await asyncio.sleep(1)
        first = await observer.gather(manifest)
        assert await observer.gather(manifest) is first

        await release(shop, "web:v2")
        await asyncio.sleep(1)
        second = await observer.gather(manifest)
        assert second.rollout.target != first.rollout.target

        await patch(shop, kinds.SERVICES, {"spec": {"selector": {"app": "nobody"}}})
        await asyncio.sleep(1)
        third = await observer.gather(manifest)
        assert third is not second
        assert third.standing is not None
        assert not third.standing.is_served
        await patch(shop, kinds.CANARIES, {"spec": {"skipAnalysis": True}})
        assert (await observer.gather(await shop.get(kinds.CANARIES))).strategy.skip_analysis
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    tell(story)


def test_a_secret_that_cannot_be_watched_is_kept_without_its_contents() -> None:
    """Worlds are kept, and where Secrets may be read but not listed each is read by itself for ever."""

    async def story(shop: Shop) -> None:
        observer, _ = _observing(shop)
        deployment, canary = a_delivery()
        deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "keys"}}]
        secret = {**an_object(kinds.SECRETS, "keys"), "data": {"token": "aHVzaA=="}}
        await shop.world.apply([*in_shop(secret), deployment, canary])
        world = await observer.gather(await shop.get(kinds.CANARIES))

        (kept,) = (obj for ref, obj in world.objects.items() if ref.name == "keys")
        assert kept is not None
        assert "data" not in kept
        await patch(shop, kinds.SECRETS, {"data": {"token": "bG91ZA=="}}, "keys")
        assert (await observer.gather(await shop.get(kinds.CANARIES))).rollout != world.rollout

    tell(story)
