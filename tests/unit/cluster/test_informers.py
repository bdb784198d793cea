"""Caches and the informers that fill them, over the in-process store in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from rollouts.cluster.errors import ServerError
from rollouts.cluster.informers import Cache, Informer, Timing, slim
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Collection, Json, Page, Patch, PatchType, Query, Resource, Target, WatchEvent
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.store import Store

MAPS = Collection(CONFIG_MAPS, "default")
ROLLOUTS_TO_COME = Resource("example.com", "v1", "widgets", "Widget")


def an_object(name: str, version: int, *, uid: str = "u1", owner: str = "") -> Json:
    owners = [{"uid": owner, "name": "o", "kind": "Rollout"}] if owner else []
    meta = {
        "name": name,
        "namespace": "default",
        "uid": uid,
        "resourceVersion": str(version),
        "ownerReferences": owners,
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def a_map(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


class Flaky:
    """A store whose watches can be cut, and whose lists can fail."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.failures = 0
        self.lists = 0
        self.is_dead = False
        self.cuts: list[asyncio.Event] = []

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        self.lists += 1
        if self.failures:
            self.failures -= 1
            raise ServerError("not now")
        return await self.store.list(collection, query)

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        cut = asyncio.Event()
        self.cuts.append(cut)
        async for event in self.store.watch(collection, query):
            if self.is_dead:
                await asyncio.Event().wait()
            if cut.is_set():
                raise ServerError("connection lost")
            yield event

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass
class Scene:
    """A store, an informer on its config maps, and what its cache told."""

    store: Store
    cluster: Flaky
    cache: Cache
    informer: Informer
    told: list[tuple[str, str]] = field(default_factory=list)

    def note(self, before: Json | None, after: Json | None) -> None:
        name = (after or before or {})["metadata"]["name"]
        self.told.append(("gone" if after is None else "new" if before is None else "changed", name))

    def names(self) -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in self.cache)


def play(story: Callable[[Scene], Awaitable[None]], collection: Collection = MAPS) -> Scene:
    """Run a story with a started informer, in virtual time."""

    async def main() -> Scene:
        store = Store(virtual_now)
        cluster, cache = Flaky(store), Cache()
        informer = Informer(cluster, collection, cache, timing=Timing(idle=70))
        scene = Scene(store, cluster, cache, informer)
        cache.listen(scene.note)
        task = asyncio.create_task(informer.run())
        try:
            await story(scene)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return scene

    return run_virtual(main())


def test_an_older_event_changes_nothing() -> None:
    """What a write of ours answered is newer than the event that was under way."""
    cache = Cache()
    cache.put(an_object("a", 7))

    assert cache.put(an_object("a", 6)) is False
    assert cache.get("default", "a") == an_object("a", 7)


def test_a_late_answer_does_not_bring_back_what_was_deleted() -> None:
    """The answer to a write that came before the deletion is refused, a new object of that name is not."""
    cache = Cache()
    cache.put(an_object("a", 5))
    cache.remove(an_object("a", 9))

    assert cache.put(an_object("a", 8)) is False
    assert cache.put(an_object("a", 10, uid="u2")) is True


def test_an_object_that_comes_back_into_the_selector_is_taken() -> None:
    """DELETED may only mean that a label changed; a newer state of the same object is taken in again."""
    cache = Cache()
    cache.put(an_object("a", 5))
    cache.remove(an_object("a", 9))

    assert cache.put(an_object("a", 12)) is True


def test_owned_objects_are_found_by_uid_until_their_owner_changes() -> None:
    """The owner index follows every change."""
    cache = Cache()
    cache.put(an_object("a", 1, owner="x"))
    cache.put(an_object("b", 2, uid="u2", owner="x"))
    cache.put(an_object("a", 3, owner="y"))

    assert [obj["metadata"]["name"] for obj in cache.owned_by("x")] == ["b"]
    assert [obj["metadata"]["name"] for obj in cache.owned_by("y")] == ["a"]


def test_slim_drops_managed_fields_and_leaves_the_original_alone() -> None:
    """What is handed out must not be changed in place."""
    obj = an_object("a", 1)
    obj["metadata"]["managedFields"] = [{}]

    assert "managedFields" not in slim(obj)["metadata"]
    assert "managedFields" in obj["metadata"]


