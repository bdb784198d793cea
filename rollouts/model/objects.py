"""Changes to Kubernetes objects as values. Rendered by traffic and workloads, carried out by controller/apply.

Objects are addressed by API version and kind: what the API server calls the collection is the cluster's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """One object. `namespace` is empty for cluster-scoped kinds."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects of a kind in a namespace whose labels a Kubernetes label selector (as JSON text) finds."""

    api_version: str
    kind: str
    namespace: str
    selector: str


@dataclass(frozen=True, slots=True)
class Create:
    """Make an object; `body` is whole (apiVersion, kind, metadata with namespace and name)."""

    ref: Ref
    body: Json


@dataclass(frozen=True, slots=True)
class Modify:
    """Patch an object. `body` is a JSON merge patch, or for `is_strategic` a strategic one (built-in kinds only).

    `version` is the resourceVersion that the patch was computed on; it is sent along when the patch replaces a list in
    somebody else's object, so that a change in between gives a conflict instead of a loss.
    """

    ref: Ref
    body: Json
    version: str = ""
    is_strategic: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete an object; `propagation` as Kubernetes names it ("": the kind's default)."""

    ref: Ref
    propagation: str = ""
    uid: str = ""


Change = Create | Modify | Remove


def ref_of(obj: Mapping[str, Any]) -> Ref:
    """The address of an object; raises KeyError where apiVersion, kind or metadata.name are missing."""
    meta = obj["metadata"]
    return Ref(obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"])


def owner_reference(api_version: str, kind: str, name: str, uid: str) -> Json:
    """The reference to the object that controls another one, which goes when that one goes."""
    who = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return {**who, "controller": True, "blockOwnerDeletion": True}
