"""What a Kustomization has applied, in the form of Flux: `<namespace>_<name>_<group>_<kind>` and the version.

Read from and written to `status.inventory.entries`; only what stands here is ever pruned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.model.objects import Ref
from rollouts.model.reading import items, mapping, text


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One applied object. Its version is no part of who it is."""

    namespace: str
    name: str
    group: str
    kind: str
    version: str = "v1"

    @property
    def id(self) -> str:
        """Flux's form; a colon (names of RBAC objects) is written as two underscores."""
        return "_".join((self.namespace, self.name.replace(":", "__"), self.group, self.kind))

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def ref(self) -> Ref:
        """The object's address."""
        return Ref(self.api_version, self.kind, self.namespace, self.name)


def entry_of(obj: Mapping[str, Any]) -> Entry:
    """The entry of an object."""
    group, _, version = obj["apiVersion"].rpartition("/")
    meta = obj["metadata"]
    return Entry(meta.get("namespace", ""), meta["name"], group, obj["kind"], version)


def parse_entry(id_: str, version: str) -> Entry | None:
    """The entry behind an id; None where it is none."""
    namespace, first, rest = id_.partition("_")
    name, second, tail = rest.rpartition("_")[0].rpartition("_")
    kind = rest.rpartition("_")[2]
    if not (first and second and name and kind):
        return None
    return Entry(namespace, name.replace("__", ":"), tail, kind, version or "v1")


def read(status: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The inventory that a status holds; entries that nobody can read are passed over."""
    found = (
        parse_entry(text(mapping(e).get("id")), text(mapping(e).get("v")))
        for e in items(mapping(status.get("inventory")).get("entries"))
    )
    return tuple(entry for entry in found if entry is not None)


def write(entries: Iterable[Entry]) -> dict[str, Any]:
    """The inventory as a status holds it, in a fixed order."""
    return {"entries": [{"id": e.id, "v": e.version} for e in sorted(set(entries), key=lambda e: e.id)]}


def stale(old: Iterable[Entry], new: Iterable[Entry]) -> tuple[Entry, ...]:
    """What was applied once and is wanted no more; a changed version alone makes nothing stale."""
    kept = {entry.id for entry in new}
    return tuple(entry for entry in old if entry.id not in kept)
