"""A source is asked at its interval, tells what it holds, and wakes who follows it."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Target
from rollouts.controller.kinds.protocol import Key
from rollouts.model.errors import TemporaryError
from tests.unit.gitsync.loops import a_loop, a_source
from tests.unit.gitsync.worlds import NAMESPACE, a_map

SOURCE = kinds.GIT_REPOSITORIES
FOLLOWER = Key(kinds.KUSTOMIZATIONS.plural, NAMESPACE, "app")


async def test_a_commit_becomes_the_artifact() -> None:
    """The first fetch stores the commit, wakes the follower, and asks again after the interval."""
    loop = await a_loop()
    commit = loop.remote.commit({"a.yaml": a_map()})

    due = await loop.fetch()

    assert due == loop.now + timedelta(minutes=1)
    assert loop.status(SOURCE)["artifact"]["revision"] == f"main@sha1:{commit}"
    assert loop.ready(SOURCE) == ("True", "Succeeded")
    assert loop.woken == [FOLLOWER]
    assert [reason for reason, _ in loop.events] == ["NewArtifact"]


async def test_an_unmoved_branch_writes_nothing() -> None:
    """Wakes before the interval ask nobody; a poll without news writes nothing and wakes nobody."""
    loop = await a_loop()
    loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    version, loop.woken[:] = loop.store.version, []

    early = await loop.fetch()
    loop.pass_time(minutes=1)
    await loop.fetch()

    assert early == loop.now
    assert loop.store.version == version
    assert loop.woken == []


async def test_a_new_commit_wakes_its_followers() -> None:
    """A branch that moved gives a new artifact at the next poll."""
    loop = await a_loop()
    loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    commit = loop.remote.commit({"a.yaml": a_map(value="2")})
    loop.woken.clear()
    loop.pass_time(minutes=1)

    await loop.fetch()

    assert loop.status(SOURCE)["artifact"]["revision"].endswith(commit)
    assert loop.woken == [FOLLOWER]


async def test_a_request_is_served_at_once() -> None:
    """The annotation asks for a poll now, and is told as handled."""
    loop = await a_loop()
    loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    commit = loop.remote.commit({"a.yaml": a_map(value="2")})
    await loop.change(SOURCE, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "12:00"}}})

    await loop.fetch()

    assert loop.status(SOURCE)["lastHandledReconcileAt"] == "12:00"
    assert loop.status(SOURCE)["artifact"]["revision"].endswith(commit)


async def test_a_failure_keeps_the_artifact_and_is_tried_again() -> None:
    """The failure is told once; the queue's back-off tries again, and the recovery clears it."""
    loop = await a_loop()
    loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    artifact = loop.status(SOURCE)["artifact"]
    head = loop.remote.references.pop("refs/heads/main")
    loop.pass_time(minutes=1)

    for _ in range(2):
        with pytest.raises(TemporaryError, match="refs/heads/main not found"):
            await loop.fetch()
    failed = loop.ready(SOURCE), loop.status(SOURCE)["artifact"]
    loop.remote.references["refs/heads/main"] = head
    await loop.fetch()

    assert failed == (("False", "GitOperationFailed"), artifact)
    assert loop.ready(SOURCE) == ("True", "Succeeded")
    assert [reason for reason, _ in loop.events] == ["NewArtifact", "GitOperationFailed"]


async def test_a_suspended_source_does_nothing() -> None:
    """Suspended: no fetch, no status."""
    loop = await a_loop(source=a_source(suspend=True))
    loop.remote.commit({"a.yaml": a_map()})

    assert await loop.fetch() is None
    assert loop.status(SOURCE) == {}


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"url": "http://git.example/app", "secretRef": {"name": "token"}}, "URLInvalid"),
        ({"verify": {"mode": "HEAD", "secretRef": {"name": "keys"}}}, "InvalidSpec"),
    ],
)
async def test_a_faulty_source_stands_still(spec: dict[str, Any], reason: str) -> None:
    """A user's mistake is told once, and waits for the user."""
    loop = await a_loop(source=a_source(**spec))

    assert await loop.fetch() is None
    assert await loop.fetch() is None
    assert loop.ready(SOURCE) == ("False", reason)
    assert [reason for reason, _ in loop.events] == [reason]


async def test_a_missing_secret_is_an_authentication_failure() -> None:
    """The Secret is named."""
    loop = await a_loop(source=a_source(secretRef={"name": "token"}))

    with pytest.raises(TemporaryError, match="shop/token"):
        await loop.fetch()
    assert loop.ready(SOURCE) == ("False", "AuthenticationFailed")


async def test_a_restart_fills_the_mirror_and_wakes_the_followers() -> None:
    """A new controller fetches what its status already names, since its mirror may be empty."""
    loop = await a_loop()
    loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    loop.start()
    loop.woken.clear()

    await loop.fetch()
    await loop.apply()

    assert loop.woken == [FOLLOWER]
    assert loop.has("settings")


async def test_a_deleted_source_is_forgotten() -> None:
    """Its mirror goes."""
    loop = await a_loop()
    commit = loop.remote.commit({"a.yaml": a_map()})
    await loop.fetch()
    await loop.store.delete(Target(SOURCE, "app", NAMESPACE))

    assert await loop.fetch() is None
    assert loop.checkout is not None
    with pytest.raises(Exception, match=commit):
        await loop.checkout.read((NAMESPACE, "app"), commit, "")
