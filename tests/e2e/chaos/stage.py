"""The rollouts of one run: made, watched, and used by their users.

Everything is seen through informers of our own, which list again when the API server has been away. A user whose
request is not answered sends it again, as people do.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from rollouts.cluster import kinds
from rollouts.cluster.errors import AlreadyExistsError, ServerError
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Cluster, Collection, Json, Resource, Target
from tests.builders.users import Hands
from tests.e2e.chaos.sizes import Sizes
from tests.e2e.chaos.stories import Moment, Story

SEEN = (kinds.ROLLOUTS, kinds.REPLICA_SETS, kinds.SERVICES, kinds.HTTP_ROUTES, kinds.ANALYSIS_RUNS)
_RESOURCES = {resource.kind: resource for resource in (*SEEN, kinds.ANALYSIS_TEMPLATES)}
AGAIN_SECONDS = 0.5
_NOTHING: Json = {"metadata": {"uid": "", "generation": 0}}
"""A rollout that is not there yet."""


@dataclass
class Stage:
    """A namespace whose rollouts belong to the controllers of one instance id, which is the namespace's name."""

    cluster: Cluster
    name: str
    caches: dict[Resource, Cache] = field(default_factory=lambda: {resource: Cache() for resource in SEEN})
    sizes: Sizes = field(default_factory=Sizes)
    cast: dict[str, Story] = field(default_factory=dict)
    changes: int = 0
    last_change: float = 0.0
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for cache in self.caches.values():
            cache.listen(self._saw)
        self.caches[kinds.REPLICA_SETS].listen(self.sizes.saw)

    async def until(self, is_so: Callable[[], bool], within: float, what: str) -> None:
        """Until a look at the caches finds it so; only a change rings for another look."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    self._bell.clear()
                    await self._bell.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name}: not within {within:g} s: {what}") from None

    async def changed(self, so_often: int, within: float) -> None:
        """Until this many changes more were seen, or for as long."""
        enough = self.changes + so_often
        with suppress(AssertionError):
            await self.until(lambda: self.changes >= enough, within, "changes")

    async def rested(self, quiet: float, within: float) -> None:
        """Until nothing has changed for so many seconds."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + within
        while (left := self.last_change + quiet - loop.time()) > 0:
            assert loop.time() < limit, f"{self.name}: no rest within {within:g} s"
            await asyncio.sleep(left)

    def rollout(self, name: str) -> Json | None:
        """A rollout as it was last seen."""
        return self.caches[kinds.ROLLOUTS].get(self.name, name)

    def user(self, name: str) -> Hands:
        """One who may patch this rollout."""
        return Hands(self.cluster, Target(kinds.ROLLOUTS, name, self.name))

    @property
    def is_set(self) -> bool:
        """Whether every rollout of the cast is there."""
        return bool(self.cast) and all(self.rollout(name) is not None for name in self.cast)

    def is_served(self, name: str) -> bool:
        """Whether a ReplicaSet was made for this rollout."""
        rollout = self.rollout(name)
        return rollout is not None and bool(self.caches[kinds.REPLICA_SETS].owned_by(rollout["metadata"]["uid"]))

    async def make(self, manifests: Iterable[Json]) -> None:
        """Create objects; what an unanswered request has made is not made twice."""
        for manifest in manifests:
            await insist(lambda one=manifest: self._make(one))  # type: ignore[misc]  # mypy knows no such default

    async def play(self, stories: Iterable[Story], copies: int, within: float) -> None:
        """Let so many rollouts of each story be made and used at once, until each has come to its end."""
        async with asyncio.TaskGroup() as group:
            for story in stories:
                for number in range(copies):
                    group.create_task(self.act(f"{story.name}-{number}", story, within))

    async def act(self, name: str, story: Story, within: float) -> None:
        """Make a rollout of this story, and do what its user does, to the end."""
        self.cast[name] = story
        await self.make(story.manifests(name, self.name))
        for number, (moment, deed) in enumerate(story.acts):
            await self._come(name, moment, within, f"moment {number}")
            await insist(lambda do=deed: do(self.user(name)))  # type: ignore[misc]  # mypy knows no such default
        await self._come(name, story.end, within, "the end")

    async def _come(self, name: str, moment: Moment, within: float, what: str) -> None:
        try:
            await self.until(lambda: moment(self.rollout(name) or _NOTHING), within, f"{name}, {what}")
        except AssertionError as late:
            late.add_note(f"{self.sizes.told(self.rollout(name) or _NOTHING)} {self.rollout(name)}")
            raise

    async def _make(self, manifest: Json) -> None:
        with suppress(AlreadyExistsError):
            await self.cluster.create(Collection(_RESOURCES[manifest["kind"]], self.name), manifest)

    def _saw(self, _before: Json | None, _after: Json | None) -> None:
        self.changes += 1
        self.last_change = asyncio.get_running_loop().time()
        self._bell.set()


async def insist(do: Callable[[], Awaitable[None]]) -> None:
    """Until the server has answered."""
    while True:
        try:
            return await do()
        except ServerError:
            await asyncio.sleep(AGAIN_SECONDS)


@asynccontextmanager
async def a_stage(
    cluster: Cluster, name: str, manifests: Iterable[Json], also: Iterable[Resource] = ()
) -> AsyncIterator[Stage]:
    """A namespace with these objects in it, watched; `also`: more kinds than rollouts need."""
    await cluster.create(Collection(kinds.NAMESPACES), {"metadata": {"name": name}})
    stage = Stage(cluster, name, {resource: Cache() for resource in (*SEEN, *also)})
    informers = [Informer(cluster, Collection(one, name), cache) for one, cache in stage.caches.items()]
    watching = [asyncio.create_task(informer.run()) for informer in informers]
    try:
        for informer in informers:
            await informer.synced.wait()
        await stage.make(manifests)
        yield stage
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
