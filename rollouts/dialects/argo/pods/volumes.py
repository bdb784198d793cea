"""A pod's volumes. Called by spec; sources that only one vendor's storage knows are counted, not looked into."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.amounts import amount
from rollouts.dialects.argo.pods.paths import backstep_faults, relative_faults
from rollouts.dialects.argo.pods.projected import downward_faults, item_faults, mode_faults, projected_faults
from rollouts.dialects.argo.pods.wording import duplicate, each, forbidden, invalid, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_HOST_PATHS = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_MAX_PARTITION = 255
_MISSPELT = {"downwardAPI": "downwarAPI", "cephfs": "cephFS"}
"""Names that Kubernetes gives two sources where it forbids them beside another."""


def volume_faults(volumes: Sequence[Part], path: str) -> tuple[Mapping[str, Part], list[Fault]]:
    """The valid volumes by name, and what is wrong with the others."""
    valid: dict[str, Part] = {}
    faults: list[Fault] = []
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name", "")
        wrong = [*_sources(volume, here)]
        wrong += each(f"{here}.name", name, names.label(name)) if name else [required(f"{here}.name")]
        if name in valid:
            wrong.append(duplicate(f"{here}.name", name))
        if wrong:
            faults += wrong
        else:
            valid[name] = volume
    return valid, faults


def _sources(volume: Part, path: str) -> Iterator[Fault]:
    """A volume without a source is an empty folder; the second and later sources are forbidden."""
    given = [kind for kind in _SOURCES if volume.get(kind) is not None]
    for position, kind in enumerate(given):
        if position == 0:
            yield from _SOURCES[kind](volume[kind], f"{path}.{_shown(kind)}")
        else:
            yield forbidden(f"{path}.{_MISSPELT.get(kind, kind)}", "may not specify more than 1 volume type")


def _shown(kind: str) -> str:
    return "persistentDisk" if kind == "gcePersistentDisk" else kind


def _anything(_: Part, __: str) -> Iterator[Fault]:
    return iter(())


def _empty_dir(source: Part, path: str) -> Iterator[Fault]:
    if source.get("sizeLimit") is not None and amount(source["sizeLimit"]) < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _host_path(source: Part, path: str) -> Iterator[Fault]:
    if not source.get("path"):
        yield required(f"{path}.path")
        return
    yield from backstep_faults(source["path"], f"{path}.path")
    kind = source.get("type", "")
    if kind not in _HOST_PATHS:
        yield unsupported(f"{path}.type", kind, _HOST_PATHS)


def _git(source: Part, path: str) -> Iterator[Fault]:
    yield from _needs("repository")(source, path)
    yield from relative_faults(source.get("directory", ""), f"{path}.directory")


def _disk(field: str) -> Callable[[Part, str], Iterator[Fault]]:
    def faults(source: Part, path: str) -> Iterator[Fault]:
        yield from _needs(field)(source, path)
        partition = source.get("partition", 0)
        if not 0 <= partition <= _MAX_PARTITION:
            yield invalid(f"{path}.partition", partition, names.between(1, _MAX_PARTITION))

    return faults


def _filled(field: str) -> Callable[[Part, str], Iterator[Fault]]:
    def faults(source: Part, path: str) -> Iterator[Fault]:
        yield from _needs(field)(source, path)
        yield from mode_faults(source.get("defaultMode"), f"{path}.defaultMode")
        for index, item in enumerate(source.get("items") or ()):
            yield from item_faults(item, f"{path}.items[{index}]")

    return faults


def _nfs(source: Part, path: str) -> Iterator[Fault]:
    yield from _needs("server", "path")(source, path)
    if not source.get("path", "").startswith("/"):
        yield invalid(f"{path}.path", source.get("path", ""), "must be an absolute path")


def _image(source: Part, path: str) -> Iterator[Fault]:
    yield from _needs("pullPolicy")(source, path)
    policy = source.get("pullPolicy")
    if policy and policy not in ("Always", "IfNotPresent", "Never"):
        yield unsupported(f"{path}.pullPolicy", policy, ("Always", "IfNotPresent", "Never"))


def _csi(source: Part, path: str) -> Iterator[Fault]:
    driver, secret = source.get("driver", ""), source.get("nodePublishSecretRef")
    yield from _needs("driver")(source, path)
    yield from each(f"{path}.driver", driver, names.subdomain(driver.lower()))
    if secret is not None and not secret.get("name"):
        yield required(f"{path}.nodePublishSecretRef.name")


def _flocker(source: Part, path: str) -> Iterator[Fault]:
    if not source.get("datasetName") and not source.get("datasetUUID"):
        yield required(path, "one of datasetName and datasetUUID is required")


def _needs(*fields: str) -> Callable[[Part, str], Iterator[Fault]]:
    def faults(source: Part, path: str) -> Iterator[Fault]:
        yield from (required(f"{path}.{field}") for field in fields if not source.get(field))

    return faults


_SOURCES: dict[str, Callable[[Part, str], Iterator[Fault]]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": _filled("secretName"),
    "nfs": _nfs,
    "iscsi": _needs("targetPortal", "iqn"),
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _anything,
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "quobyte": _anything,
    "downwardAPI": downward_faults,
    "fc": _anything,
    "flexVolume": _needs("driver"),
    "configMap": _filled("name"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _anything,
    "storageos": _needs("volumeName"),
    "projected": projected_faults,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _needs("volumeClaimTemplate"),
    "image": _image,
}
"""Every source in the order in which Kubernetes asks for it, with its rules."""
