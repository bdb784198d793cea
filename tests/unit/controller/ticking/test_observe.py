"""Worlds of Canaries: gathered anew only where something is another object than before."""

import asyncio
import random

from rollouts.cluster import kinds
from rollouts.controller.caches import Caches
from rollouts.controller.resources import Resources
from rollouts.controller.routes import Routes
from rollouts.controller.ticking.observe import TickingObserver
from rollouts.controller.ticking.settings import Wishes
from rollouts.dialects.registry import TICKING, Flags
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned
from tests.unit.controller.stories import Shop, tell
from tests.unit.controller.ticking.canaries import a_delivery, patch, release

DIALECT = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]


def test_a_world_is_the_same_until_an_object_of_it_changes() -> None:
    """Nothing is parsed or rendered twice; a target, a Service or a manifest that changes is seen at once."""

    async def story(shop: Shop) -> None:
        caches = Caches(())
        routes = Routes(shop.store, caches, dice=random.Random(1))
        wishes = Wishes(DIALECT.provider, Flags(), owned(OwnedOptions()))
        observer = TickingObserver(DIALECT, kinds.CANARIES, caches, Resources(shop.store), routes, wishes)
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