def test_what_exists_and_what_comes_later_is_kept() -> None:
    """A list first, then the watch from its version."""

    async def story(scene: Scene) -> None:
        await scene.informer.synced.wait()
        await scene.store.create(MAPS, a_map("a"))
        await scene.store.create(MAPS, a_map("b"))
        await asyncio.sleep(1)
        await scene.store.delete(Target(CONFIG_MAPS, "a", "default"))
        await asyncio.sleep(1)

    scene = play(story)

    assert scene.names() == ["b"]
    assert scene.told == [("new", "a"), ("new", "b"), ("gone", "a")]


def test_the_echo_of_an_own_write_tells_nobody() -> None:
    """The answer told already."""

    async def story(scene: Scene) -> None:
        await scene.informer.synced.wait()
        scene.cache.put(await scene.store.create(MAPS, a_map("a")))
        await asyncio.sleep(1)

    assert play(story).told == [("new", "a")]


def test_a_compacted_version_is_answered_by_a_new_list() -> None:
    """After 410 the difference is found by listing: what was deleted meanwhile is told as gone."""

    async def story(scene: Scene) -> None:
        await scene.store.create(MAPS, a_map("a"))
        await scene.store.create(MAPS, a_map("b"))
        await scene.informer.synced.wait()
        await asyncio.sleep(1)
        scene.told.clear()
        scene.cluster.cuts[-1].set()
        await scene.store.delete(Target(CONFIG_MAPS, "a", "default"))  # the event breaks the watch instead of arriving
        await scene.store.create(MAPS, a_map("c"))
        scene.store.compact()
        await asyncio.sleep(5)

    scene = play(story)

    assert scene.names() == ["b", "c"]
    assert {("new", "c"), ("gone", "a")} == set(scene.told)


def test_a_broken_watch_resumes_where_it_was() -> None:
    """A lost connection loses no event and needs no list."""

    async def story(scene: Scene) -> None:
        await scene.store.create(MAPS, a_map("a"))
        await scene.informer.synced.wait()
        await asyncio.sleep(1)
        scene.cluster.cuts[-1].set()
        await scene.store.patch(Target(CONFIG_MAPS, "a", "default"), Patch(PatchType.MERGE, {"data": {"k": "v"}}))
        await asyncio.sleep(5)

    scene = play(story)

    assert scene.told == [("new", "a"), ("changed", "a")]
    assert scene.cluster.lists == 1


def test_a_server_that_is_down_is_tried_again() -> None:
    """The informer syncs once the server answers."""

    async def story(scene: Scene) -> None:
        scene.cluster.failures = 5
        await scene.store.create(MAPS, a_map("a"))
        await scene.informer.synced.wait()

    assert play(story).names() == ["a"]


def test_a_missing_kind_is_empty_until_it_is_installed() -> None:
    """An informer on a kind without a CRD is synced at once and looks again every ten seconds."""

    async def story(scene: Scene) -> None:
        await scene.informer.synced.wait()
        assert scene.names() == []
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
                ],
            },
        }
        definitions = Resource(
            "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", is_namespaced=False
        )
        await scene.store.create(Collection(definitions), definition)
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
        await scene.store.create(Collection(ROLLOUTS_TO_COME, "default"), widget)
        await asyncio.sleep(15)

    assert play(story, Collection(ROLLOUTS_TO_COME, "default")).names() == ["w"]


def test_a_silent_watch_is_opened_again() -> None:
    """A watch over which nothing comes, not even bookmarks, may be dead without knowing."""

    async def story(scene: Scene) -> None:
        await scene.informer.synced.wait()
        await asyncio.sleep(1)
        scene.cluster.is_dead = True
        await scene.store.create(MAPS, a_map("late"))
        await asyncio.sleep(30)
        assert scene.names() == []
        scene.cluster.is_dead = False
        await asyncio.sleep(60)

    assert play(story).names() == ["late"]


def test_an_outage_is_told_once_in_a_while_and_so_is_its_end() -> None:
    """Every watch meets it; the log must stay readable."""

    async def story(scene: Scene) -> None:
        scene.cluster.failures = 50
        with capture_logs() as told:
            await scene.informer.synced.wait()
        lines = [line["event"] for line in told]
        minutes = asyncio.get_running_loop().time() / 60
        assert lines[-1] == "can be watched again"
        assert set(lines[:-1]) == {"cannot be watched"}
        assert 2 <= len(lines[:-1]) <= 1 + minutes / 5

    play(story)
