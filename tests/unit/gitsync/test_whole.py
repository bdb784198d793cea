"""From `git commit` to the cluster with the real git and the real kubectl: the path that production takes."""

from pathlib import Path

from rollouts.cluster import kinds
from rollouts.cluster.port import Target
from rollouts.gitsync.checkout import GitCheckout
from rollouts.gitsync.render import KubectlRender
from rollouts.simulator.githttp import GitServer, Repository
from tests.unit.gitsync.loops import Loop, a_kustomization, a_loop, a_source
from tests.unit.gitsync.worlds import NAMESPACE, a_map

FILES = {
    "base/kustomization.yaml": "resources: [map.yaml]\n",
    "base/map.yaml": a_map(),
    "prod/kustomization.yaml": "resources: [../base]\nnameSuffix: -prod\n",
}


def value_of(loop: Loop) -> str:
    live = loop.store.peek(Target(kinds.CONFIG_MAPS, "settings-prod", NAMESPACE)) or {}
    return str(live.get("data", {}).get("key"))


async def test_commit_break_and_revert(tmp_path: Path) -> None:
    """A commit is applied, a broken one is told by file and line, and `git revert` goes through at once."""
    async with GitServer(tmp_path / "remote") as server:
        repository = await Repository.init(server.folder / "app")
        await repository.commit(FILES, "first")
        loop = await a_loop(source=a_source(url=server.url(repository)), kustomization=a_kustomization(path="./prod"))
        loop.ports = GitCheckout(tmp_path / "mirrors"), KubectlRender()
        loop.start()

        await loop.both()
        first = loop.ready(), value_of(loop)
        await repository.commit({"base/map.yaml": a_map(value="2")}, "second")
        await loop.both()
        second = value_of(loop)
        bad = await repository.commit({"base/map.yaml": "data: {key: '3'}\nkind: [\n"}, "third")
        await loop.both()
        third = loop.ready(), loop.message(), value_of(loop)
        await repository.revert(bad)
        await loop.both()

    assert first == (("True", "ReconciliationSucceeded"), "1")
    assert second == "2"
    assert third[0] == ("False", "BuildFailed")
    assert "base/map.yaml:2: is no YAML" in third[1]
    assert third[2] == "2"
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert loop.events[0][1].startswith("stored artifact for commit 'first'")
