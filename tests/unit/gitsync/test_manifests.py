"""Objects out of files, each with its place; every mistake of a commit at once."""

import pytest

from rollouts.gitsync.manifests import Manifests, Tree, doubles, is_manifest_file, read_file, read_files
from tests.unit.gitsync.worlds import a_map, manifests


def test_documents_and_lists() -> None:
    """Several documents and the items of a List are objects of their own, each with its line."""
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# a list\n"
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n"
        "- apiVersion: v1\n  kind: Secret\n  metadata: {name: c}\n"
    )
    read = read_file("x.yaml", text)

    assert [(m.object["metadata"]["name"], m.place) for m in read.items] == [
        ("a", "x.yaml:1"),
        ("b", "x.yaml:9"),
        ("c", "x.yaml:12"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [\n", "x.yaml:1", "is no YAML"),
        ("- a\n", "x.yaml:1", "a mapping is expected"),
        ("kind: X\nmetadata: {name: a}\n", "x.yaml:1", "apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "x.yaml:1", "kind is missing"),
        ("apiVersion: v1\nkind: X\n", "x.yaml:1", "without metadata.name"),
        ("apiVersion: v1\nkind: X\nmetadata: {generateName: a-}\n", "x.yaml:1", "without metadata.name"),
        ("apiVersion: v1\nkind: X\nmetadata: {name: a, labels: {b: 1}}\n", "x.yaml:1", "metadata.labels must map"),
        (
            "apiVersion: v1\nkind: X\nmetadata: {name: a, annotations: [b]}\n",
            "x.yaml:1",
            "metadata.annotations must map",
        ),
        (
            "# hi\n---\napiVersion: v1\nkind: X\nmetadata: {name: a, namespace: 7}\n",
            "x.yaml:3",
            "namespace is no string",
        ),
    ],
)
def test_mistakes(text: str, place: str, words: str) -> None:
    """What is no object is told with file and line."""
    (fault,) = read_file("x.yaml", text).faults

    assert fault.path == place
    assert words in fault.message


def test_every_file_is_read_on() -> None:
    """A mistake in one file does not hide those of another, nor the objects."""
    tree = Tree(
        {"b.yml": b"a: [", "a.yaml": a_map().encode(), "c.yaml": b"- x", "README.md": b"[", ".github/x.yaml": b"["},
        {"link.yaml": "symbolic links are not followed", "logo.png": "it is larger than 3 MiB"},
    )

    read = read_files(tree)

    assert [manifest.file for manifest in read.items] == ["a.yaml"]
    assert [fault.path for fault in read.faults] == ["b.yml:1", "c.yaml:1", "link.yaml"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("deploy/a.yaml", True),
        ("a.yml", True),
        ("a.json", False),
        (".flux.yaml", False),
        ("x/.github/ci.yaml", False),
        ("appveyor.yml", False),
    ],
)
def test_which_files_count(path: str, expected: bool) -> None:
    """YAML that is neither hidden nor a build service's."""

    assert is_manifest_file(path) == expected


def test_doubles_name_both_places() -> None:
    """Two definitions of one object are a mistake, whatever version they are written in."""
    twice = Manifests(manifests(a_map("a"), a_map("b"), a_map("a", "2")))

    (fault,) = doubles(twice)

    assert str(fault) == "deploy/app.yaml:11: ConfigMap/shop/a is already defined in deploy/app.yaml:1"
