"""The port to Kubernetes. Called by everything that needs the cluster; one contract suite holds every form to it.

Objects are plain JSON dicts. Whoever gets one must not change it in place: caches and stores hand out what they hold.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as its API names it."""

    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Collection:
    """All objects of a resource, in one namespace or (None) everywhere. Also where objects are created."""

    resource: Resource
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One object, or a subresource of it (`status`, `scale`)."""

    resource: Resource
    name: str
    namespace: str | None = None
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """Which objects of a collection. `labels`, `fields` are selectors as kubectl takes them.

    For a list: `limit` and `token` page. For a watch: `version` to start after ("" sends what exists first as ADDED),
    `bookmarks` asks for BOOKMARK events, `timeout` (seconds) ends the watch.
    """

    labels: str = ""
    fields: str = ""
    limit: int | None = None
    token: str = ""
    version: str = ""
    bookmarks: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A list's answer: objects (apiVersion and kind filled in), the list's version, token of the next page or ""."""

    items: tuple[Json, ...]
    version: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """ADDED, MODIFIED, DELETED (the last state) or BOOKMARK (only metadata.resourceVersion means something)."""

    type: str
    object: Json


class PatchType(StrEnum):
    """How a patch body is to be read; the values are its media types."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch. `body` is a dict, for JSON patch a list of operations. `manager` is required for APPLY."""

    type: PatchType
    body: Any
    manager: str = ""
    is_forced: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """How to create (and replace)."""

    manager: str = ""
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """`propagation` is Background, Foreground or Orphan ("": the kind's default); uid and version are preconditions.

    `grace` is gracePeriodSeconds (None: the object's own, which for a pod that runs on a node means that it only gets
    its deletionTimestamp; the kubelet ends it with 0).
    """

    propagation: str = ""
    uid: str = ""
    version: str = ""
    grace: int | None = None


class Cluster(Protocol):
    """The verbs. Every one raises the errors of cluster/errors.py."""

    async def get(self, target: Target) -> Json:
        """The object."""
        ...

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection, in order of namespace and name."""
        ...

    def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Changes after `query.version`, until the server ends the stream. GoneError: list again."""
        ...

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        ...

    async def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch (for `scale`: the Scale)."""
        ...

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Write the whole object; the body's resourceVersion, if any, must be the current one."""
        ...

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Delete, or mark for deletion where finalizers stand."""
        ...

    async def evict(self, target: Target) -> None:
        """Post an Eviction (policy/v1) for a pod; TooManyRequestsError where a budget forbids it."""
        ...

    async def discover(self) -> tuple[Resource, ...]:
        """Every resource that the server serves, in the preferred version of its group first."""
        ...
