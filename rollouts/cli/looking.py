"""A cluster that can only be looked at, for the controller's own observing: live through the CLI's blocking client
(explain), or made of files (lint). Nothing behind it can write, whatever is decided upon what is seen.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import NoReturn, Protocol

from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    Query,
    Resource,
    Target,
    WatchEvent,
)
from rollouts.model.errors import RolloutsError


class Reads(Protocol):
    """Where objects come from."""

    def get(self, target: Target) -> Json:
        """The object, or NotFoundError."""
        ...

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        ...

    def discover(self) -> tuple[Resource, ...]:
        """Every resource that there can be."""
        ...


class Looking:
    """The port to Kubernetes over `reads`; every other verb is refused."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, target: Target) -> Json:
        """The object."""
        return self._reads.get(target)

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        return self._reads.list(collection, query)

    async def discover(self) -> tuple[Resource, ...]:
        """Every resource."""
        return self._reads.discover()

    def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Refused."""
        _refuse(collection, query)

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Refused."""
        _refuse(collection, body, options)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """Refused."""
        _refuse(target, patch)

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Refused."""
        _refuse(target, body, options)

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Refused."""
        _refuse(target, options)

    async def evict(self, target: Target) -> None:
        """Refused."""
        _refuse(target)


def _refuse(*_asked: object) -> NoReturn:
    raise RolloutsError("this command only looks: it changes nothing")


class Shelf:
    """Objects of files as a cluster would show them. Kinds are served that have an object."""

    def __init__(self, objects: Iterable[Json]) -> None:
        self._objects: Mapping[tuple[str, str, str, str], Json] = {_address(obj): obj for obj in objects}

    def get(self, target: Target) -> Json:
        """The object, or NotFoundError."""
        resource = target.resource
        found = self._objects.get((resource.api_version, resource.kind, target.namespace or "", target.name))
        if found is None:
            raise NotFoundError(f'{resource.plural} "{target.name}" not found')
        return found

    def list(self, collection: Collection, query: Query = Query()) -> Page:  # noqa: ARG002  # nobody selects here
        """All objects of a kind."""
        wanted = (collection.resource.api_version, collection.resource.kind)
        places = (None, "") if collection.namespace is None else (collection.namespace,)
        return Page(
            tuple(
                obj
                for (version, kind, namespace, _), obj in self._objects.items()
                if (version, kind) == wanted and (None in places or namespace in places)
            ),
            "1",
        )

    def discover(self) -> tuple[Resource, ...]:
        """The kinds that there are; how a plural is spelt matters to nobody here."""
        kinds = {(version, kind, bool(namespace)) for version, kind, namespace, _ in self._objects}
        return tuple(_resource(*each) for each in sorted(kinds))


def _resource(api_version: str, kind: str, is_namespaced: bool) -> Resource:
    group, _, version = api_version.rpartition("/")
    return Resource(group, version, f"{kind.lower()}s", kind, is_namespaced)


def _address(obj: Json) -> tuple[str, str, str, str]:
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"]
