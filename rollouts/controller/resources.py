"""From an object's address to the verbs: what the API server calls the collection of a kind.

Called by observe (reads) and apply (writes). Our own kinds stand in a table; all others are asked from the server
once, and again when one is missing, since a CRD may have come meanwhile. A kind that the server has in another version
than the one asked for is taken in that one: routes of the Gateway API wander from version to version.
"""

import json
from collections.abc import Callable, Iterable

from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import (
    Cluster,
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
)
from rollouts.controller.caches import Caches
from rollouts.model.objects import Change, Create, Modify, Ref, Remove, Selection
from rollouts.model.selectors import selects

KNOWN = {
    (resource.api_version, resource.kind): resource
    for resource in vars(kinds).values()
    if isinstance(resource, Resource)
}
MANAGER = "rollouts-controller"


class Resources:
    """Reads and writes by address, through the one door."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known = dict(KNOWN)

    async def read(self, ref: Ref) -> Json | None:
        """The object as the server has it now, None where it (or its kind) does not exist."""
        try:
            return await self._cluster.get(await self._target(ref))
        except NotFoundError:
            return None

    async def refresh(self, ref: Ref, caches: Caches, keep: Callable[[Json], bool] = lambda _obj: True) -> Json | None:
        """Read an object past the caches; what exists (and is to be kept) enters them, what does not leaves them."""
        obj = await self.read(ref)
        if obj is None or not keep(obj):
            caches.drop(ref)
            return None
        caches.put(obj)
        return caches.find(ref)

    async def select(self, selection: Selection) -> tuple[Json, ...]:
        """The objects that these labels find, as the server has them now; none of a kind that is not served."""
        try:
            resource = await self._resource(selection.api_version, selection.kind)
            page = await self._cluster.list(Collection(resource, selection.namespace or None), Query())
        except NotFoundError:
            return ()
        wanted = json.loads(selection.selector)
        return tuple(obj for obj in page.items if selects(wanted, obj["metadata"].get("labels") or {}))

    async def carry_out(self, change: Change) -> Json | None:
        """Do it; the object as it is then (None: removed). What is gone already counts as removed."""
        match change:
            case Create(ref, body):
                collection = Collection((await self._target(ref)).resource, ref.namespace or None)
                return await self._cluster.create(collection, body, CreateOptions(manager=MANAGER))
            case Modify(ref, body, version, is_strategic):
                if version:
                    body = {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": version}}
                form = PatchType.STRATEGIC if is_strategic else PatchType.MERGE
                return await self._cluster.patch(await self._target(ref), Patch(form, body, manager=MANAGER))
            case Remove(ref, propagation, uid):
                try:
                    await self._cluster.delete(await self._target(ref), DeleteOptions(propagation, uid))
                except NotFoundError:
                    return None
                return None

    async def _target(self, ref: Ref) -> Target:
        resource = await self._resource(ref.api_version, ref.kind)
        return Target(resource, ref.name, ref.namespace or None)

    async def _resource(self, api_version: str, kind: str) -> Resource:
        if (api_version, kind) not in self._known:
            served = await self._cluster.discover()
            self._known = {**{(r.api_version, r.kind): r for r in served}, **KNOWN}
        found = self._known.get((api_version, kind)) or served_as((api_version, kind), self._known.values())
        if found is None:
            raise NotFoundError(f"the server does not serve {kind} in {api_version}: install its CRD")
        return found


def served_as(kind: tuple[str, str], served: Iterable[Resource]) -> Resource | None:
    """The resource of this API version and kind, or else of the first other version that the server names."""
    api_version, name = kind
    group = api_version.rpartition("/")[0]
    near = [each for each in served if (each.group, each.kind) == (group, name)]
    return next((each for each in near if each.api_version == api_version), near[0] if near else None)
