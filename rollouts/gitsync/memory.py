"""The ports without a process: commits in a dict, plain YAML only. Used in virtual time and by tests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from rollouts.gitsync import kustomize
from rollouts.gitsync.errors import FetchError, RevisionGoneError
from rollouts.gitsync.manifests import Manifests, Tree, read_files
from rollouts.gitsync.ports import Credentials, Fetched
from rollouts.gitsync.sources import Source
from rollouts.model.faults import Fault


@dataclass(slots=True)
class MemoryRemote:
    """A repository: commits by hash, and where each branch or tag stands (`refs/heads/main` -> hash)."""

    commits: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Mapping[str, str], *, branch: str = "main") -> str:
        """Put a whole tree on a branch; the hash follows from history and content."""
        content = {path: text.encode() for path, text in files.items()}
        seed = repr((len(self.commits), sorted(content.items()))).encode()
        hash_ = hashlib.sha1(seed, usedforsecurity=False).hexdigest()
        self.commits[hash_] = content
        self.references[f"refs/heads/{branch}"] = hash_
        return hash_


@dataclass(slots=True)
class MemoryCheckout:
    """The Checkout over remotes that are known by URL. What a source fetched stays readable, as in a mirror."""

    remotes: Mapping[str, MemoryRemote]
    _held: dict[tuple[str, str], dict[str, Mapping[str, bytes]]] = field(default_factory=dict)

    async def fetch(self, source: Source, credentials: Credentials) -> Fetched:
        """The commit that the reference names."""
        del credentials
        remote = self.remotes.get(source.url)
        if remote is None:
            raise FetchError(f"repository {source.url} not found")
        reference = source.reference
        commit = reference.commit or remote.references.get(reference.remote_name, "")
        if commit not in remote.commits:
            raise FetchError(f"{reference.remote_name or commit} not found in {source.url}")
        self._held.setdefault((source.namespace, source.name), {})[commit] = remote.commits[commit]
        digest = hashlib.sha256(repr(sorted(remote.commits[commit].items())).encode()).hexdigest()
        return Fetched(reference.revision(commit), f"sha256:{digest}")

    async def read(self, source: tuple[str, str], commit: str, path: str) -> Tree:
        """The files below the path."""
        held = self._held.get(source, {}).get(commit)
        if held is None:
            raise RevisionGoneError(f"commit {commit} is not held here")
        return Tree({name: content for name, content in held.items() if kustomize.is_below(name, path)})

    async def forget(self, source: tuple[str, str]) -> None:
        """Drop what the source fetched."""
        self._held.pop(source, None)


class PlainRender:
    """The Render for folders of plain YAML; a kustomization file is a fault."""

    async def build(self, tree: Tree, path: str) -> Manifests:
        """Every object of every file."""
        roots = kustomize.roots(tree, path)
        if roots:
            return Manifests(
                faults=(Fault(roots[0] or ".", "needs kustomize, which is not run here", "use plain YAML"),)
            )
        return read_files(tree)
