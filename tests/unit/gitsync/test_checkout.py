"""Commits by the real git over loopback: what is fetched, what is read, and what never happens."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollouts.gitsync.checkout import GitCheckout, scrubbed
from rollouts.gitsync.errors import FetchError, RevisionGoneError
from rollouts.gitsync.ports import NO_CREDENTIALS, Credentials
from rollouts.gitsync.sources import Reference, Source
from rollouts.simulator.githttp import GitServer, Repository

KEY = ("default", "app")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitServer]:
    async with GitServer(tmp_path / "remote") as server:
        yield server


@pytest.fixture
async def repository(server: GitServer) -> Repository:
    return await Repository.init(server.folder / "app")


@pytest.fixture
def checkout(tmp_path: Path) -> GitCheckout:
    return GitCheckout(tmp_path / "mirrors")


def a_source(url: str, **reference: str) -> Source:
    return Source(*KEY, url=url, reference=Reference(**reference) if reference else Reference(branch="main"))


async def test_a_commit_is_fetched_and_read(server: GitServer, repository: Repository, checkout: GitCheckout) -> None:
    """A branch gives its newest commit, and the files below a path are read by their path in the repository."""
    commit = await repository.commit({"deploy/a.yaml": "a: 1\n", "other/b.yaml": "b: 2\n"}, "first")

    fetched = await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)
    tree = await checkout.read(KEY, commit, "deploy")

    assert fetched.revision == f"main@sha1:{commit}"
    assert fetched.subject == "first"
    assert tree.files == {"deploy/a.yaml": b"a: 1\n"}
    assert (await checkout.read(KEY, commit, "")).files == {"deploy/a.yaml": b"a: 1\n", "other/b.yaml": b"b: 2\n"}
    assert (await checkout.read(KEY, commit, "none")).files == {}


async def test_an_unmoved_branch_is_not_fetched_again(
    server: GitServer, repository: Repository, checkout: GitCheckout
) -> None:
    """As long as the reference stands where it stood, the remote is only asked where that is."""
    await repository.commit({"a.yaml": "a: 1\n"}, "first")
    source = a_source(server.url(repository))
    first = await checkout.fetch(source, NO_CREDENTIALS)
    before = len(server.requests)

    again = await checkout.fetch(source, NO_CREDENTIALS)
    asked = server.requests[before:]

    assert again == first
    assert len(asked) == 2  # the capabilities, and ls-refs


async def test_a_moved_branch_keeps_the_old_commit_readable(
    server: GitServer, repository: Repository, checkout: GitCheckout
) -> None:
    """A Kustomization that still reads the former commit is not disturbed by a new one."""
    source = a_source(server.url(repository))
    old = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    await checkout.fetch(source, NO_CREDENTIALS)
    new = await repository.commit({"a.yaml": "a: 2\n"}, "second")
    await checkout.fetch(source, NO_CREDENTIALS)

    assert (await checkout.read(KEY, old, "")).files == {"a.yaml": b"a: 1\n"}
    assert (await checkout.read(KEY, new, "")).files == {"a.yaml": b"a: 2\n"}


async def test_tags_commits_and_full_names(server: GitServer, repository: Repository, checkout: GitCheckout) -> None:
    """An annotated tag counts as its commit; a commit is fetched as it stands; a full name is taken literally."""
    first = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    await repository.git("tag", "--annotate", "v1", "--message", "one")
    second = await repository.commit({"a.yaml": "a: 2\n"}, "second")
    url = server.url(repository)

    assert (await checkout.fetch(a_source(url, tag="v1"), NO_CREDENTIALS)).revision == f"v1@sha1:{first}"
    assert (await checkout.fetch(a_source(url, commit=first), NO_CREDENTIALS)).revision == f"sha1:{first}"
    named = await checkout.fetch(a_source(url, name="refs/heads/main"), NO_CREDENTIALS)
    assert named.revision == f"refs/heads/main@sha1:{second}"


async def test_what_is_not_there(server: GitServer, repository: Repository, checkout: GitCheckout) -> None:
    """A missing branch and a missing repository are told by name."""
    await repository.commit({"a.yaml": "a: 1\n"}, "first")
    url = server.url(repository)

    with pytest.raises(FetchError, match="refs/heads/nowhere not found"):
        await checkout.fetch(a_source(url, branch="nowhere"), NO_CREDENTIALS)
    with pytest.raises(FetchError, match="not found"):
        await checkout.fetch(a_source(url + "x"), NO_CREDENTIALS)
    with pytest.raises(RevisionGoneError):
        await checkout.read(KEY, "0" * 40, "")


async def test_credentials_are_shown_to_the_remote_and_to_nobody_else(
    server: GitServer, repository: Repository, checkout: GitCheckout
) -> None:
    """The right password opens; the wrong one is an AuthenticationFailed whose text does not hold it."""
    server.password = "open-sesame"
    commit = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    source = a_source(server.url(repository))

    with pytest.raises(FetchError) as nobody:
        await checkout.fetch(source, NO_CREDENTIALS)
    with pytest.raises(FetchError) as stranger:
        await checkout.fetch(source, Credentials(username="sluice", password="open-barley"))
    friend = await checkout.fetch(source, Credentials(username="sluice", password="open-sesame"))

    assert friend.revision.endswith(commit)
    assert nobody.value.reason == stranger.value.reason == "AuthenticationFailed"
    assert "barley" not in str(stranger.value)
    assert "sesame" not in repr(Credentials(password="open-sesame"))


async def test_links_and_submodules_are_left_out(
    server: GitServer, repository: Repository, checkout: GitCheckout, tmp_path: Path
) -> None:
    """A link that leads out of the repository is not followed, and its target is never read."""
    secret = tmp_path / "secret.yaml"
    secret.write_text("key: secret\n")
    await repository.commit({"a.yaml": "a: 1\n"}, "first")
    (repository.folder / "link.yaml").symlink_to(secret)
    commit = await repository.commit({}, "a link")
    await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)

    tree = await checkout.read(KEY, commit, "")

    assert tree.files == {"a.yaml": b"a: 1\n"}
    assert tree.left_out == {"link.yaml": "symbolic links are not followed"}


async def test_attributes_and_filters_of_the_repository_have_no_say(
    server: GitServer, repository: Repository, checkout: GitCheckout
) -> None:
    """What was committed is what is read: no substitution, no line ends, nothing left out by export-ignore."""
    files = {"a.yaml": "a: $Format:%H$\n", ".gitattributes": "*.yaml export-subst eol=crlf\nb.yaml export-ignore\n"}
    commit = await repository.commit(files | {"b.yaml": "b: 1\n"}, "attributes")
    await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)

    tree = await checkout.read(KEY, commit, "")

    assert tree.files["b.yaml"] == b"b: 1\n"
    assert tree.files["a.yaml"] == b"a: $Format:%H$\n"


async def test_the_users_configuration_is_not_read(
    server: GitServer, repository: Repository, checkout: GitCheckout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration that sends every URL elsewhere changes nothing."""
    commit = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    (tmp_path / "config").write_text('[url "http://127.0.0.1:1/"]\n\tinsteadOf = http://\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'http.proxy=http://127.0.0.1:1'")

    fetched = await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)

    assert fetched.revision.endswith(commit)


