"""Manifests from files, folders and kustomizations of this machine. Called by lint and simulate.

What the sync loop reads from commits is read here from disk, by the same code: YAML as Kubernetes means it, faults with
file and line, kustomizations built by the kubectl of the wheel. Faults and objects carry the path as the user gave it.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from os.path import normpath
from pathlib import Path

from rollouts.gitsync import kustomize
from rollouts.gitsync.manifests import Manifests, Tree, is_manifest_file, read_file
from rollouts.gitsync.render import KubectlRender
from rollouts.model.errors import RolloutsError
from rollouts.model.faults import Fault

LARGEST = 4 * 1024 * 1024
"""Bytes; a manifest that is larger is a mistake."""
MOST_FILES = 5000
HIGHEST = 6
"""So many folders above its own a kustomization may reach."""


def read(paths: Iterable[str]) -> Manifests:
    """Every object below these paths, and what is wrong with the files. RolloutsError: a path leads nowhere."""
    found = Manifests()
    for path in paths:
        place = Path(path)
        if not place.exists():
            raise RolloutsError(f"{path}: no such file or folder")
        found += _file(place) if place.is_file() else _folder(place)
    return found


def read_text(path: str) -> str:
    """The text of one file. RolloutsError: it cannot be read, or is no UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise RolloutsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RolloutsError(f"{path}: is no UTF-8 text") from error


def _file(place: Path) -> Manifests:
    """A file of its own; one that makes a kustomization stands for its folder."""
    if place.name in kustomize.NAMES:
        return _folder(place.parent)
    if place.stat().st_size > LARGEST:
        return Manifests(faults=(Fault(str(place), "is larger than 4 MiB", "manifests are smaller: split it"),))
    return read_file(str(place), place.read_bytes())


def _folder(folder: Path) -> Manifests:
    """Plain files below the folder, and what its kustomizations build; those may draw in what lies above it."""
    root, path, tree = folder.resolve(), "", _tree(folder.resolve())
    for _ in range(HIGHEST):
        is_within = not any(_leads_nowhere(tree, made) for made in kustomize.roots(tree, path))
        if is_within or root.parent == root:
            break
        wider = _tree(root.parent)
        root, path, tree = root.parent, f"{root.name}/{path}".rstrip("/"), wider
    built = asyncio.run(KubectlRender().build(tree, path))
    return _as_given(built, folder, path)


def _leads_nowhere(tree: Tree, root: str) -> bool:
    return kustomize.leads_out(tree, root) and any(
        "no such file" in fault.message for fault in kustomize.follow(tree, root).faults
    )


def _tree(root: Path) -> Tree:
    files: dict[str, bytes] = {}
    for file in _files(root):
        files[file.relative_to(root).as_posix()] = file.read_bytes()
        if len(files) > MOST_FILES:
            raise RolloutsError(f"{root}: more than {MOST_FILES} files: name a folder that holds manifests only")
    return Tree(files)


def _files(root: Path) -> Iterator[Path]:
    """Whatever may be a manifest, or be drawn in by one; hidden folders and links are left alone."""
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _files(entry)
        elif entry.is_file() and entry.stat().st_size <= LARGEST:
            yield entry


def _as_given(built: Manifests, folder: Path, path: str) -> Manifests:
    """Paths of the tree as paths from here, as the user wrote the folder."""

    def shown(place: str) -> str:
        inside = place[len(path) :].lstrip("/") if kustomize.is_below(place.partition(":")[0], path) else None
        if inside is not None:
            return str(folder / inside) if inside else str(folder)
        return normpath(folder / ("../" * len(Path(path).parts) + place))

    items = tuple(replace(item, file=shown(item.file)) for item in built.items)
    faults = tuple(replace(fault, path=shown(fault.path)) for fault in built.faults)
    return Manifests(items, faults)


def is_given_alone(paths: Iterable[str]) -> bool:
    """Whether only single manifest files were named: then what they refer to may well be somewhere else."""
    places = [Path(path) for path in paths]
    return all(
        place.is_file() and is_manifest_file(place.name) and place.name not in kustomize.NAMES for place in places
    )
