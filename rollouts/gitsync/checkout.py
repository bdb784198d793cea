"""Commits out of repositories, by the system's git. The controller's form of the Checkout port.

One bare mirror of depth 1 a source, in a folder of our own; nothing is ever checked out: files are read from the
object store, so links, attributes, filters and hooks of a repository have no say. git gets no configuration but ours,
may not ask, and may speak https, ssh and (where the URL says so) http. Credentials travel in the environment or in
files that only we can read, never in arguments. The mirror can be thrown away at any time.
"""

import base64
import contextlib
import hashlib
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollouts.gitsync.errors import AUTHENTICATION_FAILED, FetchError, RevisionGoneError
from rollouts.gitsync.manifests import Tree
from rollouts.gitsync.ports import Credentials, Fetched
from rollouts.gitsync.process import Output, environment, run
from rollouts.gitsync.sources import Source

_HEAD = "refs/sluice/head"
LARGEST_FILE = 3 * 1024 * 1024  # the API server takes no object near this size
LARGEST_TREE = 64 * 1024 * 1024
MOST_FILES = 20_000
_CLEAR_OUT_AT = 512 * 1024 * 1024
_MOST_PACKS = 200  # one a fetch

_SETTINGS = {
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "core.fsmonitor": "false",
    "transfer.fsckObjects": "true",
    "http.followRedirects": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
}
_DENIED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|host key verification failed"
    r"|terminal prompts disabled|error: 40[13]",
    re.IGNORECASE,
)
_URL_USER = re.compile(r"(://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class _Blob:
    mode: str
    hash: str
    size: int
    path: str


class GitCheckout:
    """The Checkout over a folder of mirrors."""

    def __init__(self, folder: Path, *, git: str = "git") -> None:
        self._folder = folder
        self._git = git

    async def fetch(self, source: Source, credentials: Credentials) -> Fetched:
        """Ask the remote where the reference stands; fetch only what is not held yet."""
        mirror = self._mirror((source.namespace, source.name))
        _prepare(mirror)
        with _private_files(credentials) as files:
            speak = _Speaker(self._git, mirror, source, credentials, files)
            commit = source.reference.commit or await speak.ask()
            if not await self._holds(mirror, commit):
                _clear_out(mirror)
                await speak.fetch(commit)
        return await self._fetched(mirror, source, commit)

    async def read(self, source: tuple[str, str], commit: str, path: str) -> Tree:
        """The files below `path`, straight from the object store."""
        mirror = self._mirror(source)
        if not mirror.is_dir() or not await self._holds(mirror, commit):
            raise RevisionGoneError(f"commit {commit} is not held here")
        blobs = await self._listed(mirror, commit, path)
        left_out = {blob.path: why for blob in blobs if (why := _left_out(blob))}
        wanted = [blob for blob in blobs if blob.path not in left_out]
        if sum(blob.size for blob in wanted) > LARGEST_TREE or len(wanted) > MOST_FILES:
            raise FetchError(f"{path or '.'} holds more than {MOST_FILES} files or 64 MiB: name a smaller folder")
        return Tree(await self._contents(mirror, wanted), left_out)

    async def forget(self, source: tuple[str, str]) -> None:
        """Remove the mirror."""
        shutil.rmtree(self._mirror(source), ignore_errors=True)

    def _mirror(self, source: tuple[str, str]) -> Path:
        return self._folder / f"{hashlib.sha256('/'.join(source).encode()).hexdigest()[:40]}.git"

    async def _local(self, mirror: Path, arguments: Sequence[str], given: bytes = b"") -> Output:
        return await run([self._git, *arguments], _environment(mirror, {}), cwd=mirror, given=given)

    async def _holds(self, mirror: Path, commit: str) -> bool:
        """Whether the commit and all it needs is here: objects without a reference are what an aborted fetch left."""
        found = await self._local(
            mirror, ["rev-parse", "--verify", "--quiet", f"refs/sluice/commits/{commit}^{{tree}}"]
        )
        return found.code == 0

    async def _fetched(self, mirror: Path, source: Source, commit: str) -> Fetched:
        listing = await self._local(mirror, ["ls-tree", "-r", "-z", "--full-tree", commit])
        subject = await self._local(mirror, ["log", "-1", "--format=%s", commit])
        if listing.code or subject.code:
            raise FetchError(f"commit {commit} cannot be read: {(listing.err or subject.err).strip()}")
        digest = hashlib.sha256(listing.out).hexdigest()
        return Fetched(
            source.reference.revision(commit), f"sha256:{digest}", subject.out.decode(errors="replace").strip()
        )

    async def _listed(self, mirror: Path, commit: str, path: str) -> list[_Blob]:
        arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *([f"{path}/"] if path else [])]
        listing = await self._local(mirror, arguments)
        if listing.code:
            raise FetchError(f"commit {commit} cannot be read: {listing.err.strip()}")
        return [_blob(line) for line in listing.out.decode(errors="surrogateescape").split("\0") if line]

    async def _contents(self, mirror: Path, blobs: Sequence[_Blob]) -> dict[str, bytes]:
        hashes = "".join(f"{blob.hash}\n" for blob in blobs).encode()
        output = await self._local(mirror, ["cat-file", "--batch"], hashes)
        contents: dict[str, bytes] = {}
        position = 0
        for blob in blobs:
            start = output.out.find(b"\n", position) + 1
            if not start or output.code:
                raise RevisionGoneError(f"the mirror lacks {blob.path}")
            contents[blob.path] = output.out[start : start + blob.size]
            position = start + blob.size + 1
        return contents


