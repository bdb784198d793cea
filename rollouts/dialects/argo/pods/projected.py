"""Volumes whose files Kubernetes writes: keys of ConfigMaps and Secrets, fields of the pod, tokens. For volumes."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods.environment import field_faults, resource_field_faults
from rollouts.dialects.argo.pods.paths import file_faults
from rollouts.dialects.argo.pods.wording import forbidden, invalid, required
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_SHOWN = ("metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid")
_KINDS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")
_MOST_RIGHTS = 0o777
_SHORTEST, _LONGEST, _USUAL = 600, 2**32, 3600


def mode_faults(mode: int | None, path: str) -> Iterator[Fault]:
    """A file's permissions."""
    if mode is not None and not 0 <= mode <= _MOST_RIGHTS:
        yield invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")


def item_faults(item: Part, path: str) -> Iterator[Fault]:
    """A key and the file that shows it."""
    if not item.get("key"):
        yield required(f"{path}.key")
    if not item.get("path"):
        yield required(f"{path}.path")
    yield from file_faults(item.get("path", ""), f"{path}.path")
    yield from mode_faults(item.get("mode"), f"{path}.mode")


def downward_faults(source: Part, path: str) -> Iterator[Fault]:
    """Files that show fields of the pod."""
    yield from mode_faults(source.get("defaultMode"), f"{path}.defaultMode")
    for item in source.get("items") or ():
        yield from _field_file(item, path)


def _field_file(item: Part, path: str) -> Iterator[Fault]:
    """Kubernetes names the volume and not the file in these paths."""
    if not item.get("path"):
        yield required(f"{path}.path")
    yield from file_faults(item.get("path", ""), f"{path}.path")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        yield from field_faults(field, _SHOWN, f"{path}.fieldRef")
        if resource is not None:
            yield invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
    elif resource is not None:
        yield from resource_field_faults(resource, f"{path}.resourceFieldRef", is_in_volume=True)
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from mode_faults(item.get("mode"), f"{path}.mode")


def projected_faults(volume: Part, path: str) -> Iterator[Fault]:
    """Several sources in one volume, no two of which may write the same file."""
    yield from mode_faults(volume.get("defaultMode"), f"{path}.defaultMode")
    files: set[str] = set()
    for index, source in enumerate(volume.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        for kind in ("secret", "configMap"):
            if source.get(kind) is not None:
                yield from _keys(source[kind], files, f"{here}.{kind}", path)
        if source.get("downwardAPI") is not None:
            for item in source["downwardAPI"].get("items") or ():
                yield from _field_file(item, f"{here}.downwardAPI")
                yield from _taken(item.get("path", ""), files, item.get("path", ""), path)
        if source.get("serviceAccountToken") is not None:
            yield from _token(source["serviceAccountToken"], f"{here}.serviceAccountToken", path)
        if sum(source.get(kind) is not None for kind in _KINDS) > 1:
            yield forbidden(here, "may not specify more than 1 volume type per source")


def _keys(source: Part, files: set[str], path: str, volume: str) -> Iterator[Fault]:
    name = source.get("name", "")
    if not name:
        yield required(f"{path}.name")
    for index, item in enumerate(source.get("items") or ()):
        yield from item_faults(item, f"{path}.items[{index}]")
        yield from _taken(item.get("path", ""), files, name, volume)


def _taken(file: str, files: set[str], shown: str, path: str) -> Iterator[Fault]:
    if file and file in files:
        yield invalid(path, shown, "conflicting duplicate paths")
    files.add(file)


def _token(source: Part, path: str, volume: str) -> Iterator[Fault]:
    seconds = source.get("expirationSeconds")
    seconds = _USUAL if seconds is None else seconds
    if seconds < _SHORTEST:
        yield invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    if seconds > _LONGEST:
        yield invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    if not source.get("path"):
        yield required(f"{volume}.path")
    else:
        yield from file_faults(source["path"], f"{volume}.path")
