"""A Kustomization (of the sync kind) as a value: what to apply from which source, and how. Called by the controller."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from posixpath import normpath
from types import MappingProxyType
from typing import Any

from rollouts.gitsync.fields import Fields, annotation
from rollouts.gitsync.sources import REQUESTED_AT
from rollouts.model.faults import Faults

FINALIZER = "finalizers.fluxcd.io"

_UNSUPPORTED: Mapping[str, str] = MappingProxyType(
    {
        "dependsOn": "put both into one Kustomization: definitions and namespaces are applied first",
        "postBuild": "write the values into the manifests, or patch them by a kustomization file",
        "decryption": "keep secrets out of Git",
        "patches": "write them into a kustomization file at spec.path",
        "images": "write them into a kustomization file at spec.path",
        "components": "name them in a kustomization file at spec.path",
        "namePrefix": "write it into a kustomization file at spec.path",
        "nameSuffix": "write it into a kustomization file at spec.path",
        "commonMetadata": "write labels into a kustomization file at spec.path",
        "healthChecks": "use wait, which judges all applied objects",
        "healthCheckExprs": "use wait, which judges by the standard conditions",
        "serviceAccountName": "remove it: the controller's own role applies",
        "kubeConfig": "run a controller in that cluster",
        "force": "delete the object whose immutable field changed",
        "buildMetadata": "write it into a kustomization file at spec.path",
        "ignore": "remove it: fields that a rollout or autoscaler drives are left alone by themselves",
    }
)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """What to apply. With `faults` nothing is. `path` is relative to the repository, "" for all of it."""

    namespace: str
    name: str
    source: tuple[str, str]  # namespace, name
    path: str
    generation: int = 0
    interval: timedelta = timedelta(minutes=1)
    retry_interval: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(minutes=1)
    target_namespace: str = ""
    prunes: bool = False
    waits: bool = False
    is_suspended: bool = False
    is_deleted: bool = False
    has_finalizer: bool = False
    requested_at: str = ""
    faults: Faults = ()


def parse(obj: Mapping[str, Any]) -> Kustomization:
    """The value that a Kustomization describes."""
    fields, meta = Fields(obj), obj["metadata"]
    interval = fields.duration("interval")
    prunes, path = fields.flag("prune"), _path(fields)
    source = _source(fields, meta.get("namespace", ""))
    _refuse_other_policies(fields)
    fields.refuse(_UNSUPPORTED)
    return Kustomization(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        source=source,
        path=path,
        generation=meta.get("generation", 0),
        interval=interval,
        retry_interval=fields.duration("retryInterval", interval),
        timeout=fields.duration("timeout", max(interval - timedelta(seconds=30), timedelta(seconds=30))),
        target_namespace=fields.text("targetNamespace"),
        prunes=prunes,
        waits=fields.flag("wait"),
        is_suspended=fields.flag("suspend"),
        is_deleted="deletionTimestamp" in meta,
        has_finalizer=FINALIZER in meta.get("finalizers", ()),
        requested_at=annotation(obj, REQUESTED_AT),
        faults=fields.faults,
    )


def _source(fields: Fields, namespace: str) -> tuple[str, str]:
    kind = fields.text("sourceRef.kind", is_required=True)
    if kind not in ("", "GitRepository"):
        fields.fault("sourceRef.kind", f"{kind!r} is not supported", "use GitRepository")
    return fields.text("sourceRef.namespace") or namespace, fields.text("sourceRef.name", is_required=True)


def _path(fields: Fields) -> str:
    """Flux takes `./deploy`, `deploy` and `/deploy` alike; what climbs out of the repository is a mistake."""
    path = normpath((fields.text("path") or ".").lstrip("/") or ".")
    if path == ".." or path.startswith("../") or "\0" in path:
        fields.fault("path", f"{fields.value('path')!r} leads out of the repository", "name a folder inside it")
        return ""
    return "" if path == "." else path


def _refuse_other_policies(fields: Fields) -> None:
    policy = fields.text("deletionPolicy")
    if policy not in ("", "MirrorPrune"):
        fields.fault("deletionPolicy", f"{policy!r} is not supported", "use MirrorPrune and set spec.prune")
