"""What the sync loop needs besides the cluster. Shell forms: checkout.py, render.py; in-process: memory.py.

Two small ports, so that simulations in virtual time run no process and tests need no repository. Whoever calls them
bounds the time (asyncio.timeout); a cancelled call leaves no process behind.
"""

from dataclasses import dataclass, field
from typing import Protocol

from rollouts.gitsync.manifests import Manifests, Tree
from rollouts.gitsync.sources import Source


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the Secret of a source holds. Never shown: not in a repr, a log line or a status."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    known_hosts: str = field(default="", repr=False)
    authority: str = field(default="", repr=False)  # PEM of the CA

    @property
    def secrets(self) -> tuple[str, ...]:
        """The parts that must never be printed."""
        return tuple(filter(None, (self.password, self.bearer_token, self.identity)))


NO_CREDENTIALS = Credentials()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The commit that a source's reference names now. `digest` names the content of its tree."""

    revision: str
    digest: str
    subject: str = ""


class Checkout(Protocol):
    """Commits by source. Raises FetchError."""

    async def fetch(self, source: Source, credentials: Credentials) -> Fetched:
        """Ask the remote, and take over its commit if it moved (or is not held here)."""
        ...

    async def read(self, source: tuple[str, str], commit: str, path: str) -> Tree:
        """The files below `path` of a fetched commit, by their path in the repository; empty: no such folder.

        RevisionGoneError: this commit is not held here.
        """
        ...

    async def forget(self, source: tuple[str, str]) -> None:
        """The source is gone: free what was kept for it."""
        ...


class Render(Protocol):
    """From files to objects."""

    async def build(self, tree: Tree, path: str) -> Manifests:
        """The objects that the folder `path` of the tree stands for. Mistakes are faults; nothing raises."""
        ...
