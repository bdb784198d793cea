"""Label selectors, and two indexes that spare the controllers from scanning: pods by label, selectors by pod."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.cluster.informers import Cache
from rollouts.cluster.port import Json

Key = tuple[str, str]
"""Namespace and name."""


def key_of(obj: Json) -> Key:
    """The key of an object."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def labels_of(obj: Json) -> Mapping[str, str]:
    """The object's labels."""
    return obj["metadata"].get("labels") or {}


@dataclass(frozen=True, slots=True)
class Selector:
    """Equalities and set expressions (key, operator, values) that labels must all satisfy; none: every object does."""

    equals: tuple[tuple[str, str], ...] = ()
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Do these labels satisfy it?"""
        return all(labels.get(key) == value for key, value in self.equals) and all(
            _satisfies(labels.get(key), operator, values) for key, operator, values in self.expressions
        )

    @property
    def anchor(self) -> tuple[str, str] | None:
        """One equality to look the selector up by: the last key, since hashes sort behind names of applications."""
        return self.equals[-1] if self.equals else None


def service_selector(service: Json) -> Selector | None:
    """A Service's selector; None where it has none (its endpoints are somebody else's)."""
    labels = service.get("spec", {}).get("selector")
    return Selector(tuple(sorted(labels.items()))) if labels else None


def label_selector(obj: Json) -> Selector | None:
    """The `spec.selector` of a ReplicaSet, Deployment, Job or budget; None where there is none."""
    selector: Any = obj.get("spec", {}).get("selector")
    if selector is None:
        return None
    return Selector(
        tuple(sorted((selector.get("matchLabels") or {}).items())),
        tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in selector.get("matchExpressions") or ()),
    )


def _satisfies(value: str | None, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False


class Index:
    """Keys in named groups, in order of arrival: dicts, since the order of sets differs between runs."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], dict[Key, None]] = {}

    def add(self, group: tuple[str, ...], key: Key) -> None:
        """Put a key into a group."""
        self._groups.setdefault(group, {})[key] = None

    def discard(self, group: tuple[str, ...], key: Key) -> None:
        """Take it out again."""
        members = self._groups.get(group, {})
        members.pop(key, None)
        if not members:
            self._groups.pop(group, None)

    def keys(self, group: tuple[str, ...]) -> list[Key]:
        """The group's keys, sorted."""
        return sorted(self._groups.get(group, ()))


class Labelled:
    """Objects of a cache by their labels."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._index = Index()
        cache.listen(self._follow)

    def matching(self, namespace: str, selector: Selector) -> list[Json]:
        """The namespace's objects that the selector matches, by name."""
        anchor = selector.anchor
        group = (namespace, *anchor) if anchor else (namespace,)
        found = (self._cache.get(*key) for key in self._index.keys(group))
        return [obj for obj in found if obj is not None and selector.matches(labels_of(obj))]

    def _follow(self, before: Json | None, after: Json | None) -> None:
        if before is not None:
            for group in _label_groups(before):
                self._index.discard(group, key_of(before))
        if after is not None:
            for group in _label_groups(after):
                self._index.add(group, key_of(after))


def _label_groups(obj: Json) -> list[tuple[str, ...]]:
    namespace = key_of(obj)[0]
    return [(namespace,), *((namespace, *item) for item in labels_of(obj).items())]


class Selecting:
    """Objects of a cache by what they select: who is concerned when a pod with these labels changes?"""

    def __init__(self, cache: Cache, selector_of: Callable[[Json], Selector | None]) -> None:
        self._selectors: dict[Key, Selector] = {}
        self._selector_of = selector_of
        self._index = Index()
        cache.listen(self._follow)

    def concerned(self, namespace: str, labels: Mapping[str, str]) -> list[Key]:
        """Keys of the objects whose selector matches, sorted."""
        groups = [(namespace,), *((namespace, *item) for item in labels.items())]
        keys = (key for group in groups for key in self._index.keys(group))
        return sorted(key for key in keys if self._selectors[key].matches(labels))

    def _follow(self, before: Json | None, after: Json | None) -> None:
        if before is not None and (old := self._selectors.pop(key_of(before), None)) is not None:
            self._index.discard(_anchor_group(before, old), key_of(before))
        if after is not None and (new := self._selector_of(after)) is not None:
            self._selectors[key_of(after)] = new
            self._index.add(_anchor_group(after, new), key_of(after))


def _anchor_group(obj: Json, selector: Selector) -> tuple[str, ...]:
    return (key_of(obj)[0], *(selector.anchor or ()))
