"""Who owns which field: managedFields as a value. Called by apply.py and for every other write."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store.fields import Path, places_of, read, written
from rollouts.simulator.store.meta import timestamp
from rollouts.simulator.store.shapes import Shape


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, how, through which subresource ("" for the object itself), and when."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of managedFields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    def is_of(self, writer: Writer) -> bool:
        """Whether the writer's fields are kept in this entry."""
        return (self.manager, self.operation, self.subresource) == (
            writer.manager,
            writer.operation,
            writer.subresource,
        )

    @property
    def title(self) -> str:
        """How a conflict names this owner; of those who update, with the version that they used."""
        part = f' with subresource "{self.subresource}"' if self.subresource else ""
        since = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.manager}"{part}{since}'


def owners_of(obj: Json) -> tuple[Owner, ...]:
    """The entries of an object's managedFields; one empty entry is the API's way to ask for none."""
    entries = obj.get("metadata", {}).get("managedFields") or []
    return tuple(
        Owner(
            manager=entry.get("manager", ""),
            operation=entry["operation"],
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
            time=entry.get("time", ""),
            paths=frozenset(read(entry.get("fieldsV1", {}))),
        )
        for entry in entries
        if entry
    )


def entries_of(owners: Iterable[Owner]) -> list[Json]:
    """Owners as managedFields; who owns nothing is not listed."""
    return [_entry(owner) for owner in owners if owner.paths]


def _entry(owner: Owner) -> Json:
    entry: dict[str, Any] = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        "time": owner.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": _written(owner.paths),
    }
    return {**entry, "subresource": owner.subresource} if owner.subresource else entry


@lru_cache(maxsize=2000)
def _written(paths: frozenset[Path]) -> Json:
    # Most writes change one entry of several, and thousands of pods own the same fields.
    return written(paths)


def after_update(owners: tuple[Owner, ...], old: Json, new: Json, writer: Writer, shape: Shape) -> tuple[Owner, ...]:
    """Whoever changes a field owns it, alone; what is gone is nobody's."""
    before, after = places_of(_other(old, new), shape), places_of(_other(new, old), shape)
    lost = before.keys() - after.keys()
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    return _with(_without(owners, changed | lost, writer), changed, lost, writer)


def _other(obj: Json, than: Json) -> Json:
    """What of an object differs at all: fields that are the same are nobody's change, and the larger part."""
    return {name: inner for name, inner in obj.items() if name not in than or than[name] != inner}


def _without(owners: tuple[Owner, ...], paths: Iterable[Path], writer: Writer) -> tuple[Owner, ...]:
    taken = frozenset(paths)
    return tuple(owner if owner.is_of(writer) else replace(owner, paths=owner.paths - taken) for owner in owners)


def _with(
    owners: tuple[Owner, ...], changed: Iterable[Path], lost: Iterable[Path], writer: Writer
) -> tuple[Owner, ...]:
    own = next((owner for owner in owners if owner.is_of(writer)), None)
    held = own.paths if own else frozenset()
    return with_entry(owners, (held | frozenset(changed)) - frozenset(lost), writer)


def with_entry(owners: tuple[Owner, ...], paths: frozenset[Path], writer: Writer) -> tuple[Owner, ...]:
    """The owners with the writer's fields being these; the time moves only when they change."""
    own = next((owner for owner in owners if owner.is_of(writer)), None)
    if own is not None and own.paths == paths and own.api_version == writer.api_version:
        return owners
    fresh = Owner(
        writer.manager, writer.operation, writer.api_version, writer.subresource, timestamp(writer.now), paths
    )
    return (*(owner for owner in owners if owner is not own), fresh)


def without_all(owners: tuple[Owner, ...], path: Path) -> tuple[Owner, ...]:
    """The owners of everything but this path."""
    return tuple(replace(owner, paths=owner.paths - {path}) for owner in owners)


def without_paths(owners: tuple[Owner, ...], paths: frozenset[Path], writer: Writer) -> tuple[Owner, ...]:
    """The owners after these paths were taken from everybody but the writer."""
    return _without(owners, paths, writer)