class _Speaker:
    """Talks to one remote with its credentials."""

    def __init__(
        self, git: str, mirror: Path, source: Source, credentials: Credentials, files: Mapping[str, Path]
    ) -> None:
        self._git = git
        self._mirror = mirror
        self._source = source
        self._credentials = credentials
        self._env = _environment(mirror, _access(source, credentials, files), is_clear=source.scheme == "http")

    async def ask(self) -> str:
        """The commit at which the reference stands at the remote."""
        name = self._source.reference.remote_name
        names = [name, f"{name}^{{}}"] if name.startswith("refs/tags/") else [name]
        output = await self._run(["ls-remote", "--exit-code", "--", self._source.url, *names])
        if output.code == 2:
            raise FetchError(f"{name} not found in {self._source.url}")
        lines = (line.split("\t") for line in output.out.decode(errors="replace").splitlines())
        found = {parts[1]: parts[0] for parts in lines if len(parts) == 2}
        commit = found.get(f"{name}^{{}}") or found.get(name)  # an annotated tag counts as what it points at
        if output.code or not commit:
            raise self._refusal(output)
        return commit

    async def fetch(self, commit: str) -> None:
        """Take over one commit without its history."""
        references = [f"+{commit}:{_HEAD}", f"+{commit}:refs/sluice/commits/{commit}"]
        arguments = ["fetch", "--quiet", "--depth", "1", "--no-tags", "--no-write-fetch-head", "--"]
        output = await self._run([*arguments, self._source.url, *references])
        if output.code:
            raise self._refusal(output)

    async def _run(self, arguments: Sequence[str]) -> Output:
        return await run([self._git, *arguments], self._env, cwd=self._mirror)

    def _refusal(self, output: Output) -> FetchError:
        said = " ".join(line for line in output.err.splitlines() if not line.startswith("warning:")).strip()
        text = scrubbed(said or f"git ended with code {output.code}", self._credentials)
        if _DENIED.search(said):
            return FetchError(f"{text} (check spec.secretRef)", reason=AUTHENTICATION_FAILED)
        return FetchError(text)


def scrubbed(text: str, credentials: Credentials) -> str:
    """The text without credentials, of ours or in an URL."""
    for secret in credentials.secrets:
        text = text.replace(secret, "***")
    return _URL_USER.sub(r"\1***@", text)


