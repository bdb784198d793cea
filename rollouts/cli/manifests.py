"""Manifest files as `create` takes them: YAML as Kubernetes users mean it, or JSON, which is YAML too."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rollouts.cli.session import CommandError
from rollouts.cluster.port import Json


def objects_of(path: str) -> Iterator[Json]:
    """Every object of the file, - being what is piped in. CommandError names file and line, and what is wrong."""
    from rollouts.gitsync import yaml12

    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        for document in yaml12.load(text):
            yield _object(f"{path}:{document.line}", document.value)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    except yaml12.YamlError as error:
        raise CommandError(f"{path}:{error.line}: {error}") from error


def only_object_of(path: str) -> Json:
    """The one object of the file."""
    found = list(objects_of(path))
    if len(found) != 1:
        raise CommandError(f"{path}: expected one object, found {len(found)}")
    return found[0]


def _object(place: str, document: object) -> Json:
    if not isinstance(document, dict):
        raise CommandError(f"{place}: expected an object with apiVersion, kind and metadata")
    missing = [field for field in ("apiVersion", "kind", "metadata") if not document.get(field)]
    if missing:
        raise CommandError(f"{place}: {missing[0]} is missing")
    return document
