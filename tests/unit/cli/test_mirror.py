"""What is followed is what the server holds, also after the connection was lost."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from rollouts.cli.mirror import Mirror, only
from rollouts.cli.session import Session
from rollouts.cluster.errors import ForbiddenError, GoneError, NotFoundError, ServerError
from rollouts.cluster.kinds import EXPERIMENTS, ROLLOUTS
from rollouts.cluster.port import Collection, Json, Page, Query, WatchEvent
from tests.builders.cli import FakeApi
from tests.unit.cli.worlds import a_rollout

WATCHED = [(Collection(ROLLOUTS, "default"), Query())]


@dataclass
class Server(FakeApi):
    """Lists in pages of one; a watch ends with what the test puts into it."""

    lists: int = 0
    is_down: bool = False
    ends: "queue.Queue[WatchEvent | Exception]" = field(default_factory=queue.Queue)

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One object a page."""
        if self.is_down:
            raise ServerError("no answer from the API server")
        self.lists += 1
        index = int(query.token or 0)
        found = self._of(collection)
        token = str(index + 1) if index + 1 < len(found) else ""
        return Page(tuple(found[index : index + 1]), "1", token)

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """What the test gives."""
        while True:
            given = self.ends.get()
            if isinstance(given, Exception):
                raise given
            yield given


def until(mirror: Mirror, is_so: Callable[[], bool]) -> None:
    """Look at every ring until it is so."""
    for number, _ in enumerate(mirror.rings()):
        if is_so():
            return
        assert number < 3000, "it never was"


def names(mirror: Mirror) -> list[str]:
    """The rollouts that it holds."""
    return [obj["metadata"]["name"] for obj in mirror.objects(ROLLOUTS)]


@pytest.fixture
def server() -> Server:
    """Two rollouts."""
    return Server([a_rollout("a"), a_rollout("b")])


@pytest.fixture
def mirror(server: Server) -> Iterator[Mirror]:
    """Of the rollouts."""
    found = Mirror(Session({}, open=lambda _: server, rest=0.0, tick=0.01), WATCHED)
    yield found
    found.close()


def test_it_holds_all_pages_and_every_change(server: Server, mirror: Mirror) -> None:
    """Added, changed, deleted."""
    until(mirror, lambda: mirror.is_ready)
    assert names(mirror) == ["a", "b"]

    server.ends.put(WatchEvent("ADDED", a_rollout("c")))
    server.ends.put(WatchEvent("MODIFIED", a_rollout("b", phase="Healthy")))
    server.ends.put(WatchEvent("DELETED", a_rollout("a")))
    until(mirror, lambda: names(mirror) == ["b", "c"])

    assert mirror.objects(ROLLOUTS)[0]["status"]["phase"] == "Healthy"
    assert server.lists == 2


def test_a_lost_connection_is_told_and_mended(server: Server, mirror: Mirror) -> None:
    """What is held stays until the server answers again; then it is read anew."""
    until(mirror, lambda: mirror.is_ready)
    server.objects.append(a_rollout("c"))
    server.is_down = True
    server.ends.put(ServerError("no answer from the API server"))

    until(mirror, lambda: mirror.trouble != "")
    assert "no answer" in mirror.trouble
    assert names(mirror) == ["a", "b"]
    server.is_down = False
    until(mirror, lambda: names(mirror) == ["a", "b", "c"])
    assert mirror.trouble == ""


def test_a_version_that_is_gone_is_listed_again_without_a_word(server: Server, mirror: Mirror) -> None:
    """That is no trouble: the server keeps old versions for a while only."""
    until(mirror, lambda: mirror.is_ready)
    server.objects.pop(0)
    server.ends.put(GoneError("too old resource version"))

    until(mirror, lambda: names(mirror) == ["b"])
    assert mirror.trouble == ""


def test_a_kind_that_is_not_served_is_empty() -> None:
    """A cluster without experiments has none."""

    class Without(FakeApi):
        def list(self, collection: Collection, query: Query = Query()) -> Page:
            raise NotFoundError("404 page not found")

    mirror = Mirror(
        Session({}, open=lambda _: Without([]), rest=0.0, tick=0.01), [(Collection(EXPERIMENTS, "x"), Query())]
    )

    until(mirror, lambda: mirror.is_ready)
    mirror.close()
    assert mirror.objects(EXPERIMENTS) == ()


def test_what_may_not_be_read_is_told() -> None:
    """In the server's words."""

    class Closed(FakeApi):
        def list(self, collection: Collection, query: Query = Query()) -> Page:
            raise ForbiddenError("rollouts is forbidden")

    mirror = Mirror(Session({}, open=lambda _: Closed([]), rest=0.0, tick=0.01), WATCHED)

    until(mirror, lambda: mirror.trouble == "rollouts is forbidden")
    mirror.close()
    assert not mirror.is_ready


def test_an_object_that_was_deleted_is_not_found() -> None:
    """In the words of Argo's views."""
    found: tuple[Json, ...] = ()

    with pytest.raises(NotFoundError, match=r'rollout\.argoproj\.io "web" not found'):
        only(found, ROLLOUTS, "web")
