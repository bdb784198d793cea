"""Paths inside volumes: relative, and never upwards. Called by mounts, volumes and security."""

from collections.abc import Iterator

from rollouts.dialects.argo.pods.wording import invalid
from rollouts.model.faults import Fault


def has_backsteps(path: str) -> bool:
    """Whether a part of it is `..`."""
    return ".." in path.split("/")


def backstep_faults(value: str, path: str) -> Iterator[Fault]:
    """A path that goes upwards."""
    if has_backsteps(value):
        yield invalid(path, value, "must not contain '..'")


def relative_faults(value: str, path: str) -> Iterator[Fault]:
    """A path that must stay below the place where it starts."""
    if value.startswith("/"):
        yield invalid(path, value, "must be a relative path")
    yield from backstep_faults(value, path)


def file_faults(value: str, path: str) -> Iterator[Fault]:
    """A file in a volume that Kubernetes fills, where names with two dots in front are its own."""
    yield from relative_faults(value, path)
    if value.startswith("..") and not value.startswith("../"):
        yield invalid(path, value, "must not start with '..'")
