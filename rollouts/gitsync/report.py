"""The one status write of a round. Called by the controller's sync kinds; what is written enters the cache at once."""

from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.informers import Cache
from rollouts.cluster.port import Cluster, Patch, PatchType, Resource, Target
from rollouts.gitsync.status import change
from rollouts.model.objects import Json


async def write_status(cluster: Cluster, cache: Cache, resource: Resource, obj: Json, wanted: Json) -> bool:
    """Write what differs from the observed status, if anything does; whether it did. A vanished object is no error."""
    patch = change(obj.get("status") or {}, wanted)
    if not patch:
        return False
    meta = obj["metadata"]
    target = Target(resource, meta["name"], meta.get("namespace"), subresource="status")
    try:
        cache.put(await cluster.patch(target, Patch(PatchType.MERGE, {"status": patch})))
    except NotFoundError:
        return False
    return True
