"""Builds by the real kubectl: plain folders, kustomizations, and nothing from outside the commit."""

import asyncio
from pathlib import Path

import pytest

from rollouts.gitsync.errors import BuildError
from rollouts.gitsync.manifests import Manifests, Tree
from rollouts.gitsync.memory import PlainRender
from rollouts.gitsync.render import KubectlRender
from tests.unit.gitsync.worlds import a_map


async def built(files: dict[str, str], path: str = "") -> Manifests:
    return await KubectlRender().build(Tree({name: text.encode() for name, text in files.items()}), path)


def names_of(manifests: Manifests) -> list[str]:
    return [manifest.object["metadata"]["name"] for manifest in manifests.items]


async def test_a_plain_folder() -> None:
    """Without a kustomization file every YAML file counts, in folders below too."""
    found = await built({"a.yaml": a_map("a"), "x/b.yml": a_map("b"), "README.md": "hi"})

    assert (names_of(found), found.faults) == (["a", "b"], ())
    assert found == await PlainRender().build(Tree({"a.yaml": a_map("a").encode(), "x/b.yml": a_map("b").encode()}), "")


async def test_a_kustomization_with_a_base_outside_its_folder() -> None:
    """Bases of the same commit are drawn in; patches and prefixes apply; places are those of the sources."""
    patch = '[{"op": "replace", "path": "/data/key", "value": "2"}]'
    files = {
        "base/kustomization.yaml": "resources: [map.yaml]\n",
        "base/map.yaml": "# base\n" + a_map(),
        "app/kustomization.yaml": (
            f"resources: [../base]\nnamePrefix: blue-\npatches:\n- target: {{kind: ConfigMap}}\n  patch: '{patch}'\n"
        ),
        "other/broken.yaml": "[",
    }

    found = await built(files, "app")

    assert found.faults == ()
    assert names_of(found) == ["blue-settings"]
    assert found.items[0].object["data"] == {"key": "2"}
    assert found.items[0].place == "base/map.yaml:2"


async def test_plain_files_beside_a_kustomization() -> None:
    """A plain folder may hold a kustomized one: each is built in its own way."""
    files = {"a.yaml": a_map("a"), "k/kustomization.yaml": "resources: [b.yaml]\n", "k/b.yaml": a_map("b")}

    assert names_of(await built(files)) == ["a", "b"]


async def test_what_kustomize_refuses_is_told() -> None:
    """kustomize's own words, without the folder that it ran in."""
    files = {"app/kustomization.yaml": "resources: [a.yaml]\nnoSuchField: 1\n", "app/a.yaml": a_map()}

    (fault,) = (await built(files, "app")).faults

    assert fault.path == "app"
    assert "noSuchField" in fault.message
    assert "sluice-build" not in fault.message


async def test_load_restrictions_stand(tmp_path: Path) -> None:
    """A file outside the commit is not read, by whatever field it is named."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hush")
    files = {"kustomization.yaml": f"configMapGenerator: [{{name: a, files: ['{secret}']}}]\n"}

    found = await built(files)

    assert found.items == ()
    assert found.faults
    assert "hush" not in str(found.faults)


async def test_remote_bases_are_refused_before_anything_runs() -> None:
    """A base elsewhere is a fault that says what to do; no connection is opened."""
    connections: list[object] = []
    server = await asyncio.start_server(lambda *streams: connections.append(streams), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        found = await built({"kustomization.yaml": f"resources: ['http://127.0.0.1:{port}/x']\n"})

    assert "nothing is fetched from elsewhere" in str(BuildError(found.faults))
    assert connections == []


@pytest.mark.parametrize("path", ["", "k"])
async def test_the_in_process_form_refuses_kustomizations(path: str) -> None:
    """What needs kubectl is not silently skipped in virtual time."""
    tree = Tree({"k/kustomization.yaml": b"resources: [b.yaml]", "k/b.yaml": a_map().encode()})

    assert (await PlainRender().build(tree, path)).faults
