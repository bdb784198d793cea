"""What a kustomization file draws in, seen before kustomize runs. Called by render and sync; pure.

kustomize would fetch whatever it does not find as a file, and blames a temporary folder when a file makes no sense.
So every reference is followed here first: it must be a file or folder of the same commit, and what it holds must
parse. Faults name the file and line that the user wrote.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Any

from rollouts.gitsync.manifests import SUFFIXES, Manifest, Manifests, Tree, read_file
from rollouts.gitsync.yaml12 import YamlError, load
from rollouts.model.faults import Fault, Faults

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DRAWN_IN = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")
_READ_AS_FILES = ("patchesStrategicMerge", "files", "envs", "env", "path")


def file_of(tree: Tree, folder: str) -> str | None:
    """The kustomization file of a folder, if it has one."""
    return next((path for path in (_within(folder, name) for name in NAMES) if path in tree.files), None)


def roots(tree: Tree, path: str) -> tuple[str, ...]:
    """The topmost folders at or below `path` that have a kustomization file."""
    found: list[str] = []
    folders = sorted({dirname(file) for file in tree.files if file.rpartition("/")[2] in NAMES})
    for folder in folders:
        if is_below(folder, path) and not any(is_below(folder, root) for root in found):
            found.append(folder)
    return tuple(found)


def without(tree: Tree, folders: Iterable[str]) -> Tree:
    """The files that lie in none of the folders."""
    outside = tuple(folders)

    def stays(path: str) -> bool:
        return not any(is_below(path, folder) for folder in outside)

    return Tree(
        {path: content for path, content in tree.files.items() if stays(path)},
        {path: why for path, why in tree.left_out.items() if stays(path)},
    )


def is_below(path: str, folder: str) -> bool:
    """Whether the path is the folder or lies in it; "" is the whole repository."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def leads_out(tree: Tree, path: str) -> bool:
    """Whether some kustomization file refers to something above its own folder: then the whole commit is needed."""
    files = (file_of(tree, root) for root in {dirname(file) for file in tree.files})
    return any(
        ".." in str(reference) for file in files if file and is_below(file, path) for reference in _all(tree, file)
    )


@dataclass(slots=True)
class _Walk:
    tree: Tree
    seen: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    found: Manifests = field(default_factory=Manifests)

    def folder(self, folder: str) -> None:
        """Follow a folder with a kustomization file."""
        file = file_of(self.tree, folder)
        if folder in self.seen or file is None:
            return
        self.seen.add(folder)
        spec = self._parsed(file)
        if spec.get("helmCharts") or spec.get("helmChartInflationGenerator"):
            self.faults.append(Fault(file, "inflates Helm charts, which is not supported", "commit the rendered chart"))
        for key in _DRAWN_IN:
            for reference in _strings(spec.get(key)):
                self._reference(file, folder, reference, is_resource=key == "resources")
        for reference in _addresses(spec):
            self.faults.append(_refusal(file, reference))

    def _parsed(self, file: str) -> Mapping[str, Any]:
        try:
            documents = tuple(load(self.tree.files[file]))
        except YamlError as error:
            self.faults.append(Fault(f"{file}:{error.line}", f"is no YAML: {error}", "mend the syntax"))
            return {}
        value = documents[0].value if documents else {}
        return value if isinstance(value, dict) else {}

    def _reference(self, file: str, folder: str, reference: str, *, is_resource: bool) -> None:
        if "\n" in reference:
            return  # written in place
        path = normpath(join(folder, reference)).removeprefix("./")
        path = "" if path == "." else path
        if path in self.tree.files and not reference.startswith("/"):
            self._file(path, is_resource=is_resource)
        elif file_of(self.tree, path) and not reference.startswith("/"):
            self.folder(path)
        else:
            self.faults.append(_refusal(file, reference, self.tree.left_out.get(path, "")))

    def _file(self, path: str, *, is_resource: bool) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        if is_resource and path.endswith(SUFFIXES):
            self.found += read_file(path, self.tree.files[path])


def follow(tree: Tree, root: str) -> Manifests:
    """The resource files that a kustomization draws in, as they are written, and every reference that leads nowhere.

    References that kustomize would fetch from elsewhere are faults: builds use nothing but the commit.
    """
    walk = _Walk(tree)
    walk.folder(root)
    return Manifests(walk.found.items, (*walk.faults, *walk.found.faults))


def placed(built: Manifests, written: Manifests, root: str) -> tuple[Manifest, ...]:
    """What kustomize built, each with the place where it was written; names may have got a prefix or suffix."""
    return tuple(_with_place(manifest, written, root) for manifest in built.items)


def _with_place(built: Manifest, written: Manifests, root: str) -> Manifest:
    kind, name = built.object["kind"], built.object["metadata"]["name"]
    same_kind = [m for m in written.items if m.object["kind"] == kind]
    exact = [m for m in same_kind if m.object["metadata"]["name"] == name]
    alike = [m for m in same_kind if m.object["metadata"]["name"] in name]
    origin = next(iter((*exact, *alike)), None)
    return Manifest(built.object, origin.file if origin else root or ".", origin.line if origin else 0)


def _refusal(file: str, reference: str, why: str = "") -> Fault:
    cause = f"it is left out: {why}" if why else "no such file or folder in this commit"
    return Fault(
        file,
        f"refers to {reference!r}: {cause}, and nothing is fetched from elsewhere",
        "commit a copy of it and refer to that",
    )


def _all(tree: Tree, file: str) -> Iterator[str]:
    try:
        for document in load(tree.files[file]):
            yield from _deep_strings(document.value)
    except YamlError:
        return  # follow() reports it


def _addresses(spec: Mapping[str, Any]) -> Iterator[str]:
    """References of fields that hold file names which look like addresses: kustomize would open a connection."""
    for key, value in spec.items():
        if key in _READ_AS_FILES:
            yield from (text for text in _strings(value) if "://" in text and "\n" not in text)
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, dict):
                yield from _addresses(child)


def _strings(value: Any) -> Iterator[str]:
    entries = value if isinstance(value, list) else [value]
    yield from (entry for entry in entries if isinstance(entry, str))


def _deep_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _deep_strings(child)


def _within(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def bare(faults: Faults, folder: str) -> Faults:
    """Faults without the temporary folder that a build ran in."""
    return tuple(Fault(f.path, f.message.replace(f"{folder}/", "").replace(folder, "."), f.cure) for f in faults)
