"""Kubernetes objects out of files, each with the place it was written. Called by render and by lint.

Pure. Nothing raises: what makes no sense becomes a Fault whose path is `file:line`, and the rest is read on, so that
one commit shows all of its mistakes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from rollouts.gitsync.yaml12 import Document, YamlError, load
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json

SUFFIXES = (".yaml", ".yml")
_CI_FILES = ("appveyor.yml", "cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml")


@dataclass(frozen=True, slots=True)
class Tree:
    """Files of one commit by path in the repository. `left_out` are links, and files too large for a manifest."""

    files: Mapping[str, bytes]
    left_out: Mapping[str, str] = field(default_factory=dict)  # path -> why


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and where it comes from. `line` is 0 where a build made it out of several files."""

    object: Json
    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`, as editors take it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Manifests:
    """What was read, in order of file and line, and what was wrong."""

    items: tuple[Manifest, ...] = ()
    faults: Faults = ()

    def __add__(self, other: "Manifests") -> "Manifests":
        return Manifests(self.items + other.items, self.faults + other.faults)


def describe(obj: Mapping[str, Any]) -> str:
    """`Kind/namespace/name`, as Flux names objects in messages."""
    meta = obj["metadata"]
    return "/".join(filter(None, (str(obj["kind"]), meta.get("namespace", ""), str(meta["name"]))))


def is_manifest_file(path: str) -> bool:
    """YAML that is not hidden and belongs to no build service."""
    parts = PurePosixPath(path)
    is_hidden = any(part.startswith(".") for part in parts.parts)
    return path.endswith(SUFFIXES) and not is_hidden and parts.name not in _CI_FILES


def read_files(tree: Tree) -> Manifests:
    """Every object of every manifest file of the tree."""
    read = Manifests()
    for path in sorted(filter(is_manifest_file, tree.files)):
        read += read_file(path, tree.files[path])
    left_out = tuple(
        Fault(path, f"is left out: {why}", "commit it as a plain file")
        for path, why in sorted(tree.left_out.items())
        if is_manifest_file(path)
    )
    return replace(read, faults=read.faults + left_out)


def read_file(path: str, content: bytes | str) -> Manifests:
    """The objects of one file; those before a syntax error count."""
    items: list[Manifest] = []
    faults: list[Fault] = []
    try:
        for document in load(content):
            for value, line in _objects(document):
                fault = _shape_mistake(value, f"{path}:{line}")
                if fault:
                    faults.append(fault)
                else:
                    items.append(Manifest(value, path, line))
    except YamlError as error:
        faults.append(Fault(f"{path}:{error.line}", f"is no YAML: {error}", "mend the syntax"))
    return Manifests(tuple(items), tuple(faults))


def doubles(manifests: Manifests) -> Faults:
    """Objects that two places of one build define: which one should win?"""
    first: dict[tuple[str, ...], Manifest] = {}
    faults: list[Fault] = []
    for manifest in manifests.items:
        meta = manifest.object["metadata"]
        group = manifest.object["apiVersion"].rpartition("/")[0]
        key = (group, manifest.object["kind"], meta.get("namespace", ""), meta["name"])
        other = first.setdefault(key, manifest)
        if other is not manifest:
            message = f"{describe(manifest.object)} is already defined in {other.place}"
            faults.append(Fault(manifest.place, message, "remove one of them"))
    return tuple(faults)


def _objects(document: Document) -> Iterator[tuple[Any, int]]:
    value = document.value
    is_list = isinstance(value, dict) and str(value.get("kind", "")).endswith("List") and "items" in value
    if not is_list:
        yield value, document.line
        return
    entries = value["items"] if isinstance(value["items"], list) else []
    for index, entry in enumerate(entries):
        yield entry, document.items[index] if index < len(document.items) else document.line


def _shape_mistake(value: Any, place: str) -> Fault | None:
    if not isinstance(value, dict):
        return Fault(place, "is no Kubernetes object: a mapping is expected", "start it with apiVersion and kind")
    meta = value.get("metadata")
    for field_, found in (("apiVersion", value.get("apiVersion")), ("kind", value.get("kind"))):
        if not isinstance(found, str) or not found:
            return Fault(place, f"is no Kubernetes object: {field_} is missing or no string", f"add {field_}")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
        return Fault(place, f"{value['kind']} without metadata.name", "name it (generateName cannot be synced)")
    if not isinstance(meta.get("namespace", ""), str):
        return Fault(place, f"{value['kind']} {meta['name']}: metadata.namespace is no string", "quote it")
    return _map_mistake(value, meta, place)


def _map_mistake(value: Json, meta: Json, place: str) -> Fault | None:
    for name in ("labels", "annotations"):
        entries = meta.get(name)
        is_fine = entries is None or (isinstance(entries, dict) and all(isinstance(v, str) for v in entries.values()))
        if not is_fine:
            path = f"{value['kind']} {meta['name']}: metadata.{name}"
            return Fault(place, f"{path} must map words to strings", "quote numbers, true and false")
    return None