async def test_other_protocols_are_closed(repository: Repository, checkout: GitCheckout, tmp_path: Path) -> None:
    """Even a source that got past its checks cannot make git read local files or run a helper."""
    await repository.commit({"a.yaml": "a: 1\n"}, "first")
    trace = tmp_path / "ran"

    for url in (f"file://{repository.folder}", str(repository.folder), f"ext::sh -c touch% {trace}"):
        with pytest.raises(FetchError):
            await checkout.fetch(a_source(url), NO_CREDENTIALS)
    assert not trace.exists()


async def test_a_lock_of_a_killed_fetch_is_no_end(
    server: GitServer, repository: Repository, checkout: GitCheckout, tmp_path: Path
) -> None:
    """A controller that died while fetching fetches again after its restart."""
    source = a_source(server.url(repository))
    await repository.commit({"a.yaml": "a: 1\n"}, "first")
    await checkout.fetch(source, NO_CREDENTIALS)
    (mirror,) = (tmp_path / "mirrors").iterdir()
    (mirror / "shallow.lock").touch()
    commit = await repository.commit({"a.yaml": "a: 2\n"}, "second")

    assert (await checkout.fetch(source, NO_CREDENTIALS)).revision.endswith(commit)


async def test_a_cancelled_fetch_leaves_no_process(tmp_path: Path) -> None:
    """When the time is over, git and its children end with the call: nobody holds the pipe open any more."""
    os.mkfifo(tmp_path / "pipe")
    script = tmp_path / "slow"
    script.write_text(f"#!/bin/sh\nexec 3>{tmp_path}/pipe\necho started >&3\nsleep 600\n")
    script.chmod(0o755)
    checkout = GitCheckout(tmp_path / "mirrors", git=str(script))
    task = asyncio.create_task(checkout.fetch(a_source("https://host.invalid/x"), NO_CREDENTIALS))
    with await asyncio.to_thread(open, tmp_path / "pipe") as pipe:
        assert await asyncio.to_thread(pipe.readline) == "started\n"

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await asyncio.to_thread(pipe.read) == ""


