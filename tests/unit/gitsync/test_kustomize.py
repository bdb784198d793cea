"""What a kustomization draws in is known, and refused, before kustomize runs."""

import pytest

from rollouts.gitsync import kustomize
from rollouts.gitsync.manifests import Manifests, Tree, read_file
from tests.unit.gitsync.worlds import a_map


def tree_of(files: dict[str, str]) -> Tree:
    return Tree(
        {name: text.encode() for name, text in files.items()}, {"app/link.yaml": "symbolic links are not followed"}
    )


APP = {
    "base/kustomization.yaml": "resources: [map.yaml]\n",
    "base/map.yaml": a_map(),
    "app/kustomization.yml": "resources: [../base, own.yaml]\nnamePrefix: blue-\n",
    "app/own.yaml": "# mine\n" + a_map("own"),
    "app/notes.txt": "x",
    "plain/a.yaml": a_map("plain"),
}


def test_roots_are_the_topmost() -> None:
    """A folder with a kustomization file hides those below it."""
    tree = tree_of(APP | {"base/deep/kustomization.yaml": ""})

    assert kustomize.roots(tree, "") == ("app", "base")
    assert kustomize.roots(tree, "app") == ("app",)
    assert kustomize.roots(tree, "plain") == ()
    assert sorted(kustomize.without(tree, ("app", "base")).files) == ["plain/a.yaml"]


def test_what_leads_out() -> None:
    """Only a kustomization that names something above itself needs the rest of the commit."""

    assert kustomize.leads_out(tree_of(APP), "app")
    assert not kustomize.leads_out(tree_of(APP), "base")


def test_references_are_followed() -> None:
    """The files that a build draws in are read with their places."""
    followed = kustomize.follow(tree_of(APP), "app")

    assert followed.faults == ()
    assert [manifest.place for manifest in followed.items] == ["base/map.yaml:1", "app/own.yaml:2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: [https://git.example/x//base?ref=main]\n", "nothing is fetched from elsewhere"),
        ("resources: ['git@git.example:x/y']\n", "nothing is fetched from elsewhere"),
        ("resources: [github.com/x/y]\n", "nothing is fetched from elsewhere"),
        ("bases: [../../../etc]\n", "nothing is fetched from elsewhere"),
        ("resources: [/etc/passwd]\n", "nothing is fetched from elsewhere"),
        ("resources: [missing.yaml]\n", "no such file or folder"),
        ("resources: [link.yaml]\n", "symbolic links are not followed"),
        ("components: [nowhere]\n", "no such file or folder"),
        ("openapi: {path: 'https://host/x.json'}\n", "nothing is fetched from elsewhere"),
        ("configMapGenerator: [{name: a, files: ['x=http://host/x']}]\n", "nothing is fetched from elsewhere"),
        ("patches: [{path: 'https://host/p.yaml'}]\n", "nothing is fetched from elsewhere"),
        ("helmCharts: [{name: x}]\n", "Helm"),
        ("resources: [", "is no YAML"),
    ],
)
def test_references_that_lead_nowhere(text: str, words: str) -> None:
    """Everything must be a file or folder of the same commit; the kustomization file is named."""
    followed = kustomize.follow(tree_of(APP | {"app/kustomization.yml": text}), "app")

    assert followed.faults
    assert followed.faults[0].path.startswith("app/kustomization.yml")
    assert words in followed.faults[0].message


def test_a_broken_resource_is_named_with_its_line() -> None:
    """The blame goes to the file that the user wrote."""
    followed = kustomize.follow(tree_of(APP | {"base/map.yaml": "a: 1\nb: ["}), "app")

    assert [fault.path for fault in followed.faults] == ["base/map.yaml:2"]


def test_circles_end() -> None:
    """Two folders that draw each other in are followed once; kustomize itself refuses them."""
    circle = {"a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]"}

    assert kustomize.follow(tree_of(circle), "a") == Manifests()


def test_built_objects_find_their_place() -> None:
    """A name that got a prefix still leads to where it was written; what was generated leads to the folder."""
    written = kustomize.follow(tree_of(APP), "app")
    built = read_file("app", a_map("blue-own") + "---\n" + a_map("settings") + "---\n" + a_map("generated-7f"))

    places = [manifest.place for manifest in kustomize.placed(built, written, "app")]

    assert places == ["app/own.yaml:2", "base/map.yaml:1", "app"]
