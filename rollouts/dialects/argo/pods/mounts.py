"""Where a container sees its volumes: mounts and block devices. Called by containers."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods.paths import has_backsteps, relative_faults
from rollouts.dialects.argo.pods.wording import forbidden, invalid, missing, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_BLOCK = ("persistentVolumeClaim", "ephemeral")
_READ_ONLY = ("Disabled", "Enabled", "IfPossible")
_UNIQUE = "must be unique"


def mount_faults(container: Part, volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    """The mounts of a container; `volumes` are the pod's valid ones by name."""
    devices = {device.get("name", ""): device.get("devicePath", "") for device in container.get("volumeDevices") or ()}
    seen = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here, name, place = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{here}.name")
        if name not in volumes:
            yield missing(f"{here}.name", name)
        if not place:
            yield required(f"{here}.mountPath")
        if place in seen:
            yield invalid(f"{here}.mountPath", place, _UNIQUE)
        seen.add(place)
        if name in devices:
            yield invalid(f"{here}.name", name, "must not already exist in volumeDevices")
        if place in devices.values():
            yield invalid(f"{here}.mountPath", place, "must not already exist as a path in volumeDevices")
        yield from _options(mount, here, path)


def _options(mount: Part, here: str, path: str) -> Iterator[Fault]:
    """Kubernetes names the list and not the mount for most of these."""
    below, pattern = mount.get("subPath", ""), mount.get("subPathExpr", "")
    if below:
        yield from relative_faults(below, f"{path}.subPath")
    if pattern:
        if below:
            yield invalid(f"{here}.subPathExpr", pattern, "subPathExpr and subPath are mutually exclusive")
        yield from relative_faults(pattern, f"{path}.subPathExpr")
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in _PROPAGATIONS:
            yield unsupported(f"{path}.mountPropagation", propagation, _PROPAGATIONS)
        if propagation == "Bidirectional":
            # Argo takes `privileged` away before it asks, so that this is refused for privileged containers too.
            text = "Bidirectional mount propagation is available only to privileged containers"
            yield forbidden(f"{path}.mountPropagation", text)
    yield from _read_only(mount, f"{path}.recursiveReadOnly")


def _read_only(mount: Part, path: str) -> Iterator[Fault]:
    mode = mount.get("recursiveReadOnly")
    if mode is not None and mode not in _READ_ONLY:
        yield unsupported(path, mode, _READ_ONLY)
    elif mode in _READ_ONLY[1:]:
        if not mount.get("readOnly"):
            yield forbidden(path, "may only be specified when readOnly is true")
        if mount.get("mountPropagation") not in (None, "None"):
            yield forbidden(path, "may only be specified when mountPropagation is None or not specified")


def device_faults(container: Part, volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    """The block devices of a container."""
    mounts = {mount.get("name", ""): mount.get("mountPath", "") for mount in container.get("volumeMounts") or ()}
    paths, seen = set[str](), set[str]()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here, name, place = f"{path}[{index}]", device.get("name", ""), device.get("devicePath", "")
        yield from _device_name(name, seen, volumes, f"{here}.name")
        if not place:
            yield required(f"{here}.devicePath")
        if place in paths:
            yield invalid(f"{here}.devicePath", place, _UNIQUE)
        if place and has_backsteps(place):
            yield invalid(f"{here}.devicePath", place, "can not contain backsteps ('..')")
        else:
            paths.add(place)
        if name in mounts:
            yield invalid(f"{here}.name", name, "must not already exist in volumeMounts")
        if place in mounts.values():
            yield invalid(f"{here}.devicePath", place, "must not already exist as a path in volumeMounts")
        seen |= {name} if name else set()


def _device_name(name: str, seen: set[str], volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    if not name:
        yield required(path)
    if name in seen:
        yield invalid(path, name, _UNIQUE)
    source = volumes.get(name)
    if source is None:
        yield missing(path, name)
    elif not any(source.get(kind) is not None for kind in _BLOCK):
        text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        yield invalid(path, name, text)