def _prepare(mirror: Path) -> None:
    """An empty bare repository, made without git's templates; locks that a killed fetch left are removed."""
    for folder in ("objects", "refs"):
        (mirror / folder).mkdir(parents=True, exist_ok=True)
    if not (mirror / "HEAD").exists():
        (mirror / "HEAD").write_text(f"ref: {_HEAD}\n")
        (mirror / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    for lock in mirror.rglob("*.lock"):
        lock.unlink(missing_ok=True)


def _clear_out(mirror: Path) -> None:
    """Begin anew once old commits weigh too much: cheaper than sorting out what nobody needs any more."""
    packs = list((mirror / "objects" / "pack").glob("*.pack"))
    if len(packs) > _MOST_PACKS or sum(pack.stat().st_size for pack in packs) > _CLEAR_OUT_AT:
        shutil.rmtree(mirror)
        _prepare(mirror)


def _environment(mirror: Path, extra: Mapping[str, str], *, is_clear: bool = False) -> dict[str, str]:
    settings = _SETTINGS | ({"protocol.http.allow": "always"} if is_clear else {})
    given = int(extra.get("GIT_CONFIG_COUNT", "0"))
    numbered: dict[str, str] = {}
    for index, (key, value) in enumerate(settings.items(), start=given):
        numbered |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return environment(
        dict(extra)
        | numbered
        | {
            "GIT_CONFIG_COUNT": str(given + len(settings)),
            "GIT_DIR": str(mirror),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "HOME": str(mirror),
        }
    )


def _access(source: Source, credentials: Credentials, files: Mapping[str, Path]) -> dict[str, str]:
    """What the environment must hold so that git can show the credentials to this remote, and to no other."""
    settings: dict[str, str] = {}
    env: dict[str, str] = {}
    if source.scheme == "ssh":
        words = ["ssh", "-F", os.devnull, "-i", str(files.get("identity", os.devnull)), "-o", "IdentitiesOnly=yes"]
        words += ["-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={files.get('known_hosts', os.devnull)}"]
        words += ["-o", "GlobalKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
        env["GIT_SSH_COMMAND"] = " ".join(shlex.quote(word) for word in words)
    elif header := _header(credentials):
        settings[f"http.{source.url}.extraHeader"] = header
    if "authority" in files:
        settings["http.sslCAInfo"] = str(files["authority"])
    for index, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return env | {"GIT_CONFIG_COUNT": str(len(settings))}


def _header(credentials: Credentials) -> str:
    if credentials.bearer_token:
        return f"Authorization: Bearer {credentials.bearer_token}"
    if not credentials.password:
        return ""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Authorization: Basic {base64.b64encode(pair).decode()}"


@contextlib.contextmanager
def _private_files(credentials: Credentials) -> Iterator[Mapping[str, Path]]:
    """The credentials that git and ssh want as files; gone when the call ends."""
    contents = {
        "identity": credentials.identity,
        "known_hosts": credentials.known_hosts,
        "authority": credentials.authority,
    }
    with tempfile.TemporaryDirectory(prefix="sluice-git-") as folder:
        files = {name: Path(folder) / name for name, content in contents.items() if content}
        for name, path in files.items():
            path.touch(mode=0o600)
            path.write_text(contents[name].rstrip("\n") + "\n")
        yield files


def _blob(line: str) -> _Blob:
    head, _, path = line.partition("\t")
    mode, _, hash_, size = head.split()
    return _Blob(mode, hash_, int(size) if size.isdigit() else 0, path)


def _left_out(blob: _Blob) -> str:
    if blob.mode == "120000":
        return "symbolic links are not followed"
    if blob.mode == "160000":
        return "submodules are not fetched"
    return f"it is larger than {LARGEST_FILE // 1024 // 1024} MiB" if blob.size > LARGEST_FILE else ""