async def test_forgotten_sources_leave_nothing(
    server: GitServer, repository: Repository, checkout: GitCheckout, tmp_path: Path
) -> None:
    """The mirror goes with its source; a read then asks for a new fetch."""
    commit = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)

    await checkout.forget(KEY)

    assert list((tmp_path / "mirrors").iterdir()) == []
    with pytest.raises(RevisionGoneError):
        await checkout.read(KEY, commit, "")


async def test_a_mirror_of_many_fetches_begins_anew(
    server: GitServer, repository: Repository, checkout: GitCheckout, tmp_path: Path
) -> None:
    """Old commits do not pile up for ever: one day the mirror is thrown away, and holds the newest commit only."""
    source = a_source(server.url(repository))
    old = await repository.commit({"a.yaml": "a: 1\n"}, "first")
    await checkout.fetch(source, NO_CREDENTIALS)
    (mirror,) = (tmp_path / "mirrors").iterdir()
    for number in range(201):
        (mirror / "objects" / "pack" / f"pack-{number}.pack").touch()
    new = await repository.commit({"a.yaml": "a: 2\n"}, "second")

    await checkout.fetch(source, NO_CREDENTIALS)

    assert (await checkout.read(KEY, new, "")).files == {"a.yaml": b"a: 2\n"}
    with pytest.raises(RevisionGoneError):
        await checkout.read(KEY, old, "")


async def test_large_files_are_no_manifests(server: GitServer, repository: Repository, checkout: GitCheckout) -> None:
    """A file that no API server would take is not even read."""
    commit = await repository.commit({"a.yaml": "a: 1\n", "big.bin": "x" * (3 * 1024 * 1024 + 1)}, "big")
    await checkout.fetch(a_source(server.url(repository)), NO_CREDENTIALS)

    tree = await checkout.read(KEY, commit, "")

    assert tree.files == {"a.yaml": b"a: 1\n"}
    assert "larger than" in tree.left_out["big.bin"]


def test_texts_lose_their_credentials() -> None:
    """Neither the secret itself nor user info in an URL is ever shown."""
    text = scrubbed("fatal: https://me:pw@host/x said: tok3n", Credentials(bearer_token="tok3n"))

    assert text == "fatal: https://***@host/x said: ***"
